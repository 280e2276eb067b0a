"""Two runs at once: of one table only one works, and what a launch asks in which order."""

import contextlib
import time
from collections import Counter
from datetime import UTC, datetime

import psycopg2
import pytest
from google.cloud._http import JSONConnection

import pipeline.launch.sync
from pipeline.cli import new_run_id
from pipeline.runs.lock import started
from smart_sync.letters_sql import STEPS
from tests.days import LOCK, SMART, TABLE, assert_whole, runs, statuses
from tests.fault_rules import Rule, answer, call, job
from tests.processes import Gate
from tests.sync import PROJECT

MORE = "INSERT INTO s VALUES (10, 'ten', '2024-02-01')"
TAKEN = 6
NO = 403


def end_of(lock):
    return f"{lock.expires:%Y-%m-%d %H:%M:%S} UTC"


def changes(proxy):
    """Requests that could have changed something: all but looking, and SELECTs."""
    return [
        f"{seen.method} {seen.status}"
        for seen in proxy.seen
        if seen.method != "GET" and not sql_of(seen).startswith(("SELECT", "WITH"))
    ]


def sql_of(seen):
    """The statement of a request that inserts a query job, or asks a query at once."""
    body = seen.body if isinstance(seen.body, dict) else {}
    query = body.get("query") or body.get("configuration", {}).get("query", {}).get("query")
    return query if isinstance(query, str) else ""


# Two at once


def test_a_second_run_ends_at_once_with_6_names_the_first_and_writes_nothing(
    sync, sql, start, proxy, watched
):
    sql(TABLE)
    gate = Gate(proxy, **job("publish_1"))
    first = start(**SMART)
    gate.wait(first)
    ends = [end_of(sync.table(LOCK))]
    second = sync(**SMART)
    ends.append(end_of(sync.table(LOCK)))
    (run,) = runs(sync)
    assert second.code == TAKEN
    assert second.out == ""
    for words in ("RunInProgressError", run["run_id"], started(run["run_id"]), f"{sync.dataset}.t"):
        assert words in second.err
    assert any(end in second.err for end in ends)
    assert changes(watched) == ["POST 409"]
    gate.open()
    assert first.wait() == 0, first.output
    assert_whole(sync, sql)
    assert statuses(sync) == ["succeeded"]


def test_beside_a_run_a_plan_takes_no_lock_and_a_run_for_another_table_does_not_wait(
    sync, sql, start, proxy, watched
):
    sql(TABLE)
    sync.ok(**SMART, plan_only="true")
    assert sync.tables() == set()
    gate = Gate(proxy, **job("publish_1"))
    first = start(**SMART)
    gate.wait(first)
    events, asked = sync.rows("*", "sync_runs", "1, 2"), len(watched.seen)
    assert "Plan " in sync.ok(**SMART, plan_only="true").out
    assert len(watched.seen) > asked
    assert sync.rows("*", "sync_runs", "1, 2") == events
    own = [seen for seen in watched.seen[asked:] if "_sync_lock" in seen.path]
    assert own == []
    sync.ok(**SMART, destination_bigquery_table="u")
    assert sync.rows(table="u") == sql("SELECT * FROM s ORDER BY 1")
    gate.open()
    assert first.wait() == 0, first.output
    assert_whole(sync, sql)
    assert statuses(sync) == ["succeeded"] * 2


def test_the_lock_of_a_dead_run_is_free_when_its_lease_is_over_and_until_then_the_time_is_told(
    sync, sql, start, proxy
):
    sql(TABLE)
    gate = Gate(proxy, **job("publish_1"))
    first = start(**SMART, lock_lease="8s")
    gate.wait(first)
    first.kill()
    lock = sync.table(LOCK)
    early = sync(**SMART)
    assert datetime.now(UTC) < lock.expires, "this machine is too slow for the test"
    assert early.code == TAKEN
    assert f"its lease ends at {end_of(lock)}" in early.err
    assert statuses(sync) == ["running"]
    wait_until(lock.expires)
    sync.ok(**SMART)
    assert_whole(sync, sql)
    assert statuses(sync) == ["abandoned", "succeeded"]


def wait_until(moment):
    time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()) + 0.01)


# Release


@pytest.fixture
def lock_calls(monkeypatch):
    """(method, If-Match, body) of each change to a lock that the test's process sends."""
    sent, original = [], JSONConnection.api_request

    def api_request(self, method, path="", data=None, headers=None, **rest):
        if LOCK in path and method != "GET":
            sent.append((method, (headers or {}).get("If-Match"), data))
        return original(self, method=method, path=path, data=data, headers=headers, **rest)

    monkeypatch.setattr(JSONConnection, "api_request", api_request)
    return sent


def assert_given_back(sync, calls):
    """By one last patch to an end that is near, and with If-Match; never by DELETE."""
    assert {method for method, _, _ in calls} == {"PATCH"}
    assert all(etag for _, etag, _ in calls)
    last = calls[-1][2]
    assert last["labels"]["state"] == "released"
    left = int(last["expirationTime"]) / 1000 - time.time()
    assert -30 < left <= 60
    assert sync.table(LOCK).labels["state"] == "released"
    calls.clear()


@contextlib.contextmanager
def transaction(database):
    """An open transaction of someone else."""
    with contextlib.closing(psycopg2.connect(database.dsn)) as connection:
        connection.cursor().execute("SELECT now()")
        yield


