"""RunReport: how a run ended, as a value; and a failed run's message as the error it was. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auto_schema.errors import SyncError
from pipeline.parameters.results import End
from pipeline.runs.told_error import told_error


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run ended, or a launch of many tables.

    Attributes:
        status: `succeeded`, `held_back` (the window is empty, nothing was read), `launched` (as a
            job, which goes on), `skipped` (a table that was to be left alone); of a report that an
            error carries also `failed`, `checks_failed`, `published_mismatch`.
        run_id: of the run, as in the run history; of many the launch's, its `batch_id`.
        destination: `project.dataset.table`; of many empty.
        exit_code: what the command would have ended with; 0: well.
        rows_read: rows of the source within the window; of a job that goes on 0.
        rows_published: rows that were written into the destination.
        dead_letters: rows that could not be taken, and lie in the table of dead letters.
        bytes_staged: bytes of the files that were staged.
        window: the cursor's values that the window lies between, as text; its end is included,
            its start isn't. None: an open end, or no window at all.
        watermark_after: MAX of the cursor in the destination when the run had ended, as text.
        seconds: from the launch to the report; of many of the tables added up.
        error: what is wrong with it, in one line; empty: nothing.
        table: its name in the source, of one of many.
        batch: the reports of a launch's tables, in their order; or of the runs of one launch, of
            which the first has taken over what another had left.
    """

    status: str
    run_id: str
    destination: str = ""
    exit_code: int = 0
    rows_read: int = 0
    rows_published: int = 0
    dead_letters: int = 0
    bytes_staged: int = 0
    window: tuple[str | None, str | None] | None = None
    watermark_after: str | None = None
    seconds: float = 0.0
    error: str = ""
    table: str = ""
    batch: "tuple[RunReport, ...]" = ()


def report_of(row: Mapping[str, Any], table: str = "") -> RunReport:
    """A run's report, from its last event; of one that goes on from what is known of it."""
    low, high = row.get("window_start"), row.get("window_end")
    return RunReport(
        status=str(row["status"]),
        run_id=str(row["run_id"]),
        destination=str(row["destination"]),
        exit_code=int(row.get("exit_code") or 0),
        rows_read=int(row.get("rows_read") or 0),
        rows_published=int(row.get("rows_published") or 0),
        dead_letters=int(row.get("rows_dead") or 0),
        bytes_staged=int(row.get("bytes_staged") or 0),
        window=None if low is None and high is None else (low, high),
        watermark_after=row.get("watermark_after"),
        seconds=float(_seconds(row.get("seconds")).get("total") or 0),
        error=str(row.get("error") or ""),
        table=table,
    )


def report_of_end(end: End) -> RunReport:
    """The report of one of a launch's runs, tables or slices, whether a run of it began or not."""
    if end.row is not None:
        return report_of(end.row, end.name)
    return RunReport(end.status, "", exit_code=end.exit_code, error=end.why, table=end.name)


def _seconds(value: object) -> Mapping[str, Any]:
    told = json.loads(value) if isinstance(value, str) else value
    return told if isinstance(told, Mapping) else {}


def together(run_id: str, code: int, error: str, batch: Sequence[RunReport]) -> RunReport:
    """Some reports as one, their figures added up.

    >>> together("b", 0, "", [RunReport("succeeded", "a", rows_read=2)] * 2).rows_read
    4
    """
    return RunReport(
        status="failed" if code else "succeeded",
        run_id=run_id,
        exit_code=code,
        rows_read=sum(one.rows_read for one in batch),
        rows_published=sum(one.rows_published for one in batch),
        dead_letters=sum(one.dead_letters for one in batch),
        bytes_staged=sum(one.bytes_staged for one in batch),
        seconds=round(sum(one.seconds for one in batch), 3),
        error=error,
        batch=tuple(batch),
    )


def error_of(report: RunReport) -> SyncError:
    """The error that a failed run's message was made from; it carries the report.

    >>> error = error_of(RunReport("failed", "r", "p.d.t", 7, error="DeadLetterLimitError: "
    ...     "too many (t): 2 rows. To mend: raise it."))
    >>> type(error).__name__, error.what, error.where, error.why, error.fix
    ('DeadLetterLimitError', 'too many', 't', '2 rows', 'raise it.')
    """
    error = told_error(report.error, report.exit_code, report.destination)
    error.report = report
    return error
