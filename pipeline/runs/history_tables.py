"""I/O. The table of the run history and the views beside it, made where they are missing.

Making one twice, also by two launches at once, is making it once.
"""

import logging
from collections.abc import Callable

from google.api_core.exceptions import BadRequest, Conflict, NotFound, PreconditionFailed
from google.cloud import bigquery

from auto_schema.errors import TargetError
from pipeline.runs.history import FIELDS
from pipeline.runs.views import (
    batches_query,
    lag_query,
    latest_query,
    older_batches_query,
    success_query,
    volume_query,
)
from pipeline.tables.naming import daily_views_of, views_of
from warehouse.client import update_anyhow
from warehouse.errors import as_target_errors
from warehouse.names import TableRef

LOGGER = logging.getLogger("smart_sync")
LABEL, NEWEST = "sync_views", "1"
"""On the view of runs: which views were made beside it."""
TRIES = 5
"""To add columns that others may be adding."""
QUERIES: tuple[Callable[[TableRef], str], ...] = (lag_query, success_query, volume_query)
"""Of `daily_views_of`, in its order."""


def make_tables(client: bigquery.Client, table: TableRef) -> bool:
    """Make the history and its views where they are missing, and columns that it lacks.

    Returns:
        Whether the history lacked columns.
    """
    with as_target_errors(f"run history {table}"):
        lacked = _add_columns(client, make_table(client, _history(table)))
    make_view(client, table)  # also when a run died between the two
    return lacked


def _add_columns(client: bigquery.Client, existing: bigquery.Table) -> bool:
    """Add the columns that it lacks: whether it lacked some.

    Who is told no looks again: another launch may have added them, or those of a newer version.
    """
    lacked = False
    for tries in range(1, TRIES + 1):
        there = {column.name for column in existing.schema}
        missing = [column for column in _schema() if column.name not in there]
        if not missing:
            break
        lacked = True
        existing.schema = [*existing.schema, *missing]
        try:
            update_anyhow(client, existing, "schema")
            break
        except (BadRequest, Conflict, PreconditionFailed):
            if tries == TRIES:
                raise
            existing = client.get_table(existing.reference)
    return lacked


def make_view(client: bigquery.Client, table: TableRef) -> None:
    """Make the history's view where it is missing, and those beside it that it doesn't tell of."""
    with as_target_errors(f"run history {table}"):
        there = make_table(client, _view(views_of(table)[0], latest_query(table)))
    if (there.labels or {}).get(LABEL) == NEWEST:
        return
    try:
        with as_target_errors(f"views of run history {table}"):
            for view, query in zip(daily_views_of(table), QUERIES, strict=True):
                make_table(client, _view(view, query(table)))
            there.labels = {**(there.labels or {}), LABEL: NEWEST}
            update_anyhow(client, there, "labels")
    except TargetError as error:
        LOGGER.warning("runs go on without them: %s", error)


def make_batches_view(client: bigquery.Client, table: TableRef) -> None:
    """Make the view of launches of many tables: a row for each launch.

    One that is there keeps its text, unless an older version has made it, whose columns are fewer.
    """
    view = _view(views_of(table)[1], batches_query(table))
    with as_target_errors(f"run history {table}"):
        there = make_table(client, view)
        if _words(there.view_query) == _words(older_batches_query(table)):
            there.view_query = view.view_query
            update_anyhow(client, there, "view_query")


def _words(text: str | None) -> list[str]:
    return (text or "").split()


def make_table(client: bigquery.Client, table: bigquery.Table) -> bigquery.Table:
    """The table, made where it is missing."""
    try:
        return client.get_table(table.reference)
    except NotFound:
        return client.create_table(table, exists_ok=True)


def _schema() -> list[bigquery.SchemaField]:
    return [bigquery.SchemaField(name, kind) for name, kind in FIELDS]


def _history(table: TableRef) -> bigquery.Table:
    resource = bigquery.Table(str(table), schema=_schema())
    resource.time_partitioning = bigquery.TimePartitioning(field="event_time")
    resource.clustering_fields = ["destination", "run_id"]
    resource.description = "Events of Smart Sync runs, append-only."
    return resource


def _view(name: TableRef, query: str) -> bigquery.Table:
    view = bigquery.Table(str(name))
    view.view_query = query
    return view
