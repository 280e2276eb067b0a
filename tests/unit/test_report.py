"""What the report tells of the history's days."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

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
    due, _, rest = text.partition("<h2 id=h3>")
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


def test_a_hundred_destinations_of_ninety_days_are_less_than_400_kb():
    text = page_of(days_of(100), Period.of(NOW - timedelta(days=89), NOW))
    assert len(text.encode()) < 400_000
    assert text.count('<li class="t') == 100
    assert text.count(PLAN[0]) == 100


def test_it_loads_nothing_and_runs_nothing():
    text = page_of(days_of(3, days=7))
    assert not re.search(r"<(script|link|img|iframe|object|embed|base|form)\b", text)
    assert not re.search(r"\b(?:src|href)=|url\(|@import|https?:", text)
    assert "default-src 'none'" in text


def test_each_figure_says_in_words_what_it_shows():
    text = page_of([day(1, rows_published=1_500), day(0, rows_published=9)])
    figures_there = re.findall(r"<svg role=img [^>]*><title>([^<]+)</title>", text)
    assert len(figures_there) == text.count("<svg")
    assert "Rows a day: most 1.5 k, least 0, last 9" in figures_there


def test_a_line_has_gaps_and_a_lone_value_is_seen():
    gapped, nothing, flat = lines([[None, 5, None, 7, 8], [None] * 5, [0] * 5])
    assert gapped == "M1,8L2,8M3,3L4,0"
    assert nothing == ""
    assert flat.startswith("M0,20L1,20")
    assert lines([]) == []


def test_json_has_each_day():
    told = json.loads(json.dumps(document(told_of([day(1), day(0)], NOW), WEEK, "p.d.sync_runs")))
    (one,) = told["destinations"]
    assert (one["runs"], one["rows_published"], one["bytes_staged"]) == (2, 10, 200)
    assert [each["day"] for each in one["days"]] == ["2026-11-29", "2026-11-30"]
    assert one["dollars"] == round(5 * (0.000018 + 2 * 0.000002), 4)


def test_without_its_extra_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(figures, "LIBRARY", "no_such_library")
    with pytest.raises(ConfigError, match=r"pip install 'bigquery-smart-sync\[report\]'"):
        require_library("smart-sync report")


def test_a_history_without_runs_is_a_page_that_says_so():
    assert "No run in these days." in page_of([])
