"""deleted_column given, or left out, later: rows marked before are told, with the ways."""

import pytest

from tests.e2e.test_marks import MERGE, SOFT, orders  # noqa: F401

PLAIN = MERGE | {"deleted_column": None}
STAY = "rows that were marked before stay"
GONE = "rows that a deleted_column marked"
UNMARKED = "that were marked before have NULL in _sync_deleted_at"
CLEARED = "neither deleted_column nor delete_missing=soft is given"
ALL = (STAY, GONE, UNMARKED, CLEARED)
WAYS = ({"enable_smart_sync": "false"}, {"repair": "true"})


def told(sync, words):
    out = sync.ok(**words, plan_only="true").out
    return [text for text in ALL if text in out]


@pytest.mark.parametrize("way", WAYS, ids=["all rows", "repair"])
def test_marks_that_remove_rows_from_now_on_or_no_more_are_told_until_a_way_is_gone(
    sync,
    orders,  # noqa: F811
    way,
):
    assert told(sync, PLAIN) == told(sync, MERGE) == []
    sync.ok(**PLAIN)
    assert told(sync, PLAIN) == []
    for words, said, ids in ((MERGE, STAY, [1, 2, 4]), (PLAIN, GONE, [1, 2, 3, 4])):
        assert told(sync, words) == [said]
        assert told(sync, words | way) == []
        sync.ok(**words | way)
        assert [row[0] for row in sync.rows("id")] == ids
        assert told(sync, words) == []


def test_the_statement_that_is_named_removes_them(sync, orders):  # noqa: F811
    sync.ok(**PLAIN)
    out = sync.ok(**MERGE, plan_only="true").out
    statement = out[out.index("DELETE FROM") :].split("\n")[0]
    sync.client.query_and_wait(statement)
    assert [row[0] for row in sync.rows("id")] == [1, 2, 4]


def test_another_column_of_marks_is_both(sync, orders):  # noqa: F811
    sync.ok(**MERGE)
    assert told(sync, MERGE | {"deleted_column": "gone"}) == [STAY, GONE]
    assert told(sync, SOFT) == [GONE, UNMARKED]


def test_rows_that_say_since_when_they_are_deleted_from_now_on_or_no_more_are_told(
    sync,
    orders,  # noqa: F811
):
    sync.ok(**PLAIN)
    assert told(sync, SOFT) == [UNMARKED]
    sync.ok(**SOFT | {"enable_smart_sync": "false"})
    assert [row[0] for row in sync.rows("id, _sync_deleted_at") if row[1]] == [3]
    assert told(sync, SOFT) == []
    assert told(sync, PLAIN) == [CLEARED]
    assert told(sync, MERGE) == [STAY]
