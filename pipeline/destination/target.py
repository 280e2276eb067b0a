"""I/O. The destination as it is, and its watermark: the only reads of it before a run."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.cloud import bigquery

from auto_schema.bigquery_types import known_type, type_text
from auto_schema.errors import SchemaError, TargetError, shown
from auto_schema.evolve import CurrentField
from auto_schema.names import (
    TABLE,
    in_any_partition,
    of_table,
    quoted,
    stamp_literal,
    string_literal,
)
from auto_schema.schema import INGESTION_TIME, Partitioning
from pipeline.destination.names import refuse_other_case
from smart_sync.cursor import CURSOR_KINDS, Cursor
from smart_sync.facts import DatasetFacts, Target
from smart_sync.hand_window import bigquery_literal
from smart_sync.read_plan import LEAST_BILLED
from smart_sync.window import Watermark
from sources.values import CursorValue, is_after
from warehouse.errors import as_target_errors
from warehouse.full_access import all_rows_to, listing_refused
from warehouse.names import TableRef

WHOLE = "the whole column"
CHEAP_ROWS = LEAST_BILLED // 8
"""So many values of a cursor cost no more to read than the list of a table's partitions."""


def read_dataset(client: bigquery.Client, ref: TableRef) -> DatasetFacts:
    """Look at the destination's dataset.

    Raises:
        TargetError: it is missing, or BigQuery refuses.
    """
    with as_target_errors(f"dataset {ref.project}.{ref.dataset}"):
        try:
            dataset = client.get_dataset(f"{ref.project}.{ref.dataset}")
        except NotFound:
            raise TargetError(
                "destination dataset is missing",
                f"{ref.project}.{ref.dataset}",
                "",
                f"make it with `bq mk --dataset --location=LOCATION {ref.project}:{ref.dataset}`,"
                " in the location of the temp bucket.",
            ) from None
    return DatasetFacts(
        dataset.location,
        dataset.to_api_repr().get("defaultCollation") or "",
        _milliseconds(dataset.default_partition_expiration_ms),
        _milliseconds(dataset.default_table_expiration_ms),
        bool(dataset.is_case_insensitive),
    )


def read_target(client: bigquery.Client, ref: TableRef) -> Target:
    """Look at the destination: its dataset, then the table.

    Raises:
        TargetError: the dataset is missing, it is no table, or BigQuery refuses.
    """
    return read_table(client, ref, read_dataset(client, ref))


def read_table(client: bigquery.Client, ref: TableRef, dataset: DatasetFacts) -> Target:
    """Look at the destination table, in a dataset that is known.

    Raises:
        TargetError: it is no table, or BigQuery refuses, or other names are the same table.
    """
    refuse_other_case(ref, dataset)
    with as_target_errors(f"table {ref}"):
        try:
            table = client.get_table(str(ref))
        except NotFound:
            return Target(dataset.location, collation=dataset.collation, in_dataset=dataset)
    if table.table_type != "TABLE":
        raise TargetError(
            "destination is not a table",
            str(ref),
            f"it is a {table.table_type}",
            "choose another destination_bigquery_table.",
        )
    return _target(dataset, table)


def _target(dataset: DatasetFacts, table: bigquery.Table) -> Target:
    time = table.time_partitioning
    streaming = getattr(table, "streaming_buffer", None)
    return Target(
        location=dataset.location,
        exists=True,
        fields=tuple(map(_field, table.schema)),
        partitioning=Partitioning(time.field or INGESTION_TIME, time.type_) if time else None,
        clustering=tuple(table.clustering_fields or ()),
        labels=tuple(sorted(table.labels.items())),
        rows=None if streaming or table.num_rows is None else int(table.num_rows),
        bytes=None if streaming or table.num_bytes is None else int(table.num_bytes),
        require_partition_filter=bool(table.require_partition_filter),
        collation=dataset.collation,
        made=table.created,
        changed=table.modified,
        key=key_of(table),
        partitions_live=_milliseconds(time.expiration_ms if time else None),
        ends=table.expires,
        in_dataset=dataset,
    )


def _milliseconds(count: int | None) -> timedelta | None:
    """A duration that BigQuery writes as a number; None or 0: there is none."""
    return timedelta(milliseconds=int(count)) if count else None


def key_of(table: bigquery.Table) -> str:
    """The key of Cloud KMS by which a table is encrypted; empty: Google's own."""
    encryption = table.encryption_configuration
    return str(encryption.kms_key_name or "") if encryption else ""


def dry_run_bytes(client: bigquery.Client, sql: str) -> int | None:
    """What a query would read; None when BigQuery doesn't say."""
    config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)
    try:
        job = client.query(sql, config)
    except GoogleAPICallError:
        return None
    return None if job.total_bytes_processed is None else int(job.total_bytes_processed)


