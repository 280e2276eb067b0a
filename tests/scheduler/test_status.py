"""How schedules do: joined with what real runs left in BigQuery."""

import dataclasses
import json
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from scheduler import app, looks
from scheduler.job import job_of
from scheduler.runs import Health, Run, history_table, read_runs, status_of, worst
from scheduler.show import tables_table
from tests.scheduler.conftest import LOCATION, PARAMETERS, a_schedule
from tests.scheduler.conftest import a_run as a_run_schedule
from tests.sync import PROJECT

NOW = datetime(2026, 5, 6, 12, 30, tzinfo=UTC)
AT = f"--location={LOCATION}"


def a_run(hours, status="succeeded", watermark="", **values):
    destination = a_schedule().destination
    at = NOW - timedelta(hours=hours)
    return dataclasses.replace(Run("r", destination, status, at, 1, 2.0, watermark, ""), **values)


def of(*runs, made=None, **values):
    return status_of(a_schedule(**values), runs, NOW, changed_at=made)


@pytest.mark.parametrize(
    ("runs", "health"),
    [
        ([a_run(1)], Health.GOOD),
        ([a_run(1, "held_back")], Health.GOOD),
        ([a_run(3)], Health.LATE),
        ([a_run(0.1, "running"), a_run(1)], Health.GOOD),
        ([a_run(0.1, "running"), a_run(3)], Health.LATE),
        ([a_run(0.1, "failed"), a_run(1)], Health.FAILING),
        ([a_run(0.1), a_run(1, "failed")], Health.GOOD),
        ([a_run(0.1, "published_mismatch")], Health.FAILING),
        ([a_run(0.1, "held_back", exit_code=9), a_run(0.2)], Health.FAILING),
        ([a_run(0.1, "differs")], Health.FAILING),
        ([], Health.NEW),
        ([a_run(0.1, destination="p.d.other")], Health.NEW),
    ],
)
def test_health_is_that_of_the_newest_run_that_ended(runs, health):
    assert of(*runs).health is health


def test_what_never_ran_is_late_once_it_should_have_run():
    assert of(made=NOW - timedelta(days=1)).health is Health.LATE
    assert of(made=NOW - timedelta(minutes=30)).health is Health.NEW


def test_runs_that_were_due_before_the_last_change_are_not_missed():
    """As while it was paused, or on another cron expression."""
    assert of(a_run(900), made=NOW - timedelta(minutes=30)).health is Health.GOOD
    assert of(a_run(900), made=NOW - timedelta(days=30)).health is Health.LATE


def test_a_monthly_schedule_that_missed_its_day_is_late():
    months = [a_run(24 * 35), a_run(24 * 66)]
    assert of(*months, cron="0 0 1 * *").health is Health.LATE
    assert of(*months, cron="0 0 1 * *").success_rate is None


def test_a_paused_schedule_is_neither_late_nor_failing_and_has_no_next_run():
    found = of(a_run(900, "failed"), paused=True)
    assert (found.health, found.next_run, worst([found])) == (Health.PAUSED, None, 0)


def test_a_schedule_in_words_is_judged_by_its_last_run_only():
    found = of(a_run(1), cron="every day 09:00")
    assert (found.health, found.next_run) == (Health.GOOD, None)


@pytest.mark.parametrize(
    ("watermark", "lag"),
    [
        ("2026-05-06T12:00:00+00:00", timedelta(minutes=30)),
        ("2026-05-06 12:00:00", timedelta(minutes=30)),
        ("2026-05-06", timedelta(hours=12, minutes=30)),
        ("20260506", None),
        ("12345", None),
        ("-5", None),
        ("665f1f77bcf86cd799439011", None),
        ("", None),
    ],
)
def test_lag_is_told_of_cursors_that_are_times_only(watermark, lag):
    assert of(a_run(1, watermark=watermark)).lag == lag


def test_lag_is_none_of_a_table_that_a_rollback_has_emptied():
    undone = a_run(1, "rolled_back", "2026-05-06 12:00:00")
    assert of(a_run(0.9, "rolled_back"), undone).lag is None
    before = a_run(0.9, "rolled_back", "2026-05-06 11:30:00")
    assert of(before, undone).lag == timedelta(hours=1)


