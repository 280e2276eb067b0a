"""The source's server ends a session, a disk is full, a bundle is run again."""

import resource
import signal
import subprocess
import threading
from collections import Counter

import pytest

from pipeline.destination.files import AttemptFiles
from pipeline.launch.sync import _work
from tests.bundles import a_worker_goes
from tests.days import (
    SLOW,
    SMART,
    STOP,
    STOPPED,
    TABLE,
    TRUNCATE,
    assert_seed,
    assert_whole,
    make_days,
    staging_tables,
    statuses,
    stopped,
)
from tests.processes import until
from tests.sync import GRAPH

SOURCE_FAULT, TARGET_FAULT = 3, 5


# A session of the source ends


@pytest.fixture
def row_by_row(monkeypatch):
    """Each row is a batch, so that a broken attempt has staged some; rows per attempt."""

    def write(files, element):
        counts[element.attempt] += element.batch.num_rows
        original(files, element)

    original, counts = AttemptFiles.write, Counter()
    monkeypatch.setattr(AttemptFiles, "write", write)
    monkeypatch.setattr("sources.postgresql.read.batch_bytes", lambda columns: 1)
    return counts


@pytest.fixture
def terminated(sync, sql, database, row_by_row, monkeypatch):
    """From its launch on, the run's sessions are ended within a split; a list of them."""
    ended, done = [], threading.Event()

    def terminate(times):
        with stopped(database):
            while len(ended) < times and not done.wait(0.02):
                for (pid,) in sql(STOPPED):
                    sql("SELECT pg_terminate_backend(%s)", pid)
                    until(lambda pid=pid: (pid,) not in sql(STOPPED))
                    ended.append(pid)

    def begin(times):
        make_days(sync, sql)
        sql(STOP)
        thread = threading.Thread(target=terminate, args=(times,))

        def work(*words):
            thread.start()
            try:
                return _work(*words)
            finally:
                done.set()
                thread.join()
                monkeypatch.setattr("pipeline.launch.sync._work", _work)

        monkeypatch.setattr("pipeline.launch.sync._work", work)
        return ended

    return begin


def test_a_split_whose_session_is_ended_is_read_again_and_nothing_is_doubled(
    sync, sql, terminated, row_by_row, caplog
):
    ended = terminated(times=1)
    sync.ok(**SMART | {"postgresql_query": SLOW})
    assert len(ended) == 1
    assert "split=0 attempt=0 lost its connection" in caplog.text
    assert 0 < row_by_row[0] < row_by_row[1] == len(sync.rows()) - 3
    assert_whole(sync, sql)
    assert list(sync.temp.rglob("*")) == []


def test_a_split_whose_sessions_are_always_ended_fails_the_run_with_the_old_rows(
    sync, sql, terminated
):
    ended = terminated(times=1_000)
    result = sync(**TRUNCATE | {"postgresql_query": SLOW, "max_retries": "1"})
    assert result.code == SOURCE_FAULT, result.err
    assert len(ended) == 2
    assert "SourceUnreachableError" in result.err
    assert_seed(sync)
    assert statuses(sync) == ["failed"]
    assert list(sync.temp.rglob("*")) == []
    sync.ok(**TRUNCATE)
    assert_whole(sync, sql)


# No room


ROOM = 64 * 1024
LARGE = f"""{TABLE};
INSERT INTO s SELECT g, string_agg(md5(g || ' ' || n), ''), timestamptz '2024-02-01'
FROM generate_series(10, 200) g, generate_series(1, 64) n GROUP BY g
"""


def limit_files():
    """No file of this process grows past ROOM."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))


@pytest.fixture
def small(sync):
    """A full disk under the temp folder, or where none may be mounted, limited files."""
    sync.temp.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "small", str(sync.temp)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        yield limit_files
        return
    yield None
    subprocess.run(["umount", "--lazy", str(sync.temp)], check=True)


def test_a_full_disk_ends_the_run_with_the_old_rows(sync, sql, start, small):
    make_days(sync, sql, LARGE)
    run = start(**TRUNCATE, limits=small)
    assert run.wait() == TARGET_FAULT, run.output
    assert "staging failed" in run.output
    assert "has room" in run.output
    assert_seed(sync)
    assert statuses(sync) == ["failed"]
    assert [path for path in sync.temp.rglob("*") if path.is_file()] == []
    sync.ok(**TRUNCATE, temp_location=str(sync.temp.parent / "roomy"))
    assert_whole(sync, sql)


# A bundle that is run again


@pytest.mark.parametrize(
    ("place", "calls"),
    [
        ("pipeline.steps.read.read_split", 4),
        ("pipeline.execution.stage.Stager.take", 1),
        ("pipeline.publish.publisher.Publisher.publish", 1),
        ("pipeline.execution.report.clear_staging", 1),
        ("pipeline.steps.report.raise_if_failed", 1),
    ],
    ids=["read", "stage", "publish", "clear", "report"],
)
@pytest.mark.parametrize("way", ["bucket"], indirect=True)
def test_rows_of_a_bundle_that_is_run_again_come_once(
    sync, sql, monkeypatch, row_by_row, again, way, place, calls
):
    """An append, which is what would double them."""
    make_days(sync, sql)
    counted = a_worker_goes(monkeypatch, place, calls)
    sync.ok(**SMART, verify="true", runner=GRAPH)
    assert len(again) == 1
    assert len(counted) > calls
    assert_whole(sync, sql)
    assert statuses(sync) == ["succeeded"]
    assert way() == []
    assert staging_tables(sync) == []
