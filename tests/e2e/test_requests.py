"""What a launch asks BigQuery for, request by request, counted in front of it."""

import pytest

from tests.fault_rules import Rule, answer
from tests.outages import MORE, SMART, TABLE, assert_nothing_is_left, kind
from tests.sync import GRAPH

ALL = {"postgresql_query": "SELECT * FROM s"}

TARGET_FAULT, NO = 5, 403

PLACES = {
    "/datasets/D/tables/_sync_lock_t": "lock",
    "/datasets/D/tables/sync_runs": "history",
    "/datasets/D/tables sync_runs": "history",
    "/datasets/D/tables/sync_runs_latest": "latest",
    "/datasets/D/tables sync_runs_latest": "latest",
    "/datasets/D/tables/_sync_staging_RUN": "staging",
    "/datasets/D/tables/t": "table",
    "/datasets/D/tables": "all tables",
    "/datasets/D/tables _sync_lock_t": "lock",
    "/datasets/D/tables _sync_staging_RUN": "staging",
    "/datasets/D": "dataset",
    "/jobs RUN": "dry run",
    "/jobs": "jobs of the script",
}
BEGIN = [
    "GET dataset",
    "GET table",
    "POST lock",
    "POST runs that have not ended, frontier, MAX",
    "GET latest",
    "GET table",
    "POST running",
    "GET running",
    "PATCH lock",
]
PUBLISH = [
    "POST staging",
    "POST load",
    "GET lock",
    "POST publish",
    "GET publish",
    "DELETE staging",
]
CHANGE = [*PUBLISH[:2], "GET table", *PUBLISH[2:]]
"""Of rows above those that are there, which may have gone meanwhile."""
END = [
    "POST succeeded",
    "GET succeeded",
    "GET lock",
    "PATCH lock",
]
"""In the order in which they are sent; POST makes a table, or else starts a job."""
JOBS = {
    "event_0": "running",
    "event_2": "succeeded",
    "stage_0_1": "load",
    "publish_1": "publish",
}
QUERIES = {
    "(runs.seq < 2 OR": "runs that have not ended",
    "WITH ended": "frontier",
    "SELECT MAX(": "MAX",
    "runs.columns FROM": "written columns",
}
"""What is asked at once, by a part of it."""


def told(seen):
    """A request in two or three words."""
    text = kind(seen)
    if seen.method == "POST" and "/queries" in text:
        query = seen.body["query"]
        return "POST " + ", ".join(name for part, name in QUERIES.items() if part in query)
    for step, name in JOBS.items():
        if text.endswith(f"sync_RUN_{step}"):
            return f"{seen.method} {name}"
    method, place = text.split(" ", 1)
    return f"{method} {PLACES[place]}"


@pytest.fixture(autouse=True, params=[GRAPH, None], ids=["graph", "plain"])
def ran_by(request, sync):
    """Either way of a run in this process asks for the same."""
    sync.defaults["runner"] = request.param


@pytest.fixture
def an_hour_later(sync, sql, watched, request):
    """A table that was synced whole, and the lock of that run gone, as it goes by itself."""
    sql(TABLE)
    sync.defaults |= SMART | {"enable_auto_schema": "true", "lock_lease": "1h"}
    sync.ok(**getattr(request, "param", {}))
    sync.client.delete_table(f"{sync.dataset}._sync_lock_t")
    return len(watched.seen)


def test_a_launch_that_finds_nothing_new_asks_for_no_more_than_this(sync, watched, an_hour_later):
    assert sync.ok().out.startswith("succeeded: 0 rows read")
    assert [told(seen) for seen in watched.seen[an_hour_later:]] == [*BEGIN, *END]


def test_a_launch_that_appends_asks_for_no_more_than_this(sync, sql, watched, an_hour_later):
    sql(MORE)
    assert sync.ok().out.startswith("succeeded: 6 rows read, 6 published")
    assert [told(seen) for seen in watched.seen[an_hour_later:]] == [*BEGIN, *CHANGE, *END]


MERGING = {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}


@pytest.mark.parametrize("an_hour_later", [MERGING], indirect=True, ids=["merged"])
def test_a_launch_that_merges_asks_for_no_more_than_this(sync, sql, watched, an_hour_later):
    sql(MORE)
    assert sync.ok(**MERGING).out.startswith("succeeded: 6 rows read, 6 published")
    asked = [told(seen) for seen in watched.seen[an_hour_later:]]
    publish = CHANGE.copy()
    publish.insert(-1, "GET jobs of the script")  # who says how many rows the MERGE touched
    publish.insert(-1, "GET publish")  # and how many it had to
    begin = [*BEGIN[:6], "POST dry run", *BEGIN[6:]]
    assert asked == [*begin, *publish, *END]


