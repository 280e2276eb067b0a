"""Launches of one table whose config is a file of tables, as `init` makes it."""

import json

import pytest

from tests.e2e.test_command import TABLE, command, config
from tests.e2e.test_command_json import MANY, told

__all__ = ["command", "config", "told"]

MERGE = {"write_disposition": "WRITE_MERGE", "merge_keys": "auto", "enable_smart_sync": True}
KEYED = TABLE.replace("id int8", "id int8 PRIMARY KEY") if "PRIMARY" not in TABLE else TABLE


@pytest.fixture
def file(sync, sql, config):
    """The config of tables that are there, some with more parameters for each."""

    def write(*names, **parameters):
        for name in names:
            sql(KEYED.format(name, 3))
        tables = {f"public.{name}": MERGE for name in names}
        return config({"tables": tables}, **MANY, keep_snapshots="7d", **parameters)

    return write


def test_a_run_is_undone_by_the_file_that_made_it(sync, sql, file, told):
    path = file("orders")
    told("run", "--config", path)
    sql("UPDATE orders SET updated_at = '2024-06-01' WHERE id = 2")
    run, _ = told("run", "--config", path)
    run_id = run["batch"][0]["run_id"]
    plan, _ = told("rollback", run_id, "--config", path, "--plan-only")
    assert [one["run_id"] for one in plan["undone_runs"]] == [run_id]
    assert plan["origins"]["write_disposition"]["from"].startswith(f"{path} line ")
    assert plan["origins"]["merge_keys"]["value"] == "id"
    assert "tables" not in plan["origins"]
    report, _ = told("rollback", run_id, "--config", path)
    assert (report["status"], report["destination"]) == (
        "rolled_back",
        run["batch"][0]["destination"],
    )


def test_slices_are_those_of_the_one_table_and_of_one_that_is_selected(sync, file, told):
    path = file("orders", "users", max_tables_at_once=2)
    window = ("--sync-start=2024-01-01", "--sync-end=2025-01-01", "--backfill-by=month")
    refused, _ = told("backfill", "--config", path, *window)
    error = refused["error"]
    assert (error["what"], error["exit_code"]) == ("more than one table", 2)
    assert "public.orders, public.users" in error["why"]
    assert error["fix"] == "say which: --select=public.orders."
    assert sync.tables() == set()
    report, err = told("backfill", "--config", path, *window, "--select=public.users")
    assert (report["status"], len(report["batch"])) == ("succeeded", 12), err
    assert {name for name in sync.tables() if name in ("orders", "users")} == {"users"}


def test_a_plan_is_saved_and_run_as_that_of_the_table(sync, file, told, command, tmp_path):
    path, saved = file("orders"), tmp_path / "plan.json"
    command("plan", "--config", path, "--save", saved)
    assert json.loads(saved.read_text())
    report, err = told("run", "--config", path, "--plan", saved)
    assert (report["status"], report["rows_published"]) == ("succeeded", 3), err
    assert report["batch"] == []
    again, _ = told("run", "--config", path, "--plan", saved)
    assert again["error"]["what"] == "the facts have moved since the plan was saved"


def test_letters_of_one_table_are_asked_for_and_none_of_many(sync, file, told):
    path = file("orders", "users")
    refused, _ = told("replay", "20240101t000000-00000000", "--config", path)
    assert refused["error"]["where"] == f"replay_dead_letters, {path}"
    one, _ = told("replay", "20240101t000000-00000000", "--config", path, "--select=public.orders")
    assert one["error"]["what"] == "no table to replay into"
    assert one["error"]["where"].endswith(".orders")


def test_none_that_is_enabled_is_told(sync, sql, config, told):
    sql(KEYED.format("orders", 3))
    path = config({"tables": {"public.orders": {"disabled": True}}}, **MANY)
    refused, _ = told("rollback", "20240101t000000-00000000", "--config", path)
    assert refused["error"]["what"] == "no table"
    assert "are disabled" in refused["error"]["why"]


def test_a_past_window_of_the_one_table_is_compared(sync, sql, file, told):
    path = file("orders")
    sql("INSERT INTO orders VALUES (9, '2024-07-01')")
    told("run", "--config", path)
    window = ("--verify-start=2024-01-01", "--verify-end=2024-06-01")
    report, err = told("verify", "--config", path, *window)
    assert report["exit_code"] == 0, err
    assert [one["status"] for one in report["batch"]] == ["verified"]
    assert report["verification"] == {
        "source_rows": 3,
        "target_rows": 3,
        "lacking": 0,
        "doubled": 0,
        "moved_on": 0,
    }
    assert "source 3 rows, BigQuery 3 rows\n  lacking in BigQuery" in err
    assert "table  " not in err


def test_figures_of_several_tables_that_are_compared_are_added_up(sync, sql, file, told, caplog):
    path = file("orders", "users")
    sql("INSERT INTO orders VALUES (9, '2024-07-01'); INSERT INTO users VALUES (9, '2024-07-01')")
    told("run", "--config", path)
    sync.client.query_and_wait(f"DELETE FROM {sync.dataset}.users WHERE id = 2")
    window = ("--verify-start=2024-01-01", "--verify-end=2024-06-01")
    report, err = told("verify", "--config", path, *window)
    figures = [one["verification"] for one in report["batch"]]
    assert [one["lacking"] for one in figures] == [0, 1]
    names = ("source_rows", "target_rows", "lacking", "doubled", "moved_on")
    assert report["verification"] == {name: sum(one[name] for one in figures) for name in names}
    assert (report["verification"]["source_rows"], report["exit_code"]) == (6, 10)
    assert "1 of 2 tables verified" in err
    assert caplog.text.count("source 3 rows, BigQuery 2 rows") == 1
