"""The statements that publish a staging table, for each mode and disposition."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from auto_schema.errors import SchemaError
from auto_schema.evolve import CurrentField
from auto_schema.postgresql_types import PostgresType
from auto_schema.schema import INGESTION_TIME, Column, Partitioning, TableSchema
from smart_sync import modes
from smart_sync.facts import Facts, Target
from smart_sync.publish_sql import always_true, copy_before, partition_expression, publish_statement
from smart_sync.request import WriteDisposition
from smart_sync.ways import STATEMENT
from sources.postgresql.column_rules import POSTGRESQL_COLUMNS
from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.source import PostgresqlSource
from sources.profile import SourceIdentity, SourceProfile
from sources.secrets import Secret
from sources.values import SourceColumn
from tests.factories import plan_of, request_of
from warehouse.names import TableRef

NOW = datetime(2025, 7, 22, 15, tzinfo=UTC)
CONNECTION = PostgresqlConnection("db.example.com", 5432, "shop", "reader", Secret.of("x"))
COLUMNS = (
    SourceColumn("id", PostgresType("bigint", "int8", "b")),
    SourceColumn("doc", PostgresType("jsonb", "jsonb", "b"), 'what "it" says'),
    SourceColumn("day", PostgresType("date", "date", "b")),
)
FIELDS = (CurrentField("id", "INT64"), CurrentField("doc", "JSON"), CurrentField("day", "DATE"))
PROFILE = SourceProfile(
    COLUMNS,
    POSTGRESQL_COLUMNS,
    identity=SourceIdentity("postgresql/shop", tables=("public.orders",)),
    description="Orders",
)
STAGED = "`p.d._sync_staging_20250722t150000_ab`"
INSERT = (
    "INSERT INTO `p.d.t` (`id`, `doc`, `day`)\n"
    "SELECT `id`, PARSE_JSON(`doc`, wide_number_mode=>'round') AS `doc`, `day`\n"
    f"FROM {STAGED}"
)


def a_plan(target, **request):
    asked = request_of(
        "postgresql",
        CONNECTION,
        TableRef("p", "d", "t"),
        query="SELECT * FROM orders",
        temp_location="/tmp/x",
        **request,
    )
    source = PostgresqlSource(CONNECTION, asked.reading.query, tuple(c.name for c in COLUMNS))
    facts = Facts(PROFILE, target, source)
    return plan_of(asked, facts, run_id="20250722t150000-ab", now=NOW)


def there(*fields, **more):
    return Target("US", exists=True, fields=fields or FIELDS, rows=0, **more)


def test_append_is_one_insert_by_name_that_parses_json():
    assert publish_statement(a_plan(there())) == INSERT


def test_a_table_can_be_had_as_it_was_before_the_run_whatever_its_layout():
    assert copy_before(a_plan(there())) == "bq cp 'p:d.t@1753196400000' 'p:d.t_before'"


def test_append_adds_a_missing_column_before_the_insert():
    plan = a_plan(there(*FIELDS[:2]))
    assert publish_statement(plan) == (
        f"ALTER TABLE `p.d.t` ADD COLUMN IF NOT EXISTS `day` DATE;\n{INSERT}"
    )


def test_all_columns_that_a_table_lacks_are_added_by_one_statement():
    assert publish_statement(a_plan(there(FIELDS[0]))) == (
        "ALTER TABLE `p.d.t` ADD COLUMN IF NOT EXISTS `doc` JSON,\n"
        f"  ADD COLUMN IF NOT EXISTS `day` DATE;\n{INSERT}"
    )


def test_truncate_replaces_rows_in_one_transaction():
    plan = a_plan(there(), write_disposition=WriteDisposition.TRUNCATE)
    assert plan.publishing.mode is modes.REPLACE
    assert publish_statement(plan) == (
        f"BEGIN TRANSACTION;\nTRUNCATE TABLE `p.d.t`;\n{INSERT};\nCOMMIT TRANSACTION;"
    )


def test_no_ddl_stands_inside_a_transaction():
    plan = a_plan(there(*FIELDS[:1]), write_disposition=WriteDisposition.TRUNCATE)
    before, transaction = publish_statement(plan).split("BEGIN TRANSACTION;")
    assert (before.count("ALTER TABLE"), before.count("ADD COLUMN")) == (1, 2)
    assert "ALTER" not in transaction


def test_write_empty_looks_again_inside_the_transaction():
    plan = a_plan(there(), write_disposition=WriteDisposition.EMPTY)
    assert publish_statement(plan) == (
        "BEGIN TRANSACTION;\nIF EXISTS (SELECT 1 FROM `p.d.t` AS _smart_sync_table) THEN\n"
        '  RAISE USING MESSAGE = "WRITE_EMPTY: p.d.t is not empty";\nEND IF;\n'
        f"{INSERT};\nCOMMIT TRANSACTION;"
    )


def test_write_empty_satisfies_a_required_partition_filter():
    layout = there(partitioning=Partitioning("day"), require_partition_filter=True)
    plan = a_plan(layout, write_disposition=WriteDisposition.EMPTY)
    day = "_smart_sync_table.`day`"
    where = f"FROM `p.d.t` AS _smart_sync_table WHERE {day} IS NULL OR {day} IS NOT NULL)"
    assert where in publish_statement(plan)


def test_a_merge_that_its_table_would_refuse_for_want_of_a_filter_is_refused_before_the_run():
    merge = {"write_disposition": WriteDisposition.MERGE, "merge_keys": ("id",)}
    for partitioning in (None, Partitioning(INGESTION_TIME)):  # None: by a range of integers
        layout = there(partitioning=partitioning, require_partition_filter=True)
        with pytest.raises(SchemaError, match="require_partition_filter = false"):
            a_plan(layout, **merge)
        assert a_plan(layout), "rows are added without a look at the table"
        assert a_plan(layout, **merge, delete_existing_table=True)
    a_plan(there(partitioning=Partitioning("day"), require_partition_filter=True), **merge)


def test_a_missing_table_is_made_with_everything_in_one_statement():
    plan = a_plan(
        Target("US"),
        auto_schema=True,
        partition_field="day",
        partition_given=True,
        partition_type="MONTH",
        clustering_fields=("id", "day"),
    )
    label = dict(plan.publishing.labels)["sync_source"]
    assert publish_statement(plan) == (
        "CREATE TABLE `p.d.t` (\n"
        '  `id` INT64,\n  `doc` JSON OPTIONS (description="what \\"it\\" says"),\n  `day` DATE\n)\n'
        "PARTITION BY DATE_TRUNC(`day`, MONTH)\n"
        "CLUSTER BY `id`, `day`\n"
        f'OPTIONS (description="Orders", labels=[("sync_source", "{label}")])\n'
        "AS " + INSERT.partition("\n")[2]
    )


@pytest.mark.parametrize("layout", [{}, {"partitioning": Partitioning("day")}], ids=str)
def test_a_merge_reads_rows_in_four_statements(layout):
    plan = a_plan(there(**layout), write_disposition=WriteDisposition.MERGE, merge_keys=("id",))
    statements = publish_statement(plan).split(";\n")
    reading = [one for one in statements if "\nFROM " in one or " FROM " in one or "MERGE `" in one]
    assert [one.partition("`")[0].partition("(")[0].split()[0] for one in reading] == [
        "CREATE",
        "CREATE",
        "EXECUTE",
        "EXECUTE" if layout else "MERGE",
    ]


def test_rebuilding_with_the_same_layout_replaces_the_table_in_one_statement():
    plan = a_plan(there(CurrentField("old", "BYTES")), delete_existing_table=True)
    assert (plan.publishing.mode, plan.publishing.swaps) == (modes.REBUILD, False)
    text = publish_statement(plan)
    assert text.startswith("CREATE OR REPLACE TABLE `p.d.t` (")
    assert ";" not in text


def test_rebuilding_with_another_layout_builds_beside_and_renames():
    plan = a_plan(there(clustering=("id",)), delete_existing_table=True)
    assert plan.publishing.swaps
    new, old = "_sync_new_20250722t150000_ab", "_sync_old_20250722t150000_ab"
    asks, create, *steps = publish_statement(plan).replace("THEN\n", "THEN;\n").split(";\n")
    assert asks == (
        "IF NOT EXISTS (SELECT 1 FROM `p.d.INFORMATION_SCHEMA.TABLES`"
        f' WHERE table_name = "{old}") THEN'
    )
    assert create.startswith(f"CREATE OR REPLACE TABLE `p.d.{new}` (")
    assert steps == [
        f"ALTER TABLE `p.d.t` RENAME TO `{old}`",
        "END IF",
        f"ALTER TABLE IF EXISTS `p.d.{new}` RENAME TO `t`",
        f"DROP TABLE IF EXISTS `p.d.{old}`",
    ]


@pytest.mark.parametrize(
    ("kind", "size", "text"),
    [
        ("DATE", "DAY", "`c`"),
        ("DATE", "YEAR", "DATE_TRUNC(`c`, YEAR)"),
        ("TIMESTAMP", "DAY", "TIMESTAMP_TRUNC(`c`, DAY)"),
        ("TIMESTAMP", "HOUR", "TIMESTAMP_TRUNC(`c`, HOUR)"),
        ("DATETIME", "MONTH", "DATETIME_TRUNC(`c`, MONTH)"),
    ],
)
def test_the_partition_expression_fits_the_columns_type(kind, size, text):
    column = Column("c", "c", "any", "{c}", pa.date32(), kind)
    assert partition_expression(TableSchema((column,), Partitioning("c", size))) == text


def test_a_table_without_partitions_needs_no_filter():
    assert always_true(a_plan(there())) == ""
    by_ingestion = a_plan(there(partitioning=Partitioning(INGESTION_TIME)))
    assert "_PARTITIONTIME" in always_true(by_ingestion)


def test_json_and_local_folders_go_through_a_statement_and_the_rest_is_loaded():
    assert a_plan(there()).publishing.way is STATEMENT
    assert "BigQuery loads no JSON from Parquet (doc)" in a_plan(there()).publishing.way_reason
    assert (
        a_plan(there(), json_numbers="text", delete_existing_table=True).publishing.way is STATEMENT
    )
