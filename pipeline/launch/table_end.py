"""I/O. How one table of a launch of many ends, whatever befalls it."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from auto_schema.errors import OutcomeUnknownError, SyncError
from pipeline.launch.pause import PausedError
from pipeline.launch.program_end import bug_text
from pipeline.launch.shared import ALONE, Shared
from pipeline.parameters.abrupt_end import internal_error
from pipeline.parameters.options import Options
from pipeline.runs.history import planning_failure
from pipeline.runs.many_report import SKIPPED, TableResult
from pipeline.tables.requests import TableOptions
from smart_sync.cursor_plan import lacks_cursor
from smart_sync.draft import is_without_rows
from smart_sync.request import SyncRequest

LOGGER = logging.getLogger("smart_sync")
Way = Callable[[str, Options, str], TableResult]
"""From a table's name, its options and its run's id to its end."""


def end_of(
    table: TableOptions,
    way: Way,
    new_run_id: Callable[[], str],
    argv: Sequence[str],
    shared: Shared = ALONE,
) -> TableResult:
    """One table's end; only a signal isn't one.

    Args:
        table: what is to be done.
        way: goes with it to its end, or says why it can't.
        new_run_id: a new one each time.
        argv: of the launch, for what a bug is told with.
        shared: what writes the history.
    """
    name, run_id = table.chosen.table.full_name, new_run_id()
    if table.is_skipped:
        LOGGER.info("%s: %s", name, table.fault)
        return TableResult(name, 0, SKIPPED, str(table.fault))
    try:
        return way(name, table.asked_options(), run_id)
    except SyncError as error:
        if table.without and lacks_cursor(error):
            return end_of(table.without, way, new_run_id, argv, shared)
        if is_without_rows(error):
            LOGGER.warning("%s: %s", name, error.text)
            return TableResult(name, 0, SKIPPED, error.text)
        LOGGER.error("%s: %s", name, error.text)
        return without_a_run(name, table.request, run_id, error, shared)
    except Exception as error:
        LOGGER.error("%s: unexpected error\n%s", name, bug_text(error, argv))
        told = internal_error(type(error).__name__)
        return without_a_run(name, table.request, run_id, told, shared)


def without_a_run(
    name: str, request: SyncRequest | None, run_id: str, error: SyncError, shared: Shared
) -> TableResult:
    """A table whose run didn't begin, or of which no end is known; the history has the reason.

    One that is paused stands there already, with the failures that have paused it.
    """
    if request and not isinstance(error, OutcomeUnknownError | PausedError):
        row = planning_failure(request, run_id, error, datetime.now(UTC))
        with suppress(SyncError):
            shared.write(shared.client(request, None), request.history_table, row)
    return TableResult(name, error.exit_code, "failed", error.text)
