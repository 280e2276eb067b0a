"""Keys of both sides: a table that holds some twice isn't told as one that has too many."""

from decimal import Decimal
from types import SimpleNamespace

import pytest

from auto_schema.key_places import Places, summed
from pipeline.launch.compare_keys import compare_keys
from smart_sync.deletes import HARD
from smart_sync.missing_keys import MissingRequest
from tests.unit.test_key_descent import INTEGER, bits_of, place_of

PLACES = Places((INTEGER,), 32, 0, 3)


def side(letter, keys):
    """A side that has these keys."""

    def sums(places, within):
        told = bits_of(places, keys).items()
        parts = (f"{at}:{part}:{s.rows}:{s.low}:{s.high}" for (at, part), s in told)
        return summed(len(keys), ";".join(parts))

    def some(places, within):
        return [f"{letter}{key}" for key in keys if (place_of(places, key), 0) in within]

    return SimpleNamespace(sums=sums, keys=some)


@pytest.mark.parametrize(
    ("table", "missing", "doubled"),
    [([*range(60), 3, 40], (), ("3", "40")), ([*range(60), 61, 62], ("61", "62"), ())],
    ids=["doubled", "missing"],
)
def test_too_many_rows_are_told_as_what_they_are(table, missing, doubled):
    asked = MissingRequest(HARD, most_percent=Decimal(1))
    compared = compare_keys(side("r", [*range(60)]), side("h", table), PLACES, asked, of_all=True)
    assert (compared.missing, compared.doubled) == (missing, doubled)
    assert compared.has_more is bool(doubled)
    assert compared.is_too_much(asked.most_percent)
