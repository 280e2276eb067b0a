"""Keys of ranges of few integers are told by bits: no other keys look like those that are there."""

import pytest

from tests.compared import MERGE, compared, edit, ids

ORDERS = """
CREATE TABLE orders (id int8 PRIMARY KEY, name text, updated_at timestamptz);
INSERT INTO orders
SELECT i, 'v1', timestamptz '2024-05-01' + i * interval '1 hour'
FROM generate_series(-40, 40) i WHERE i != 5
"""
HARD = MERGE | {"delete_missing": "hard"}


@pytest.mark.parametrize(
    ("was", "becomes"),
    [(-5, 5), (40, 1000), (-40, -1000), (7, 5), (0, 2**63 - 1), (8, -(2**63))],
    ids=["other side of zero", "above all", "below all", "beside it", "highest", "lowest"],
)
def test_a_key_in_the_place_of_another_is_missing(sync, orders, was, becomes):
    sync.ok(**HARD)
    edit(sync, f"UPDATE {{t}} SET id = {becomes} WHERE id = {was}")
    sync.ok(**HARD)
    assert ids(sync) == [i for i in range(-40, 41) if i not in (5, was)]
    told = compared(sync)
    assert (told["missing"], told["lacking"]) == (1, 1)
    assert told["ranges"] <= 4