def test_the_lock_is_given_back_however_a_run_ends_and_the_next_one_starts_at_once(
    sync, sql, watched, lock_calls, monkeypatch
):
    """With success, by a fault while planning or reading, by Ctrl-C."""
    sql(TABLE)
    sync.ok(**SMART)
    assert_given_back(sync, lock_calls)
    sql(MORE)
    watched.add(Rule(answer(NO, "accessDenied"), body=lambda seen: "SELECT MAX(" in sql_of(seen)))
    assert sync(**SMART).code == 5
    assert_given_back(sync, lock_calls)
    watched.heal()
    refused = "SELECT id + 0 / (id - 10) AS id, name, changed FROM s"
    assert sync(**SMART | {"postgresql_query": refused}).code == 7
    assert_given_back(sync, lock_calls)
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.launch.sync._work", interrupted)
        assert sync(**SMART).code == 130
    assert_given_back(sync, lock_calls)
    sync.ok(**SMART)
    assert_whole(sync, sql)
    assert statuses(sync) == ["succeeded", *["failed"] * 3, "succeeded"]


def interrupted(*_):
    raise KeyboardInterrupt


def test_the_lock_is_given_back_by_a_run_that_was_held_back(sync, sql, database, lock_calls):
    sql(TABLE)
    exact = SMART | {"smart_sync_margin": "0s"}
    with transaction(database):
        sql("UPDATE s SET changed = now() WHERE id = 9")
        sync.ok(**exact, late_commit_guard="off")
        lock_calls.clear()
        sync.ok(**exact)
        assert statuses(sync) == ["succeeded", "held_back"]
        assert_given_back(sync, lock_calls)


# Order


def what(seen):
    """A request by what it stands for in the order of a launch; "" for the rest."""
    body = seen.body if isinstance(seen.body, dict) else {}
    sql, name = sql_of(seen), body.get("jobReference", {}).get("jobId", "")
    table = body.get("tableReference", {}).get("tableId", "")
    kinds = {
        "lock": seen.method == "POST" and table == LOCK,
        "history": "AND (runs.seq < 2 OR" in sql,
        "burn": sql == "SELECT 1",
        "frontier": "WITH ended AS" in sql,
        "max": "MAX(" in sql,
        "renew": seen.method == "PATCH" and LOCK in seen.path,
    }
    if "_event_" in name:
        return f"{body['configuration']['query']['queryParameters'][2]['parameterValue']['value']}"
    return next((kind for kind, found in kinds.items() if found), "publish" * ("publish" in name))


def leave_behind(sync):
    """The event of a run that did not end, as a kill leaves it; its id."""
    run_id = new_run_id(datetime(2024, 1, 1, tzinfo=UTC))
    sql = (
        f"INSERT INTO {sync.dataset}.sync_runs (run_id, seq, status, event_time, destination,"
        " rows_staged, rows_published, job_project, job_location, staging_folder) VALUES"
        f" ('{run_id}', 0, 'running', CURRENT_TIMESTAMP(), '{PROJECT}.{sync.dataset}.t',"
        f" 0, 0, '{PROJECT}', 'US', '{sync.temp}/{run_id}')"
    )
    sync.client.query(sql).result()
    return run_id


def unsettled(sync, watched):
    """A run that cannot settle the dead one reads nothing."""
    rule = watched.add(Rule(answer(NO, "accessDenied"), path="/jobs", body='"SELECT 1"'))
    before = len(watched.seen)
    assert sync(**SMART).code == 5
    assert rule.acted == 1
    assert "max" not in [what(seen) for seen in watched.seen[before:]]
    assert statuses(sync) == ["succeeded", "running", "failed"]
    watched.heal()


def test_a_launch_locks_reads_the_history_burns_and_only_then_asks_for_max(sync, sql, watched):
    """Also after a run that could not settle the dead one, and so has read nothing."""
    sql(TABLE)
    sync.ok(**SMART)
    dead = leave_behind(sync)
    sql(MORE)
    unsettled(sync, watched)
    staged = []
    watched.add(
        Rule(
            call(lambda _: staged.append([*sync.temp.rglob("*.parquet")])),
            method="PATCH",
            path=LOCK,
            times=1,
            skip=1,
        )
    )
    before = len(watched.seen)
    sync.ok(**SMART)
    order = [word for seen in watched.seen[before:] if (word := what(seen))]
    expected = [
        *("lock", "renew", "history", *["burn"] * 4, "abandoned", "max", "frontier", "running"),
        *("renew", "publish", "succeeded", "renew"),
    ]
    come = iter(order)
    assert all(word in come for word in expected), order
    assert set(Counter(order) - Counter(expected)) <= {"renew"}  # by its keeper, on a busy machine
    assert staged == [[]]
    burns = [seen.body for seen in watched.seen[before:] if what(seen) == "burn"]
    ids = [f"sync_{dead}_{step}_1" for step in ("publish", *STEPS)]
    assert [burn["jobReference"]["jobId"] for burn in burns] == ids
    labels = {"application": "bigquery-smart-sync", "run_id": dead, "step": "burnt"}
    assert [burn["configuration"]["labels"] for burn in burns] == [labels] * 4
    assert_whole(sync, sql)
    assert statuses(sync) == ["succeeded", "abandoned", "failed", "succeeded"]


def test_a_destination_that_changed_before_the_lock_is_planned_as_it_is_now(sync, sql, monkeypatch):
    sql("CREATE TABLE s AS SELECT 1::int8 AS id")
    settle = pipeline.launch.sync.settled

    def made_meanwhile(*given):
        table = f"`{PROJECT}.{sync.dataset}.t`"
        sync.client.query_and_wait(f"CREATE TABLE {table} AS SELECT 2 AS id, 'two' AS more")
        return settle(*given)

    monkeypatch.setattr(pipeline.launch.sync, "settled", made_meanwhile)
    sync.ok(postgresql_query="SELECT * FROM s")
    assert sync.rows() == [(1, None), (2, "two")]
    assert [run["mode"] for run in sync.history()] == ["append"]