def test_a_launch_that_makes_the_table_asks_for_no_more_than_this(sync, sql, watched):
    sql(TABLE)
    sync.ok(**ALL, destination_bigquery_table="other")
    before = len(watched.seen)
    assert sync.ok(**SMART, enable_auto_schema="true").out.startswith("succeeded: 9 rows read")
    begin = ["POST runs that have not ended" if "POST runs" in one else one for one in BEGIN]
    begin.insert(4, "GET history")  # which knows no run of this table
    begin[6:6] = [begin[3], "GET all tables"]  # nor before; which a rebuild may have set aside
    publish = PUBLISH.copy()
    publish[-1:-1] = ["GET table"] * 2  # for its labels, and its rows
    assert [told(seen) for seen in watched.seen[before:]] == [*begin, *publish, *END]


@pytest.mark.parametrize(
    "parameters",
    [
        {"write_disposition": "WRITE_TRUNCATE"},
        {"write_disposition": "WRITE_TRUNCATE", "verify": "true"},
        {"delete_existing_table": "true"},
        {"write_disposition": "WRITE_MERGE", "merge_keys": "id", "verify": "true"},
    ],
    ids=str,
)
def test_a_run_without_a_row_leaves_no_table_beside_the_destination(sync, sql, parameters):
    sql(TABLE)
    sync.ok(**ALL)
    sql("DELETE FROM s")
    assert sync.ok(**ALL, **parameters).out.startswith("succeeded: 0 rows read")
    assert_nothing_is_left(sync)


def test_a_history_that_lacks_a_column_or_its_view_gets_it_with_the_next_run(sync, an_hour_later):
    history = f"{sync.dataset}.sync_runs"
    sync.client.query_and_wait(f"ALTER TABLE {history} DROP COLUMN rows_left_out")
    sync.client.query_and_wait(f"DROP VIEW {history}_latest")
    sync.ok()
    assert "rows_left_out" in sync.types("sync_runs")
    assert [run["status"] for run in sync.history()] == ["succeeded"] * 2
    sync.client.query_and_wait(f"DROP VIEW {history}_latest")
    sync.ok()
    assert [run["status"] for run in sync.history()] == ["succeeded"] * 3


def test_a_history_that_lacks_a_column_that_is_asked_for_gets_it_first(sync, an_hour_later):
    sync.client.query_and_wait(f"ALTER TABLE {sync.dataset}.sync_runs DROP COLUMN job_location")
    sync.ok()
    assert "job_location" in sync.types("sync_runs")
    assert [run["status"] for run in sync.history()] == ["succeeded"] * 2


@pytest.mark.parametrize(
    ("refused", "where"),
    [("SELECT MAX(", "MAX(changed) of"), ("(runs.seq < 2 OR", "run history")],
    ids=["destination", "history"],
)
def test_who_may_not_read_one_of_two_tables_is_told_of_that_one(
    sync, watched, an_hour_later, refused, where
):
    """Both are asked in one query, which is refused as a whole."""
    no = Rule(
        answer(NO, "accessDenied"),
        path="/queries",
        body=lambda seen: refused in (seen.body or {}).get("query", ""),
    )
    watched.add(no)
    told = sync()
    assert told.code == TARGET_FAULT
    assert where in told.err
    assert no.acted == 2  # the two together, and that one by itself
    watched.heal()
    assert sync.ok().out.startswith("succeeded: 0 rows read")


def test_a_future_stamp_is_asked_for_by_itself(sync, sql, watched, an_hour_later):
    """MAX of the whole column is MAX up to now only where nothing is later."""
    sync.client.query_and_wait(
        f"INSERT INTO {sync.dataset}.t (id, name, changed) VALUES (0, 'later', '2999-01-01')"
    )
    before = len(watched.seen)
    merge = {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
    sql("INSERT INTO s VALUES (10, 'new', '2024-02-01')")
    assert sync.ok(**merge).out.startswith("succeeded: 1 row read, 1 published")
    asked = [told(seen) for seen in watched.seen[before:]]
    assert "POST runs that have not ended, frontier, MAX" in asked
    assert "POST MAX" in asked
