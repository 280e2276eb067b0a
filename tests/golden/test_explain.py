"""explain() and publish_statement() against files; REWRITE_GOLDEN=1 writes them anew."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from auto_schema.bigquery_types import BigqueryType
from auto_schema.evolve import CurrentField
from auto_schema.postgresql_types import PostgresType
from auto_schema.schema import Partitioning
from smart_sync.deletes import HARD, SOFT
from smart_sync.explain import explain
from smart_sync.history_plan import NAMES
from smart_sync.publish_sql import publish_statement
from smart_sync.request import WriteDisposition
from smart_sync.source_labels import source_labels
from smart_sync.sql_plan import SqlAnswer
from sources.values import Evidence, SourceColumn
from tests.factories import (
    COLUMNS,
    NOW,
    a_clock,
    a_plan,
    a_request,
    a_source_column,
    a_target,
    a_transaction,
    a_watermark,
    some_facts,
    some_fields,
    utc,
)

HERE = Path(__file__).parent
RICH = (
    a_source_column("id", "int8", description="the order's number"),
    SourceColumn("amount", PostgresType("numeric(12,2)", "numeric", precision=12, scale=2)),
    SourceColumn("tags", PostgresType("text[]", "text", is_array=True)),
    a_source_column("extra", "jsonb", description="it's «free» text"),
    COLUMNS[2],
)
MARKS = (a_source_column("deleted_at", "date"), a_source_column("gone", "bool"))
LABELS = source_labels(some_facts().profile)
LAYOUT = {"partitioning": Partitioning("updated_at"), "clustering": ("id",)}


def first_sync():
    """Everything since 1900 into a partitioned table that the run makes."""
    request = a_request(auto_schema=True, clustering_fields=("id",))
    evidence = Evidence(
        estimated_rows=12_000_000,
        estimated_bytes=3 * 2**30,
        null_cursors=7,
        bounds=tuple(NOW - timedelta(days=days) for days in range(900, 0, -1)),
    )
    return a_plan(request, columns=RICH, evidence=evidence, description="All orders.")


def append_with_added_column():
    """New rows for a table that lacks a column and has one of its own."""
    target = a_target(
        fields=(*some_fields(*COLUMNS[::2]), CurrentField("legacy", "STRING")), labels=LABELS
    )
    watermark = a_watermark(
        utc("2025-07-22 13:00"), how=" (partition 20250722, 1,024 bytes processed)"
    )
    clock = a_clock(open=(a_transaction(NOW - timedelta(minutes=7)),))
    evidence = Evidence(estimated_rows=2_500, estimated_bytes=2_500_000)
    return a_plan(target=target, watermark=watermark, clock=clock, evidence=evidence)


def append_json():
    """JSON columns go through a staging table, one of them new."""
    target = a_target(fields=some_fields(*RICH[:3], RICH[4]), labels=LABELS)
    watermark = a_watermark(utc("2025-07-22 13:00"))
    return a_plan(target=target, watermark=watermark, columns=RICH)


def append_exact_json():
    """JSON numbers that BigQuery prints otherwise are dead letters, and its parser is told so."""
    target = a_target(fields=some_fields(*RICH[:3], RICH[4]), labels=LABELS)
    watermark = a_watermark(utc("2025-07-22 13:00"))
    request = a_request(json_numbers="exact")
    return a_plan(request, target=target, watermark=watermark, columns=RICH)


def merge_json():
    """Rows are merged by their key into a partitioned table, an hour is read again."""
    request = a_request(
        write_disposition=WriteDisposition.MERGE,
        merge_keys=("id",),
        lookback=timedelta(hours=1),
    )
    target = a_target(
        fields=some_fields(*RICH[:3], RICH[4]), labels=LABELS, bytes=123_456_789, **LAYOUT
    )
    watermark = a_watermark(utc("2025-07-22 13:00"))
    return a_plan(request, target=target, watermark=watermark, columns=RICH)


def history_json():
    """Each version of a row is kept, in a partitioned table that has some already."""
    request = a_request(write_disposition=WriteDisposition.HISTORY, merge_keys=("id",))
    kinds = ("TIMESTAMP", "TIMESTAMP", "BOOL")
    ours = (CurrentField(name, kind) for name, kind in zip(NAMES, kinds, strict=True))
    fields = (*some_fields(*RICH[:3], RICH[4]), *ours)
    target = a_target(fields=fields, labels=LABELS, bytes=123_456_789, **LAYOUT)
    watermark = a_watermark(utc("2025-07-22 13:00"))
    return a_plan(request, target=target, watermark=watermark, columns=RICH)


def merge_transformed():
    """A query makes other rows of those that are staged, with a join; an hour is read again."""
    request = a_request(
        write_disposition=WriteDisposition.MERGE,
        merge_keys=("id",),
        lookback=timedelta(hours=1),
        max_bytes_billed=10**12,
        sql="SELECT s.* EXCEPT (tags), c.country, RAND() AS dice\n"
        "FROM staged AS s JOIN c USING (id)",
    )
    target = a_target(
        fields=some_fields(*RICH[:2], RICH[4]), labels=LABELS, bytes=123_456_789, **LAYOUT
    )
    words = {"target": target, "watermark": a_watermark(utc("2025-07-22 13:00")), "columns": RICH}
    staged = a_plan(**words).reading.schema.columns
    fields = [(c.name, BigqueryType(c.bigquery)) for c in staged if c.name != "tags"]
    fields += [("country", BigqueryType("STRING")), ("dice", BigqueryType("FLOAT64"))]
    answer = SqlAnswer(staged, tuple(fields), ("my-project.shop.c",), 5_000_000_000)
    evidence = Evidence(estimated_rows=2_500, estimated_bytes=2_500_000)
    return a_plan(request, sql=answer, evidence=evidence, **words)


def merge_marked():
    """Rows that are marked as deleted leave a partitioned table."""
    return marked("deleted_at", HARD)


def merge_kept():
    """Rows that a flag marks are kept, with the time of their cursor in a column of ours."""
    return marked("gone", SOFT)


def marked(column: str, rows: str):
    request = a_request(
        write_disposition=WriteDisposition.MERGE,
        merge_keys=("id",),
        deleted_column=column,
        deleted_rows=rows,
    )
    columns = (*COLUMNS, *MARKS)
    target = a_target(fields=some_fields(*columns), labels=LABELS, bytes=123_456_789, **LAYOUT)
    watermark = a_watermark(utc("2025-07-22 13:00"))
    return a_plan(request, target=target, watermark=watermark, columns=columns)


def rebuild_with_swap():
    """A table rebuilt with another layout is built beside and swapped."""
    request = a_request(
        delete_existing_table=True, auto_schema=True, clustering_fields=("id",), smart_sync=False
    )
    return a_plan(request, target=a_target(), columns=RICH)


def replace_all():
    """WRITE_TRUNCATE of a table that demands a partition filter, out of a local folder."""
    request = a_request(
        write_disposition=WriteDisposition.TRUNCATE, temp_location="/tmp/staging", query="TABLE o"
    )
    return a_plan(request, target=a_target(**LAYOUT, require_partition_filter=True))


def write_empty():
    """WRITE_EMPTY looks again in the very job that publishes."""
    request = a_request(write_disposition=WriteDisposition.EMPTY, temp_location="/tmp/staging")
    return a_plan(request, target=a_target(**LAYOUT, rows=0))


def held_back():
    """An open transaction older than the watermark."""
    clock = a_clock(open=(a_transaction(NOW - timedelta(hours=3)),))
    watermark = a_watermark(utc("2025-07-22 13:00"))
    return a_plan(target=a_target(labels=LABELS), watermark=watermark, clock=clock)


def evolved():
    """Of columns that are there one is relaxed and grows, of another all values are asked."""
    columns = (*RICH[:2], a_source_column("weight", "float8"), COLUMNS[2])
    fields = list(some_fields(*columns))
    whole = BigqueryType("INT64")
    fields[1] = CurrentField("amount", "INT64", "REQUIRED", shape=whole)
    fields[2] = CurrentField("weight", "INT64", shape=whole)
    target = a_target(fields=tuple(fields), labels=LABELS)
    request, watermark = a_request(evolution="evolve"), a_watermark(utc("2025-07-22 13:00"))
    facts = some_facts(request, columns=columns, target=target, watermark=watermark)
    return a_plan(request, replace(facts, inexact={"weight": 0}, inexact_bytes=8_000))


def backfill():
    """A new column's values for rows that are there."""
    request = a_request(
        write_disposition=WriteDisposition.MERGE, merge_keys=("id",), backfill_columns=("extra",)
    )
    target = a_target(fields=some_fields(*RICH), labels=LABELS, bytes=123_456_789, **LAYOUT)
    return a_plan(request, target=target, columns=RICH)


def check(name: str, text: str) -> None:
    file = HERE / name
    if os.environ.get("REWRITE_GOLDEN") == "1":
        file.write_text(text + "\n", encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text + "\n"


@pytest.mark.parametrize(
    "make",
    [
        first_sync,
        append_with_added_column,
        append_json,
        append_exact_json,
        evolved,
        backfill,
        merge_json,
        merge_marked,
        merge_kept,
        history_json,
        rebuild_with_swap,
        held_back,
        merge_transformed,
    ],
    ids=lambda make: make.__name__,
)
def test_a_plan_reads_as_the_file_says(make):
    check(f"plan_{make.__name__}.txt", explain(make()))


@pytest.mark.parametrize(
    "make",
    [
        first_sync,
        append_json,
        append_exact_json,
        merge_json,
        merge_marked,
        merge_kept,
        history_json,
        merge_transformed,
        rebuild_with_swap,
        replace_all,
        write_empty,
    ],
    ids=lambda make: make.__name__,
)
def test_a_statement_is_the_one_in_the_file(make):
    check(f"publish_{make.__name__}.sql", publish_statement(make()))