def test_lag_is_that_of_the_last_run_that_moved_the_watermark():
    moved = a_run(2, watermark="2026-05-06T10:30:00+00:00")
    assert of(a_run(1), moved).lag == timedelta(hours=2)


def test_the_success_rate_counts_runs_that_ended():
    found = of(a_run(0.1, "running"), a_run(1), a_run(2), a_run(3, "failed"), a_run(4, "held_back"))
    assert found.success_rate == 0.75


@pytest.mark.parametrize(
    ("given", "table"),
    [("", "my-project.shop.sync_runs"), ("ops.r", "my-project.ops.r"), ("p.o.r", "p.o.r")],
)
def test_the_history_is_found_where_the_run_writes_it(given, table):
    assert history_table(a_schedule(parameters={"run_history_table": given})) == table


def test_the_history_of_a_project_with_a_dot_in_its_name_is_found():
    given = {"destination_bigquery_project": "example.com:old", "run_history_table": "ops.r"}
    assert history_table(a_schedule(parameters=given)) == "example.com:old.ops.r"


def test_the_worst_status_is_the_exit_code():
    good, late = of(a_run(1)), of(a_run(3))
    assert (worst([]), worst([good]), worst([good, late])) == (0, 0, 1)


STOPS = {"pause_after_failures": "2"}


@pytest.mark.parametrize(
    ("runs", "parameters", "is_stopped"),
    [
        ("fff", STOPS, True),
        ("ff", STOPS, True),
        ("f", STOPS, False),
        ("fgf", STOPS, False),
        ("rff", STOPS, True),
        ("fhf", STOPS, True),
        ("fdf", STOPS, True),
        ("gff", STOPS, False),
        ("fuf", STOPS, True),
        ("fbf", STOPS, True),
        ("fb", STOPS, False),
        ("ff", {}, False),
        ("ff", {"pause_after_failures": "0"}, False),
        ("ff", STOPS | {"failures_counted_from": "2026-05-06T11:00:00Z"}, False),
        ("ff", STOPS | {"failures_counted_from": "2026-05-06T10:00:00Z"}, True),
    ],
)
def test_a_schedule_is_stopped_as_its_launches_see_it(runs, parameters, is_stopped):
    """Newest first, an hour apart: failed, good, running, held back, compared, undone, busy."""
    kinds = {
        "f": ("failed", 5),
        "g": ("succeeded", 0),
        "r": ("running", 0),
        "h": ("held_back", 0),
        "d": ("differs", 8),
        "u": ("rolled_back", 0),
        "b": ("failed", 6),
    }
    events = [
        a_run(hours + 0.5, kinds[kind][0], exit_code=kinds[kind][1])
        for hours, kind in enumerate(runs)
    ]
    health = of(*events, parameters=parameters).health
    assert (health is Health.STOPPED) is is_stopped


@pytest.fixture
def synced(sync, sql, scheduler, dataset):
    """A table, a schedule for it, and no run yet."""
    sql("CREATE TABLE orders (id bigint PRIMARY KEY, at timestamptz NOT NULL, seen timestamptz)")
    sql("INSERT INTO orders SELECT i, now() - interval '1 minute' FROM generate_series(1, 3) i")

    def put(table="orders", **values):
        names = {"project": PROJECT, "dataset": dataset, "table": table}
        into = {f"destination_bigquery_{key}": value for key, value in names.items()}
        name = table.replace("_", "-")
        scheduler.put({**job_of(a_schedule(name, parameters=into)), **values})

    put()
    return put


@pytest.fixture
def launch(sync):
    def run(**more):
        return sync(
            destination_bigquery_table="orders",
            source_table_for_schema="public.orders",
            enable_smart_sync="true",
            **{"smart_sync_timestamp_column": "at", **more},
        )

    return run


