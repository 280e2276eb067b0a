"""Values of a configuration: exactly of their type, or refused in words."""

from decimal import Decimal

import pytest

from auto_schema.typed_values import typed

DIGITS = "1." + "1" * 60


@pytest.mark.parametrize("kind", ["NUMERIC", "BIGNUMERIC"])
@pytest.mark.parametrize(
    "value",
    [
        "1e100000000",
        Decimal("1e100000000"),
        "1e-100000000",
        "1e999999999999999999",
        DIGITS,
        "NaN",
        "sNaN",
    ],
)
def test_a_number_with_more_digits_than_the_type_has_is_refused(value: object, kind: str) -> None:
    with pytest.raises(ValueError, match="a number"):
        typed(value, kind)


@pytest.mark.parametrize("value", ["1e400", "-1e400", Decimal("1e100000000"), "inf", "nan", "sNaN"])
def test_a_number_that_no_double_holds_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="a number"):
        typed(value, "FLOAT64")


@pytest.mark.parametrize(
    "text",
    ["0E-50", "1.50000000000000000000000000000000000000000000", "-1e28", "0." + "0" * 8 + "1"],
)
def test_a_number_that_fits_is_taken_as_it_is(text: str) -> None:
    assert typed(text, "NUMERIC") == Decimal(text)
