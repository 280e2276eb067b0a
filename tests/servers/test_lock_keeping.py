"""Keeping a lock and giving it back: never another's, and never brought back."""

import threading
from datetime import timedelta

import pytest

from auto_schema.errors import RunInProgressError
from pipeline.runs import lock_turns
from pipeline.runs.lease import LeaseKeeper, holding
from tests.fault_rules import Rule, answer, call
from tests.locks import LOOK, LOST, ONE, PATCH, SECOND, TWO, held_by, lapse

# Keeping


def test_renewing_moves_the_end_ahead(lock, seen_by):
    lock(ONE, lease=timedelta(seconds=20)).acquire()
    assert lock(ONE).renew()
    held_by(seen_by, ONE)


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_lost_answer_to_a_renewal_is_no_loss(lock, seen_by, proxy, lost):
    lock(ONE, lease=timedelta(seconds=20)).acquire()
    rule = proxy.add(Rule(lost, **PATCH, times=1))
    assert lock(ONE).renew()
    assert rule.acted == 1
    held_by(seen_by, ONE)


@pytest.fixture
def soon(monkeypatch):
    """Who changes a lock amid another's change waits for its turn, in vain, a moment only."""
    monkeypatch.setattr(lock_turns, "LONGEST_WAIT_S", 0.2)


@pytest.mark.parametrize("refusal", SECOND.values(), ids=SECOND)
def test_two_workers_of_a_run_renew_it_side_by_side(lock, seen_by, proxy, refusal, soon):
    """Whose patch comes second is refused: by If-Match, or by a stand-in with 400."""
    lock(ONE).acquire()
    proxy.add(Rule(call(lambda _: lock(ONE).renew(), then=refusal), **PATCH, times=1))
    assert lock(ONE).renew()
    held_by(seen_by, ONE)


@pytest.mark.parametrize("refusal", SECOND.values(), ids=SECOND)
def test_a_release_amid_which_a_worker_renews_gives_the_lock_back(
    lock, seen_by, proxy, refusal, soon
):
    lock(ONE).acquire()
    proxy.add(Rule(call(lambda _: lock(ONE).renew(), then=refusal), **PATCH, times=1))
    lock(ONE).release()
    assert seen_by()[:2] == (ONE, "released")


@pytest.mark.parametrize("how", ["renew", "check"])
def test_anothers_lock_is_never_renewed_and_a_missing_one_is_lost(
    lock, seen_by, client, dataset, how
):
    lock(ONE).acquire()
    lapse(client, dataset)
    with pytest.raises(RunInProgressError, match="lock lost"):
        getattr(lock(ONE), how)()
    lock(TWO).acquire()
    before = seen_by()
    with pytest.raises(RunInProgressError, match=f"run {TWO} has taken the table"):
        getattr(lock(ONE), how)()
    assert seen_by() == before


def methods(proxy, since):
    return [seen.method for seen in proxy.seen[since:]]


def test_a_lock_that_nobody_has_changed_since_is_renewed_by_one_request(lock, seen_by, proxy):
    ours = lock(ONE)
    ours.acquire()
    for _ in range(2):
        before = len(proxy.seen)
        assert ours.renew()
        assert methods(proxy, before) == ["PATCH"]
    held_by(seen_by, ONE)
    assert lock(ONE).renew()
    before = len(proxy.seen)
    assert ours.renew()
    assert methods(proxy, before) == ["PATCH", "GET", "PATCH"]
    held_by(seen_by, ONE)


def test_a_renewal_without_a_look_never_takes_anothers_lock(lock, seen_by, client, dataset):
    """Its holder slept past its lease, and knows of nobody."""
    ours = lock(ONE)
    ours.acquire()
    lapse(client, dataset)
    lock(TWO).acquire()
    before = seen_by()
    with pytest.raises(RunInProgressError, match=f"run {TWO} has taken the table"):
        ours.renew()
    assert seen_by() == before


@pytest.mark.parametrize("who", ["itself", "another worker"])
def test_a_renewal_without_a_look_does_not_bring_a_released_lock_back(lock, seen_by, who):
    ours = lock(ONE)
    ours.acquire()
    (ours if who == "itself" else lock(ONE)).release()
    assert not ours.renew()
    assert seen_by()[:2] == (ONE, "released")


@pytest.fixture
def taken_before_the_patch(lock, proxy, client, dataset):
    """ONE holds the lock, and TWO takes it over when ONE's next patch is on its way."""

    def taken(_):
        lapse(client, dataset)
        lock(TWO).acquire()

    def begin():
        lock(ONE).acquire()
        proxy.add(Rule(call(taken), **PATCH, times=1))

    return begin


def test_a_renewal_between_whose_look_and_patch_another_takes_over_is_refused(
    lock, seen_by, taken_before_the_patch
):
    taken_before_the_patch()
    with pytest.raises(RunInProgressError, match=f"run {TWO} has taken the table"):
        lock(ONE).renew()
    held_by(seen_by, TWO)


def test_a_renewal_after_the_release_does_not_bring_the_lock_back(lock, seen_by):
    lock(ONE).acquire()
    lock(ONE).release()
    before = seen_by()
    assert not lock(ONE).renew()
    assert seen_by() == before


