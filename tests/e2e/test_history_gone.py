"""WRITE_HISTORY with hard_deletes: versions end whose keys the source has no more."""

import datetime as dt

import pytest

from tests.days import lapse
from tests.fault_rules import job
from tests.processes import Gate
from tests.sync import PROJECT
from tests.versions import INVALIDATE, LAID_OUT, TWO, gone

ORDERS = TWO


def test_the_version_of_a_row_that_vanished_ends_and_stays_ended(sync, orders):
    sync.ok(**INVALIDATE)
    orders("DELETE FROM orders WHERE id = 1")
    result = sync.ok(**INVALIDATE)
    assert "1 published, 1 deleted (0 versions added, 1 ends moved, 0 replaced)" in result.out
    assert gone(sync) == [(1, "v1", False, False), (2, "v1", True, True)]
    run = sync.history()[-1]
    ended = sync.rows("_sync_valid_to", order="id")[0][0]
    assert ended == dt.datetime.fromisoformat(run["window_end"]).replace(tzinfo=dt.UTC)
    before = sync.rows()
    again = sync.ok(**INVALIDATE)
    assert "0 rows read, 0 published" in again.out
    assert sync.rows() == before


def test_a_row_that_comes_back_begins_anew_and_the_gap_stays(sync, orders):
    sync.ok(**INVALIDATE)
    orders("DELETE FROM orders WHERE id = 1")
    sync.ok(**INVALIDATE)
    orders("INSERT INTO orders VALUES (1, 'back', NULL, now())")
    orders("DELETE FROM orders WHERE id = 2")
    sync.ok(**INVALIDATE)
    assert gone(sync) == [
        (1, "v1", False, False),
        (1, "back", True, True),
        (2, "v1", False, False),
    ]
    (apart,) = sync.rows(
        "(SELECT MAX(_sync_valid_to) FROM t WHERE id = 1)"
        " < (SELECT MAX(_sync_valid_from) FROM t WHERE id = 1)".replace(
            "FROM t", f"FROM `{PROJECT}.{sync.dataset}.t`"
        )
    )[:1]
    assert apart == (True,)


def test_a_row_that_came_back_behind_the_windows_end_opens_nothing_and_the_gap_stays(sync, orders):
    sync.ok(**INVALIDATE)
    orders("DELETE FROM orders WHERE id = 1")
    sync.ok(**INVALIDATE)
    ended = sync.rows("id, _sync_valid_to, _sync_is_current", order="id")
    orders("INSERT INTO orders VALUES (1, 'back', NULL, now() + interval '1 hour')")
    sync.ok(**INVALIDATE)
    assert sync.rows("id, _sync_valid_to, _sync_is_current", order="id") == ended
    orders("UPDATE orders SET updated_at = now() WHERE name = 'back'")
    sync.ok(**INVALIDATE)
    assert sync.rows("id, _sync_valid_to, _sync_is_current", order="id, _sync_valid_from") == [
        ended[0],
        (1, None, True),
        ended[1],
    ]


def test_a_version_that_comes_late_takes_over_the_end_of_its_key(sync, orders):
    sync.ok(**INVALIDATE)
    orders("DELETE FROM orders WHERE id = 1")
    sync.ok(**INVALIDATE)
    end = sync.rows("MAX(_sync_valid_to)")
    orders("INSERT INTO orders VALUES (1, 'late', NULL, '2024-05-10')")
    sync.ok(**LAID_OUT, sync_start="2024-05-10", sync_end="2024-05-11")
    assert gone(sync) == [
        (1, "v1", False, False),
        (1, "late", False, False),
        (2, "v1", True, True),
    ]
    assert sync.rows("MAX(_sync_valid_to)") == end


def test_a_row_that_is_there_again_with_its_old_stamp_is_open_again(sync, orders):
    sync.ok(**INVALIDATE)
    orders("CREATE TABLE kept AS SELECT * FROM orders WHERE id = 1")
    orders("DELETE FROM orders WHERE id = 1")
    sync.ok(**INVALIDATE)
    orders("INSERT INTO orders SELECT * FROM kept")
    plan = sync.ok(**INVALIDATE, plan_only="true")
    assert "1 keys whose last version has ended are there again with it" in plan.out
    sync.ok(**INVALIDATE)
    assert gone(sync) == [(1, "v1", True, True), (2, "v1", True, True)]


def test_a_row_of_the_lookback_that_is_there_again_is_open_again(sync, orders):
    sync.ok(**INVALIDATE)
    orders("CREATE TABLE kept AS SELECT * FROM orders WHERE id = 1")
    orders("DELETE FROM orders WHERE id = 1")
    sync.ok(**INVALIDATE)
    orders("INSERT INTO orders SELECT * FROM kept")
    sync.ok(**INVALIDATE, smart_sync_lookback="30d")
    assert gone(sync) == [(1, "v1", True, True), (2, "v1", True, True)]


def test_too_many_vanished_keys_and_an_empty_source_stop_the_run(sync, orders):
    sync.ok(**INVALIDATE)
    before = sync.rows()
    orders("DELETE FROM orders WHERE id = 1")
    refused = sync(**INVALIDATE | {"max_deleted_percent": "5"})
    assert refused.code == 11
    assert "hard_deletes=invalidate" in refused.err
    orders("DELETE FROM orders")
    assert sync(**INVALIDATE).code == 11
    assert sync.rows() == before


@pytest.mark.parametrize("step", ["publish_1", "event_2"])
def test_wherever_a_run_dies_that_ends_versions_the_next_one_ends_them(
    sync, orders, start, proxy, step
):
    sync.ok(**INVALIDATE)
    orders("DELETE FROM orders WHERE id = 1")
    orders("INSERT INTO orders VALUES (2, 'v2', NULL, '2024-06-09')")
    gate = Gate(proxy, after=step != "event_2", **job(step))
    run = start(**INVALIDATE)
    gate.wait(run)
    run.kill()
    lapse(sync)
    sync.ok(**INVALIDATE)
    assert gone(sync) == [
        (1, "v1", False, False),
        (2, "v1", False, False),
        (2, "v2", True, True),
    ]


@pytest.mark.parametrize(
    "words",
    [
        {"write_disposition": "WRITE_MERGE"},
        {"hard_deletes": None, "delete_missing": "hard"},
        {"sync_start": "2024-05-01", "sync_end": "2024-06-01"},
        {"repair": "true"},
        {"deleted_column": "deleted_at"},
    ],
)
def test_versions_end_only_where_they_are_kept_and_all_keys_are_compared(sync, orders, words):
    refused = sync(**INVALIDATE | words)
    assert refused.code == 2
    asked = [name for name in ("repair", "deleted_column") if name in words]
    assert (asked or ["hard_deletes"])[0] in refused.err
    if "deleted_column" in words:
        assert "keeps the row that the source has marked as its current version" in refused.err
