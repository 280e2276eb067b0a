"""Taking the lock of a destination on a real local BigQuery: of all who want it, one has it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from auto_schema.errors import RunInProgressError, TargetError
from pipeline.runs.lock import RELEASED_LIFE, TRIES, lock_table
from tests.fault_rules import Rule, answer, call, rewrite
from tests.locks import (
    INSERT,
    LOOK,
    LOST,
    ONE,
    PATCH,
    SECOND,
    TWO,
    held_by,
    lapse,
)
from tests.sync import PROJECT
from warehouse.names import TableRef

# Taking


def test_a_lock_says_who_holds_it_since_when_and_until_when(lock, seen_by):
    lock(ONE).acquire()
    held_by(seen_by, ONE)
    end = seen_by()[2]
    with pytest.raises(RunInProgressError) as refused:
        lock(TWO).acquire()
    for words in (ONE, "2025-01-01 10:00:00 UTC", f"{end:%Y-%m-%d %H:%M:%S} UTC"):
        assert words in str(refused.value)
    held_by(seen_by, ONE)


def test_a_released_lock_is_taken_at_once(lock, seen_by):
    lock(ONE).acquire()
    lock(ONE).release()
    holder, state, end = seen_by()
    assert (holder, state) == (ONE, "released")
    assert end - datetime.now(UTC) <= RELEASED_LIFE
    lock(TWO).acquire()
    held_by(seen_by, TWO)


def test_a_lock_whose_lease_is_over_is_taken(lock, seen_by, client, dataset):
    lock(ONE).acquire()
    lapse(client, dataset)
    lock(TWO).acquire()
    held_by(seen_by, TWO)


def test_a_lock_that_is_over_but_still_shown_is_taken_by_a_patch(lock, seen_by, proxy):
    """As where BigQuery removes an expired table late, or clocks differ."""
    lock(ONE).acquire()
    over = {"expirationTime": str(int(datetime.now(UTC).timestamp() * 1000) - 1)}
    proxy.add(Rule(rewrite(lambda body: body | over), **LOOK))
    lock(TWO).acquire()
    held_by(seen_by, TWO)


def test_a_lease_that_is_over_but_that_nobody_took_is_renewed_before_publishing(
    lock, proxy, seen_by
):
    lock(ONE).acquire()
    over = {"expirationTime": str(int(datetime.now(UTC).timestamp() * 1000) - 1)}
    proxy.add(Rule(rewrite(lambda body: body | over), **LOOK))
    lock(ONE).check()
    assert [seen.status for seen in proxy.seen if seen.method == "PATCH"] == [200]
    held_by(seen_by, ONE)


def test_a_lock_that_was_given_back_lets_no_one_publish(lock):
    lock(ONE).acquire()
    lock(ONE).release()
    with pytest.raises(RunInProgressError, match="given back"):
        lock(ONE).check()


@pytest.fixture
def clock(monkeypatch):
    """Set this machine's clock ahead, or back."""

    def ahead(by):
        class Clock(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + by

        monkeypatch.setattr("pipeline.runs.lock.datetime", Clock)
        monkeypatch.setattr("pipeline.runs.service_clock.datetime", Clock)

    return ahead


def test_a_clock_that_is_ahead_by_a_lease_takes_no_living_lock(lock, seen_by, clock):
    lock(ONE).acquire()
    clock(timedelta(hours=1))
    with pytest.raises(RunInProgressError, match=ONE):
        lock(TWO).acquire()
    held_by(seen_by, ONE)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_lease_is_as_long_as_was_asked_for_whatever_the_clock_shows(lock, seen_by, clock, hours):
    clock(timedelta(hours=hours))
    mine = lock(ONE)
    mine.acquire()
    for _ in range(2):
        left = seen_by()[2] - datetime.now(UTC)
        assert timedelta(minutes=9) < left < timedelta(minutes=11)
        lock(ONE).renew()
    mine.check()
    mine.release()
    assert seen_by()[2] - datetime.now(UTC) < RELEASED_LIFE + timedelta(seconds=1)


def test_a_clock_that_is_behind_by_a_lease_is_mended_by_the_renewal_of_another_process(
    lock, seen_by, clock
):
    lock(ONE).acquire()
    clock(timedelta(hours=-1))
    assert lock(ONE).renew()
    held_by(seen_by, ONE)


def test_a_refused_lock_says_what_bigquery_said_and_asks_for_nothing_else(lock, proxy):
    proxy.add(Rule(answer(403, "accessDenied"), times=9, **INSERT))
    with pytest.raises(TargetError, match="dataEditor"):
        lock(ONE).acquire()
    assert [seen for seen in proxy.seen if "/jobs" in seen.path or "/queries" in seen.path] == []


def test_a_lock_that_is_refused_for_good_asks_for_the_time_once(lock, proxy):
    proxy.add(Rule(answer(400, "invalid"), times=9, **INSERT))
    proxy.add(Rule(answer(403, "accessDenied"), times=9, method="POST", path="/queries"))
    mine = lock(ONE)
    with pytest.raises(TargetError, match="invalid"):
        mine.acquire()
    assert len([seen for seen in proxy.seen if "/queries" in seen.path]) == 1


def test_a_lock_whose_end_somebody_took_away_is_another_runs_and_gets_one_when_renewed(
    lock, client, dataset, seen_by
):
    lock(ONE).acquire()
    found = client.get_table(f"{PROJECT}.{dataset}._sync_lock_t")
    found.expires = None
    client.update_table(found, ["expires"])
    with pytest.raises(RunInProgressError, match="no end: drop table"):
        lock(TWO).acquire()
    lock(ONE).check()
    held_by(seen_by, ONE)


def test_a_renewal_that_is_always_refused_is_told(lock, proxy):
    lock(ONE).acquire()
    proxy.add(Rule(answer(400, "invalid"), times=9, **PATCH))
    with pytest.raises(TargetError, match="renewal is refused"):
        lock(ONE).renew()


@pytest.mark.parametrize("refusal", SECOND.values(), ids=SECOND)
def test_of_two_who_saw_the_same_free_lock_one_takes_it(lock, seen_by, proxy, refusal):
    """The other's patch carries an etag that is no longer the lock's; a stand-in says 400."""
    lock(ONE).acquire()
    lock(ONE).release()
    rival = "20250101t120000-cccccccc"
    proxy.add(Rule(call(lambda _: lock(rival).acquire(), then=refusal), **PATCH, times=1))
    with pytest.raises(RunInProgressError, match=rival):
        lock(TWO).acquire()
    held_by(seen_by, rival)
    told = {seen.status for seen in proxy.seen if seen.method == "PATCH"}
    assert told == {200, 400 if refusal else 412}


@pytest.mark.parametrize("wanted", ["new", "released"])
def test_of_many_at_once_one_has_the_lock(lock, client, dataset, wanted):
    runs = [f"20250101t12000{n}-cccccccc" for n in range(4)]
    with ThreadPoolExecutor(len(runs)) as threads:
        for table in (f"t{n}" for n in range(6)):
            if wanted == "released":
                lock(ONE, table).acquire()
                lock(ONE, table).release()
            ready = threading.Barrier(len(runs))

            def take(run, table=table, ready=ready):
                ready.wait()
                try:
                    lock(run, table).acquire()
                except RunInProgressError as error:
                    return str(error)
                return ""

            told = dict(zip(runs, threads.map(take, runs), strict=True))
            holder = client.get_table(f"{PROJECT}.{dataset}._sync_lock_{table}").labels["run_id"]
            assert [run for run, refusal in told.items() if not refusal] == [holder]
            assert all(holder in refusal for refusal in told.values() if refusal)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412])
