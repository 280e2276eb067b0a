"""I/O. `smart-sync report`: one HTML file of how each destination has done."""

from pathlib import Path

from pipeline.command.look_back import look_back
from pipeline.command.output_file import write
from pipeline.command.said import Said
from pipeline.parameters.printed import print_json
from pipeline.report.figures import require_library
from pipeline.report.page import page
from pipeline.report.past_days import read_days
from pipeline.report.told import Period, document, told_of
from smart_sync.value_text import counted

OUTPUT = "smart-sync-report.html"
SINCE = "90d"


def main(said: Said) -> int:
    """Write the file, or print what it says as JSON; with --output it is written, too."""
    output = said.flags.get("output", "" if said.is_json else OUTPUT)
    if output:
        require_library("smart-sync report")
    look = look_back(said, SINCE)
    rows = read_days(look.client, look.table, look.destinations, look.since, look.now)
    told, period = told_of(rows, look.now), Period.of(look.since, look.now)
    if output:
        write(Path(output), page(told, period, str(look.table)))
    if said.is_json:
        print_json(document(told, period, str(look.table)))
    else:
        failing = sum(one.has_failed for one in told)
        number = counted(len(told), "destination")
        print(f"wrote {output}: {number} since {period.first}, {failing} failing")
    return 0
