"""`create --plan`: the sync's own plan, from the real source, before there is a schedule."""

import subprocess
import sys

import pytest

from tests.scheduler.conftest import PLANTED, PROJECT, a_schedule, words_of
from tests.sync import PASSWORD


@pytest.fixture
def create(scheduler, sync, sql, bucket, monkeypatch):
    """Run `create --plan` for the test's own database and dataset, as a process."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", PROJECT)
    sql("CREATE TABLE orders (id int8 PRIMARY KEY, updated_at timestamptz)")
    sql("INSERT INTO orders VALUES (1, '2024-05-01')")
    flags = ("temp_location", "runner")
    ours = {name: text for name, text in sync.defaults.items() if name not in flags}

    def run(table):
        schedule = a_schedule(
            parameters=ours | {"source_table_for_schema": table},
            environment={"temp_location": "gs://bkt/tmp"},
        )
        words = [*words_of(schedule), "--allow-plain-secrets", "--plan", "-y"]
        command = [sys.executable, "-m", "scheduler", "create", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert PASSWORD == PLANTED
        assert PLANTED not in done.stdout + done.stderr
        return done

    return run


def test_the_plan_is_shown_and_then_the_schedule_is_made(create, scheduler, sync):
    done = create("orders")
    assert done.returncode == 0, done.stderr
    assert "of updated_at" in done.stdout
    assert done.stdout.index("of updated_at") < done.stdout.index("created orders")
    assert scheduler.names() == ["orders"]
    assert sync.tables() == set()


def test_without_a_plan_there_is_no_schedule(create, scheduler):
    done = create("no_such_table")
    assert done.returncode == 2, done.stdout
    assert "no_such_table" in done.stderr
    assert "the sync has no plan" in done.stderr.splitlines()[-1]
    assert scheduler.names() == []
