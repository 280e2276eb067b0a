"""Every split once, every row staged or dead: else nothing is published."""

from dataclasses import replace

import pytest

from pipeline.destination.elements import StagedSplit
from pipeline.execution.stage import Stager

SPLIT = {"postgresql_query": "SELECT * FROM s", "num_splits": "3"}
take = Stager.take


def lost(result):
    return [] if result.split == 1 else [result]


def doubled(result):
    return [result, result] if result.split == 1 else [result]


def short_of_a_row(result):
    return [replace(result, rows_read=result.rows_read + 1)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lost, "splits are missing or doubled"),
        (doubled, "splits are missing or doubled"),
        (short_of_a_row, "don't add up"),
    ],
)
def test_sums_that_do_not_hold_end_the_run_before_anything_is_published(
    sync, sql, monkeypatch, change, words
):
    sql("CREATE TABLE s AS SELECT i::int8 AS id FROM generate_series(1, 90) i")
    sql("ALTER TABLE s ADD PRIMARY KEY (id)")

    def broken(self, element):
        for result in take(self, element):
            yield from change(result) if isinstance(result, StagedSplit) else [result]

    monkeypatch.setattr(Stager, "take", broken)
    result = sync(**SPLIT)
    assert result.code == 8
    assert words in result.err
    assert "nothing was published" in result.err
    assert "t" not in sync.tables()
