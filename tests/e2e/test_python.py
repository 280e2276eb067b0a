"""smart_sync.run and plan_only, as a notebook or a task of Airflow calls them."""

import gc
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from datetime import timedelta
from pathlib import Path

import pytest

import smart_sync
from pipeline.api.config import text_of
from pipeline.parameters.docs import ROOT
from tests.sync import GRAPH, PASSWORD, PROJECT

MARGIN = timedelta(0)


@pytest.fixture
def config(sync, target, monkeypatch, sql):
    """The parameters of a table of orders, as Python's values."""
    for name, value in target.environ.items():
        monkeypatch.setenv(name, value)
    sql("CREATE TABLE orders (id int PRIMARY KEY, at timestamptz NOT NULL)")
    sql(
        "INSERT INTO orders SELECT i, '2025-01-01'::timestamptz + i * '1 s'::interval"
        " FROM generate_series(1, 1000) AS i"
    )
    return {name: value for name, value in sync.defaults.items() if name != "runner"} | {
        "source_table_for_schema": "public.orders",
        "enable_smart_sync": True,
        "smart_sync_timestamp_column": "at",
        "sync_all_on_empty_table": True,
        "smart_sync_margin": MARGIN,
        "max_dead_letters": None,
    }


def more(sql, first, last):
    sql(f"INSERT INTO orders SELECT i, now() FROM generate_series({first}, {last}) AS i")


@pytest.mark.parametrize("runner", [None, GRAPH])
def test_a_run_is_a_report_and_the_next_brings_what_is_new(config, sync, sql, runner):
    first = smart_sync.run(config | {"runner": runner})
    assert (first.status, first.exit_code, first.error) == ("succeeded", 0, "")
    assert (first.rows_read, first.rows_published, first.dead_letters) == (1000, 1000, 0)
    assert first.destination == f"{PROJECT}.{sync.dataset}.t"
    assert first.watermark_after == "2025-01-01 00:16:40"
    assert first.window[1] > "2025-01-01 00:16:40"
    assert first.bytes_staged > 0 < first.seconds
    more(sql, 1001, 1010)
    second = smart_sync.run(config | {"runner": runner})
    assert second.rows_published == 10
    assert second.window[0] == first.watermark_after
    assert sync.rows("COUNT(DISTINCT id), COUNT(*)") == [(1010, 1010)]
    assert [row["run_id"] for row in sync.history()] == [first.run_id, second.run_id]
    with pytest.raises(FrozenInstanceError):
        second.status = "failed"


def test_a_plan_is_shown_and_nothing_written(config, sync):
    plan = smart_sync.plan_only(config)
    assert str(plan) == plan.text
    assert "orders" in plan.text
    assert plan.data["destination"] == f"{PROJECT}.{sync.dataset}.t"
    assert sync.tables() == set()


def file_of(tmp_path, config):
    """Its parameters as a config file, but for the password."""
    texts = {name: text_of(value) for name, value in config.items() if value is not None}
    texts.pop("postgresql_password")
    path = tmp_path / "sync.yaml"
    path.write_text(json.dumps({"parameters": texts}, indent=1))  # which is YAML
    return path


def test_a_config_file_says_what_it_says_to_the_command(config, sync, tmp_path, monkeypatch):
    path = file_of(tmp_path, config)
    (tmp_path / ".env").write_text(f"SMART_SYNC_POSTGRESQL_PASSWORD={PASSWORD}\n")
    monkeypatch.setenv("SMART_SYNC_NUM_SPLITS", "1")
    plan = smart_sync.plan_only({"config": path, "plan_detail": "full"})
    origins = {name: told["from"] for name, told in plan.data["origins"].items()}
    assert origins["num_splits"] == "environment variable SMART_SYNC_NUM_SPLITS"
    assert origins["postgresql_password"] == f"{tmp_path}/.env line 1"
    assert origins["plan_detail"] == "flag"
    assert "parameters, and what said them:" in plan.text
    assert PASSWORD not in plan.text + json.dumps(plan.data)
    assert smart_sync.run(str(path)).rows_published == 1000
    assert smart_sync.run(path).rows_published == 0


def test_faults_of_a_config_file_are_told_with_their_places(config, tmp_path):
    path = file_of(tmp_path, config | {"num_splits": -1, "smart_sync_marign": "1m"})
    with pytest.raises(smart_sync.ManyErrors) as told:
        smart_sync.run({"config": path, "num_workers": 0})
    assert str(path) in str(told.value)
    assert "smart_sync_margin" in str(told.value)
    with pytest.raises(smart_sync.ConfigError, match=r"nowhere\.yaml"):
        smart_sync.run("nowhere.yaml")


@pytest.mark.parametrize("wrong", ["", 7, ["sync.yaml"]])
def test_what_names_no_config_is_refused(wrong):
    for config in (wrong, {"config": wrong}):
        with pytest.raises(smart_sync.ConfigError, match="path of a config file"):
            smart_sync.run(config)


def test_all_faults_are_one_error_that_tells_no_secret(config):
    wrong = config | {"num_splits": -1, "write_disposition": "WRITE_ALL"}
    with pytest.raises(smart_sync.ManyErrors) as told:
        smart_sync.run(wrong)
    assert {error.where.partition(" ")[0] for error in told.value.errors} >= {
        "num_splits",
        "write_disposition",
    }
    assert told.value.exit_code == 2
    assert PASSWORD not in str(told.value) + repr(told.value)


def test_a_value_that_no_parameter_has_is_refused_by_name(config):
    with pytest.raises(smart_sync.ConfigError) as told:
        smart_sync.run(config | {"postgresql_query": b"SELECT 1"})
    assert (told.value.where, told.value.why) == ("postgresql_query", "it is a bytes")


