"""I/O. verify_only of many tables: each is compared by itself, and one table shows all verdicts."""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from auto_schema.errors import one_line
from pipeline.destination.client import asking_client
from pipeline.launch.many_runs import make_histories
from pipeline.launch.side_by_side import side_by_side
from pipeline.launch.table_end import end_of
from pipeline.launch.verify_only import compare
from pipeline.parameters.options import Options
from pipeline.parameters.results import COMPARED
from pipeline.runs.many_report import SKIPPED, TableResult
from pipeline.tables.requests import TableOptions
from smart_sync.text_table import text_table
from smart_sync.value_text import counted

LOGGER = logging.getLogger("smart_sync")
HEADINGS = ("table", "status", "source", "BigQuery", "lacking", "doubled", "moved on", "why")
RIGHT = frozenset(HEADINGS[2:7])


@dataclass(frozen=True, slots=True)
class ManyVerdicts:
    """Tables that are compared; the same as `ManyRuns`, which syncs them."""

    new_run_id: Callable[[datetime], str]
    now: datetime
    argv: Sequence[str] = ()

    def run(self, tables: Sequence[TableOptions], at_once: int) -> list[TableResult]:
        """Compare all tables, at most so many at once; the verdict of each, in their order.

        Raises:
            KeyboardInterrupt: a signal came; no lock is held, and nothing is left behind.
        """
        make_histories(tables)
        results = side_by_side(self._compared, tables, at_once)
        for result in results if len(results) > 1 else ():
            if result.exit_code and result.text:
                LOGGER.error("%s", result.text)
        return results

    def _compared(self, table: TableOptions) -> TableResult:
        return end_of(table, _compare, partial(self.new_run_id, self.now), self.argv)


def _compare(name: str, options: Options, run_id: str) -> TableResult:
    request = options.request
    row, text, error = compare(request, asking_client(request), run_id)
    why = error.text if error else ""
    return TableResult(name, row["exit_code"], row["status"], why, row, text)


def verdicts(results: Sequence[TableResult], width: int = 0) -> str:
    """All verdicts as one table, for a terminal of that width if there is one, and the sum.

    That of a single table is told as if it were the launch's one table.
    """
    if len(results) == 1 and results[0].text:
        return results[0].text
    return "\n".join(_lines(results, width))


def _lines(results: Sequence[TableResult], width: int) -> Iterator[str]:
    yield from text_table(HEADINGS, [_cells(result) for result in results], RIGHT, width)
    yield total_verified(results)


def _cells(result: TableResult) -> tuple[str, ...]:
    told = json.loads(result.row["verification"]) if result.row else {}
    figures = (f"{told[name]:,}" if told else "" for name in COMPARED)
    left_out = told.get("left_out")
    why = [one_line(result.why)] if result.why else []
    why += [f"left out: {', '.join(left_out)}"] if left_out else []
    return (result.name, result.status, *figures, "; ".join(why))


def total_verified(results: Sequence[TableResult]) -> str:
    """All verdicts in one line."""
    good = sum(result.status == "verified" for result in results)
    rows = sum(json.loads(one.row["verification"])["target_rows"] for one in results if one.row)
    text = f"{good} of {counted(len(results), 'table')} verified: "
    text += f"{counted(rows, 'row')} of BigQuery compared"
    skipped = sum(result.status == SKIPPED for result in results)
    return f"{text}, {skipped} left alone" if skipped else text
