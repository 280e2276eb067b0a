"""schema_evolution=evolve of a BigQuery source, in place and through workers."""

from decimal import Decimal

import pytest

from tests.sync import PROJECT

METHODS = ["in_place", "workers"]
MERGE = {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}


def rebuilt(run, columns):
    run(f"CREATE OR REPLACE TABLE `{{s}}.s` AS SELECT {columns}")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("more", [{}, MERGE], ids=["append", "merge"])
def test_a_column_follows_the_source_s_wider_type(sync, run, method, more):
    rebuilt(run, f"1 AS id, {2**62} AS n, NUMERIC '1.5' AS d")
    words = {"bigquery_read_method": method, **more}
    sync.ok(**words)
    rebuilt(run, "2 AS id, BIGNUMERIC '0.000000000001' AS n, BIGNUMERIC '0.0000000001' AS d")
    assert sync(**words).code == 4
    sync.ok(**words, schema_evolution="evolve")
    assert sync.types() == {"id": "INTEGER", "n": "BIGNUMERIC", "d": "BIGNUMERIC"}
    wide = [
        (1, Decimal(2**62), Decimal("1.5")),
        (2, Decimal("0.000000000001"), Decimal("0.0000000001")),
    ]
    assert sync.rows() == wide
    rebuilt(run, "3 AS id, 7 AS n, NUMERIC '2' AS d")
    sync.ok(**words)
    assert sync.rows()[2:] == [(3, Decimal(7), Decimal(2))]


def test_digits_grow_and_then_no_row_has_to_leave_bigquery(sync, run, sent_jobs):
    table = f"`{PROJECT}.{sync.dataset}.t`"
    sync.client.query(f"CREATE TABLE {table} (id INT64, n NUMERIC(5, 1), s STRING(2))").result()
    run("CREATE TABLE `{s}.s` (id INT64, n NUMERIC(6, 3), s STRING(3))")
    run("INSERT INTO `{s}.s` VALUES (1, 1.125, 'abc')")
    assert sync().code == 4
    assert "rounds" in sync(bigquery_read_method="workers").err
    plan = sync.ok(schema_evolution="evolve", plan_only="true").out
    assert "in_place: source and destination are both in US" in plan
    for line in ("n: NUMERIC(5, 1) → NUMERIC(7, 3)", "s: STRING(2) → STRING(3)"):
        assert line in plan
    sync.ok(schema_evolution="evolve")
    alters = [
        job["configuration"]["query"]["query"].partition(" ALTER COLUMN ")[2]
        for job in sent_jobs
        if job["configuration"].get("labels", {}).get("step", "").startswith("alter")
    ]
    assert alters == ["`n` SET DATA TYPE NUMERIC(7, 3)", "`s` SET DATA TYPE STRING(3)"]


def test_integers_that_go_into_doubles_are_looked_at_by_workers(sync, run):
    table = f"`{PROJECT}.{sync.dataset}.t`"
    sync.client.query(f"CREATE TABLE {table} (id INT64, n FLOAT64)").result()
    run(f"CREATE TABLE `{{s}}.s` AS SELECT 1 AS id, {2**53} AS n UNION ALL SELECT 2, {2**53 + 1}")
    assert "workers: n may hold more digits" in sync.ok(plan_only="true").out
    sync.ok(max_dead_letters="1")
    assert sync.rows() == [(1, 2.0**53)]
    assert sync(bigquery_read_method="in_place").code == 4
