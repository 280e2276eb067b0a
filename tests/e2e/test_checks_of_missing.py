"""Checks of the table as it will be, where a run removes rows whose keys are missing."""

import pytest

from tests.compared import HARD
from tests.versions import INVALIDATE

CHECKS = "models: [{name: t, columns: [{name: name, data_tests: [unique]}]}]"
MORE = {"checks": CHECKS, "max_deleted_percent": "100"}
ORDERS = """
CREATE TABLE orders (id int8 PRIMARY KEY, name text, updated_at timestamptz);
INSERT INTO orders SELECT n, 'n' || n, now() - interval '1 hour' FROM generate_series(1, 4) AS n;
"""


@pytest.mark.parametrize("words", [HARD, INVALIDATE], ids=["removed", "ended"])
def test_a_row_that_goes_with_the_run_is_gone_for_its_checks(sync, orders, words):
    sync.ok(**words | MORE)
    orders("DELETE FROM orders WHERE id = 1")
    orders("INSERT INTO orders VALUES (5, 'n1', now())")
    sync.ok(**words | MORE)
    assert sync.history()[-1]["rows_deleted"] == 1
    orders("INSERT INTO orders VALUES (6, 'n1', now()), (7, 'n2', now())")
    result = sync(**words | MORE)
    assert result.code == 11, "rows that stay are looked at"
    assert "unique_t_name" in result.err


def test_marked_rows_stay_and_are_looked_at(sync, orders):
    words = HARD | {"delete_missing": "soft"}
    sync.ok(**words | MORE)
    orders("DELETE FROM orders WHERE id = 1")
    orders("INSERT INTO orders VALUES (5, 'n1', now())")
    assert sync(**words | MORE).code == 11
