"""What makes schedules as they are wanted; minutes that are too full."""

import dataclasses
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from scheduler.changes import CROWD, Difference, Kind, changes, crowds, differences, staggered
from scheduler.cron import expression
from scheduler.job import job_of, schedule_of
from scheduler.schedule import Retry
from tests.scheduler.conftest import PLANTED, a_schedule

START = datetime(2026, 5, 6, tzinfo=UTC)
NAMES = st.lists(st.sampled_from("abcdefgh"), unique=True)
CRONS = st.sampled_from(["0 * * * *", "5 2 * * *", "*/15 * * * *", "1,2 * * * *", "* * * * *"])


@given(NAMES, NAMES, st.sets(st.sampled_from("abcdefgh")))
def test_each_schedule_is_created_updated_kept_or_an_orphan(wanted, found, changed):
    new = [
        a_schedule(name, cron="1 * * * *" if name in changed else "7 * * * *") for name in wanted
    ]
    made = changes(new, [a_schedule(name) for name in found])
    kinds = {change.schedule.name: change.kind for change in made}
    assert len(kinds) == len(made)
    for name in {*wanted, *found}:
        if name not in found:
            assert kinds[name] is Kind.CREATE
        elif name not in wanted:
            assert kinds[name] is Kind.DELETE
        else:
            assert kinds[name] is (Kind.UPDATE if name in changed else Kind.KEEP)
    assert [change.schedule.name for change in made][: len(wanted)] == wanted


def test_differences_are_told_by_path():
    old = a_schedule(retry=Retry(1), parameters={"a": "1", "b": "2"})
    new = a_schedule(paused=True, parameters={"b": "3"})
    found = [(each.path, each.old, each.new) for each in differences(old, new)]
    assert found == [
        ("parameters.a", "1", "(none)"),
        ("parameters.b", "2", "3"),
        ("paused", "false", "true"),
        ("retry.count", "1", "0"),
    ]


def test_a_frozen_job_name_is_a_difference_that_an_update_mends():
    """Two jobs made with a date in their launch's name don't refuse each other."""
    wanted = a_schedule()
    found = dataclasses.replace(wanted, job_name="data-sync-20250722")
    (difference,) = differences(found, wanted)
    assert difference == Difference("job_name", "data-sync-20250722", wanted.name)
    assert schedule_of(job_of(found)) == found
    assert schedule_of(job_of(wanted)) == wanted


def test_a_schedule_does_not_differ_from_itself():
    assert differences(a_schedule(), a_schedule()) == ()


def test_secrets_are_in_no_difference():
    plain = a_schedule(parameters={"postgresql_password": PLANTED})
    other = a_schedule(parameters={"postgresql_password": PLANTED + "2"})
    for old, new in [(a_schedule(), plain), (plain, a_schedule()), (plain, other)]:
        (found,) = differences(old, new)
        assert PLANTED not in repr(found)


def test_a_minute_is_full_from_five_on():
    members = [a_schedule(f"s{number}", cron="0 2 * * *") for number in range(CROWD)]
    ((at, names),) = crowds(members, START)
    assert (at.hour, at.minute, len(names)) == (2, 0, CROWD)
    assert crowds(members[1:], START) == []


@given(st.lists(CRONS, max_size=80))
def test_staggering_moves_minutes_only_and_is_always_the_same(crons):
    members = [a_schedule(f"s{number:02}", cron=cron) for number, cron in enumerate(crons)]
    moved = staggered(members)
    assert sorted(staggered(members[::-1]), key=lambda each: each.name) == moved
    for old, new in zip(members, moved, strict=True):
        assert new.cron.split()[1:] == old.cron.split()[1:]
        assert expression(new.cron) == new.cron


def test_an_uneven_interval_keeps_its_runs():
    """Moved, `*/40` would fire once an hour instead of twice."""
    made = [a_schedule(name, cron="*/40 * * * *") for name in ("a", "b")]
    assert [each.cron for each in staggered(made)] == ["*/40 * * * *"] * 2


def test_a_schedule_alone_in_its_minute_stays():
    assert staggered([a_schedule(cron="5 2 * * *")]) == [a_schedule(cron="5 2 * * *")]


def test_twelve_hourly_schedules_are_five_minutes_apart():
    members = [a_schedule(f"s{number:02}", cron="0 * * * *") for number in range(12)]
    assert [each.cron.split()[0] for each in staggered(members)] == list(map(str, range(0, 60, 5)))
    assert crowds(staggered(members), START) == []
