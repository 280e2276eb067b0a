"""`smart-sync` on real servers: a config file, what beats it, and what it prints where."""

import json
import os
from pathlib import Path

import pytest
import yaml

from pipeline.command.main import main
from tests.golden.transcripts import piped
from tests.sync import PASSWORD, Result

TABLE = """
CREATE TABLE {0} (id int8 PRIMARY KEY, updated_at timestamptz);
INSERT INTO {0} SELECT g, '2024-05-01 06:00' FROM generate_series(1, {1}) AS g
"""
SYNC = {"enable_smart_sync": True, "source_table_for_schema": "orders", "runner": None}
SERVERS = ("BIGQUERY_EMULATOR_HOST", "BIGQUERY_STORAGE_EMULATOR_HOST", "STORAGE_EMULATOR_HOST")


@pytest.fixture
def config(sync, tmp_path):
    """Writes the file of a launch: what all tests share, and more; its path."""

    def write(beside=(), **parameters):
        said = {**sync.defaults, **SYNC, **parameters}
        said = {name: value for name, value in said.items() if value is not None}
        path = tmp_path / "sync.yaml"
        path.write_text(yaml.safe_dump({"parameters": said, **dict(beside)}, sort_keys=False))
        return path

    return write


@pytest.fixture
def command(capsys):
    """Calls the command in this process; no output may hold the password."""

    def call(*words):
        code = main([str(word) for word in words])
        printed = capsys.readouterr()
        assert PASSWORD not in printed.out + printed.err
        return Result(code, printed.out, printed.err)

    return call


def test_a_sync_needs_the_file_and_nothing_else(sync, sql, config, command):
    sql(TABLE.format("orders", 3))
    result = command("run", "--config", config())
    assert (result.code, sync.rows("COUNT(*)")) == (0, [(3,)]), result.err
    sql("INSERT INTO orders VALUES (4, '2024-05-02')")
    assert "1 row read, 1 published" in command("run", "--config", config()).out


def test_what_holds_is_what_the_plan_says_came_first(sync, sql, config, command, monkeypatch):
    sql(TABLE.format("orders", 3))
    path = config(fallback_days=3, num_splits=2, batch_size=7)
    (path.parent / ".env").write_text("SMART_SYNC_NUM_SPLITS=3\nSMART_SYNC_BATCH_SIZE=8\n")
    monkeypatch.setenv("SMART_SYNC_BATCH_SIZE", "9")
    monkeypatch.setenv("SMART_SYNC_DESTINATION_BIGQUERY_TABLE", "other")
    result = command("plan", "--json", "--config", path, "--destination-bigquery-table=mine")
    plan = json.loads(result.out)
    assert plan["destination"].endswith(".mine")
    wanted = {
        "destination_bigquery_table": ("mine", "flag"),
        "batch_size": ("9", "environment variable SMART_SYNC_BATCH_SIZE"),
        "num_splits": ("3", f"{path.parent}/.env line 1"),
        "postgresql_password": ("«secret»", f"{path} line 7"),
        "plan_only": ("true", "smart-sync plan"),
        "plan_format": ("json", "smart-sync plan"),
        "smart_sync_margin": ("10s", "default"),
    }
    origins = plan["origins"]
    assert {n: (origins[n]["value"], origins[n]["from"]) for n in wanted} == wanted
    assert (
        f"1 by {path.parent}/.env, " in command("plan", "--config", path, "--plan-detail=short").out
    )
    text = command("plan", "--config", path, "--plan-detail=full").out
    assert f"{path.parent}/.env line 1" in text
    assert "parameters, and what said them:" in text
    assert sync.tables() == set()


def test_one_file_serves_many_tables_by_the_command_and_by_main(sync, sql, config, command):
    sql(TABLE.format("orders", 3) + ";" + TABLE.format("users", 2))
    path = config(
        {"defaults": {"enable_smart_sync": True}, "tables": {"public.*": {}}},
        destination_bigquery_table=None,
        source_table_for_schema=None,
        enable_smart_sync=None,
    )
    result = command("run", f"--config={path}")
    assert (result.code, "2 of 2 tables succeeded" in result.out) == (0, True), result.err
    sql("INSERT INTO orders VALUES (4, '2024-05-02')")
    result = many_by_main(sync, path)
    assert "2 of 2 tables succeeded" in result.out
    assert sync.rows("COUNT(*)", "orders") == [(4,)]
    plan = json.loads(command("plan", "--json", f"--config={path}", "--select=public.users").out)
    assert [table["table"] for table in plan["tables"]] == ["public.users"]
    assert plan["origins"]["select"] == {"value": "public.users", "from": "flag"}
    assert plan["origins"]["postgresql_port"]["from"].startswith(f"{path} line")


