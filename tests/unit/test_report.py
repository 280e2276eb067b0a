"""What the report tells of the history's days."""

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_schema.errors import ConfigError
from pipeline.report import figures
from pipeline.report.figures import lines, require_library
from pipeline.report.page import page
from pipeline.report.told import (
    MOST_SPANS,
    Period,
    document,
    lags_of,
    longest_of,
    sums_of,
    told_of,
)
from tests.report_days import ERROR, NOW, PLAN, RUN_ID, a_day, days_of

WEEK = Period.of(NOW - timedelta(days=6), NOW)
ODD = (
    '</script><b onclick="x">\'&amp; 🙂 \u202eمرحبا\u0007',
    "</title></svg><style>*{display:none}</style>",
)


def day(ago, **more):
    moment = NOW - timedelta(days=ago)
    reach = {"complete_until": moment - timedelta(minutes=10), "last_event": moment}
    return a_day(**{"day": moment.date(), **reach, **more})


def page_of(rows, period=WEEK):
    return page(told_of(rows, NOW), period, "p.d.sync_runs")


def test_days_are_told_where_they_lie_and_days_without_runs_are_empty():
    (one,) = told_of([day(6, rows_published=7), day(0, rows_published=None)], NOW)
    assert sums_of([one], WEEK, "rows_published") == [7, 0, 0, 0, 0, 0, 0]
    assert longest_of(one, WEEK) == [2.5, None, None, None, None, None, 2.5]


def test_the_lag_of_a_day_is_that_at_its_end_and_the_last_one_is_now():
    (one,) = told_of([day(2), day(1, complete_until=None), day(0, complete_until=None)], NOW)
    until, midnight = NOW - timedelta(days=2, minutes=10), datetime(2026, 11, 30, tzinfo=UTC)
    ends = [midnight - timedelta(days=1), midnight, NOW]
    assert lags_of(one, WEEK)[:4] == [None] * 4
    assert lags_of(one, WEEK)[4:] == [(end - until).total_seconds() for end in ends]
    assert one.lag == NOW - until


def test_many_days_are_put_together_and_none_is_left_out():
    period = Period.of(NOW - timedelta(days=729), NOW)
    rows = [day(ago, rows_published=1) for ago in reversed(range(730))]
    sums = sums_of(told_of(rows, NOW), period, "rows_published")
    assert len(sums) <= MOST_SPANS
    assert sum(sums) == 730
    assert period.end_of(len(sums) - 1) == NOW


def test_a_clock_that_is_ahead_counts_as_today():
    (one,) = told_of([day(-1, rows_published=7)], NOW)
    assert sums_of([one], WEEK, "rows_published")[-1] == 7
    assert one.lag == timedelta(0)


def test_destinations_that_fail_come_first_with_what_is_to_be_done():
    rows = [
        a_day(destination="p.d.a"),
        day(1, destination="p.d.b", failed_since=1),
        day(0, destination="p.d.b", failed_since=2, last_error=ERROR, last_exit_code=7),
        a_day(destination="p.d.c", last_rows_dead=2),
    ]
    told = told_of(rows, NOW)
    assert [one.destination for one in told] == ["p.d.b", "p.d.a", "p.d.c"]
    assert told[0].failures_in_a_row == 3
    text = page_of(rows)
    due, _, rest = text.partition("<h2 id=h4>")
    see = "See <bdi>docs/errors.md#too-many-dead-letters (smart-sync --help=too-many-dead-letters)"
    assert due.count(see) == due.count("See <bdi>") == 1
    assert "look into shop-prod.shop.orders_dead_letters" in due
    assert f"mend its 2 dead letters, then replay_dead_letters={RUN_ID}" in due
    assert "p.d.a" not in due
    assert "p.d.a" in rest
    assert "newest run went well" in page_of(rows[:1])


def test_whatever_stands_in_a_history_is_text_on_the_page():
    odd, names = ODD
    rows = [
        a_day(destination=f"p.d.{odd}", last_error=odd, last_exit_code=5, last_status=names)
        | {"last_run_id": odd, "plan_0": names, "plan_run_id": names}
    ]
    text = page(told_of(rows, NOW), WEEK, odd)
    assert "<b " not in text
    assert "<script" not in text
    assert text.count("<style>") == 1
    assert text.count("</svg>") == text.count("<svg ")
    assert "&lt;/script&gt;" in text
    assert "🙂 \u202eمرحبا�" in text
    text.encode()


def test_a_lone_surrogate_can_be_written():
    page_of([a_day(last_error="\ud800", last_exit_code=5)]).encode()


