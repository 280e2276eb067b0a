"""I/O. Of a file's tables those that a launch takes by what BigQuery knows of them.

That is which of them are new, and which of them failed in an earlier launch.
"""

import logging
from collections.abc import Sequence

from pipeline.destination.client import asking_client
from pipeline.destination.listing import tables_of
from pipeline.parameters.options import Options
from pipeline.runs.batches import past_launch
from pipeline.runs.many_report import TOLD
from pipeline.runs.past_runs import published_before
from pipeline.runs.retry import merged, retry
from pipeline.tables.entries import TablesFile
from pipeline.tables.new_tables import asked_datasets, missing, without_new
from pipeline.tables.patterns import GRANT
from pipeline.tables.requests import TableOptions
from smart_sync.value_text import counted
from warehouse.names import TableRef

LOGGER = logging.getLogger("smart_sync")


def without_ignored(
    file: TablesFile, tables: Sequence[TableOptions], common: Options
) -> tuple[TableOptions, ...]:
    """The tables, those that are new and ignored as left alone; nothing is asked where all load.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    datasets = asked_datasets(tables)
    if not datasets:
        return tuple(tables)
    client = asking_client(common.request)
    known = {table for dataset in datasets for table in tables_of(client, *dataset)}
    known |= _published(missing(tables, known), common)
    return tuple(without_new(file, tables, known))


def _published(tables: Sequence[TableOptions], common: Options) -> set[TableRef]:
    """The destinations of tables that runs have published into: a question to each history."""
    by_history = dict[TableRef, list[TableRef]]()
    for table in tables:
        request = table.with_stand_in(common.request).request or common.request
        by_history.setdefault(request.history_table, []).append(table.destination)
    known = set[TableRef]()
    for history, destinations in by_history.items():
        known |= published_before(asking_client(common.request), history, destinations)
    return known


def unread_tables(
    tables: Sequence[TableOptions], unread: Sequence[TableOptions], common: Options
) -> tuple[TableOptions, ...]:
    """Of the tables that the role may not read those that runs have read before, as failed ones.

    The others are told: nobody may have meant them.

    Args:
        tables: that the launch syncs, into whose destinations none of the unread would go.
        unread: that its patterns mean, and that it can't.
        common: of all tables.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    taken = {table.destination for table in tables}
    known = _published([table for table in unread if table.destination not in taken], common)
    failed = tuple(table for table in unread if table.destination in known)
    names = [one.chosen.table.full_name for one in unread if one not in failed]
    if names:
        told = ", ".join(names[:TOLD]) + (", …" if len(names) > TOLD else "")
        left = f"{counted(len(names), 'table')} that patterns mean may not be read, and none is"
        LOGGER.warning("%s synced: %s. To mend: %s", left, told, GRANT)
    return failed


def failed_before(
    tables: Sequence[TableOptions], batch_id: str, common: Options
) -> tuple[tuple[TableOptions, ...], str]:
    """Of the tables those that failed in a launch, and what to say where none is left.

    Raises:
        ConfigError: there was no such launch, or it was one of other tables.
        TargetError: BigQuery refused or can't be reached.
    """
    client = asking_client(common.request)
    histories = dict.fromkeys(table.request.history_table for table in tables if table.request)
    lease = max(table.request.run.lease for table in tables if table.request)
    past = merged([past_launch(client, history, batch_id, lease) for history in histories])
    verifies = common.request.run.verify_window is not None
    known = [str(table.destination) for table in tables if not table.is_skipped]
    again = retry(past, known, verifies=verifies)
    for line in again.told:
        LOGGER.warning("%s", line)
    wanted = tuple(table for table in tables if str(table.destination) in again.wanted)
    if wanted:
        LOGGER.info("%d tables of launch %s are synced once more", len(wanted), batch_id)
    return wanted, again.note
