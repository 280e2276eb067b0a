"""A range cut into slices: they tile it, and no wave of them hides rows that nobody has read."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_schema.errors import ConfigError
from auto_schema.schema import Partitioning
from smart_sync.cursor import Cursor
from smart_sync.hand_window import half_open, parse_end
from smart_sync.request import Slicing, WriteDisposition
from smart_sync.slices import (
    MOST_SLICES,
    UNITS,
    backfill_name,
    next_wave,
    slices_of,
    slicing_faults,
)
from sources.values import is_after
from tests.factories import a_request

STAMPS = st.datetimes(datetime(1950, 1, 1), datetime(2060, 1, 1))


def cursor(kind):
    return Cursor("at", "at", kind)


def ranged(start, end, by, **window):
    words = {"cursor": "at", "slicing": Slicing(by)} | window
    return a_request(by_hand=(str(start), str(end)), **words)


def text_of(value, kind):
    if kind == "date":
        return value.date().isoformat()
    return value.isoformat() + ("Z" if kind in ("timestamptz", "objectId") else "")


def assert_tiled(slices, whole):
    """One after the other they are the whole window, and none overlaps."""
    assert slices[0].window.low == whole.low
    assert slices[-1].window.high == whole.high
    for one, other in pairwise(slices):
        assert one.end == other.start
        assert one.window.high == other.window.low


@given(
    ends=st.lists(STAMPS, min_size=2, max_size=2, unique_by=lambda at: at.date()),
    kind=st.sampled_from(["timestamptz", "timestamp", "date", "objectId"]),
    by=st.sampled_from(UNITS),
    most=st.integers(1, 400),
)
def test_slices_tile_the_range_and_their_bounds_are_those_of_units(ends, kind, by, most):
    start = min(ends)
    longest = {"hour": timedelta(hours=most), "day": timedelta(days=most)}
    end = min(max(ends), start + longest.get(by, timedelta(days=36_500)))
    texts = text_of(start, kind), text_of(end, kind)
    of = cursor(kind)
    whole = half_open(parse_end(texts[0], of, "a"), parse_end(texts[1], of, "b"))
    if whole is None or (kind, by) == ("date", "hour"):
        return
    slices = slices_of(ranged(*texts, by), of)
    assert_tiled(slices, whole)
    for one in slices[1:]:
        bound = datetime.fromisoformat(one.start)
        assert (bound.minute, bound.second, bound.microsecond) == (0, 0, 0)
        assert by == "hour" or bound.hour == 0
        assert by in ("hour", "day") or bound.day == 1
        assert by != "year" or bound.month == 1
    for one in slices[1:-1]:
        length = datetime.fromisoformat(one.end) - datetime.fromisoformat(one.start)
        days = {"month": (28, 31), "year": (365, 366), "day": (1, 1)}.get(by)
        assert days is None or days[0] <= length.days <= days[1]


@given(
    start=st.integers(-(10**12), 10**12), span=st.integers(1, 10**6), step=st.integers(500, 10**7)
)
def test_slices_of_integers_tile_the_range_too(start, span, step):
    of = cursor("int8")
    slices = slices_of(ranged(start, start + span, str(step)), of)
    assert_tiled(slices, half_open(start, start + span))
    assert all(int(one.start) % step == 0 for one in slices[1:])


def test_a_bound_is_one_of_utc_whatever_zone_the_range_was_given_in():
    of = cursor("timestamptz")
    slices = slices_of(ranged("2024-01-31T23:00:00-05:00", "2024-03-15", "month"), of)
    assert [one.start for one in slices] == ["2024-01-31T23:00:00-05:00", "2024-03-01T00:00:00Z"]
    assert slices[0].window.low == datetime(2024, 2, 1, 4, tzinfo=UTC) - timedelta(microseconds=1)


def test_the_days_on_which_clocks_are_set_are_slices_as_all_others():
    of = cursor("timestamp")
    slices = slices_of(
        ranged("2024-10-27", "2024-10-28", "hour", source_timezone="Europe/Berlin"), of
    )
    assert len(slices) == 24
    assert [one.start for one in slices[2:4]] == ["2024-10-27T02:00:00", "2024-10-27T03:00:00"]


def test_the_end_of_time_ends_the_slices():
    slices = slices_of(ranged("9998-07-01", "9999-12-31", "year"), cursor("date"))
    assert [one.start for one in slices] == ["9998-07-01", "9999-01-01"]


@pytest.mark.parametrize(
    ("kind", "by", "why", "fix"),
    [
        ("int8", "month", "at is int8", "a count of numbers"),
        ("timestamptz", "100", "at is timestamptz", "hour, day, month, year"),
        ("date", "hour", "at is date", "write day, month, year"),
    ],
)
def test_units_of_another_type_are_refused(kind, by, why, fix):
    ends = ("1", "100") if kind == "int8" else ("2024-01-01", "2024-02-01")
    (fault,) = slicing_faults(ranged(*ends, by), cursor(kind), None)
    assert why in fault.text
    assert fix in fault.text


@pytest.mark.parametrize(
    ("ends", "by", "kind", "fix"),
    [
        (("2024-01-01", "2024-12-31"), "hour", "timestamptz", "backfill_by=day"),
        (("0001-01-01", "9999-01-01"), "year", "date", "a shorter range"),
        (("0", "10000000"), "10", "int8", "backfill_by=2001 or more"),
    ],
)
def test_too_many_slices_are_refused_with_what_would_be_fewer(ends, by, kind, fix):
    (fault,) = slicing_faults(ranged(*ends, by), cursor(kind), None)
    assert "too many slices" in fault.text
    assert fix in fault.text
    if kind == "int8":
        assert len(slices_of(ranged(*ends, "2001"), cursor(kind))) <= MOST_SLICES


def test_slices_shorter_than_partitions_are_refused_where_whole_ones_are_replaced():
    asked = ranged("2024-01-01", "2024-03-01", "day")
    truncating = ranged(
        "2024-01-01", "2024-03-01", "day", write_disposition=WriteDisposition.TRUNCATE
    )
    by_month = Partitioning("at", "MONTH")
    (fault,) = slicing_faults(truncating, cursor("timestamptz"), by_month)
    assert "backfill_by=month" in fault.text
    assert slicing_faults(asked, cursor("timestamptz"), by_month) == []
    assert slicing_faults(truncating, cursor("timestamptz"), Partitioning("at", "DAY")) == []


def test_a_name_follows_from_what_is_read_and_written_and_not_from_the_order():
    one = ranged("2024-01-01", "2024-03-01", "day")
    order = Slicing("day", newest_first=False, at_once=9)
    again = ranged("2024-01-01", "2024-03-01", "day", slicing=order)
    assert backfill_name(one, "db") == backfill_name(again, "db")
    assert backfill_name(one, "db") != backfill_name(one, "another")
    other = ranged("2024-01-01", "2024-03-01", "month")
    assert backfill_name(one, "db") != backfill_name(other, "db")


@given(
    done=st.sets(st.integers(0, 11)),
    failing=st.sets(st.integers(0, 11)),
    watermark=st.none() | st.integers(0, 120),
    newest_first=st.booleans(),
    at_once=st.integers(1, 5),
    begun=st.integers(1, 12),
)
def test_no_wave_hides_rows_that_nobody_has_read(
    done, failing, watermark, newest_first, at_once, begun
):
    """A model: each slice holds its last value; MAX rises as slices are published."""
    slices = slices_of(ranged(1, 121, "10"), cursor("int8"))
    read = {slices[n] for n in done} if watermark is not None else set()
    began = watermark  # up to there all was read before
    lost, tried = [], set()
    floor = None
    while True:
        left = [one for one in slices if one not in read and one not in tried]
        wave = next_wave(left, watermark, newest_first=newest_first, at_once=at_once, lost=lost)
        if not wave:
            break
        for one in wave[:begun]:
            tried.add(one)
            if slices.index(one) in failing:
                lost = sorted([*lost, one], key=slices.index)
                continue
            read.add(one)
            floor = one.window.low if began is None and floor is None else floor
            if watermark is None or is_after(one.window.high, watermark):
                watermark = one.window.high
            unread = [
                other
                for other in slices
                if other not in read
                and watermark > max(other.window.low, began or 0)
                and (began is None or other.window.high > began)
            ]
            assert all(floor is not None and not is_after(o.window.high, floor) for o in unread)
    if not failing:
        assert read == set(slices)


def test_dates_are_days():
    assert parse_end("2024-01-31", cursor("date"), "x") == date(2024, 1, 31)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-05:00"])
def test_an_end_that_lies_outside_of_time_in_utc_is_refused(text):
    with pytest.raises(ConfigError, match="in UTC it lies before the year 1 or after"):
        parse_end(text, Cursor("c", "c", "timestamptz"), "sync_start")


def test_the_last_bound_is_one_that_a_cursor_can_hold():
    request = ranged(0, 2**63 - 1, str(5 * 10**18))
    slices = slices_of(request, Cursor("c", "c", "int8"))
    assert [one.start for one in slices] == ["0", str(5 * 10**18)]
