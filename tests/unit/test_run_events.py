"""Events of a run as they are written."""

import pytest

from pipeline.runs import history
from pipeline.runs.history import PLAN, event_row, write_event
from pipeline.runs.outcome import Outcome
from smart_sync.plan_record import plan_record
from tests.factories import NOW, a_plan


@pytest.mark.parametrize("status", ["running", "publishing", "succeeded", "failed"])
def test_a_plan_is_told_only_by_the_event_that_keeps_it(status, monkeypatch):
    told, rows, plan = list[str](), list[dict[str, object]](), a_plan()
    monkeypatch.setattr(history, "plan_record", lambda plan: told.append("") or plan_record(plan))

    def keep(client, table, row):
        rows.append(row)
        return True

    outcome = Outcome(status=status)
    assert event_row(plan, outcome, NOW)[PLAN] is None
    assert told == []
    write_event(None, plan, outcome, keep)
    assert [row[PLAN] for row in rows] == ([plan_record(plan)] if status == "running" else [None])
