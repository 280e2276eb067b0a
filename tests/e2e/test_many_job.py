"""Many tables in one job, on the local runner and real servers: each by itself, one end of all."""

import gc
import logging
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tenacity import wait_none

import pipeline.execution.conform
import pipeline.launch.many_job
from auto_schema.errors import TargetError
from pipeline.cli import new_run_id
from pipeline.execution import launched_table
from tests.fault_rules import job
from tests.hook_server import hook_server
from tests.launcher import Launcher
from tests.many_job import (
    APPENDED,
    ROWS,
    WorkerDiedError,
    assert_free,
    counts,
    ended,
    failed_in,
    locked,
    run_job,
    with_tables,
)
from tests.processes import Gate
from tests.sync import PROJECT


@pytest.fixture
def many(sync, sql):
    return with_tables(sync, sql)


@pytest.fixture
def launch(many, monkeypatch, caplog):
    """Launch a job of all tables and run it here to its end; what it ended with."""
    caplog.set_level(logging.INFO, "smart_sync")

    def launch(*words, **more):
        results, errors = run_job(many, monkeypatch, *words, **more)
        return results, "".join(errors)

    return launch


def test_tables_of_one_split_and_of_several_arrive_by_one_job(many, launch, sql, caplog):
    results, error = launch()
    assert error == ""
    assert {result.status for result in results.values()} == {"running"}
    assert counts(many) == ROWS
    assert ended(many) == {name: ("succeeded", 0, rows) for name, rows in ROWS.items()}
    assert_free(many)
    assert "5 of 5 tables succeeded: 110 rows read, 110 published" in caplog.text
    sql(
        "INSERT INTO parts SELECT g, 'x', 1, now() - interval '1 min'"
        " FROM generate_series(61, 80) AS g"
    )
    assert launch()[1] == ""
    assert counts(many) == {**ROWS, "parts": 80}


def test_what_befalls_one_table_of_a_job_is_no_other_table_s_matter(many, launch, sql):
    sql("UPDATE orders SET amount = 'NaN' WHERE id = 2")
    holder = locked(many, "users", new_run_id(datetime.now(UTC)))
    holder.acquire()
    results, error = launch()
    assert results["public.users"].exit_code == 6
    assert failed_in(error) == ("2 of 5", "public.orders, public.users")
    assert counts(many) == {name: ROWS[name] for name in ("lines", "parts", "carts")}
    assert ended(many) == {
        "lines": ("succeeded", 0, 40),
        "parts": ("succeeded", 0, 60),
        "carts": ("succeeded", 0, 2),
        "orders": ("failed", 7, 0),
        "users": ("failed", 6, 0),
    }
    holder.release()
    assert_free(many)


@pytest.mark.parametrize("table", ["users", "parts"])
def test_a_table_whose_lock_is_lost_while_it_waits_fails_alone(many, launch, table):
    other = locked(many, table, new_run_id(datetime.now(UTC)))

    def taken():
        locked(many, table, many.table(f"_sync_lock_{table}").labels["run_id"]).release()
        other.acquire()

    _, error = launch(taken)
    assert failed_in(error) == ("1 of 5", f"public.{table}")
    assert counts(many) == {name: rows for name, rows in ROWS.items() if name != table}
    assert ended(many)[table] == ("failed", 6, 0)
    other.release()
    many.ok(select=f"public.{table}")
    assert counts(many) == ROWS


def test_a_lock_that_has_lapsed_while_its_table_waited_is_taken_again(many, launch):
    def lapsed():
        for table in ("users", "parts"):
            many.client.delete_table(f"{PROJECT}.{many.dataset}._sync_lock_{table}")

    assert launch(lapsed)[1] == ""
    assert counts(many) == ROWS
    assert_free(many)


def test_a_table_of_several_splits_that_fails_publishes_nothing(many, launch, monkeypatch):
    original = pipeline.execution.conform.conform

    def conform(batch, schema, *more):
        if 50 in batch.column("id").to_pylist():  # of one split of `parts`
            raise ZeroDivisionError("of one split")
        return original(batch, schema, *more)

    monkeypatch.setattr(pipeline.execution.conform, "conform", conform)
    _, error = launch()
    assert failed_in(error) == ("1 of 5", "public.parts")
    assert ended(many)["parts"][0] == "failed"
    assert counts(many) == {name: rows for name, rows in ROWS.items() if name != "parts"}
    assert_free(many)


def test_the_webhook_is_told_once_of_a_job(many, launch, sql, monkeypatch):
    monkeypatch.setattr("pipeline.runs.webhook.PAUSE", wait_none())
    sql("CREATE TABLE keyless (id int, updated_at timestamptz)")
    with hook_server() as hook:
        _, failed = launch(notify_webhook=hook.url, times=2)
        sql("ALTER TABLE keyless ADD PRIMARY KEY (id)")
        _, recovered = launch(notify_webhook=hook.url, times=2)
        launch(notify_webhook=hook.url)
    first, second = hook.texts
    lines = first.split("\n")
    assert lines[0].startswith("Smart Sync: 5 of 6 tables succeeded: 110 rows read, 110 published")
    assert [line.split(":")[0] for line in lines[2:]] == ["public.keyless"]
    assert second.startswith("Smart Sync recovered: 6 of 6 tables succeeded: 0 rows read")
    assert (failed.count("1 of 6 tables failed"), recovered) == (2, "")


