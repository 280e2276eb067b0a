"""notify_webhook: who is told what, and that a run ends as it would without it."""

import contextlib
import itertools
import json
import logging
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
from tenacity import wait_none

from auto_schema.errors import TargetError
from pipeline.parameters.webhook import Webhook
from pipeline.runs.history import append, planning_failure
from pipeline.runs.history_tables import make_tables
from pipeline.runs.lock import Lock
from pipeline.runs.notify import tell_end
from sources.secrets import Secret
from tests.factories import NOW, a_request
from tests.hook_server import TOKEN, hook_server, raw, silence
from tests.processes import until
from tests.secret_manager import secret_manager
from tests.sync import GRAPH, PROJECT
from warehouse.names import TableRef

NAME = "projects/demo-project/secrets/hook/versions/3"
QUERY = {"postgresql_query": "SELECT * FROM orders"}
SMART = {"enable_smart_sync": "true", "smart_sync_margin": "0s"} | QUERY
CLOSED = {"postgresql_host": "127.0.0.1", "postgresql_port": "1"}
LAUNCHER = {
    "runner": "DataflowRunner",
    "project": "my-project",
    "region": "us-central1",
    "dataflow_endpoint": "http://localhost:1",
    "temp_location": "gs://bkt/tmp",
    "sdk_container_image": "image:1",
}
SOON_S, FOREVER_S = 0.5, 60.0
NONE = timedelta(0)


@pytest.fixture
def hook(monkeypatch):
    """A webhook whose tries follow one another at once."""
    monkeypatch.setattr("pipeline.runs.webhook.PAUSE", wait_none())
    with hook_server() as made:
        yield made


@pytest.fixture
def told(sync, sql, hook):
    """`sync` with that webhook, and two orders, one of which can't be conformed."""
    sql("CREATE TABLE orders (id int8, day date, updated_at timestamptz)")
    sql("INSERT INTO orders VALUES (1, '2024-05-01', '2024-05-01')")
    sync.defaults["notify_webhook"] = hook.url
    return sync


@pytest.fixture
def spoil(sql):
    """A row that is a dead letter."""
    return lambda: sql("INSERT INTO orders VALUES (2, 'infinity', now())")


@pytest.fixture
def mend(sql):
    return lambda: sql("UPDATE orders SET day = '2024-05-02' WHERE day = 'infinity'")


def test_a_failed_run_is_told_with_its_figures_and_its_error_and_then_its_recovery(
    told, hook, spoil, mend
):
    spoil()
    assert told(**SMART).code == 7
    mend()
    told.ok(**SMART)
    failed, recovered = (text.split("\n") for text in hook.texts)
    run = told.history()[0]
    assert failed[0] == (
        f"Smart Sync failed: {PROJECT}.{told.dataset}.t, 2 rows read, 0 published, 1 dead letter"
    )
    assert f"run: {run['run_id']}" in failed
    assert "exit code: 7" in failed
    assert f"version: {run['version']}" in failed
    assert f"window: ({run['window_start']}, {run['window_end']}] of updated_at" in failed
    assert any(line.startswith("seconds: ") for line in failed)
    assert failed[-2].startswith("error: DeadLetterLimitError: too many dead letters (")
    assert "To mend: look into" in failed[-2]
    assert failed[-1] == "see: docs/errors.md#too-many-dead-letters"
    assert recovered[0].startswith(f"Smart Sync recovered: {PROJECT}.{told.dataset}.t, 2 rows read")
    assert f"run before: {run['run_id']}, failed, exit code 7" in recovered


def test_a_run_held_back_for_too_long_is_told(told, sql, database, hook):
    with contextlib.closing(psycopg2.connect(database.dsn)) as connection:
        connection.cursor().execute("SELECT now()")
        sql("INSERT INTO orders VALUES (3, '2024-05-03', now())")
        told.ok(**SMART, late_commit_guard="off")
        assert told(**SMART, late_commit_guard_max="0s").code == 9
    assert hook.firsts == ["Smart Sync held_back"]
    assert "error: HeldBackTooLongError: " in hook.texts[0]


@pytest.fixture
def tell(told, hook):
    """Let a run of `t` end as it is said to; how its message begins, or nothing."""
    history = TableRef(PROJECT, told.dataset, "sync_runs")
    make_tables(told.client, history)
    webhook, numbers = Webhook(Secret.of(hook.url)), itertools.count(1)

    def end(status: str, code: int = 0, table: str = "t", ago: timedelta = NONE) -> list[str]:
        number = next(numbers)
        error = TargetError("no") if code else None
        request = a_request(destination=TableRef(PROJECT, told.dataset, table))
        made = planning_failure(request, f"{told.dataset}-{number}", error or TargetError(""), NOW)
        at = datetime.now(UTC) - ago + timedelta(milliseconds=number)
        row = made | {"status": status, "exit_code": code, "event_time": at}
        append(told.client, history, row)
        before = len(hook.posts)
        for _ in range(2):  # a report may be tried again
            tell_end(webhook, told.client, history, row)
        return hook.firsts[before:]

    return end