def _field(field: bigquery.SchemaField) -> CurrentField:
    resource = field.to_api_repr()
    return CurrentField(
        field.name,
        type_text(resource),
        field.mode or "NULLABLE",
        field.description or "",
        known_type(resource),
        str(resource.get("collation") or ""),
    )


@dataclass(frozen=True, slots=True)
class _Question:
    """A MAX query: its predicate, and what it says of itself in the plan."""

    where: str
    how: str


def read_watermark(
    client: bigquery.Client,
    ref: TableRef,
    target: Target,
    cursor: Cursor,
    now: CursorValue | None,
    *,
    whole: bool = False,
    highest: Watermark | None = None,
    left: CursorValue | None = None,
) -> Watermark:
    """MAX(cursor) of the destination, not later than now.

    When the cursor is the partition column of a table with many rows, only the partition in
    which the last run left it is looked into, or else the newest that BigQuery lists, and what
    lies after it: the list may lag behind the rows.

    Args:
        client: of the job project.
        ref: the destination.
        target: as it is.
        cursor: under its destination name.
        now: the source's clock as a cursor value; None: no future check.
        whole: ask the table itself, whatever BigQuery's statistics say of it.
        highest: the answer to `highest_question`; with nothing later than now it is MAX.
        left: MAX as the last run left it; None: not known.

    Raises:
        SchemaError: the destination has no such column, or of another type.
    """
    if not target.exists:
        return Watermark()
    _check_column(ref, target, cursor)
    if not whole and (known := _without_asking(target, now, highest)):
        return known
    with as_target_errors(f"MAX({cursor.name}) of {ref}"):
        for question in () if whole else _parts(client, ref, target, cursor, now, left):
            if (answer := _ask(client, ref, cursor, now, question)).value is not None:
                return replace(answer, is_whole=False)
        return _ask(client, ref, cursor, now, _Question(_filter(target), WHOLE))


def _without_asking(
    target: Target, now: CursorValue | None, highest: Watermark | None
) -> Watermark | None:
    """The watermark, where no query is needed for it."""
    if target.rows == 0:
        return Watermark(table_exists=True, how=" (the table has no rows)", is_whole=False)
    return None if highest is None or _is_later(highest.value, now) else highest


def refuse_hidden_rows(client: bigquery.Client, ref: TableRef, cursor: Cursor) -> None:
    """Refuse a table of which this account doesn't see all rows: MAX isn't that of the table.

    Raises:
        TargetError: a row access policy hides rows.
    """
    column = bigquery.SchemaField(cursor.name, CURSOR_KINDS[cursor.type])
    with as_target_errors(f"rows of {ref}"):
        answer = listing_refused(client, str(ref), [column])
    if answer:
        raise TargetError(
            "rows of the destination are hidden from this account",
            f"table {ref}, column {cursor.name}",
            f"its MAX is lower than it was, and BigQuery doesn't list rows to who may not see all"
            f" of them ({answer}): what a row access policy hides would be read and written a"
            " second time",
            f"{all_rows_to(str(ref))}.",
        )


def highest_question(ref: TableRef, target: Target, cursor: Cursor) -> str | None:
    """MAX of a cursor's whole column, for a query that asks more than this.

    None: part of the column tells it, or there is no such column to ask.
    """
    field = target.by_name().get(cursor.name.casefold())
    if field is None or field.bigquery != CURSOR_KINDS[cursor.type]:
        return None
    if target.rows == 0 or _is_looked_into_by_parts(target, cursor):
        return None
    column = of_table(cursor.name)
    return f"SELECT MAX({column}) FROM {ref.sql} AS {TABLE} {_filter(target)}".strip()


def highest_in(value: CursorValue | None) -> Watermark:
    """What the answer to `highest_question` says."""
    return Watermark(value, table_exists=True, highest=value, how=f" ({WHOLE})")


def _is_later(value: CursorValue | None, now: CursorValue | None) -> bool:
    return value is not None and now is not None and is_after(value, now)


def _check_column(ref: TableRef, target: Target, cursor: Cursor) -> None:
    field = target.by_name().get(cursor.name.casefold())
    wanted = CURSOR_KINDS[cursor.type]
    where = f"table {ref}, column {shown(cursor.name)}"
    fix = (
        "set smart_sync_timestamp_column to a column that both sides have, or rebuild the"
        " table with delete_existing_table=true."
    )
    if field is None:
        raise SchemaError(
            "destination has no cursor column",
            where,
            f"its columns are {', '.join(f.name for f in target.fields)}",
            fix,
        )
    if field.bigquery != wanted:
        why = f"it is {field.bigquery}, the source's {cursor.type} needs {wanted}"
        raise SchemaError("cursor column of another type in the destination", where, why, fix)


def _filter(target: Target) -> str:
    if not target.require_partition_filter or target.partitioning is None:
        return ""
    field = of_table(target.partitioning.field)
    return f"WHERE ({in_any_partition(field)})"


