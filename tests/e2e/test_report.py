"""`smart-sync report`: one page of one query over the history."""

import json

import pytest

from pipeline.runs.history import FIELDS
from tests.looked_back import caller, fill
from tests.sync import PASSWORD


@pytest.fixture
def report(sync, capsys):
    return caller("report", sync, capsys)


@pytest.fixture
def two(sync, sql):
    fill(sync, sql)


def test_it_tells_of_each_destination_what_the_history_says(sync, two, report, tmp_path):
    file = tmp_path / "r.html"
    told = json.loads(report("--json", f"--output={file}").out)
    b, a = told["destinations"]
    runs = {run["run_id"]: run for run in sync.history()}
    assert [one["destination"].rpartition(".")[2] for one in (a, b)] == ["a", "b"]
    assert (a["runs"], a["failed"], a["rows_published"], a["next"]) == (1, 0, 3, "nothing")
    assert (b["runs"], b["failed"], b["rows_published"], b["rows_dead"]) == (3, 2, 2, 2)
    assert b["failures_in_a_row"] == 2
    assert b["last_run"]["status"] == "failed"
    assert "max_dead_letters" in b["next"]
    (run,) = [run for run in runs.values() if run["destination"] == a["destination"]]
    assert a["seconds"] == pytest.approx(run["timings"]["total"], abs=0.001)
    assert a["bytes_staged"] == run["bytes_staged"]
    assert 0 <= a["lag_seconds"] < 300
    (day,) = a["days"]
    assert day["complete_until"] == run["window_end_at"].isoformat()
    assert a["plan"]["run_id"] == run["run_id"]
    assert len(a["plan"]["lines"]) >= 3
    page = file.read_text()
    assert b["next"] in page
    assert b["see"].startswith("docs/errors.md#")
    assert f"{b['see']} (smart-sync --help=" in page
    assert b["last_run"]["run_id"] in page
    assert a["destination"] in page
    assert PASSWORD not in page


def test_it_asks_one_query_of_the_days_that_are_meant(sync, two, report, watched):
    before = len(watched.seen)
    report("--json", "--since=7d")
    sent = [one for one in watched.seen[before:] if one.method == "POST"]
    assert len(sent) == 1
    assert json.loads(report("--json", "--destination-bigquery-table=b").out)["destinations"][0][
        "destination"
    ].endswith(".b")
    assert json.loads(report("--json", "--since=0s").out)["destinations"] == []


def test_of_an_older_history_it_tells_what_is_there(sync, two, report, tmp_path):
    newer = json.loads(report("--json").out)
    for name, _ in FIELDS[-22:]:
        sync.client.query_and_wait(f"ALTER TABLE {sync.dataset}.sync_runs DROP COLUMN {name}")
    file = tmp_path / "r.html"
    told = json.loads(report("--json", f"--output={file}").out)
    for old, new in zip(told["destinations"], newer["destinations"], strict=True):
        assert (old["lag_seconds"], old["plan"]) == (None, None)
        for name in ("runs", "failed", "rows_published", "rows_dead", "seconds", "bytes_staged"):
            assert old[name] == new[name]
    assert "<b>Lag</b> not known" in file.read_text()


def test_a_file_that_cannot_be_written_and_a_missing_history_are_told(sync, two, report, tmp_path):
    lost = report(f"--output={tmp_path}/no/r.html")
    assert (lost.code, "--output=" in lost.err) == (2, True)
    gone = report("--json", "--run-history-table=other")
    assert (gone.code, "no run history" in gone.err) == (5, True)
