"""A column of the source's table that stands under the name of one that runs have read. Pure.

Dropped and added again, or another that was renamed to it, as migrations without downtime do: no
stamp moves with that, so that rows of the destination keep the values of the former one.
"""

from collections.abc import Iterator

from smart_sync.facts import Facts, stored_column
from smart_sync.request import SyncRequest, WriteDisposition


def another_column_warnings(request: SyncRequest, facts: Facts) -> Iterator[str]:
    """Of a run by keys, which reads rows whose cursor moves only: columns that are others now."""
    names = [
        column.name
        for column in facts.written or ()
        if _is_another(column.stored, stored_column(facts.profile, column.source_name))
    ]
    if not names or not request.publishing.write_disposition.is_by_key:
        return
    until = f"one run with backfill_columns={','.join(names)} brings them"
    if request.publishing.write_disposition is WriteDisposition.HISTORY:
        until = "sync_start and sync_end bring what the source still has"
    yield (
        f"{', '.join(names)} of the source is not what it was in the last run: dropped and added"
        " again, another column renamed to it, or another in the query. Rows of"
        f" {request.destination} that this run doesn't bring keep the values of before; where those"
        f" of now differ, {until}. This is told by one run"
    )


def _is_another(before: str, now: str) -> bool:
    """Whether they are two columns of one table."""
    return before != now and before.partition("/")[0] == now.partition("/")[0]