def test_whatever_refuses_the_insert_a_table_that_is_there_holds(lock, seen_by, proxy, status):
    lock(ONE).acquire()
    proxy.add(Rule(answer(status, "refused"), **INSERT))
    with pytest.raises(RunInProgressError, match=ONE):
        lock(TWO).acquire()
    held_by(seen_by, ONE)


def test_a_refusal_without_a_table_is_told_as_bigquerys_after_some_tries(lock, proxy):
    rule = proxy.add(Rule(answer(403, "accessDenied"), **INSERT))
    with pytest.raises(TargetError, match="injected accessDenied"):
        lock(ONE).acquire()
    assert rule.acted == TRIES


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_lost_answer_to_the_insert_leaves_the_lock_ours(lock, seen_by, proxy, lost):
    rule = proxy.add(Rule(lost, **INSERT, times=1))
    lock(ONE).acquire()
    assert rule.acted == 1
    held_by(seen_by, ONE)
    with pytest.raises(RunInProgressError):
        lock(TWO).acquire()


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_lost_answer_to_a_taking_patch_leaves_the_lock_ours(lock, seen_by, proxy, lost):
    lock(ONE).acquire()
    lock(ONE).release()
    rule = proxy.add(Rule(lost, **PATCH, times=1))
    lock(TWO).acquire()
    assert rule.acted == 1
    held_by(seen_by, TWO)


# Names


def test_very_long_names_have_locks_of_their_own_within_bigquerys_limit(lock, client, dataset):
    names = ["n" * 1023 + last for last in "ab"]
    for run, name in zip((ONE, TWO), names, strict=True):
        assert len(lock_table(TableRef(PROJECT, dataset, name)).table.encode()) <= 1024
        lock(run, name).acquire()
    with pytest.raises(RunInProgressError, match=ONE):
        lock(TWO, names[0]).acquire()
    held = {item.table_id for item in client.list_tables(dataset)}
    assert len(held) == 2


def test_a_name_of_many_bytes_is_measured_in_bytes(lock):
    name = "ü" * 510
    assert len(lock_table(TableRef(PROJECT, "d", name)).table.encode()) <= 1024
    lock(ONE, name).acquire()
    with pytest.raises(RunInProgressError, match=ONE):
        lock(TWO, name).acquire()
