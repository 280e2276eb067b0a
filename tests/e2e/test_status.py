"""`smart-sync status`: how destinations do, by one query over the history."""

import json
import os
import re
import subprocess
import sys

import pytest

from pipeline.runs.history import FIELDS
from tests.golden.transcripts import OF_STATUS, check_transcript
from tests.looked_back import DEAD_LETTERS, caller, fill
from tests.sync import PROJECT


@pytest.fixture
def status(sync, capsys):
    return caller("status", sync, capsys)


@pytest.fixture
def two(sync, sql):
    fill(sync, sql)


def test_each_destination_tells_its_last_run_lag_and_what_to_do(sync, two, status, watched):
    before = len(watched.seen)
    found = json.loads(status("--json").out)
    assert len([one for one in watched.seen[before:] if one.method == "POST"]) == 1
    a, b = found
    runs = {run["run_id"]: run for run in sync.history()}
    assert [one["destination"].rpartition(".")[2] for one in found] == ["a", "b"]
    assert a["last_run"]["status"] == "succeeded"
    assert (a["failures_in_a_row"], a["runs"], a["rows_published"]) == (0, 1, 3)
    assert a["next"] == "nothing"
    assert 0 <= a["lag_seconds"] < 300
    assert a["complete_until"] == runs[a["last_run"]["run_id"]]["window_end_at"].isoformat()
    assert (b["last_run"]["status"], b["last_run"]["exit_code"]) == ("failed", DEAD_LETTERS)
    assert (b["failures_in_a_row"], b["runs"], b["rows_published"]) == (2, 3, 2)
    assert "max_dead_letters" in b["next"]
    assert (a["see"], b["see"]) == ("", "docs/errors.md#too-many-dead-letters")
    shown = status().out.replace("\n", " ")
    assert f"Nothing was published. See {b['see']} (smart-sync --help=" in shown
    assert [run["status"] for run in b["recent_runs"]] == ["failed", "failed", "succeeded"]
    assert b["last_success"] == b["recent_runs"][2]["event_time"]


def test_one_destination_and_a_shorter_time_are_asked_for(sync, two, status):
    (only,) = json.loads(status("--json", "--destination-bigquery-table=b").out)
    assert only["destination"].endswith(".b")
    assert json.loads(status("--json", "--since=0s").out) == []
    assert "no runs in " in status("--since=0s").out
    of_one = status("--since=0s", "--destination-bigquery-table=b").out
    assert re.match(r"no runs into \S+[.]b in ", of_one)


def test_the_exit_code_is_0_unless_failures_are_asked_for(two, status):
    assert status().code == 0
    assert status("--fail").code == 1
    assert status("--fail", "--destination-bigquery-table=a").code == 0


def test_a_wrong_place_and_an_older_history_are_told(sync, two, status):
    wrong = status("--since=soon", "--destination-bigquery-dataset=")
    assert wrong.code == 2
    assert "destination_bigquery_dataset" in wrong.err
    assert "write a duration such as 7d" in wrong.err
    gone = status("--run-history-table=other")
    assert (gone.code, "no run history" in gone.err) == (5, True)
    for name, _ in FIELDS[-9:]:
        sync.client.query_and_wait(f"ALTER TABLE {sync.dataset}.sync_runs DROP COLUMN {name}")
    older = status()
    assert (older.code, "sync once with this version" in older.err) == (5, True)


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_a_reader_that_is_gone_ends_it_as_it_ends_other_programs(sync, two, form):
    place = [f"--destination-bigquery-project={PROJECT}"]
    place += [f"--destination-bigquery-dataset={sync.dataset}", *form]
    words = [sys.executable, "-m", "pipeline.command", "status", *place]
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(words, stdout=writes, stderr=subprocess.PIPE, check=False)
    os.close(writes)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.fixture
def named(sync):
    """A dataset whose name is always as long."""
    name = "golden_status"
    sync.client.create_dataset(f"{PROJECT}.{name}", exists_ok=True)
    sync.dataset = sync.defaults["destination_bigquery_dataset"] = name
    yield
    sync.client.delete_dataset(f"{PROJECT}.{name}", delete_contents=True, not_found_ok=True)


def test_what_it_prints_is_what_the_file_says(sync, named, two):
    place = ["--destination-bigquery-project=" + PROJECT]
    words = ["smart-sync", "status", *place, "--destination-bigquery-dataset=golden_status"]
    check_transcript("status", words, masks=OF_STATUS)
