"""filter: a row is kept as SQL would keep it."""

import pyarrow as pa
import pytest

from auto_schema import row_filter


@pytest.mark.parametrize("asked", [0.0, -0.0])
def test_zero_is_in_a_set_whatever_its_sign(asked: float) -> None:
    doubles = pa.array([-0.0, 0.0, 1.0, float("nan"), None])
    within = row_filter.Test("a", "in", (asked, 5.0)).holds(doubles).to_pylist()
    without = row_filter.Test("a", "not in", (asked, 5.0)).holds(doubles).to_pylist()
    assert within == [True, True, False, False, False]
    assert without == [False, False, True, True, False]


def test_nan_is_in_no_set_as_it_is_equal_to_nothing() -> None:
    doubles = pa.array([float("nan"), 1.0, None])
    asked = (float("nan"), 1.0)
    assert row_filter.Test("v", "in", asked).holds(doubles).to_pylist() == [False, True, False]
    assert row_filter.Test("v", "not in", asked).holds(doubles).to_pylist() == [True, False, False]
    assert row_filter.Test("v", "in", asked[:1]).holds(doubles).to_pylist() == [False] * 3