def _ask(
    client: bigquery.Client,
    ref: TableRef,
    cursor: Cursor,
    now: CursorValue | None,
    question: _Question,
) -> Watermark:
    column = of_table(cursor.name)
    if now is None:
        selected = f"MAX({column}) AS latest, 0 AS future_rows, MAX({column}) AS highest"
    else:
        end = bigquery_literal(now, cursor)
        selected = (
            f"MAX(IF({column} <= {end}, {column}, NULL)) AS latest,"
            f" COUNTIF({column} > {end}) AS future_rows, MAX({column}) AS highest"
        )
    answer = client.query_and_wait(
        f"SELECT {selected} FROM {ref.sql} AS {TABLE} {question.where}".strip()
    )
    row = next(iter(answer))
    size = answer.total_bytes_processed or 0
    how = f" ({question.how}, {size:,} bytes processed)"
    return Watermark(row.latest, True, int(row.future_rows), row.highest, how)


def rows_above(
    client: bigquery.Client,
    ref: TableRef,
    target: Target,
    cursor: Cursor,
    ends: tuple[CursorValue, CursorValue | None],
) -> int:
    """Rows of the destination within (low, high]; high None: open upwards.

    Both ends are literals: the client library writes the year 999 of a DATETIME parameter
    as 999, which BigQuery doesn't read.
    """
    column = of_table(cursor.name)
    low, high = ends
    within = f"{column} > {bigquery_literal(low, cursor)}"
    if high is not None:
        within += f" AND {column} <= {bigquery_literal(high, cursor)}"
    select = f"SELECT COUNTIF({within}) AS found FROM {ref.sql} AS {TABLE}"
    sql = f"{select} {_filter(target)}".strip()
    with as_target_errors(f"rows of {ref}"):
        return int(next(iter(client.query_and_wait(sql))).found)


_FORMATS = {"HOUR": "%Y%m%d%H", "DAY": "%Y%m%d", "MONTH": "%Y%m", "YEAR": "%Y"}


def _id_of(moment: date, size: str) -> str:
    """A partition's id; strftime would write the year 1 as 1.

    >>> _id_of(date(1, 2, 3), "MONTH")
    '000102'
    """
    return moment.strftime(_FORMATS[size].replace("%Y", f"{moment.year:04}"))


def _is_looked_into_by_parts(target: Target, cursor: Cursor) -> bool:
    """Whether a few partitions tell MAX, and finding them costs less than it spares."""
    partitioning = target.partitioning
    if partitioning is None or partitioning.field.casefold() != cursor.name.casefold():
        return False
    return target.rows is None or target.rows > CHEAP_ROWS


def _parts(
    client: bigquery.Client,
    ref: TableRef,
    target: Target,
    cursor: Cursor,
    now: CursorValue | None,
    left: CursorValue | None,
) -> Iterator[_Question]:
    """Ends of the table that hold MAX if they have a row up to now, the cheapest first."""
    partitioning = target.partitioning
    if partitioning is None or not _is_looked_into_by_parts(target, cursor):
        return
    if isinstance(left, date):
        last = _id_of(left, partitioning.type)
        yield _Question(_from(cursor, last, partitioning), _on_from(last))
    newest = _newest_partition(client, ref, partitioning, now)
    if newest is not None:
        yield _Question(_from(cursor, newest, partitioning), _on_from(newest))


def _on_from(partition_id: str) -> str:
    return f"partition {partition_id} and later ones"


def _newest_partition(
    client: bigquery.Client, ref: TableRef, partitioning: Partitioning, now: CursorValue | None
) -> str | None:
    """The id of the newest partition up to now that is known to have rows; None: not known."""
    sql = (
        "SELECT partition_id FROM"
        f" {quoted(ref.project, ref.dataset, 'INFORMATION_SCHEMA', 'PARTITIONS')}"
        f" WHERE table_name = {string_literal(ref.table)} AND total_rows > 0"
    )
    try:
        rows: list[Any] = list(client.query_and_wait(sql))
    except GoogleAPICallError:
        return None
    ids = {row.partition_id for row in rows if row.partition_id}
    if "__UNPARTITIONED__" in ids:
        return None
    current = _id_of(now, partitioning.type) if isinstance(now, date) else None
    past = [i for i in ids if not i.startswith("__") and (current is None or i <= current)]
    return max(past, default=None)


def _from(cursor: Cursor, partition_id: str, partitioning: Partitioning) -> str:
    start = datetime.strptime(partition_id, _FORMATS[partitioning.type])  # noqa: DTZ007 - UTC by rule
    kind, column = CURSOR_KINDS[cursor.type], of_table(cursor.name)
    return f"WHERE {column} >= {stamp_literal(kind, start)}"