GOOD, BAD = ["Smart Sync recovered"], ["Smart Sync failed"]


def test_a_recovery_is_told_once_after_any_failure_and_a_run_held_back_is_none(tell):
    assert tell("succeeded") == []
    assert tell("failed", 3) == BAD
    assert tell("held_back") == []
    assert tell("succeeded") == GOOD
    assert tell("held_back") == tell("succeeded") == []
    tell("abandoned", 6)
    assert tell("succeeded") == GOOD
    assert tell("held_back", 9) == ["Smart Sync held_back"]
    assert tell("succeeded") == GOOD


def test_a_verdict_recovers_no_sync_and_a_sync_no_verdict(tell):
    tell("failed", 5)
    assert tell("verified") == []
    assert tell("differs", 8) == ["Smart Sync differs"]
    assert tell("succeeded") == GOOD
    assert tell("succeeded") == []
    assert tell("verified") == ["Smart Sync recovered"]


def test_runs_of_other_tables_and_of_long_ago_are_no_runs_before(tell):
    tell("failed", 5, ago=timedelta(days=31))
    tell("failed", 5, table="other")
    assert tell("succeeded") == []
    assert tell("succeeded", table="other") == GOOD


def test_a_plan_tells_nobody_and_shows_no_address(told, hook):
    for words in ({}, {"plan_format": "json"}, CLOSED):
        result = told(**QUERY, **words, plan_only="true", notify_on="all")
        assert result.code == (3 if words is CLOSED else 0)
        assert TOKEN not in result.out + result.err
    assert hook.posts == []


def test_a_verified_window_is_told_when_it_differs_and_when_it_holds_again(told, sql, hook):
    sql("ALTER TABLE orders ADD PRIMARY KEY (id)")
    window = {"verify_only": "true", "verify_start": "2024-04-01", "verify_end": "2024-05-01"}
    sql("INSERT INTO orders VALUES (4, '2024-04-02', '2024-04-02')")
    told.ok(**SMART)
    told.client.query(f"UPDATE {told.dataset}.t SET day = NULL WHERE id = 4").result()
    assert told(**SMART, **window).code == 8
    told.client.query(f"UPDATE {told.dataset}.t SET day = '2024-04-02' WHERE id = 4").result()
    told.ok(**SMART, **window)
    assert hook.firsts == ["Smart Sync failed", "Smart Sync recovered"]
    assert "error: VerificationError: BigQuery lacks rows" in hook.texts[0]


def shows_no_address(sync, result, caplog, hook):
    history = json.dumps(sync.history(), default=str)
    shown = "".join([result.out, result.err, caplog.text, history])
    return TOKEN not in shown and f":{hook.port}" not in shown


def test_a_webhook_that_fails_never_changes_how_a_run_ends(told, hook, spoil, caplog, monkeypatch):
    monkeypatch.setattr("pipeline.runs.webhook.TRY_S", SOON_S)
    spoil()
    caplog.set_level(logging.DEBUG)
    for code, most, answers in ((0, "1", [silence(FOREVER_S)] * 3), (7, "0", [raw(b"no\n")] * 3)):
        hook.answers = list(answers)
        result = told(**QUERY, notify_on="all", max_dead_letters=most)
        assert result.code == code, result.err
        until(lambda: hook.answers == [])
        last = told.history()[-1]
        assert (last["exit_code"], last["status"]) == (code, "failed" if code else "succeeded")
        assert told.table("_sync_lock_t").labels["state"] == "released"
        assert code == 0 or result.err.rstrip().rpartition("\n")[2].startswith("smart-sync: Dead")
        assert shows_no_address(told, result, caplog, hook)
    warned = [r.message for r in caplog.records if r.message.startswith("notify_webhook could")]
    assert [warning.rpartition(": ")[2] for warning in warned] == [
        "ReadTimeout by TimeoutError, 3 times",
        "ConnectionError by BadStatusLine, 3 times",
    ]