def test_a_renewal_amid_which_the_run_releases_does_not_bring_the_lock_back(
    lock, seen_by, proxy, soon
):
    lock(ONE).acquire()
    proxy.add(Rule(call(lambda _: lock(ONE).release()), **PATCH, times=1))
    assert not lock(ONE).renew()
    assert seen_by()[:2] == (ONE, "released")


@pytest.fixture
def often(monkeypatch):
    """A lease of 10 minutes is renewed every 0.2 s."""
    monkeypatch.setattr("pipeline.runs.lease.PER_LEASE", 3_000)


def test_a_keeper_renews_again_and_again_and_knows_when_the_lock_is_lost(
    lock, seen_by, proxy, client, dataset, often
):
    def taken(_):
        keeper.check()
        lapse(client, dataset)
        lock(TWO).acquire()

    lock(ONE).acquire()
    third = proxy.add(Rule(call(taken), **PATCH, times=1, skip=2))
    keeper = LeaseKeeper(lock(ONE)).start()
    keeper._thread.join(30)  # it ends by itself
    keeper.stop()
    assert third.acted == 1
    with pytest.raises(RunInProgressError, match=f"run {TWO} has taken the table"):
        keeper.check()
    assert seen_by()[0] == TWO


def test_a_keeper_outlives_a_bigquery_that_is_silent_for_a_while(lock, seen_by, proxy, often):
    again = threading.Event()
    lock(ONE).acquire()
    silent = proxy.add(Rule(answer(400), **LOOK, times=2))
    keeper = LeaseKeeper(lock(ONE)).start()
    proxy.add(Rule(call(lambda _: again.set()), **PATCH))
    assert again.wait(30)
    keeper.check()
    keeper.stop()
    assert silent.acted == 2
    assert seen_by()[0] == ONE


# Giving back


def test_a_release_by_someone_else_changes_nothing(lock, seen_by):
    lock(ONE).acquire()
    before = seen_by()
    lock(TWO).release()
    assert seen_by() == before


def test_a_release_of_a_lock_that_is_gone_is_nothing(lock):
    lock(ONE).release()


def test_a_release_between_whose_look_and_patch_another_takes_over_leaves_it_his(
    lock, seen_by, taken_before_the_patch
):
    taken_before_the_patch()
    lock(ONE).release()
    held_by(seen_by, TWO)


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_lost_answer_to_a_release_still_gives_the_lock_back(lock, seen_by, proxy, lost):
    lock(ONE).acquire()
    rule = proxy.add(Rule(lost, **PATCH, times=1))
    lock(ONE).release()
    assert rule.acted == 1
    assert seen_by()[:2] == (ONE, "released")


@pytest.mark.parametrize("first", ["renew", "release"])
def test_a_lock_that_is_given_back_amid_a_renewal_is_free_whatever_if_match_does(
    lock, seen_by, proxy, first
):
    """A service that compares etags first and writes then lets the later of two patches win."""
    second = {"renew": "release", "release": "renew"}[first]
    begun, later, were_two = threading.Event(), threading.Event(), []

    def wait_for_another(exchange):
        begun.set()
        were_two.append(later.wait(1))
        return exchange.forward()

    lock(ONE).acquire()
    proxy.add(Rule(wait_for_another, **PATCH, times=1))
    proxy.add(Rule(call(lambda _: later.set()), **PATCH))
    thread = threading.Thread(target=getattr(lock(ONE), first))
    thread.start()
    assert begun.wait(10)
    getattr(lock(ONE), second)()
    thread.join()
    assert were_two == [False]
    assert seen_by()[:2] == (ONE, "released")


def test_a_renewal_that_hangs_keeps_no_lock_from_being_given_back(lock, seen_by, proxy, soon):
    begun, released = threading.Event(), threading.Event()

    def hang(exchange):
        begun.set()
        exchange.wait(released)
        return exchange.forward()

    lock(ONE).acquire()
    proxy.add(Rule(hang, **PATCH, times=1))
    thread = threading.Thread(target=lock(ONE).renew)
    thread.start()
    assert begun.wait(10)
    assert lock(ONE).release()
    released.set()
    thread.join()
    assert seen_by()[:2] == (ONE, "released")


def test_no_lock_is_ever_deleted(lock, proxy, client, dataset):
    with holding(lock(ONE)):
        """Held and given back."""
    with holding(lock(TWO)):
        lapse(client, dataset)
    with pytest.raises(ZeroDivisionError), holding(lock(ONE)):
        raise ZeroDivisionError
    lock(ONE).acquire()
    lock(ONE).release()  # by one who has to look first
    assert "DELETE" not in {seen.method for seen in proxy.seen}


def test_a_signal_while_the_keeper_ends_gives_the_lock_back(lock, seen_by, monkeypatch):
    def interrupted(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(LeaseKeeper, "stop", interrupted)
        with pytest.raises(KeyboardInterrupt), holding(lock(ONE)):
            """Held, and then interrupted."""
    assert seen_by()[:2] == (ONE, "released")


def test_a_lock_that_is_handed_over_stays_held(lock, seen_by):
    with holding(lock(ONE)) as held:
        held.hand_over()
    held_by(seen_by, ONE)
