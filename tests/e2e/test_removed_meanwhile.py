"""Rows of the destination that others remove while a run reads."""

import pytest

import pipeline.launch.sync
from tests.orders import MERGE, ORDERS, SMART, ids
from tests.sync import PROJECT


@pytest.mark.parametrize(
    ("words", "removing"),
    [(SMART, "TRUNCATE TABLE"), (MERGE, "DROP TABLE")],
    ids=["append", "merge"],
)
def test_a_table_that_is_emptied_while_a_run_reads_is_loaded_by_the_next_run(
    sync, sql, monkeypatch, words, removing
):
    sql(ORDERS)
    sql("INSERT INTO orders VALUES (1, '2024-05-01'), (2, '2024-05-02')")
    sync.ok(**words)
    sql("INSERT INTO orders VALUES (3, '2024-05-03')")
    work = pipeline.launch.sync._work

    def emptied(*args, **more):
        sync.client.query_and_wait(f"{removing} `{PROJECT}.{sync.dataset}.t`")
        return work(*args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(pipeline.launch.sync, "_work", emptied)
        result = sync(**words)
    assert result.code == 5
    assert "were removed while the run read" in result.err
    sync.ok(**words)
    assert ids(sync) == [1, 2, 3]