def test_a_source_out_of_reach_is_its_own_error(config):
    with pytest.raises(smart_sync.SourceUnreachableError) as told:
        smart_sync.run(config | {"postgresql_port": 1, "max_retries": 0})
    assert told.value.exit_code == 3
    assert told.value.fix
    assert told.value.report is None


@pytest.mark.parametrize("runner", [None, GRAPH])
def test_a_run_that_failed_raises_what_it_failed_by_with_its_report(config, sync, sql, runner):
    sql("INSERT INTO orders VALUES (0, '-infinity'), (-1, '0099-01-01 BC')")
    sql("ALTER TABLE orders ADD note timestamptz DEFAULT 'infinity'")
    with pytest.raises(smart_sync.DeadLetterLimitError) as told:
        smart_sync.run(config | {"runner": runner})
    error = told.value
    assert error.exit_code == 7
    assert "max_dead_letters" in error.fix
    assert error.report.status == "failed"
    assert error.report.dead_letters == 1000
    assert error.report.run_id == sync.history()[-1]["run_id"]
    assert "t" not in sync.tables()


def process():
    """What a library may not leave changed."""
    root, ours = logging.getLogger(), logging.getLogger("smart_sync")
    progress = logging.getLogger("smart_sync.progress")
    return {
        "handlers": [*root.handlers, *ours.handlers, *progress.handlers],
        "levels": [root.level, ours.level, progress.level, progress.propagate],
        "beam": logging.getLogger("apache_beam").level,
        "sqlglot": logging.getLogger("sqlglot").level,
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)],
        "frozen": gc.get_freeze_count() > 0,
        "collects": gc.isenabled(),
        "environ": dict(os.environ),
        "folder": Path.cwd(),
    }


@pytest.mark.parametrize("runner", [None, GRAPH])
def test_the_process_is_left_as_it_was(config, capsys, monkeypatch, runner):
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    logging.getLogger("sqlglot").setLevel(logging.NOTSET)
    logging.getLogger("apache_beam").setLevel(logging.NOTSET)
    before, threads = process(), set(threading.enumerate())
    smart_sync.run(config | {"runner": runner})
    with pytest.raises(smart_sync.SyncError):
        smart_sync.run(config | {"destination_bigquery_dataset": "not_there"})
    assert process() == before
    ours = [thread.name for thread in set(threading.enumerate()) - threads]
    assert not {"the run", "lock lease"} & set(ours)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert PASSWORD not in printed.err


LIBRARY = """
import gc, json, signal, sys, threading
import smart_sync
assert "apache_beam" not in sys.modules and "pyarrow" not in sys.modules
before = signal.getsignal(signal.SIGINT)  # ignored where a shell began it in the background
report = smart_sync.run(json.loads(sys.argv[1]))
assert "apache_beam" in sys.modules, "the run went through the graph"
assert gc.get_freeze_count() == 0 and gc.isenabled()
assert signal.getsignal(signal.SIGINT) is before
print(report.rows_published)
"""


def test_a_process_that_is_not_ours_is_not_frozen_for_an_import(config):
    words = [sys.executable, "-c", LIBRARY]
    texts = {name: text_of(value) for name, value in config.items() if value is not None}
    done = subprocess.run(
        [*words, json.dumps(texts | {"runner": GRAPH})], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "1000\n"), done.stderr


def test_two_threads_sync_two_tables_at_once(config, sync, sql):
    sql("CREATE TABLE items AS SELECT id, at FROM orders WHERE id <= 500")
    items = {"source_table_for_schema": "public.items", "destination_bigquery_table": "items"}
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(smart_sync.run, [config, config | items]))
    assert [report.rows_published for report in reports] == [1000, 500]
    assert sync.rows("COUNT(*)", "items") + sync.rows("COUNT(*)") == [(500,), (1000,)]


def test_two_threads_at_one_table_never_double_a_row(config, sync):
    def outcome(_):
        try:
            return smart_sync.run(config).rows_published
        except smart_sync.RunInProgressError as error:
            return error.exit_code

    with ThreadPoolExecutor(2) as pool:
        ends = sorted(pool.map(outcome, range(2)))
    assert ends in ([0, 1000], [6, 1000])
    assert sync.rows("COUNT(DISTINCT id), COUNT(*)") == [(1000, 1000)]


def test_many_tables_are_one_report_with_one_of_each(config, sync, sql):
    sql("CREATE TABLE items AS SELECT id, at FROM orders WHERE id <= 500")
    many = {name: value for name, value in config.items() if name != "source_table_for_schema"}
    many |= {"tables": {"tables": {"public.*": {}}}, "destination_bigquery_table": None}
    report = smart_sync.run(many)
    assert (report.rows_published, report.exit_code, report.destination) == (1500, 0, "")
    assert {one.table: one.rows_published for one in report.batch} == {
        "public.items": 500,
        "public.orders": 1000,
    }
    sql("ALTER TABLE items ALTER at TYPE text")
    with pytest.raises(smart_sync.SomeFailedError) as told:
        smart_sync.run(many)
    failed = {one.table: one.exit_code for one in told.value.report.batch}
    assert failed["public.orders"] == 0 != failed["public.items"]
    assert told.value.exit_code == 10


@pytest.mark.parametrize("asked", ["rollback_run", "verify_only"])
def test_what_is_no_run_is_refused(config, asked):
    values = {
        "rollback_run": {"rollback_run": "20250101t000000-00000000"},
        "verify_only": {
            "verify_only": True,
            "verify_start": "2025-01-01",
            "verify_end": "2025-01-02",
        },
    }
    with pytest.raises(smart_sync.ConfigError, match="not a run that Python can call"):
        smart_sync.run(config | values[asked])
