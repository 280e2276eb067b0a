"""I/O. What a launch of many tables leaves of itself as a whole: its record, and one message."""

import logging
from collections.abc import Sequence

from auto_schema.errors import SyncError
from pipeline.destination.client import asking_client
from pipeline.parameters.options import Options
from pipeline.runs.batches import record_launch, recovered
from pipeline.runs.many_report import TableResult, message, warned
from pipeline.runs.notify import tell
from pipeline.tables.requests import TableOptions
from warehouse.names import TableRef

LOGGER = logging.getLogger("smart_sync")


def record(common: Options, tables: Sequence[TableOptions], batch_id: str) -> None:
    """Write down which tables the launch is to sync; without it all goes on as it would.

    A table that is left alone is none of them.
    """
    by_history = dict[TableRef, dict[str, str]]()
    for table in tables:
        if table.request and not table.is_skipped:
            told = by_history.setdefault(table.request.history_table, {})
            told[str(table.destination)] = table.chosen.table.full_name
    request = common.request
    for history, told in by_history.items():
        try:
            record_launch(
                asking_client(request),
                history,
                batch_id,
                told,
                data_source=request.data_source,
                verifies=request.run.verify_window is not None,
                job_name=common.flag("job_name"),
            )
        except SyncError as error:
            LOGGER.warning("the launch could not be recorded, for retry_failed: %s", error)


def tell_launch(
    common: Options,
    tables: Sequence[TableOptions],
    batch_id: str,
    results: Sequence[TableResult],
    text: str,
) -> None:
    """Tell the webhook of a launch in which a table failed, the first good one after it, or all.

    `text` is the launch in one line.
    """
    webhook = common.webhook
    if webhook is None:
        return
    failed = any(result.exit_code or warned(result) for result in results)
    before = [] if failed or webhook.every_run else _recovered(common, tables, batch_id)
    if failed or webhook.every_run or before:
        tell(webhook, message(batch_id, results, before, text))


def _recovered(
    common: Options, tables: Sequence[TableOptions], batch_id: str
) -> list[dict[str, object]]:
    """The failed runs from which the launch is the recovery; what can't be asked is a warning."""
    histories = dict.fromkeys(table.request.history_table for table in tables if table.request)
    try:
        client = asking_client(common.request)
        return [row for history in histories for row in recovered(client, history, batch_id)]
    except SyncError as error:
        LOGGER.warning("whether the launch is a recovery could not be asked: %s", error)
        return []
