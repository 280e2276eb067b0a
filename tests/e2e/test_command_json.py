"""`--json`: stdout is one document, whatever a command comes to; what is said stands on stderr."""

import json
import re

import pytest

from tests.e2e.test_command import TABLE, command, config
from tests.e2e.test_replay import MERGE as LETTERS
from tests.e2e.test_replay import widen, with_letters
from tests.slices import BACKFILL
from tests.slices import TABLE as DAYS

__all__ = ["command", "config"]

REPORT = {
    *("status", "run_id", "destination", "exit_code", "rows_read", "rows_published"),
    *("dead_letters", "bytes_staged", "window", "watermark_after", "seconds", "error"),
    *("table", "batch"),
}
PARTS = {"class", "what", "where", "why", "fix", "exit_code", "slug", "see"}
MANY = dict.fromkeys(("destination_bigquery_table", "source_table_for_schema", "enable_smart_sync"))


@pytest.fixture
def told(command):
    """Calls a command with --json; its document, which has the exit code where it is no plan."""

    def call(*words):
        result = command(*words, "--json")
        document = json.loads(result.out)
        ends = document["error"] if set(document) == {"error"} else document
        assert ends.get("exit_code", 0) == result.code, result.err
        return document, result.err

    return call


def test_a_run_is_its_report(sync, sql, config, told):
    sql(TABLE.format("orders", 3))
    report, err = told("run", "--config", config())
    assert set(report) == REPORT
    (run,) = sync.history()
    for name in ("status", "run_id", "destination", "watermark_after", "bytes_staged"):
        assert report[name] == run[name]
    assert (report["rows_published"], report["error"], report["exit_code"]) == (3, None, 0)
    assert report["window"] == [run["window_start"], run["window_end"]]
    assert "succeeded: 3 rows read, 3 published" in err


def test_what_begins_nothing_is_an_error_in_parts(sync, config, told):
    document, err = told("run", "--config", config(num_splits="x", fallback_days="y"))
    error = document["error"]
    assert set(document) == {"error"}
    assert set(error) == PARTS | {"errors"}
    assert [one["class"] for one in error["errors"]] == ["ConfigError", "ConfigError"]
    assert "sync.yaml, line" in error["errors"][0]["where"]
    assert "num_splits" in err
    assert told("run", "--no-such=1", "--num-splits")[0]["error"]["exit_code"] == 2
    assert told("replay")[0]["error"]["what"] == "replay of nothing"
    assert told("status")[0]["error"]["errors"]
    assert told("init", "--source=postgresql://h/d")[0]["error"]["errors"]


def test_a_run_that_fails_is_its_report_with_the_error_in_parts(sync, sql, config, told):
    sql(TABLE.format("orders", 3))
    sql("ALTER TABLE orders ADD COLUMN due date; UPDATE orders SET due = 'infinity' WHERE id = 2")
    report, _ = told("run", "--config", config(max_dead_letters=0))
    assert (report["status"], report["exit_code"], report["dead_letters"]) == ("failed", 7, 1)
    assert report["error"]["class"] == "DeadLetterLimitError"
    assert set(report["error"]) == PARTS
    assert report["run_id"] == sync.history()[-1]["run_id"]


def test_many_tables_are_a_report_of_each(sync, sql, config, told, caplog):
    sql(TABLE.format("orders", 3) + ";" + TABLE.format("users", 2))
    sql("ALTER TABLE users ADD COLUMN due date; UPDATE users SET due = 'infinity' WHERE id = 2")
    tables = {"public.orders": {}, "public.users": {"max_dead_letters": 0}}
    path = config({"tables": tables}, **MANY)
    report, err = told("run", "--config", path)
    assert (report["status"], report["rows_published"]) == ("failed", 3)
    assert report["error"]["class"] == "SomeFailedError"
    ends = {one["table"]: (one["status"], one["exit_code"]) for one in report["batch"]}
    assert ends == {"public.orders": ("succeeded", 0), "public.users": ("failed", 7)}
    assert report["run_id"] == sync.history()[-1]["batch_id"]
    assert report["note"] in err
    for name in ("orders", "users"):
        assert caplog.text.count(f"public.{name}: Makes ") == 1
    plan, _ = told("run", "--config", path, "--plan-only")
    assert [table["table"] for table in plan["tables"]] == ["public.orders", "public.users"]


def test_a_window_that_is_compared_has_its_figures(sync, sql, config, told, caplog):
    sql(TABLE.format("orders", 3) + "; INSERT INTO orders VALUES (9, '2024-07-01')")
    path = config(merge_keys="id", write_disposition="WRITE_MERGE")
    told("run", "--config", path)
    window = ("--verify-start=2024-01-01", "--verify-end=2024-06-01")
    report, err = told("verify", "--config", path, *window)
    assert "verification" in report, err
    assert re.search(r"Compares \S+\.t with postgresql://.*: updated_at in \(2023", caplog.text)
    assert (report["status"], report["verification"]["lacking"]) == ("verified", 0)
    sync.client.query_and_wait(f"DELETE FROM {sync.dataset}.t WHERE id = 2")
    report, _ = told("verify", "--config", path, *window)
    assert (report["status"], report["verification"]["lacking"]) == ("differs", 1)
    assert report["error"]["class"] == "VerificationError"
    assert report["exit_code"] == 8


def test_a_backfill_is_a_report_of_each_slice(sync, sql, config, told):
    sql(DAYS)
    path = config(**BACKFILL, source_table_for_schema=None)
    report, err = told("backfill", "--config", path)
    assert (report["status"], report["rows_published"]) == ("succeeded", 122)
    assert len(report["batch"]) == 4
    assert report["batch"][0]["table"] in err
    again, _ = told("backfill", "--config", path)
    assert {one["status"] for one in again["batch"]} == {"done before"}
    assert "another backfill_id" in again["note"]


def test_a_run_that_is_undone_is_a_report(sync, sql, config, told):
    sql(TABLE.format("orders", 3))
    path = config(write_disposition="WRITE_MERGE", merge_keys="id", keep_snapshots="7d")
    told("run", "--config", path)
    sql("UPDATE orders SET updated_at = '2024-06-01' WHERE id = 2")
    run, _ = told("run", "--config", path)
    plan, _ = told("rollback", run["run_id"], "--config", path, "--plan-only")
    assert [one["run_id"] for one in plan["undone_runs"]] == [run["run_id"]]
    report, _ = told("rollback", run["run_id"], "--config", path)
    assert report["status"] == "rolled_back"
    again, _ = told("rollback", run["run_id"], "--config", path)
    assert "nothing to undo" in again["note"]


def test_letters_that_are_replayed_are_a_report(sync, sql, config, told):
    run_id = with_letters(sync, sql, **LETTERS)
    widen(sync)
    report, err = told("replay", run_id, "--config", config(**LETTERS))
    assert (report["status"], report["rows_published"]) == ("succeeded", 2), err
    assert report["run_id"] == sync.history()[-1]["run_id"]
