"""`create --plan`: the sync's own plan, from the real source, before there is a schedule."""

import os

import pytest

from demo.servers import ROOT
from tests.golden.transcripts import Printed
from tests.program_forks import piped_fork
from tests.scheduler.conftest import PLANTED, PROJECT, a_schedule, words_of
from tests.sync import PASSWORD

OF_ONE = ("-psource_table_for_schema=", "-pdestination_bigquery_table=t")


@pytest.fixture
def create(scheduler, sync, sql, bucket, monkeypatch):
    """Run `create --plan` for the test's own database and dataset, in a fork."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", PROJECT)
    sql("CREATE TABLE orders (id int8 PRIMARY KEY, updated_at timestamptz)")
    sql("INSERT INTO orders VALUES (1, '2024-05-01')")
    flags = ("temp_location", "runner")
    ours = {name: text for name, text in sync.defaults.items() if name not in flags}

    def run(table, *more):
        schedule = a_schedule(
            parameters=ours | {"source_table_for_schema": table or ""},
            environment={"temp_location": "gs://bkt/tmp"},
        )
        words = [word for word in words_of(schedule) if not (more and word in OF_ONE)]
        if "--host=cloud_run" in more:
            words = [word for word in words if not word.startswith("--template=")]
        words += ["--allow-plain-secrets", "--plan", "-y", *more]
        environ = {**os.environ, "PYTHONPATH": str(ROOT / "tests" / "as_installed")}
        done = Printed(*piped_fork("scheduler", ["create", *words], environ, ROOT))
        assert PASSWORD == PLANTED
        assert PLANTED not in done.stdout + done.stderr
        return done

    return run


def test_the_plan_is_shown_and_then_the_schedule_is_made(create, scheduler, sync):
    done = create("orders")
    assert done.code == 0, done.stderr
    assert "of updated_at" in done.stdout
    assert done.stdout.index("of updated_at") < done.stdout.index("created orders")
    assert scheduler.names() == ["orders"]
    assert sync.tables() == set()


def test_without_a_plan_there_is_no_schedule(create, scheduler):
    done = create("no_such_table")
    assert done.code == 2, done.stdout
    assert "no_such_table" in done.stderr
    assert "the sync has no plan" in done.stderr.splitlines()[-1]
    assert scheduler.names() == []


def test_the_plan_of_a_file_asks_the_source_which_tables_there_are(create, scheduler, tmp_path):
    path = tmp_path / "tables.yaml"
    path.write_text("defaults: {enable_smart_sync: true}\ntables: {public.*: {}}\n")
    done = create(None, f"--tables={path}", "--host=cloud_run")
    assert done.code == 0, done.stderr
    assert "public.orders" in done.stdout
    assert done.stdout.index("1 of 1 table") < done.stdout.index("created orders")
    path.write_text("tables: {public.none*: {}}\n")
    done = create(None, f"--tables={path}", "--host=cloud_run")
    assert done.code == 2
    assert "a pattern that matches nothing" in done.stderr
    assert scheduler.names() == ["orders"]
