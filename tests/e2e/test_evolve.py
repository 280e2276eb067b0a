"""schema_evolution=evolve: columns of the destination are widened and relaxed in place."""

from decimal import Decimal

import pytest

from pipeline.destination.target import read_target
from pipeline.publish.alterations import alter_columns
from tests.days import lapse
from tests.factories import NOW, a_request, a_watermark, plan_of, some_facts, utc
from tests.fault_rules import Rule, answer, drop, job
from tests.processes import Gate
from tests.sync import PROJECT
from warehouse.names import TableRef

SYNC = {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "postgresql_query": "SELECT * FROM s",
    "smart_sync_timestamp_column": "moved",
}
EVOLVE = SYNC | {"schema_evolution": "evolve"}
MERGE = {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
LAST = 2**63 - 1


def make(sync, columns, values=""):
    table = f"`{PROJECT}.{sync.dataset}.t`"
    sync.client.query(f"CREATE TABLE {table} ({columns})").result()
    if values:
        sync.client.query(f"INSERT INTO {table} VALUES {values}").result()


def altered(sent_jobs):
    """The statements that altered columns, in their order."""
    found = []
    for sent in sent_jobs:
        configuration = sent["configuration"]
        if configuration.get("labels", {}).get("step", "").startswith("alter"):
            found.append(configuration["query"]["query"].partition(" ALTER COLUMN ")[2])
    return found


@pytest.mark.parametrize("more", [{}, MERGE], ids=["append", "merge"])
def test_an_integer_becomes_a_number_and_no_value_changes(sync, sql, way, more):
    sql("CREATE TABLE s (id int8, n int8, moved timestamptz)")
    sql(f"INSERT INTO s VALUES (1, {LAST}, '2024-05-01'), (2, {-LAST - 1}, '2024-05-01')")
    sync.ok(**SYNC | more)
    sql("ALTER TABLE s ALTER n TYPE numeric(22, 2)")
    sql("INSERT INTO s VALUES (3, 12345678901234567890.25, '2024-06-01')")
    refused = sync(**SYNC | more)
    assert refused.code == 4
    assert "column 'n' is INT64 in the destination" in refused.err
    assert "set schema_evolution=evolve, which alters 'n' in place" in refused.err
    assert sync(**SYNC | more | {"schema_evolution": "freeze"}).code == 4
    plan = sync.ok(**EVOLVE | more, plan_only="true").out
    assert "n: INT64 → NUMERIC: the source's numeric(22,2) needs it" in plan
    assert "ALTER COLUMN `n` SET DATA TYPE NUMERIC" in plan
    assert sync.types()["n"] == "INTEGER"
    sync.ok(**EVOLVE | more)
    assert sync.types()["n"] == "NUMERIC"
    wide = [(1, Decimal(LAST)), (2, Decimal(-LAST - 1)), (3, Decimal("12345678901234567890.25"))]
    assert sync.rows("id, n") == wide
    sql("ALTER TABLE s ALTER n TYPE int4 USING 7")
    sql("INSERT INTO s VALUES (4, 4, '2024-07-01')")
    sync.ok(**SYNC | more)  # a source that is narrower again goes into what is there
    assert sync.rows("id, n")[3:] == [(4, Decimal(4))]


def test_a_number_that_outgrows_numeric_makes_it_bignumeric(sync, sql, sent_jobs):
    sql("CREATE TABLE s (id int8, a numeric(10, 2), b numeric(10, 2), moved timestamptz)")
    sql("INSERT INTO s VALUES (1, 1.25, 1.25, '2024-05-01')")
    sync.ok(**SYNC)
    sql("ALTER TABLE s ALTER a TYPE numeric(30, 12), ALTER b TYPE numeric")
    sql("INSERT INTO s VALUES (2, 0.000000000001, 1.5, '2024-06-01')")
    sync.ok(**EVOLVE)
    assert altered(sent_jobs) == ["`a` SET DATA TYPE BIGNUMERIC"]
    sql("INSERT INTO s VALUES (3, 1, 0.0000000000001, '2024-07-01')")
    sync.ok(**EVOLVE)
    assert altered(sent_jobs)[1:] == ["`b` SET DATA TYPE BIGNUMERIC"]
    assert sync.rows("id, a, b") == [
        (1, Decimal("1.25"), Decimal("1.25")),
        (2, Decimal("0.000000000001"), Decimal("1.5")),
        (3, Decimal(1), Decimal("0.0000000000001")),
    ]


def test_integers_become_doubles_only_where_each_is_one(sync, sql):
    sql("CREATE TABLE s (id int8, n int8, moved timestamptz)")
    sql(f"INSERT INTO s VALUES (1, {2**53}, '2024-05-01'), (2, {2**53 + 1}, '2024-05-01')")
    sync.ok(**SYNC)
    sql("ALTER TABLE s ALTER n TYPE float8")
    sql("INSERT INTO s VALUES (3, 0.5, '2024-06-01')")
    refused = sync(**EVOLVE)
    assert refused.code == 4
    assert "1 integers are there that FLOAT64 doesn't hold exactly" in refused.err
    assert sync.types()["n"] == "INTEGER"
    sync.client.query(f"DELETE FROM {sync.dataset}.t WHERE id = 2").result()
    assert "(no value that is there changes, " in sync.ok(**EVOLVE, plan_only="true").out
    sync.ok(**EVOLVE)
    assert sync.rows("id, n") == [(1, 2.0**53), (3, 0.5)]
    sql("ALTER TABLE s ALTER n TYPE int8")
    sql(f"INSERT INTO s VALUES (4, 4, '2024-07-01'), (5, {2**53 + 1}, '2024-07-01')")
    sync.ok(**SYNC, max_dead_letters="1")
    assert sync.rows("id, n")[2:] == [(4, 4.0)]
    assert [row[0] for row in sync.rows("value", "t_dead_letters")] == [str(2**53 + 1)]


def test_lengths_and_digits_grow_as_the_source_s_do(sync, sql, sent_jobs):
    make(
        sync,
        "id INT64, a STRING(3), b STRING(3), c STRING(9), n NUMERIC(5, 2), m NUMERIC(5, 2),"
        " moved TIMESTAMP",
    )
    sql(
        "CREATE TABLE s (id int8, a varchar(5), b text, c char(4), n numeric(7, 1), m int4,"
        " moved timestamptz)"
    )
    sql("INSERT INTO s VALUES (1, 'abcde', 'abcdef', 'abcd', 123456.7, 12345678, '2024-05-01')")
    assert sync(**SYNC).code == 7
    sync.ok(**EVOLVE)
    assert altered(sent_jobs) == [
        "`a` SET DATA TYPE STRING(5)",
        "`b` SET DATA TYPE STRING",
        "`n` SET DATA TYPE NUMERIC(8, 2)",
        "`m` SET DATA TYPE NUMERIC(21, 2)",
    ]
    assert sync.rows("a, b, c, n, m") == [
        ("abcde", "abcdef", "abcd", Decimal("123456.7"), Decimal(12345678))
    ]


def test_required_columns_are_relaxed_but_for_merge_keys(sync, sql, sent_jobs):
    make(
        sync,
        "id INT64 NOT NULL, n INT64 NOT NULL, gone STRING NOT NULL, moved TIMESTAMP",
        "(1, 1, 'x', '2024-05-01')",
    )
    sql("CREATE TABLE s (id int8, n numeric(20, 1), moved timestamptz)")
    sql("INSERT INTO s VALUES (1, 1, '2024-05-01'), (2, NULL, '2024-06-01')")
    refused = sync(**SYNC | MERGE)
    assert refused.code == 4
    assert "which alters 'n', 'gone' in place" in refused.err
    sync.ok(**EVOLVE | MERGE)
    assert altered(sent_jobs) == [
        "`n` DROP NOT NULL",
        "`n` SET DATA TYPE NUMERIC",
        "`gone` DROP NOT NULL",
    ]
    assert {f.name: f.mode for f in sync.table().schema} == {
        "id": "REQUIRED",
        "n": "NULLABLE",
        "gone": "NULLABLE",
        "moved": "NULLABLE",
    }
    assert sync.rows("id, n, gone") == [(1, Decimal(1), "x"), (2, None, None)]


def test_what_bigquery_doesn_t_do_in_place_is_refused_with_the_statements_that_do_it(sync, sql):
    sql("CREATE TABLE s (id int8, day date, n int8, moved timestamptz)")
    sql("INSERT INTO s VALUES (1, '2024-05-01', 5, '2024-05-01')")
    sync.ok(**SYNC)
    sql("ALTER TABLE s ALTER day TYPE timestamp, ALTER n TYPE text")
    sql("INSERT INTO s VALUES (2, '2024-05-01 12:00', 'x', '2024-06-01')")
    refused = sync(**EVOLVE)
    assert refused.code == 4
    for name, cast in (("day", "CAST(`day` AS DATETIME)"), ("n", "CAST(`n` AS STRING)")):
        assert f"UPDATE `{PROJECT}.{sync.dataset}.t` SET `{name}__new` = {cast}" in refused.err
    told = refused.err.partition("for 'day' run ")[2].partition("; or for 'n' run ")
    by_hand = told[0] + told[2].partition("; or cast")[0]
    sync.client.query(by_hand).result()
    sync.ok(**EVOLVE)
    assert sync.rows("id, n, CAST(day AS STRING)") == [
        (1, "5", "2024-05-01 00:00:00"),
        (2, "x", "2024-05-01 12:00:00"),
    ]


def test_a_column_that_clusters_the_table_is_refused(sync, sql):
    sql("CREATE TABLE s (id int8, n int8, moved timestamptz)")
    sql("INSERT INTO s VALUES (1, 1, '2024-05-01')")
    sync.ok(**SYNC, enable_auto_schema="true", clustering_fields="n")
    sql("ALTER TABLE s ALTER n TYPE numeric(10, 1)")
    refused = sync(**EVOLVE)
    assert refused.code == 4
    assert "partitioned or clustered by it" in refused.err
    assert "AS SELECT * REPLACE (CAST(`n` AS NUMERIC) AS `n`)" in refused.err


def test_what_is_longer_than_a_column_that_clusters_the_table_is_a_dead_letter(sync, sql):
    table = f"`{PROJECT}.{sync.dataset}.t`"
    sync.client.query(f"CREATE TABLE {table} (id INT64, a STRING(3)) CLUSTER BY a").result()
    sql("CREATE TABLE s (id int8, a text)")
    sql("INSERT INTO s VALUES (1, 'abc'), (2, 'abcd')")
    words = {"postgresql_query": "SELECT * FROM s", "max_dead_letters": "1"}
    sync.ok(**words, schema_evolution="evolve")
    assert sync.rows() == [(1, "abc")]


@pytest.mark.parametrize("disposition", ["WRITE_TRUNCATE", "WRITE_EMPTY"])
def test_a_table_that_is_replaced_or_filled_is_altered_too(sync, sql, way, disposition):
    make(sync, "id INT64, n INT64")
    sql("CREATE TABLE s (id int8, n numeric(12, 2))")
    sql("INSERT INTO s VALUES (1, 1.25)")
    words = {"postgresql_query": "SELECT * FROM s", "write_disposition": disposition}
    sync.ok(**words, schema_evolution="evolve")
    assert sync.rows() == [(1, Decimal("1.25"))]


def test_the_proof_holds_where_integers_go_into_wider_columns(sync, sql):
    make(sync, "id INT64, n NUMERIC, b BIGNUMERIC, f FLOAT64, moved TIMESTAMP")
    sql("CREATE TABLE s (id int8, n int4, b int2, f int8, moved timestamptz)")
    sql(
        f"INSERT INTO s VALUES (1, -5, 6, {2**53}, '2024-05-01'), (2, 0, NULL, 1, '2024-05-01'),"
        f" (3, 1, 1, {2**53 + 1}, '2024-05-01')"
    )
    sync.ok(**SYNC, verify="true", max_dead_letters="1")
    assert sync.rows("n, b, f, id", order="id") == [
        (Decimal(-5), Decimal(6), 2.0**53, 1),
        (Decimal(0), None, 1.0, 2),
    ]


KILLED = EVOLVE | MERGE
WIDE = [(1, Decimal(LAST), Decimal(1)), (2, Decimal("0.5"), Decimal("0.25"))]


@pytest.fixture
def grown(sync, sql):
    """A row that was synced, then two columns that have grown, and a row that shows it."""
    sql("CREATE TABLE s (id int8, n int8, m int8, moved timestamptz)")
    sql(f"INSERT INTO s VALUES (1, {LAST}, 1, '2024-05-01')")
    sync.ok(**SYNC | MERGE)
    sql("ALTER TABLE s ALTER n TYPE numeric(24, 4), ALTER m TYPE numeric(24, 4)")
    sql("INSERT INTO s VALUES (2, 0.5, 0.25, '2024-06-01')")


@pytest.mark.parametrize("step", ["alter_0_1", "alter_1_1", "publish_1"])
def test_a_run_that_dies_between_an_alteration_and_publishing_is_gone_on_from(
    sync, grown, start, proxy, step
):
    gate = Gate(proxy, after=step != "publish_1", **job(step))
    run = start(**KILLED)
    gate.wait(run)
    run.kill()
    gate.open()
    assert sync.types()["n"] == "NUMERIC"
    assert sync.types()["m"] == ("INTEGER" if step == "alter_0_1" else "NUMERIC")
    assert sync.rows("id, n, m") == [(1, LAST, 1)]
    lapse(sync)
    sync.ok(**KILLED)
    assert sync.rows("id, n, m") == WIDE
    assert [run["status"] for run in sync.history()] == ["succeeded", "abandoned", "succeeded"]


@pytest.mark.parametrize(
    "fault", [answer(403), answer(503), drop(after=True)], ids=["403", "503", "lost"]
)
def test_an_alteration_that_is_refused_for_now_or_not_answered_is_made_once(
    sync, grown, faulty, hasty, fault
):
    faulty.add(Rule(fault, **job("alter_0"), times=1))
    sync.ok(**KILLED)
    assert sync.rows("id, n, m") == WIDE


def test_a_step_that_is_repeated_alters_nothing_twice(sync, sent_jobs):
    """DROP NOT NULL is refused by BigQuery where the column is NULLABLE already."""
    make(sync, "id INT64, name STRING NOT NULL, updated_at TIMESTAMP")
    destination = TableRef(PROJECT, sync.dataset, "t")
    request = a_request(destination=destination, evolution="evolve")
    target = read_target(sync.client, destination)
    for run_id in ("20250722t150000-00000001", "20250722t150000-00000002"):
        facts = some_facts(request, target=target, watermark=a_watermark(utc("2025-07-01")))
        plan = plan_of(request, facts, run_id=run_id, now=NOW)
        alter_columns(sync.client, plan, lambda: None)
    assert altered(sent_jobs) == ["`name` DROP NOT NULL"]
    assert {field.mode for field in sync.table().schema} == {"NULLABLE"}


def test_more_alterations_than_bigquery_takes_at_a_time_wait(sync, sql, sent_jobs, monkeypatch):
    pauses = []
    monkeypatch.setattr("pipeline.publish.alterations.sleep", pauses.append)
    names = [f"n{number}" for number in range(9)]
    make(sync, ", ".join(f"{name} INT64" for name in names))
    sql(f"CREATE TABLE s ({', '.join(f'{name} numeric(9, 1)' for name in names)})")
    sql(f"INSERT INTO s VALUES ({', '.join('0.5' for _ in names)})")
    sync.ok(postgresql_query="SELECT * FROM s", schema_evolution="evolve")
    assert altered(sent_jobs) == [f"`{name}` SET DATA TYPE NUMERIC" for name in names]
    assert pauses == [10.0, 10.0]
    assert sync.rows() == [tuple(Decimal("0.5") for _ in names)]


def test_nothing_is_altered_by_a_run_that_publishes_nothing(sync, grown, sql, sent_jobs):
    sql("ALTER TABLE s ALTER m TYPE text")
    assert sync(**KILLED).code == 4
    sql("ALTER TABLE s DROP m")
    checks = '{"models": [{"name": "t", "columns": [{"name": "n", "data_tests": ["unique"]}]}]}'
    sql("INSERT INTO s VALUES (3, 0.5, '2024-06-02')")
    assert sync(**KILLED, checks=checks).code == 11
    assert sync.types()["n"] == "INTEGER"
    sql("DELETE FROM s WHERE id > 1")
    sync.ok(**KILLED)
    assert sync.types()["n"] == "INTEGER"
    assert altered(sent_jobs) == []


def test_a_column_that_is_cast_or_made_by_a_query_grows_too(sync, sql, sent_jobs):
    sql("CREATE TABLE s (id int8, n int8, t text, moved timestamptz)")
    sql("INSERT INTO s VALUES (1, 1, 'a', '2024-05-01')")
    sync.ok(**SYNC)
    sql("INSERT INTO s VALUES (2, 2, 'b', '2024-06-01')")
    cast = {"transformation_config": '{"type_casts": {"n": "NUMERIC"}}'}
    assert sync(**SYNC, **cast).code == 4
    sync.ok(**EVOLVE, **cast)
    sql("INSERT INTO s VALUES (3, 3, 'c', '2024-07-01')")
    made = "SELECT * REPLACE (CAST('0.0000000000003' AS BIGNUMERIC) AS n) FROM staged"
    assert sync(**SYNC, transform_sql=made).code == 4
    sync.ok(**EVOLVE, transform_sql=made)
    assert altered(sent_jobs) == ["`n` SET DATA TYPE NUMERIC", "`n` SET DATA TYPE BIGNUMERIC"]
    assert sync.rows("id, n") == [
        (1, Decimal(1)),
        (2, Decimal(2)),
        (3, Decimal("0.0000000000003")),
    ]