def test_status_follows_a_schedule_from_its_first_run_to_a_failing_one(
    synced, launch, command, sql, client, dataset, monkeypatch
):
    monkeypatch.setattr(app, "is_terminal", lambda: True)
    made = datetime.now(UTC).isoformat()
    synced(userUpdateTime=made)
    done = command("status", AT)
    assert (done.code, done.err) == (0, "")  # the history's table isn't there yet
    assert "no run" in done.out
    launched = launch()
    assert launched.code == 0, launched.err
    synced("never_ran", userUpdateTime=made)
    synced("paused", state="PAUSED")
    done = command("status", AT)
    assert done.code == 0, done.out
    assert max(map(len, done.out.splitlines())) <= 80
    for word in ("never-ran", "succeeded", "good", "paused", "100%"):
        assert word in done.out
    (run,) = read_runs(client, f"{PROJECT}.{dataset}.sync_runs", [f"{PROJECT}.{dataset}.orders"])
    assert (run.status, run.rows) == ("succeeded", 3)
    assert run.seconds > 0
    assert status_of(
        a_schedule(
            parameters={
                "destination_bigquery_project": PROJECT,
                "destination_bigquery_dataset": dataset,
            }
        ),
        [run],
        datetime.now(UTC),
    ).lag < timedelta(minutes=5)
    history = f"`{PROJECT}.{dataset}.sync_runs`"
    client.query_and_wait(
        f"UPDATE {history} SET watermark_before = watermark_after,"
        " watermark_after = '2020-01-01 00:00:00' WHERE seq = 2"
    )  # as versions before this one wrote of a window by hand far back
    (backfill,) = read_runs(client, history.strip("`"), [f"{PROJECT}.{dataset}.orders"])
    assert backfill.watermark == run.watermark
    sql("INSERT INTO orders VALUES (4, now() - interval '30 seconds', 'infinity')")
    assert launch().code == 7  # BigQuery has no infinity, and no dead letter is allowed
    done = command("status", AT)
    assert done.code == 1, done.out
    assert "failing" in done.out
    assert "orders: " in done.out


def test_how_schedules_do_is_json_for_programs(synced, launch, command):
    synced(userUpdateTime=datetime.now(UTC).isoformat())
    assert launch().code == 0
    done = command("status", AT, "--json")
    assert (done.code, done.err) == (0, "")
    (told,) = json.loads(done.out)
    run = told["last_run"]
    assert (told["health"], run["status"], run["rows"]) == ("good", "succeeded", 3)
    assert 0 < told["lag_seconds"] < 300
    assert datetime.fromisoformat(told["next_run"]).tzinfo is not None
    (row,) = [line for line in command("status", AT).out.splitlines() if "orders" in line]
    assert "succeeded" in row


def test_a_stopped_schedule_is_told_paused_on_request_and_resumed(
    sync, sql, scheduler, dataset, launch, command, synced
):
    into = {"destination_bigquery_project": PROJECT, "destination_bigquery_dataset": dataset}
    job = job_of(a_schedule(parameters=PARAMETERS | into | {"pause_after_failures": "2"}))
    scheduler.put(job)
    sql("INSERT INTO orders VALUES (4, now() - interval '30 seconds', 'infinity')")
    limit = {"pause_after_failures": "2"}
    assert [launch(**limit).code for _ in range(3)] == [7, 7, 12]
    done = command("status", AT)
    assert done.code == 1
    assert "stopped" in done.out
    assert "orders: too many runs in a row failed; launches end at once." in done.out
    assert scheduler.changed() == []
    assert "paused. After the mend: resume orders" in command("status", AT, "--pause").out
    assert (scheduler.changed(), scheduler.job("orders")["state"]) == (["pause orders"], "PAUSED")
    assert command("status", AT).code == 0  # nobody need be told again
    assert command("resume", "orders", AT).code == 0
    assert scheduler.job("orders")["state"] == "ENABLED"
    told = scheduler.launch("orders")["parameters"]
    moment = told["failures_counted_from"]
    assert abs(datetime.fromisoformat(moment) - datetime.now(UTC)) < timedelta(minutes=1)
    time.sleep(1)  # the moment has no part of a second
    assert launch(**limit, failures_counted_from=moment).code == 7
    assert "failing" in command("status", AT).out


