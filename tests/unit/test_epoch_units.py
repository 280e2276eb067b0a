"""An integer cursor whose MAX hides what comes after it."""

from dataclasses import replace

import pytest

from sources.values import Window
from tests.factories import a_plan, a_request, a_target, refused, some_facts

SECONDS, MILLISECONDS = 1_735_689_600, 1_735_689_600_000
NUMBERS = a_request(cursor="id")


def read_up_to(watermark, highest, request=NUMBERS):
    facts = some_facts(request, target=a_target())
    between = Window(watermark, highest)
    return replace(facts, window=replace(facts.window, window=between, watermark=watermark))


@pytest.mark.parametrize(
    "pair",
    [(SECONDS, MILLISECONDS), (MILLISECONDS, SECONDS * 10**6), (SECONDS, 253_402_300_799)],
)
def test_another_unit_is_refused_unless_that_is_accepted(pair):
    ((_, what),) = refused(request=NUMBERS, facts=read_up_to(*pair))
    assert what == "numbers in another unit"
    accepted = a_request(cursor="id", accept_source_change=True)
    assert a_plan(accepted, read_up_to(*pair, request=accepted)).window.watermark == pair[0]


@pytest.mark.parametrize("pair", [(5_000, 2**31 - 1), (None, 2**63 - 1), (2**63 - 1, 2**63 - 1)])
def test_a_number_after_which_none_comes_is_refused(pair):
    ((_, what),) = refused(request=NUMBERS, facts=read_up_to(*pair))
    assert what == "highest number of its type as cursor"
    accepted = a_request(cursor="id", accept_source_change=True)
    assert a_plan(accepted, read_up_to(*pair, request=accepted)).window.watermark == pair[0]


@pytest.mark.parametrize(
    "pair",
    [
        (SECONDS, 5_000),
        (SECONDS, SECONDS + 9),
        (5_000, SECONDS),
        (None, MILLISECONDS),
        (20_241_231, 20_250_101),
    ],
)
def test_one_unit_or_none_is_not(pair):
    assert a_plan(NUMBERS, read_up_to(*pair)).window.watermark == pair[0]
