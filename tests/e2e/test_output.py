"""stdout that nobody reads, that is full, or that lacks signs: what was done stays done."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.golden.transcripts import ROOT, command_of

SERVERS = ("BIGQUERY_EMULATOR_HOST", "BIGQUERY_STORAGE_EMULATOR_HOST")
SMART = {"postgresql_query": "SELECT * FROM s", "enable_smart_sync": "true", "plan_detail": None}


@pytest.fixture
def call(sync, sql):
    """Calls a program of ours, with rows to sync, and stdout somewhere; exit code and stderr."""
    sql("CREATE TABLE s (id int PRIMARY KEY, naïve text, updated_at timestamptz NOT NULL)")
    sql("INSERT INTO s SELECT n, 'n', timestamptz '2024-01-01' FROM generate_series(1, 3) n")
    servers = {name: os.environ[name] for name in SERVERS}

    def called(*words, stdout, stderr=subprocess.PIPE, **environ):
        return subprocess.run(
            [*command_of(words), *sync.argv(**SMART, runner=None)],
            env={**os.environ, "PYTHONPATH": str(ROOT), **servers, **environ},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
            check=False,
        )

    return called


@pytest.fixture
def unread():
    """A pipe whose reader has gone, as `head` does."""
    reads, writes = os.pipe()
    os.close(reads)
    yield writes
    os.close(writes)


@pytest.fixture
def full():
    """A disk without room."""
    with Path("/dev/full").open("w") as file:
        yield file


@pytest.mark.parametrize("words", [["main.py"], ["smart-sync", "run"]], ids=["main", "command"])
@pytest.mark.parametrize("where", ["unread", "full"])
def test_a_run_whose_result_nobody_reads_has_succeeded(sync, call, request, words, where):
    done = call(*words, stdout=request.getfixturevalue(where))
    assert (done.returncode, sync.rows("COUNT(*)")) == (0, [(3,)]), done.stderr
    assert "Traceback" not in done.stderr
    assert "it would say: succeeded: 3 rows read, 3 published" in done.stderr


def test_a_run_of_which_nobody_reads_anything_has_succeeded(sync, call, unread):
    done = call("smart-sync", "run", stdout=unread, stderr=unread)
    assert (done.returncode, sync.rows("COUNT(*)")) == (0, [(3,)])


def test_a_plan_ends_well_with_its_reader_and_not_on_a_full_disk(call, unread, full):
    done = call("smart-sync", "plan", stdout=unread)
    assert (done.returncode, done.stderr) == (0, "")
    done = call("smart-sync", "plan", stdout=full)
    assert (done.returncode, "stdout can't be written" in done.stderr) == (2, True), done.stderr


def test_signs_that_stdout_lacks_are_written_as_json_reads_them(call):
    done = call("smart-sync", "plan", "--json", stdout=subprocess.PIPE, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "naïve" in [one["source_name"] for one in json.loads(done.stdout)["columns"]]
