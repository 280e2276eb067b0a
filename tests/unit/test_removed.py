"""Whether the destination's newest rows are there still when a run publishes."""

from datetime import timedelta

import pytest

from auto_schema.errors import TargetError
from pipeline.publish import removed
from smart_sync.window import Watermark
from tests.factories import NOW, a_plan, a_target, a_watermark

MAX = NOW - timedelta(hours=1)


def looked_at(monkeypatch, *, changed, value):
    """What publishing finds, in a table that was last changed so long after the launch."""
    plan = a_plan(target=a_target(), watermark=a_watermark(MAX))
    target = a_target(changed=NOW + changed)
    monkeypatch.setattr(removed, "read_table", lambda *_: target)
    monkeypatch.setattr(removed, "read_watermark", lambda *_, **__: Watermark(value))
    removed.refuse_removed_rows(None, plan)


def test_a_table_whose_newest_rows_went_while_a_run_read_is_refused(monkeypatch):
    with pytest.raises(TargetError, match="removed while the run read"):
        looked_at(monkeypatch, changed=timedelta(minutes=5), value=MAX - timedelta(seconds=1))


def test_a_table_that_others_have_changed_above_max_is_not(monkeypatch):
    looked_at(monkeypatch, changed=timedelta(minutes=5), value=MAX)


def test_of_a_table_that_nobody_has_changed_max_is_not_asked(monkeypatch):
    looked_at(monkeypatch, changed=timedelta(days=-1), value=None)
