"""How many rows come: by the source's statistics, or why these say nothing."""

import json

import pytest

TABLE = "CREATE TABLE s (id int PRIMARY KEY, updated_at timestamptz NOT NULL)"
ROWS = (
    "INSERT INTO s SELECT n, timestamptz '2024-01-01' + n * interval '1 minute'"
    " FROM generate_series({}, {}) n"
)
SMART = {"postgresql_query": "SELECT * FROM s", "enable_smart_sync": "true"}
PLAN = {**SMART, "plan_only": "true", "plan_detail": None}


@pytest.fixture
def sql(sql):
    """The same; what a statement has changed is counted at once, not within a second."""

    def run(text):
        sql(text)
        sql("SELECT pg_stat_force_next_flush()")

    return run


def first_line(sync, **more):
    return sync.ok(**PLAN, **more).out.splitlines()[0]


def test_rows_are_estimated_where_statistics_are_there_and_fresh(sync, sql):
    sql(TABLE)
    sql(ROWS.format(1, 1000))
    sql("ANALYZE s")
    assert first_line(sync).startswith(f"Makes {sync.dataset}.t with about 1,000 rows: everything")
    sync.ok(**SMART)
    sql(ROWS.format(1001, 1001))
    sql("ANALYZE s")
    assert first_line(sync).startswith(f"Adds about 1 row to {sync.dataset}.t: everything after ")


def test_statistics_that_are_missing_are_told_in_place_of_a_number(sync, sql):
    sql(TABLE)
    sql(ROWS.format(1, 1000))
    line = first_line(sync)
    assert line.startswith(f"Makes {sync.dataset}.t with rows: everything up to ")
    assert line.endswith("isn't known: public.s was never analyzed (ANALYZE public.s mends it)")
    told = json.loads(sync.ok(**PLAN, plan_format="json").out)
    assert told["headline"][0].partition("up to")[0] == line.partition("up to")[0]
    assert told["estimate_doubt"] == "public.s was never analyzed (ANALYZE public.s mends it)"


def test_rows_behind_the_last_analyze_are_no_row_or_one_and_told_as_not_known(sync, sql):
    sql(TABLE)
    sql(ROWS.format(1, 1000))
    sql("ANALYZE s")
    sync.ok(**SMART)
    sql(ROWS.format(1001, 1040))  # of which autovacuum takes no notice
    line = first_line(sync)
    assert line.startswith(f"Adds rows to {sync.dataset}.t: everything after ")
    assert "; how many isn't known: the statistics of 20" in line
    assert line.endswith(
        "of public.s are stale, 40 rows have changed since (ANALYZE public.s mends it)"
    )


@pytest.mark.parametrize("analyzed", [True, False])
def test_a_partitioned_table_is_judged_by_its_partitions(sync, sql, analyzed):
    sql(f"{TABLE.replace(' PRIMARY KEY', '')} PARTITION BY RANGE (id)")
    sql("CREATE TABLE low PARTITION OF s FOR VALUES FROM (0) TO (500)")
    sql("CREATE TABLE high PARTITION OF s FOR VALUES FROM (500) TO (5000)")
    sql("CREATE TABLE unused PARTITION OF s FOR VALUES FROM (5000) TO (6000)")
    sql(ROWS.format(1, 1000))
    sql("ANALYZE low")
    if analyzed:
        sql("ANALYZE high")
    assert ("never analyzed" in first_line(sync)) is not analyzed