def test_the_same_days_are_the_same_page():
    rows = days_of(5)
    period = Period.of(NOW - timedelta(days=89), NOW)
    assert page_of(rows, period) == page_of(days_of(5), period)


def test_a_hundred_destinations_of_ninety_days_are_less_than_340_kb():
    text = page_of(days_of(100), Period.of(NOW - timedelta(days=89), NOW))
    assert len(text.encode()) < 340_000
    assert text.count("<header><h3>") == 100
    assert text.count(PLAN[0]) == 100


def test_it_loads_nothing_and_runs_nothing():
    text = page_of(days_of(3, days=7))
    assert not re.search(r"<(script|link|img|iframe|object|embed|base|form)\b", text)
    assert not re.search(r"\b(?:src|href)=(?!#)|url\(|@import|https?:", text)
    assert "default-src 'none'" in text


def test_each_figure_says_in_words_what_it_shows():
    text = page_of([day(1, rows_published=1_500), day(0, rows_published=9, failed=1)])
    charts = re.findall(r"<svg role=img [^>]*><title>([^<]+)</title>", text)
    small = re.findall(r"<p><svg [^>]*role=none>.*?</svg><b>(.+?)(?=<p>|</div>)", text)
    assert len(charts) + len(small) == text.count("<svg")
    assert "Rows a day: 0 to 1.5 k, last 9" in charts
    assert [re.sub("<[^>]+>", "", one) for one in small] == [
        "Rows a day most 1.5 k, last 9",
        "Time a day most 2.5 s (≤$0.0001), last 2.5 s (≤$0.0001)",
        "Bytes a day most 100 B, last 100 B",
        "Lag most 22 h 58 min, last 10 min",
        "Days with failed runs 1, failed checks 0, dead letters 0",
    ]


def numbers(text):
    """The rows of each table of numbers, as words."""
    tables = re.findall(r"<table>(.*?)</table>", text)
    rows = [[re.split("<t[hd]>", row)[1:] for row in one.split("<tr>")[1:]] for one in tables]
    assert all(len({len(row) for row in table}) == 1 for table in rows)
    return rows


def test_the_numbers_of_each_figure_stand_beside_it():
    rows = [
        day(1, rows_published=1_500, failed=1, rows_dead=2, checks_failed=3),
        day(0, rows_published=9, seconds=3600.0, longest_s=90.0, bytes_staged=2_000_000),
    ]
    of_all, of_one = numbers(page_of(rows))
    assert of_all[0] == [
        *("From", "Runs", "Failed", "Rows", "Dead letters", "Failed checks"),
        *("Time", "Dollars", "Bytes"),
    ]
    assert of_one[0] == [*of_all[0], "Longest run", "Lag"]
    assert [row[0] for row in of_one[1:]] == [f"{n} Nov" for n in range(24, 31)]
    assert of_all[1] == ["24 Nov", *"00000", "0 s", "$0", "0 B"]
    assert of_one[1] == [*of_all[1], "–", "–"]
    assert of_one[-2] == [
        *("29 Nov", "1", "1", "1.5 k", "2", "3", "2.5 s", "≤$0.0001", "100 B", "2.5 s", "23 h")
    ]
    assert of_one[-1] == [
        *("30 Nov", "1", "0", "9", "0", "0", "1 h", "$0.079", "2 MB", "1.5 min", "10 min")
    ]


def test_many_destinations_have_fewer_rows_of_numbers_each_and_none_lacks_a_day():
    period = Period.of(NOW - timedelta(days=89), NOW)
    for count, rows, spans in ((1, 13, "7 days"), (100, 7, "14 days")):
        text = page_of(days_of(count), period)
        of_all, *each = numbers(text)
        assert [len(one) - 1 for one in each] == [rows] * count
        assert len(of_all) - 1 == 90
        assert text.count(f"Numbers by {spans}") == count
        assert all(sum(int(row[1]) for row in one[1:]) == 90 * 24 for one in each)


def strokes_of(path):
    """The corners of each stroke of a short path."""
    for stroke in path.split("M")[1:]:
        start, kind, steps = re.fullmatch(r"([^lh]*)([lh])?(.*)", stroke).groups()
        x, y = (float(word) for word in start.split())
        words = [float(word) for word in re.findall(r"-?[\d.]+", steps)]
        moves = (
            [(words[0], 0.0)] if kind == "h" else list(zip(words[::2], words[1::2], strict=True))
        )
        corners = [(x, y)]
        for dx, dy in moves:
            x, y = x + dx, y + dy
            corners.append((x, y))
        yield corners


