"""Whether the destination's newest rows are there still when a run publishes."""

from datetime import timedelta

import pytest

from auto_schema.errors import TargetError
from pipeline.publish import removed
from smart_sync.window import Watermark
from tests.factories import NOW, a_plan, a_target, a_watermark

MAX = NOW - timedelta(hours=1)

SEEN = {"made": NOW - timedelta(days=1), "changed": NOW - timedelta(seconds=1), "rows": 10}
OTHERS = {
    "changed": {"changed": NOW - timedelta(milliseconds=999)},
    "made anew": {"made": NOW},
    "fewer rows": {"rows": 9},
}


def looked_at(monkeypatch, *, value, **there):
    """What publishing finds, in a table that was made, changed and filled so."""
    plan = a_plan(target=a_target(**SEEN), watermark=a_watermark(MAX))
    target = a_target(**SEEN | there)
    monkeypatch.setattr(removed, "read_table", lambda *_: target)
    monkeypatch.setattr(removed, "read_watermark", lambda *_, **__: Watermark(value))
    removed.refuse_removed_rows(None, plan)


@pytest.mark.parametrize("there", OTHERS.values(), ids=OTHERS)
def test_a_table_whose_newest_rows_went_while_a_run_read_is_refused(monkeypatch, there):
    with pytest.raises(TargetError, match="removed while the run read"):
        looked_at(monkeypatch, value=MAX - timedelta(seconds=1), **there)


def test_a_table_that_others_have_changed_above_max_is_not(monkeypatch):
    looked_at(monkeypatch, value=MAX, changed=NOW)


def test_of_a_table_that_nobody_has_changed_max_is_not_asked(monkeypatch):
    looked_at(monkeypatch, value=None)
