"""Who waits for a program waits for its work, not for seconds."""

import os

import pytest

from tests.patience import Patience, share


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_on_an_idle_machine_seconds_are_seconds(clock):
    patience = Patience(60, clock=clock, share=lambda: 1.0)
    clock.now += 59
    assert not patience.is_over()
    clock.now += 2
    assert patience.is_over()


def test_on_a_machine_that_is_shared_by_ten_it_lasts_ten_times_as_long(clock):
    patience = Patience(60, clock=clock, share=lambda: 0.1)
    for _ in range(59):
        clock.now += 10
        assert not patience.is_over()
    clock.now += 20
    assert patience.is_over()


def test_it_begins_anew_with_what_is_seen_to_be_done(clock):
    patience = Patience(60, clock=clock, share=lambda: 1.0)
    for lines in range(10):
        clock.now += 59
        assert not patience.is_over(lines)
    clock.now += 61
    assert patience.is_over(9)


def test_a_processor_is_shared_by_all_that_want_one(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(os, "getloadavg", lambda: (8.0, 0.0, 0.0))
    assert share() == 0.25
    monkeypatch.setattr(os, "getloadavg", lambda: (0.1, 0.0, 0.0))
    assert share() == 1.0