def test_every_run_is_told_when_asked_for_by_an_address_that_stands_nowhere(
    told, hook, caplog, monkeypatch, watched
):
    caplog.set_level(logging.DEBUG)
    with secret_manager({NAME: f"{hook.url}\n"}) as url:
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", url)
        result = told.ok(**QUERY, notify_webhook=NAME, notify_on="all")
    assert hook.firsts == ["Smart Sync succeeded"]
    assert "1 row read, 1 published" in hook.texts[0]
    assert shows_no_address(told, result, caplog, hook)
    asked = [seen.body for seen in watched.seen if "'differs'" in str(seen.body)]
    asked = [body for body in asked if "view" not in body]
    assert asked == [], "a recovery was looked for"
    told.ok(**QUERY)
    assert [seen for seen in watched.seen if "'differs'" in str(seen.body)]


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        ({}, "secret can't be read"),
        ({NAME: f"http://hooks.example.com/{TOKEN}"}, "does not begin with https://"),
        ({NAME: f"\x00{TOKEN}"}, "does not begin with https://"),
    ],
    ids=["missing", "not https", "no address"],
)
def test_a_secret_that_is_missing_or_no_address_is_a_warning_beside_the_error(
    told, caplog, monkeypatch, stored, why
):
    with secret_manager(stored) as url:
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", url)
        assert told(**QUERY, **CLOSED, notify_webhook=NAME).code == 3
    (warning,) = [r.message for r in caplog.records if "notify_webhook could" in r.message]
    assert NAME in warning
    assert why in warning
    assert TOKEN not in caplog.text


def test_a_history_that_can_not_be_read_is_a_warning_and_nothing_is_told(
    tell, hook, caplog, monkeypatch
):
    def refuse(*_):
        raise TargetError("BigQuery refused", "run history", "no", "wait.")

    monkeypatch.setattr("pipeline.runs.notify.ended_before", refuse)
    assert tell("succeeded") == []
    assert "could not be told how the run ended: BigQuery refused" in caplog.text


def test_a_mark_that_can_not_be_read_or_made_keeps_no_failure_from_being_told(
    tell, hook, caplog, monkeypatch
):
    def refuse(*_, **__):
        raise ConnectionError("gone")

    monkeypatch.setattr("pipeline.runs.notify.find_job", refuse)
    monkeypatch.setattr("pipeline.runs.notify.query_config", refuse)
    assert tell("failed", 5) == BAD * 2
    assert "BigQuery unreachable" in caplog.text


def test_a_run_that_ends_without_its_report_is_told_once(told, hook, monkeypatch):
    def broken(*_):
        raise KeyError("a bug")

    monkeypatch.setattr("pipeline.steps.report.report", broken)
    assert told(**QUERY, runner=GRAPH).code == 70
    assert hook.firsts == ["Smart Sync failed"]
    assert "exit code: 70" in hook.texts[0]
    assert "KeyError" in hook.texts[0]


# Launches


@pytest.fixture
def launch(told, bucket, tmp_path, monkeypatch):
    """As Dataflow's launcher calls main()."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    folder = tmp_path / "launch"
    folder.mkdir()
    there = {"staging_location": str(folder), "template_location": str(folder / "job_object")}
    return lambda **words: told("--no_auth", **LAUNCHER | there | QUERY | words)


FAILING = {
    "a source that is not there": (CLOSED, 3, "SourceUnreachableError"),
    "a table that is not there": (
        {"postgresql_query": None, "source_table_for_schema": "nothing"},
        3,
        "'nothing'",
    ),
    "a dataset that is not there": ({"destination_bigquery_dataset": "nowhere"}, 5, "nowhere"),
    "a bucket that is not there": ({"temp_location": "gs://none/x"}, 5, "gs://none"),
    "a job that Beam refuses": ({"setup_file": "/nowhere/setup.py"}, 2, "--setup_file"),
}


@pytest.mark.parametrize("what", FAILING)
def test_a_launch_that_fails_is_told_by_the_launcher(launch, hook, what):
    words, code, said = FAILING[what]
    assert launch(**words).code == code
    (text,) = hook.texts
    assert text.startswith("Smart Sync failed: ")
    assert f"exit code: {code}" in text
    assert said in text


def test_a_launch_that_works_is_told_by_nobody_yet(launch, hook):
    assert launch(notify_on="all").code == 0
    assert hook.posts == []


def test_wrong_parameters_and_a_table_that_is_held_are_not_told(launch, told, hook):
    assert launch(num_splits="many").code == 2
    there = TableRef(PROJECT, told.dataset, "t")
    Lock(told.client, there, "20250101t100000-aaaaaaaa", timedelta(minutes=5)).acquire()
    assert launch().code == 6
    assert hook.posts == []


def test_an_interrupted_launch_is_not_told(told, hook, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.launch.sync.make_plan", interrupted)
    assert told(**QUERY).code == 130
    assert hook.posts == []


def test_a_bug_is_told_by_its_class_alone(told, hook, monkeypatch):
    def broken(*_, **__):
        raise KeyError(f"hidden {TOKEN}")

    monkeypatch.setattr("pipeline.launch.sync.make_plan", broken)
    assert told(**QUERY).code == 70
    (text,) = hook.texts
    assert "InternalError: unexpected error" in text
    assert "KeyError" in text
    assert "hidden" not in text
