"""Keys that are missing at the source: those that go with the script, and those that don't."""

from dataclasses import replace
from decimal import Decimal

import pytest

from smart_sync.deletes import HARD, SOFT
from smart_sync.missing_keys import ComparedKeys, MissingRequest
from smart_sync.missing_plan import MOST_SENT, MissingPlan, lacking_warnings, plan_missing
from smart_sync.missing_sql import SENT
from tests.factories import a_request, some_facts


def planned(*missing: str, returned: tuple[str, ...] = (), rows: str = HARD) -> MissingPlan:
    request = replace(a_request(), missing=MissingRequest(rows, most_percent=Decimal(100)))
    compared = ComparedKeys(9_999, 9_999, missing=missing, returned=returned)
    plan, faults = plan_missing(request, replace(some_facts(request), keys=compared))
    assert plan is not None
    assert faults == []
    return plan


def test_keys_in_several_rows_are_not_told_as_missing():
    request = replace(
        a_request(merge_keys=("id",)), missing=MissingRequest(HARD, most_percent=Decimal(5))
    )
    compared = ComparedKeys(13, 10, doubled=("2",), is_whole=False, fewest=3, has_more=True)
    facts = replace(some_facts(request), keys=compared)
    plan, (fault,) = plan_missing(request, facts)
    assert plan is None
    assert fault.what == "keys in several rows of the destination"
    assert "GROUP BY id HAVING COUNT(*) > 1" in fault.fix
    (told,) = lacking_warnings(request, facts)
    assert "the table holds keys in several rows, such as sha256" in told


@pytest.mark.parametrize("way", [SENT, "`p.d._sync_missing_1`"])
def test_a_statement_gets_the_keys_that_it_asks_for(way):
    plan = planned("3", "ä'\"\\", returned=("7",), rows=SOFT)
    sent = {"gone_keys": ["3", "ä'\"\\"], "back_keys": ["7"]} if way == SENT else {}
    assert plan.sent_in(f"SELECT key_text FROM {way}") == sent
    assert not plan.needs_table


@pytest.mark.parametrize(
    ("keys", "is_sent"),
    [
        (tuple(map(str, range(MOST_SENT))), True),
        (tuple(map(str, range(MOST_SENT + 1))), False),
        (("k" * 199_998,), True),
        (("k" * 199_999,), False),
        (("\N{GRINNING FACE}" * 16_667,), False),  # of four bytes, and of twelve in JSON
        ((), True),
    ],
    ids=["so many", "one more", "so long", "longer", "escaped", "none"],
)
def test_keys_go_with_the_script_while_they_are_few_and_short(keys, is_sent):
    plan = planned(*keys)
    assert plan.is_sent is is_sent
    assert plan.needs_table is not is_sent
    assert planned(returned=keys, rows=SOFT).is_sent is is_sent