def test_a_job_that_can_not_be_submitted_leaves_no_lock_and_no_run_open(many, launch, monkeypatch):
    monkeypatch.setattr("pipeline.launch.many_job.MOST_BY_VALUE", 0)

    def refused():
        raise TargetError("job could not be submitted", "", "403", "ask for the role.")

    with pytest.raises(TargetError):
        launch(refused)
    assert {end[:2] for end in ended(many).values()} == {("failed", 5)}
    assert counts(many) == {}
    assert_free(many)
    many.ok()
    assert counts(many) == ROWS


def test_a_job_whose_elements_are_all_processed_twice_doubles_nothing(many, launch, caplog):
    _, error = launch(times=2, tables=APPENDED)
    assert error == ""
    assert counts(many) == ROWS
    assert ended(many) == {name: ("succeeded", 0, rows) for name, rows in ROWS.items()}
    assert caplog.text.count("5 of 5 tables succeeded: 110 rows read, 110 published") == 2
    assert_free(many)


@pytest.mark.parametrize("moves", [False, True], ids=["unchanged", "changed"])
def test_a_worker_that_dies_after_it_has_published_doubles_nothing(many, monkeypatch, sql, moves):
    """Its element is processed again, by when rows may have left the window."""
    original, deaths = launched_table.report, iter([WorkerDiedError()])

    def report(plan, *rest):
        if plan.destination.table == "users" and (death := next(deaths, None)):
            if moves:
                sql("UPDATE users SET updated_at = now() WHERE id = 1")
            raise death
        return original(plan, *rest)

    monkeypatch.setattr(launched_table, "report", report)
    sql("UPDATE users SET amount = 'NaN' WHERE id = 3")
    more = {"tables": APPENDED, "max_dead_letters": "1"}
    _, errors = run_job(many, monkeypatch, times=2, **more)
    assert [WorkerDiedError.__name__ in error for error in errors] == [True]
    rows = ROWS | {"users": 2}
    assert counts(many) == rows
    assert ended(many) == {name: ("succeeded", 0, count) for name, count in rows.items()}
    (run,) = [run for run in many.history() if run["destination"].endswith(".users")]
    assert (run["rows_read"], run["rows_dead"]) == (3, 1), "of what was published"
    assert_free(many)


def test_plans_in_a_file_of_the_bucket_are_read_from_it_and_cleared(
    many, launch, bucket, monkeypatch, data_folder
):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    monkeypatch.setattr("pipeline.launch.many_job.MOST_BY_VALUE", 0)
    seen = []

    def look():
        own = f"bkt/{many.dataset}/"  # others' tests use the bucket at the same time
        seen.extend(path for path in data_folder.rglob("plans") if own in str(path))

    _, error = launch(look, temp_location=f"gs://bkt/{many.dataset}")
    assert (error, len(seen)) == ("", 1)
    assert counts(many) == ROWS
    left = [path for path in data_folder.rglob("*") if path.is_file() and many.dataset in str(path)]
    assert [path for path in left if f"bkt/{many.dataset}/" in str(path)] == []


def test_sigterm_before_the_job_is_submitted_leaves_no_lock_and_no_run_open(
    many, proxy, monkeypatch, tmp_path, bucket
):
    """Three tables wait for the job, and the fourth is made ready."""
    gate = Gate(proxy, after=True, skip=3, **job("event_0"))
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", proxy.url)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    launcher = Launcher(many, tmp_path, bucket)
    more = {"source_table_for_schema": None, "enable_smart_sync": None}
    run = launcher.begin(max_tables_at_once=1, **more)
    try:
        gate.wait()
        run.send_signal(signal.SIGTERM)
        gate.open()
    finally:
        ended_with = launcher.end(run)
    assert ended_with.code == 143, ended_with.output
    assert "launched" not in ended_with.output
    assert "Traceback" not in ended_with.output
    assert sorted(ended(many).values()) == [("failed", 143, 0)] * 4
    assert counts(many) == {}
    locks = [many.table(name) for name in many.tables() if name.startswith("_sync_lock_")]
    assert {lock.labels["state"] for lock in locks} <= {"released"}


def connections(url):
    """How many this machine has open to a server."""
    port = f":{int(url.rpartition(':')[2]):04X}"
    lines = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return sum(words[2].endswith(port) and words[3] == "01" for words in lines)


def test_tables_that_wait_for_the_job_hold_no_connection_each(many, launch, target):
    """A process may open about a thousand."""
    counted = []

    def count():
        gc.collect()
        counted.append(connections(target.url))

    count()
    assert launch(count)[1] == ""
    assert counted[1] - counted[0] < len(ROWS), counted
