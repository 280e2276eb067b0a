"""I/O. `smart-sync report`: one HTML file of how each destination has done."""

import json
from pathlib import Path

from auto_schema.errors import ConfigError
from pipeline.command.look_back import look_back
from pipeline.command.said import Said
from pipeline.report.figures import require_library
from pipeline.report.page import page
from pipeline.report.past_days import read_days
from pipeline.report.told import Period, document, told_of

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
        _write(Path(output), page(told, period, str(look.table)))
    if said.is_json:
        print(json.dumps(document(told, period, str(look.table)), ensure_ascii=False, indent=2))
    else:
        failing = sum(one.has_failed for one in told)
        print(f"wrote {output}: {len(told)} destinations since {period.first}, {failing} failing")
    return 0


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        fix = "give a file that can be written: --output=FILE."
        why = str(error.strerror)
        raise ConfigError("file can't be written", f"--output={path}", why, fix) from None
