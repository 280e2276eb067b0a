"""A lock that its holder gives up in between: who wishes for it, and what becomes of the wish."""

from types import SimpleNamespace

import pytest

from auto_schema.errors import RunInProgressError
from pipeline.runs import yielding
from pipeline.runs.lock import YieldingError
from pipeline.runs.yielding import acquire_patiently, stand_back
from tests.locks import ONE, TWO, held_by


def labels(client, dataset):
    return dict(client.get_table(f"demo-project.{dataset}._sync_lock_t").labels)


def test_a_wish_stays_through_renewals_and_is_seen_at_release(lock, client, dataset, seen_by):
    holder, other = lock(ONE, yields=True), lock(TWO)
    holder.acquire()
    with pytest.raises(YieldingError):
        other.acquire()
    other.wish()
    assert holder.renew()
    assert holder.renew()
    assert labels(client, dataset)["wish"] == TWO
    held_by(seen_by, ONE)
    assert holder.release()
    assert holder.wisher == TWO


def test_of_two_wishes_the_first_stands(lock, client, dataset):
    holder = lock(ONE, yields=True)
    holder.acquire()
    lock(TWO).wish()
    lock("20250101t100002-cccccccc").wish()
    assert labels(client, dataset)["wish"] == TWO


def test_who_takes_the_lock_takes_no_label_over(lock, client, dataset):
    holder, other = lock(ONE, yields=True), lock(TWO)
    holder.acquire()
    other.wish()
    holder.release()
    other.acquire()
    found = labels(client, dataset)
    assert found["run_id"] == TWO
    assert not found.get("wish")
    assert not found.get("yields")
    with pytest.raises(RunInProgressError) as told:
        lock(ONE).acquire()
    assert not isinstance(told.value, YieldingError)


def test_whoever_wishes_gets_the_lock_when_it_is_given_back(lock, seen_by):
    holder, other = lock(ONE, yields=True), lock(TWO)
    holder.acquire()
    pauses = []

    def sleep(pause):
        pauses.append(pause)
        if len(pauses) == 3:
            holder.release()

    acquire_patiently(other, sleep)
    held_by(seen_by, TWO)
    assert len(pauses) == 3


def test_a_wait_has_an_end_and_a_plain_holder_is_waited_for_not_at_all(lock, monkeypatch):
    holder = lock(ONE, yields=True)
    holder.acquire()
    times = iter(range(0, 10_000, 200))
    monkeypatch.setattr(yielding, "time", SimpleNamespace(monotonic=lambda: next(times)))
    pauses = []
    with pytest.raises(RunInProgressError):
        acquire_patiently(lock(TWO), pauses.append)
    assert len(pauses) == 4
    holder.release()
    lock(ONE).acquire()
    with pytest.raises(RunInProgressError):
        acquire_patiently(lock(TWO), pauses.append)
    assert len(pauses) == 4


def test_the_holder_stands_back_until_it_was_taken_and_not_for_one_who_died(lock, monkeypatch):
    holder, other = lock(ONE, yields=True), lock(TWO)
    holder.acquire()
    other.wish()
    holder.release()
    pauses = []

    def sleep(pause):
        pauses.append(pause)
        if len(pauses) == 2:
            other.acquire()

    stand_back(holder, holder.wisher, sleep)
    assert len(pauses) == 2
    other.release()
    holder.acquire()
    other.wish()
    holder.release()
    times = iter(range(0, 1000, 10))
    monkeypatch.setattr(yielding, "time", SimpleNamespace(monotonic=lambda: next(times)))
    stand_back(holder, holder.wisher, pauses.append)
    assert len(pauses) == 4
    stand_back(holder, "", pauses.append)
    assert len(pauses) == 4