def test_a_file_of_many_tables_tells_all_of_its_faults_once(sync, config, command):
    path = config(
        {"tables": {"public.*": {"merge_key": "id"}}}, no_such="1", num_splits="x", runner=None
    )
    for result in (command("run", f"--config={path}"), many_by_main(sync, path)):
        told = [line for line in result.err.splitlines() if line[:1].isdigit()]
        assert result.code == 2
        assert sum("unknown key" in line for line in told) == 2, told
        assert sum("num_splits" in line and "sync.yaml, line" in line for line in told) == 1, told


def many_by_main(sync, path):
    """As `python main.py --tables=FILE`, with no other flag."""
    return sync(**dict.fromkeys(sync.defaults) | {"tables": str(path)})


def test_a_file_of_one_table_is_none_of_many(sync, config):
    result = many_by_main(sync, config())
    assert (result.code, "smart-sync run --config=FILE" in result.err) == (2, True), result.err


def test_a_file_that_is_not_there_is_told_without_what_it_may_say(sync):
    result = sync(**dict.fromkeys(sync.defaults) | {"tables": "no-such.yaml", "num_splits": "x"})
    assert (result.code, "no such file (tables)" in result.err) == (2, True), result.err
    assert "num_splits" in result.err
    assert "missing parameter" not in result.err
    alone = many_by_main(sync, "no-such.yaml")
    assert (alone.code, alone.err.count("\n")) == (2, 1), alone.err


def test_a_password_in_the_file_is_in_no_traceback(sync, sql, config, monkeypatch):
    def broken(*_):
        raise ValueError(f"cannot use {PASSWORD}")

    monkeypatch.setattr("pipeline.launch.many._asked", broken)
    of_many = {"source_table_for_schema": None, "destination_bigquery_table": None}
    result = many_by_main(sync, config({"tables": {"public.orders": {}}}, **of_many))
    assert (result.code, "cannot use …" in result.err) == (70, True), result.err


def test_json_stands_alone_on_stdout_and_all_talk_on_stderr(sync, sql, config, environ):
    sql(TABLE.format("orders", 3))
    path = config()
    words = ["smart-sync", "plan", "--json", f"--config={path}"]
    done = piped(words, environ)
    assert (done.code, json.loads(done.stdout)["destination"]) == (
        0,
        f"demo-project.{sync.dataset}.t",
    )
    failed = piped([*words, "--postgresql_database=nobody's"], environ)
    assert (failed.code, json.loads(failed.stdout)["error"]["exit_code"]) == (3, 3)
    assert failed.stderr.splitlines()[-1].startswith("smart-sync: ")


def test_a_log_in_json_is_an_object_per_line_to_its_last(sync, sql, config, environ):
    sql(TABLE.format("orders", 3))
    words = ["smart-sync", "run", f"--config={config()}", "--log-format=json", "--verbose"]
    done = piped(words, environ)
    assert (done.code, "3 rows read, 3 published" in done.stdout) == (0, True), done.stderr
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert {"INFO"} <= {one["severity"] for one in told} <= {"INFO", "WARNING"}
    assert any("run_report" in one["message"] for one in told)
    failed = piped([*words, "--postgresql_database=nobody's"], environ)
    last = json.loads(failed.stderr.splitlines()[-1])
    assert (failed.code, last["exit_code"], last["severity"]) == (3, 3, "ERROR")
    assert "nobody's" in last["message"]
    quiet = piped([*words[:3], "--quiet"], environ)
    assert (quiet.code, quiet.stderr) == (0, "")


@pytest.fixture
def environ(sync):
    """What leads a process of its own to the local servers."""
    return {name: os.environ[name] for name in SERVERS if name in os.environ}


def test_a_job_of_dataflow_is_sent_what_all_of_them_say(
    sync, sql, config, bucket, environ, tmp_path
):
    sql(TABLE.format("orders", 3))
    path = config(
        runner="DataflowRunner",
        region="us-central1",
        project="my-project",
        staging_location=str(tmp_path),
        temp_location=f"gs://bkt/{sync.dataset}/tmp",
        sdk_container_image="image:1",
        max_num_workers=7,
        num_splits=3,
    )
    (tmp_path / ".env").write_text("SMART_SYNC_JOB_NAME=from-dotenv\n")
    job = Path(tmp_path / "job_object")
    flags = [f"--template_location={job}", "--dataflow_endpoint=http://localhost:1", "--no_auth"]
    environ |= {"STORAGE_EMULATOR_HOST": bucket, "SMART_SYNC_NUM_SPLITS": "2"}
    done = piped(["smart-sync", "run", f"--config={path}", *flags], environ)
    assert (done.code, "launched run" in done.stdout) == (0, True), done.stderr
    written = json.loads(job.read_text())
    options = written["environment"]["sdkPipelineOptions"]["options"]
    assert (options["job_name"], options["region"], options["max_num_workers"]) == (
        "from-dotenv",
        "us-central1",
        7,
    )
    assert PASSWORD not in job.read_text()
