"""Splits of a table side by side in this process: each once, bounded, and none goes on in vain."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auto_schema.errors import SourceRefusedError
from pipeline.destination.elements import StagedSplit
from pipeline.destination.folder import Folder
from pipeline.execution.lanes import staged_splits
from pipeline.runs.outcome import Failure
from sources.values import Split
from tests.factories import NOW, a_plan, a_request
from warehouse.names import Endpoints

LONG_S = 30.0
"""Longer than any of this takes."""


def a_batch(*ids: int) -> pa.RecordBatch:
    stamps = pa.array([NOW + timedelta(seconds=at) for at in ids], pa.timestamp("us", "UTC"))
    columns = [pa.array(ids, pa.int64()), pa.array([f"n{at}" for at in ids]), stamps]
    return pa.RecordBatch.from_arrays(columns, names=["id", "name", "updated_at"])


@dataclass(frozen=True)
class Reading:
    """A source whose splits are read by a function of a test."""

    read: Callable[[Split], Iterator[pa.RecordBatch]]


@pytest.fixture
def stage(tmp_path):
    def staged(read, *, splits: int, connections: int, check=lambda: None):
        plan = a_plan(a_request())
        reading = replace(plan.reading, source=Reading(read), connections=connections)
        folder = Folder(str(tmp_path / "run"), Endpoints())
        parts = tuple(Split(index) for index in range(splits))
        return list(staged_splits(replace(plan, reading=reading), parts, folder, check))

    return staged


@pytest.mark.parametrize(
    ("words", "connections"),
    [
        ({"is_local": True}, 2),
        ({"is_local": True, "max_source_connections": 1}, 1),
        ({"is_local": True, "batch_id": "20250722t150000-aaaaaaaa"}, 1),
        ({"is_local": True, "lanes": 1}, 1),
        ({"batch_id": "20250722t150000-aaaaaaaa"}, 8),
        ({}, 8),
    ],
)
def test_a_table_by_itself_in_this_process_has_its_lanes_within_the_limit(words, connections):
    assert a_request(**{"lanes": 2} | words).connections == connections


@pytest.mark.parametrize("connections", [1, 2, 3])
def test_each_row_of_each_split_is_staged_once(stage, connections):
    def read(split):
        for at in range(3):
            yield a_batch(10 * split.index + at)

    ends = stage(read, splits=7, connections=connections)
    assert sorted(end.split for end in ends) == list(range(7))
    for end in ends:
        (file,) = end.files
        ids = pq.read_table(file.uri)["id"].to_pylist()
        assert ids == [10 * end.split + at for at in range(3)]
        assert (end.rows_read, end.rows, end.attempt) == (3, 3, 0)


def test_two_splits_are_read_at_once_and_never_more(stage):
    both = threading.Barrier(2, timeout=LONG_S)
    guard, open_now, most = threading.Lock(), [], []

    def read(split):
        with guard:
            open_now.append(split.index)
            most.append(len(open_now))
        both.wait()  # nobody passes by itself
        yield a_batch(split.index)
        with guard:
            open_now.remove(split.index)

    ends = stage(read, splits=6, connections=2)
    assert sorted(end.split for end in ends) == list(range(6))
    assert max(most) == 2


def test_a_lane_that_fails_ends_the_others_amid_their_splits(stage, tmp_path):
    begun, closed = threading.Event(), []

    def read(split):
        if split.index == 0:
            begun.wait(LONG_S)
            raise SourceRefusedError("refused", "here", "", "")
        try:
            for at in range(5_000):
                yield a_batch(at)
                begun.set()
        finally:
            closed.append(split.index)

    ends = stage(read, splits=5, connections=2)
    assert [(type(end), end.split) for end in ends] == [(Failure, 0)]
    assert closed == [1]
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["FAILED"]


def test_a_lost_lock_ends_all_lanes(stage):
    def read(split):
        for at in range(5_000):
            yield a_batch(at)

    def lost():
        raise SourceRefusedError("lock lost", "", "", "")

    ends = stage(read, splits=4, connections=2, check=lost)
    assert {type(end) for end in ends} == {Failure}
    assert {end.split for end in ends} <= {0, 1}


def test_what_a_lane_raises_is_raised_when_all_have_ended(stage, monkeypatch):
    ended, other = [], threading.Event()

    def read(split):
        try:
            while True:
                yield a_batch(1)
                other.set()
        finally:
            ended.append(split.index)

    looks = iter([None])

    def failed(folder):
        if next(looks, True):
            other.wait(LONG_S)
            raise RuntimeError("the bucket is gone")

    monkeypatch.setattr(Folder, "failed", failed)
    with pytest.raises(RuntimeError, match="the bucket is gone"):
        stage(read, splits=2, connections=2)
    assert len(ended) == 1
    assert not [thread for thread in threading.enumerate() if thread.name == "lane"]


def test_splits_that_are_wanted_no_more_are_closed(tmp_path):
    closed = []

    def read(split):
        try:
            while split.index:
                yield a_batch(1)
        finally:
            closed.append(split.index)

    plan = a_plan(a_request())
    reading = replace(plan.reading, source=Reading(read), connections=2)
    folder = Folder(str(tmp_path / "run"), Endpoints())
    ends = staged_splits(replace(plan, reading=reading), (Split(0), Split(1)), folder, lambda: None)
    assert isinstance(next(ends), StagedSplit)
    ends.close()
    assert sorted(closed) == [0, 1]
    assert list(tmp_path.rglob("*.parquet")) == []


def test_a_note_of_one_lane_is_whole_before_another_sees_it(tmp_path):
    why = b"x" * 50_000_000
    for at in range(5):
        folder = Folder(str(tmp_path / str(at)), Endpoints())
        noting = threading.Thread(target=folder.mark_failed, args=(why,))
        noting.start()
        while (seen := folder.failed()) is None:
            pass
        noting.join()
        assert len(seen) == len(why)