def test_a_schedule_that_never_launched_is_late(synced, command):
    synced(userUpdateTime="2026-01-01T00:00:00Z")
    done = command("status", AT)
    assert done.code == 1
    assert "late" in done.out


def test_watching_looks_again_until_it_is_interrupted(synced, command, monkeypatch):
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(looks, "time", SimpleNamespace(sleep=sleep))  # BigQuery's client naps, too
    assert command("status", AT, "--watch=7").code == 130
    assert waits == [7, 7]


MANY = """
CREATE TABLE {0} (id int8 PRIMARY KEY, amount numeric, updated_at timestamptz);
INSERT INTO {0} SELECT g, g, now() - interval '1 hour' FROM generate_series(1, 3) AS g
"""
FILE = """
defaults: {enable_smart_sync: true, write_disposition: WRITE_MERGE, merge_keys: auto}
tables: {public.*: }
"""


@pytest.fixture
def shop(sync, sql, scheduler, dataset):
    """Three tables, a schedule of all of them, and what launches it as the schedule would."""
    for name in ("orders", "lines", "users"):
        sql(MANY.format(name))
    into = {"destination_bigquery_project": PROJECT, "destination_bigquery_dataset": dataset}
    none = dict.fromkeys(("source_table_for_schema", "destination_bigquery_table"))
    parameters = PARAMETERS | into | {"tables": FILE}
    kept = {name: text for name, text in parameters.items() if name not in none}
    job = job_of(dataclasses.replace(a_run_schedule("shop"), parameters=kept))

    def put(**values):
        scheduler.put(job | values)

    def launch(*words, **more):
        return sync("--job_name=shop", *words, tables=FILE, **none, **more)

    put(userUpdateTime=datetime.now(UTC).isoformat())
    launch.put = put
    return launch


def test_a_schedule_of_a_file_shows_its_tables_as_their_last_runs_left_them(shop, command, sql):
    done = command("status", AT)
    assert (done.code, done.err) == (0, "")  # no launch yet
    assert "no run yet" in done.out
    sql("UPDATE orders SET amount = 'NaN' WHERE id = 2")
    assert shop().code == 10
    done = command("status", AT)
    assert done.code == 1, done.out
    assert "shop: 1 of 3 tables failed: " in done.out
    assert "shop: 3 tables" in done.out
    rows = [line.split() for line in done.out.splitlines() if ".orders" in line]
    assert [word for word in rows[-1] if word in ("failed", "succeeded")] == ["failed"]
    assert done.out.count("succeeded") == 2
    sql("UPDATE orders SET amount = 2 WHERE id = 2")
    assert shop(select="public.orders").code == 0  # of that name too: no other table is its matter
    done = command("status", AT)
    assert (done.code, done.err) == (0, "")
    assert "good" in done.out


def test_a_table_that_was_retried_is_failing_no_more(shop, sync, command, sql):
    sql("UPDATE orders SET amount = 'NaN' WHERE id = 2")
    assert shop().code == 10
    sql("UPDATE orders SET amount = 2 WHERE id = 2")
    none = dict.fromkeys(("source_table_for_schema", "destination_bigquery_table"))
    assert sync(tables=FILE, select="public.orders", **none).code == 0
    done = command("status", AT)
    assert (done.code, done.err) == (0, "")
    assert done.out.count("succeeded") == 4  # the launch, and its tables


def test_a_file_that_was_never_launched_is_late(shop, command):
    shop.put(userUpdateTime="2026-01-01T00:00:00Z")
    assert command("status", AT).code == 1


def test_many_tables_are_shown_the_bad_ones_first():
    runs = [a_run(1, destination=f"p.d.t{number:02}") for number in range(30)]
    bad = a_run(1, "failed", destination="p.d.z", error="it broke\nhere")
    status = dataclasses.replace(of(a_run(1)), tables=(*runs, bad))
    for whole, shown in ((False, 20), (True, 31)):
        table = tables_table(status, NOW, whole=whole)
        assert table.row_count == shown
        assert str(next(iter(table.columns[0].cells))) == "d.z"
    assert str(tables_table(status, NOW, whole=False).title).endswith("11 good ones not shown")
