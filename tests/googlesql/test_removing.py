"""Rows whose keys are missing, by a run that has staged none: both engines leave the same."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from google.cloud.bigquery import SchemaField

from pipeline.destination.jobs import keys_in
from smart_sync.deletes import DELETED_AT, HARD, SOFT
from smart_sync.missing_keys import ComparedKeys, MissingRequest
from smart_sync.missing_plan import plan_missing
from smart_sync.publish_sql import removes_alone, removing_statement
from sources.values import Window
from tests.factories import a_request, some_facts
from tests.googlesql.both import Both
from tests.googlesql.test_merging import NEAR, Layout, a_merge, fields, partitioning

LAYOUTS = (Layout("timestamptz", "DAY"), Layout("range"))
TEXTS = [SchemaField("key_text", "STRING"), SchemaField("is_back", "BOOL")]
MISSING, BACK, LATER = (2, 3, 5), (7, 8), 5
WAS = NEAR - timedelta(days=30)


@pytest.mark.parametrize("is_sent", [True, False], ids=["sent", "in a table"])
@pytest.mark.parametrize("rows", [HARD, SOFT])
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_only_rows_of_missing_keys_go_that_are_not_later(
    both: Both, dataset: str, layout: Layout, rows: str, is_sent: bool
) -> None:
    plan = a_merge(dataset, layout)
    end, later = NEAR + timedelta(hours=1), NEAR + timedelta(hours=2)
    assert plan.window is not None
    window = replace(plan.window, window=Window(None, end), watermark=NEAR)
    keys = tuple(column for column in plan.schema if column.name == "id")
    back = BACK if rows == SOFT else ()
    compared = ComparedKeys(9, 7, missing=tuple(map(str, MISSING)), returned=tuple(map(str, back)))
    request = replace(a_request(), missing=MissingRequest(rows, most_percent=Decimal(100)))
    facts = replace(some_facts(request), keys=compared, key_columns=keys, window=window)
    found, _ = plan_missing(request, facts)
    assert found is not None
    assert found.is_sent
    found = replace(found, is_sent=is_sent)
    plan = replace(plan, window=window, publishing=replace(plan.publishing, missing=found))
    place = None if layout.kind == "range" else NEAR
    held = [
        (key, "held", later if key == LATER else NEAR, place, WAS if key in (3, 7) else None)
        for key in range(10)
    ]
    schema = [*fields(layout), SchemaField(DELETED_AT, "TIMESTAMP")]
    both.hold(str(plan.destination), schema, held, partitioning=partitioning(layout))
    if found.needs_table:
        told = [(str(key), key in back) for key in (*MISSING, *back)]
        both.hold(str(plan.run.staging.missing_table), TEXTS, told)
    assert removes_alone(plan)

    sql = removing_statement(plan)
    answer = both.run(sql, parameters=keys_in(plan, sql))

    if rows == HARD:
        after = [row for row in held if row[0] not in MISSING or row[0] == LATER]
    else:  # of 3 the mark stays as it is, of 7 it goes
        stamps = {2: plan.run.launched_at, 3: WAS}
        after = [(*row[:4], stamps.get(row[0])) for row in held]
    assert answer == [(0, 2, True) if rows == HARD else (0, 1)]
    assert Counter(both.rows(str(plan.destination))) == Counter(after)


def test_a_run_that_has_more_to_do_than_remove_keeps_its_whole_script(dataset: str) -> None:
    assert not removes_alone(a_merge(dataset, LAYOUTS[0]))
