"""A watermark that is exactly midnight."""

from datetime import timedelta

import pytest

from tests.factories import a_plan, a_request, a_target, a_watermark, utc

MIDNIGHT = utc("2025-07-22 00:00")


def is_told(watermark, **words):
    plan = a_plan(a_request(**words), target=a_target(), watermark=a_watermark(watermark))
    return any("2025-07-22, is midnight" in told for told in plan.warnings)


@pytest.mark.parametrize(
    ("watermark", "words", "told"),
    [
        (MIDNIGHT, {}, True),
        (MIDNIGHT, {"margin": timedelta(hours=23)}, True),
        (MIDNIGHT, {"margin": timedelta(hours=24)}, False),
        (MIDNIGHT + timedelta(microseconds=1), {}, False),
        (MIDNIGHT - timedelta(hours=2), {}, False),
        (None, {}, False),
    ],
)
def test_stamps_that_may_be_days_are_told(watermark, words, told):
    assert is_told(watermark, **words) is told
