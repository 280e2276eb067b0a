"""The first lines of every kind of plan, and short plans, against files."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest

from auto_schema.reshaping import Reshaping
from auto_schema.row_filter import RowFilter
from smart_sync.deletes import HARD, SOFT
from smart_sync.explain import explain_shortly, log_text
from smart_sync.explain_backfill import Planned, PlannedSlice, explain_backfill
from smart_sync.explain_many import Planned as PlannedTable
from smart_sync.explain_many import explain_many
from smart_sync.headline import headline
from smart_sync.healing import HealingPlan
from smart_sync.missing_keys import INVALIDATE, OFF
from smart_sync.missing_plan import MissingPlan
from smart_sync.replay import ReplayPlan
from smart_sync.request import WriteDisposition
from smart_sync.slices import Slice
from sources.values import Evidence, Window
from tests.factories import a_plan, a_request, a_target, a_watermark, utc
from tests.golden import test_explain as plans
from tests.golden.test_explain import check

MOST_LINES, MOST_LETTERS = 30, 160
UNKNOWN = "the statistics of public.orders are missing (it was never analyzed)"


def appending(rows=84_000, doubt="", **words):
    """New rows for a table that is there."""
    evidence = Evidence(estimated_rows=rows, estimate_doubt=doubt)
    watermark = a_watermark(utc("2013-09-30 23:00"))
    return a_plan(target=a_target(), watermark=watermark, evidence=evidence, **words)


def merging():
    request = a_request(write_disposition=WriteDisposition.MERGE, merge_keys=("id",))
    watermark = a_watermark(utc("2025-07-22 13:00"))
    evidence = Evidence(estimated_rows=120)
    return a_plan(request, target=a_target(), watermark=watermark, evidence=evidence)


def by_hand():
    """A window by hand."""
    plan = merging()
    assert plan.window is not None
    ends = ("2025-07-01", "2025-08-01")
    return replace(plan, window=replace(plan.window, by_hand=ends))


def replaying():
    plan = merging()
    publishing = replace(plan.publishing, replay=a_replay(), mode=plans_mode("replay"))
    return replace(plan, publishing=publishing)


def a_replay():
    return ReplayPlan("20250721t150000-3f9a0c1d", 1, "d", 300, (), 0, 0)


def plans_mode(name):
    from smart_sync.modes import MODES

    return next(mode for mode in MODES if mode.name == name)


def missing(rows, number):
    """Keys that are missing at the source."""
    found = MissingPlan(rows, (), "", Decimal(10), None, (9, 8, 4, 1, 2), number, 0, 0, file=b"x")
    plan = merging()
    return replace(plan, publishing=replace(plan.publishing, missing=found))


def repairing(differing):
    healing = HealingPlan(1_000, 998, 40, differing, False, None, utc("2025-07-22"), ())
    plan = merging()
    return replace(plan, publishing=replace(plan.publishing, healing=healing))


def filtered(plan):
    """Rows that don't pass a filter are left out."""
    shaped = Reshaping(plan.reading.schema, keeps=RowFilter(()))
    return replace(plan, reshaping=shaped)


def replacing_partitions():
    plan = by_hand()
    return replace(
        plan, publishing=replace(plan.publishing, mode=plans_mode("replace_partitions"), merge=None)
    )


KINDS = {
    "append": appending,
    "append, one row": lambda: appending(1),
    "append, statistics missing": lambda: appending(1, UNKNOWN),
    "append, size unknown": lambda: appending(None),
    "nothing new": lambda: appending(0),
    "first load": plans.first_sync,
    "truncate": plans.replace_all,
    "empty": plans.write_empty,
    "merge": merging,
    "merge with a new column": plans.merge_json,
    "merge, marked rows go": plans.merge_marked,
    "merge, marked rows stay": plans.merge_kept,
    "columns altered": plans.evolved,
    "transform_sql": plans.merge_transformed,
    "filter": lambda: filtered(merging()),
    "filter, size unknown": lambda: filtered(appending(None)),
    "filter, nothing new": lambda: filtered(appending(0)),
    "filter and transform_sql": lambda: filtered(plans.merge_transformed()),
    "history": plans.history_json,
    "a column is filled": plans.backfill,
    "rebuild": plans.rebuild_with_swap,
    "window by hand": by_hand,
    "partitions of a window": replacing_partitions,
    "held back": plans.held_back,
    "replay": replaying,
    "missing keys go": lambda: missing(HARD, 3),
    "a missing key goes": lambda: missing(HARD, 1),
    "missing keys are marked": lambda: missing(SOFT, 3),
    "missing keys end": lambda: missing(INVALIDATE, 3),
    "missing keys are told": lambda: missing(OFF, 3),
    "no key is missing": lambda: missing(HARD, 0),
    "repair": lambda: repairing(3),
    "repair of nothing": lambda: repairing(0),
}


def test_three_lines_say_what_will_happen_whatever_the_plan():
    texts = []
    for name, make in KINDS.items():
        lines = headline(make())
        assert all(lines), name
        texts.append("\n".join([f"[{name}]", *lines]))
    check("headlines.txt", "\n\n".join(texts))


@pytest.mark.parametrize(
    "make", [plans.first_sync, merging, plans.held_back, plans.merge_transformed]
)
def test_a_short_plan_reads_as_the_file_says_and_fits_a_screen(make):
    plan = make()
    text = explain_shortly(plan)
    check(f"short_plan_{make.__name__}.txt", text)
    assert len(text.splitlines()) - len(plan.warnings) <= MOST_LINES
    assert "| " not in text  # no statement


def test_the_log_of_a_run_has_the_first_lines_or_the_whole_plan():
    plan = plans.first_sync()
    short = log_text(plan, "short").splitlines()
    assert short[:3] == list(headline(plan))
    assert short[3:] == [f"run {plan.run.run_id}, plan {plan.fingerprint}"]
    assert "CREATE TABLE" in log_text(plan, "full")


def a_backfill(rows=1):
    """Three slices, one of them done."""
    months = ("2025-01-01", "2025-02-01", "2025-03-01", "2025-04-01")
    slices = tuple(
        PlannedSlice(
            Slice(start, end, Window(utc(start), utc(end))),
            "20250721t150000-3f9a0c1d" if number == 0 else "",
            Evidence(estimated_rows=rows),
        )
        for number, (start, end) in enumerate(pairwise(months))
    )
    return Planned(by_hand(), "a-name", slices, newest_first=True, at_once=4)


def test_a_backfill_says_first_what_it_does_and_its_slices_then():
    check("short_plan_backfill.txt", explain_backfill(a_backfill(), "short"))


def test_the_plan_of_many_tables_says_first_what_happens_to_all():
    tables = (
        PlannedTable("public.orders", "public.*", appending()),
        PlannedTable("public.lines", "public.*", appending(1, UNKNOWN)),
        PlannedTable("public.users", "public.*", plans.rebuild_with_swap()),
        PlannedTable("public.items", "public.*", plans.held_back()),
        PlannedTable("public.marks", "public.*", None, "no primary key", 4),
        PlannedTable("public.parts", "public.*", None, "it has no row"),
    )
    check("plan_of_many.txt", explain_many(tables, 4, 8))
