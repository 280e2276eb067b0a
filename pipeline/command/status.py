"""`smart-sync status`: how each destination of a run history does."""

from pipeline.command.look_back import look_back
from pipeline.command.said import Said
from pipeline.parameters.printed import print_json
from pipeline.runs.health import document, healths, table_of
from pipeline.runs.past_status import read_status
from scheduler.app import console, is_terminal
from scheduler.show import put_rows

FAILING = 1
SINCE = "30d"


def main(said: Said) -> int:
    """Print it; 0, or with --fail 1 where a destination's last run has failed."""
    look = look_back(said, SINCE)
    rows = read_status(look.client, look.table, list(look.destinations), look.since)
    tables = healths(rows, look.now)
    if said.is_json:
        print_json(document(tables))
    elif tables:
        put_rows(console(), *table_of(tables, look.now, has_lines=is_terminal()))
    else:
        into = f" into {', '.join(look.destinations)}" if look.destinations else ""
        print(f"no runs{into} in {look.table} within {look.text}")
    return FAILING if "fail" in said.flags and any(one.has_failed for one in tables) else 0