def test_a_path_is_the_same_in_less_letters():
    path = "M0,8L1,8L2,8L3,5L4,14L5,0M7,0L8,0M9,3"
    assert list(strokes_of(figures.short_path(path))) == [
        [(0, 8), (2, 8), (3, 5), (4, 14), (5, 0)],
        [(7, 0), (8, 0)],
        [(9, 3)],
    ]


HEIGHTS_OF_A_LINE = st.lists(st.integers(0, figures.HEIGHT), min_size=1, max_size=90)


@given(HEIGHTS_OF_A_LINE)
def test_no_day_of_a_line_is_drawn_further_off_than_rounding_takes_it(heights):
    """Each corner is a day's own value, the ends are there, and the others are next to a stroke."""
    points = list(enumerate(heights))
    path = "M" + "L".join(f"{x},{y}" for x, y in points)
    (corners,) = strokes_of(figures.short_path(path))
    assert (corners[0], corners[-1]) == (points[0], points[-1])
    assert set(corners) <= set(points)
    for (x, y), (end_x, end_y) in pairwise(corners):
        for at, value in points[int(x) : int(end_x) + 1]:
            drawn = y + (end_y - y) * (at - x) / (end_x - x)
            assert abs(drawn - value) <= figures.SLACK + 1e-9
    assert figures.SLACK / figures.HEIGHT < 0.05


def test_whole_numbers_have_no_lines_between_them_and_nothing_has_none():
    one = figures.chart(WEEK, [("runs", [0, 0, 1, 0, 0, 0, 0])], "~s", is_whole=True)
    none = figures.chart(WEEK, [("runs", [0.0] * 7)], "~s", is_whole=True)
    assert re.findall(">([^<]*)</text>", one)[-2:] == ["0", "1"]
    assert re.findall(">([^<]*)</text>", none)[-1:] == ["0"]


def test_a_day_with_a_failed_run_is_marked_however_many_went_well():
    rows = [0, 0, 1, 0, 0, 0, 0]
    marked = figures.chart(WEEK, [("runs", [600] * 7)], "~s", marked=rows)
    assert marked.count('stroke="var(--bad)"') == 1
    assert 'stroke="var(--bad)"' not in figures.chart(WEEK, [("runs", [600] * 7)], "~s")


def test_what_is_to_be_done_is_told_of_each_fault_and_of_a_bug():
    several = "1. no a. To mend: do a.\n2. no b. To mend: do b."
    rows = [
        a_day(destination="p.d.a", last_exit_code=2, last_status="failed", last_error=several),
        a_day(destination="p.d.b", last_exit_code=70, last_status="failed", last_error="E: x"),
        a_day(destination="p.d.c", last_exit_code=7, last_status="failed", last_error=ERROR),
    ]
    one, bug, usual = told_of(rows, NOW)
    assert one.next == "do a. do b."
    assert bug.next == f"report it as a bug, with the traceback in the log of run {RUN_ID}"
    text = page_of(rows)
    assert text.count(usual.next) == 1
    assert several.replace("\n", "\n") in text


def test_a_line_has_gaps_and_a_lone_value_is_seen():
    gapped, nothing, flat, topped = lines(
        [([None, 5, None, 7, 8], 0), ([None] * 5, 0), ([0] * 5, 0), ([None, 4], 14)]
    )
    assert gapped == "M1 5h1M3 2l1-2"
    assert nothing == ""
    assert flat == "M0 14h4"
    assert topped == "M1 10h1"
    assert lines([]) == []


def test_json_has_each_day():
    told = json.loads(json.dumps(document(told_of([day(1), day(0)], NOW), WEEK, "p.d.sync_runs")))
    (one,) = told["destinations"]
    assert (one["runs"], one["rows_published"], one["bytes_staged"]) == (2, 10, 200)
    assert [each["day"] for each in one["days"]] == ["2026-11-29", "2026-11-30"]
    assert [each["dollars"] for each in one["days"]] == [round(2.5 * 0.000022, 4)] * 2
    assert one["dollars"] == round(5 * (0.000018 + 2 * 0.000002), 4)


def test_without_its_extra_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(figures, "LIBRARY", "no_such_library")
    with pytest.raises(ConfigError, match=r"pip install 'bigquery-smart-sync\[report\]'"):
        require_library("smart-sync report")


def test_a_history_without_runs_is_a_page_that_says_so():
    assert "No run in these days." in page_of([])
