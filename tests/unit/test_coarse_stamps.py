"""What of a query's SQL cuts the stamps of a column, and how far."""

import sys
from datetime import timedelta

import pytest

from sources.coarse_stamps import coarse_stamps
from sources.coarse_stamps_tree import cut_of

HOUR, DAY = timedelta(hours=1), timedelta(hours=25)
BEHIND = {"v": "SELECT w.h FROM w", "w": "SELECT date_trunc('hour'::text, t.c) AS h FROM t"}
POSTGRESQL = {
    "SELECT date_trunc('hour', c) AS h FROM t": HOUR,
    "SELECT pg_catalog.date_trunc('day', c) AS h FROM t": DAY,
    "SELECT c::date::timestamptz AS h FROM t": DAY,
    "SELECT date_bin('15 min', c, now()) AS h FROM t": DAY,
    "SELECT max(date_trunc('month', c)) AS h FROM t GROUP BY id": timedelta(days=31, hours=1),
    "SELECT coalesce(c, d::date) AS h FROM t": DAY,
    "SELECT CASE WHEN c > now() THEN c ELSE current_date END AS h FROM t": DAY,
    "SELECT c AS h FROM t UNION ALL SELECT date_trunc('hour', c) FROM u": HOUR,
    "WITH w AS (SELECT date_trunc('hour', c) AS g FROM t) SELECT g AS h FROM w": HOUR,
    "SELECT q.h FROM u JOIN (SELECT date_trunc('hour', c) AS h FROM t) AS q ON true": HOUR,
    'SELECT * FROM "public"."v"': HOUR,
    "SELECT to_timestamp(floor(extract(epoch FROM c) / 60) * 60) AS h FROM t": HOUR / 60,
    "SELECT to_timestamp(86400 * d) AS h FROM t": timedelta(days=1),
    "SELECT to_timestamp(ms / 1000.0) AS h FROM t": None,
    "SELECT to_timestamp(ms * 0.001) AS h FROM t": None,
    "SELECT to_timestamp(d || '1', 'YYYYDDD') AS h FROM t": None,
    "SELECT c AS h FROM t": None,
    "SELECT date_trunc('second', c) AS h FROM t": None,
    "SELECT c AS h, date_trunc('hour', c) AS g FROM t": None,
    "SELECT CASE WHEN c > date_trunc('day', now()) THEN c ELSE d END AS h FROM t": None,
    "SELECT t.h FROM t JOIN (SELECT date_trunc('hour', c) AS h FROM u) AS q ON true": None,
    "SELECT date_trunc( FROM": None,
}
DATES = {
    "SELECT c::date AS h FROM t": None,
    "SELECT date_trunc('day', c)::date AS h FROM t": None,
    "SELECT date_trunc('month', c)::date AS h FROM t": timedelta(days=31, hours=1),
}
BIGQUERY = {
    "SELECT TIMESTAMP_TRUNC(c, HOUR) AS h FROM t": HOUR,
    "SELECT DATETIME(DATETIME_TRUNC(c, DAY)) AS h FROM t": DAY,
    "SELECT TIMESTAMP_TRUNC(c, WEEK(MONDAY)) AS h FROM t": timedelta(days=7, hours=1),
    "SELECT TIMESTAMP_BUCKET(c, INTERVAL 1 HOUR) AS h FROM t": DAY,
    "SELECT TIMESTAMP(DATE(c)) AS h FROM t": DAY,
    "SELECT TIMESTAMP_SECONDS(DIV(n, 3600) * 3600) AS h FROM t": HOUR,
    "SELECT TIMESTAMP_MILLIS(n * 1000) AS h FROM t": None,
    "SELECT *, _PARTITIONTIME AS h FROM t": DAY + 2 * HOUR,
    "SELECT * REPLACE (TIMESTAMP_TRUNC(h, HOUR) AS h) FROM t": HOUR,
    "SELECT * FROM t WHERE _PARTITIONTIME > '2025-01-01'": None,
}


def unit(sql, dialect, *, is_date=False):
    cut = coarse_stamps(sql, "h", dialect, is_date=is_date, behind=BEHIND)
    return cut and cut.unit


@pytest.mark.parametrize("sql", POSTGRESQL)
def test_what_cuts_a_stamp_of_postgresql(sql):
    assert unit(sql, "postgres") == POSTGRESQL[sql]


ZONES = {
    "SELECT c AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Berlin' AS h FROM t": (True, False),
    "SELECT (c AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS h FROM t": (False, False),
    "SELECT c AT TIME ZONE 'Europe/Berlin' AS h FROM t": (False, False),
}


@pytest.mark.parametrize("sql", ZONES)
def test_an_instant_is_moved_by_two_zones_and_a_clock_without_zone_is_not(sql):
    def is_moved(has_zone):
        words = {"is_date": False, "behind": {}, "has_zone": has_zone}
        cut = coarse_stamps(sql, "h", "postgres", **words)
        return cut is not None and cut.is_moved

    assert (is_moved(True), is_moved(False)) == ZONES[sql]


@pytest.mark.parametrize("sql", DATES)
def test_a_date_is_cut_by_what_is_longer_than_a_day(sql):
    assert unit(sql, "postgres", is_date=True) == DATES[sql]


@pytest.mark.parametrize("sql", BIGQUERY)
def test_what_cuts_a_stamp_of_bigquery(sql):
    assert unit(sql, "bigquery") == BIGQUERY[sql]


def test_the_day_of_arrival_comes_late_as_a_date_too():
    sql = "SELECT _PARTITIONDATE AS h FROM t"
    assert unit(sql, "bigquery", is_date=True) == DAY + 2 * HOUR


def test_of_a_query_too_deep_to_be_walked_nothing_is_told():
    deep = "SELECT at" + " - interval '1 day'" * 3000 + " AS at FROM t"
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(1000)
        assert cut_of(deep, "at", "postgres", is_date=False, behind={}) is None
    finally:
        sys.setrecursionlimit(limit)
