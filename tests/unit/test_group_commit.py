"""One request for all that wait, and none that waits for others to come."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.runs.group_commit import GroupCommit
from tests.processes import until


class Service:
    """Answers ten times each number, and keeps what it was sent; requests are held till `open`."""

    def __init__(self, most=10):
        self.sent, self.alone_by = [], set()
        self.opened, self.reached = threading.Event(), threading.Event()
        self.refuses, self.breaks = False, None
        self.group = GroupCommit(self.alone, self.together, most)

    def alone(self, number):
        self.sent.append([number])
        self.alone_by.add(threading.current_thread().name)
        self.hold()
        if number < 0:
            raise ValueError(f"{number} is bad")
        return number * 10

    def together(self, numbers):
        self.sent.append(list(numbers))
        self.hold()
        if self.breaks:
            raise self.breaks
        return None if self.refuses or min(numbers) < 0 else [number * 10 for number in numbers]

    def hold(self):
        self.reached.set()
        assert self.opened.wait(10)

    def asked(self, numbers):
        """The answers to these, which all waited while the first was in flight."""
        with ThreadPoolExecutor(len(numbers)) as pool:
            told = [pool.submit(self.group.ask, numbers[0])]
            assert self.reached.wait(10)
            told += [pool.submit(self.group.ask, number) for number in numbers[1:]]
            until(lambda: self.group.waiting == len(numbers) - 1)
            self.opened.set()
        return told


def test_one_caller_waits_for_nobody():
    service = Service()
    service.opened.set()
    assert [service.group.ask(number) for number in (1, 2)] == [10, 20]
    assert service.sent == [[1], [2]]


def test_those_that_wait_while_one_is_in_flight_share_the_next():
    service = Service()
    told = service.asked([1, 2, 3, 4])
    assert [one.result() for one in told] == [10, 20, 30, 40]
    assert [sorted(sent) for sent in service.sent] == [[1], [2, 3, 4]]
    assert service.group.ask(5) == 50  # nobody is left to lead


def test_no_request_has_more_than_so_many():
    service = Service(most=2)
    assert [one.result() for one in service.asked([1, 2, 3, 4, 5])] == [10, 20, 30, 40, 50]
    assert sorted(map(len, service.sent)) == [1, 2, 2]


def test_what_one_breaks_is_its_own_fault():
    service = Service()
    told = service.asked([1, 2, -3, 4])
    assert [one.result() for one in told if not one.exception()] == [10, 20, 40]
    assert str(told[2].exception()) == "-3 is bad"
    assert len(service.alone_by) > 1  # each in its own thread


def test_a_fault_of_all_is_told_to_each_and_the_next_goes_on():
    service = Service()
    service.breaks = KeyError("no answer")
    told = service.asked([1, 2, 3])
    assert told[0].result() == 10
    faults = [one.exception() for one in told[1:]]
    assert [str(fault) for fault in faults] == ["'no answer'"] * 2
    assert faults[0] is not faults[1]
    assert service.group.ask(4) == 40


def test_a_fault_of_one_alone_is_raised_as_it_is():
    service = Service()
    service.opened.set()
    with pytest.raises(ValueError, match="-1 is bad"):
        service.group.ask(-1)
    assert service.group.ask(1) == 10


def test_whoever_is_refused_alone_is_told_why():
    """By the cause callers tell a refusal from an outage."""
    service = Service()
    service.opened.set()
    service.alone = lambda _: _raise(ValueError("refused"), OSError("by whom"))
    service.group = GroupCommit(service.alone, service.together, 10)
    with pytest.raises(ValueError, match="refused") as caught:
        service.group.ask(1)
    assert isinstance(caught.value.__cause__, OSError)


def _raise(error, cause):
    raise error from cause
