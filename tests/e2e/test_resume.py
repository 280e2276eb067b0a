"""A run that died, or failed by what passes, is gone on with: the next one reads the rest only."""

import pytest

from tests.days import assert_whole, lapse, runs, staging_tables, statuses
from tests.resumes import LOAD, PER_SPLIT, ROWS, TABLE, read_anew, stopped_whole, stopping


@pytest.fixture
def die(sync, sql, start, database):
    """A load that is killed when it has staged what lies before a row."""

    def begin(after, **parameters):
        with stopping(database, after):
            run = start(**LOAD | parameters)
            stopped_whole(sql, sync, run, after)
            run.kill()
        lapse(sync)
        return runs(sync)[-1]["run_id"]

    return begin


def assert_clean(sync):
    assert list(sync.temp.rglob("*.parquet")) == []
    assert list(sync.temp.rglob("*.json")) == []
    assert staging_tables(sync) == []


@pytest.mark.parametrize("fifth", [1, 2, 3, 4])
def test_killed_at_every_fifth(sync, sql, die, fifth):
    """The second run reads at most the missing share and one split; each row is there once."""
    sql(TABLE)
    after = ROWS * fifth // 5
    dead = die(after)
    result = sync.ok(**LOAD)
    assert_whole(sync, sql)
    first, second, own = runs(sync)
    assert statuses(sync) == ["abandoned", "succeeded", "succeeded"]
    assert second["resumed_run"] == dead
    assert (second["rows_read"], second["rows_published"]) == (ROWS, ROWS)
    assert read_anew(second) <= ROWS - after + PER_SPLIT
    assert second["window_end"] == first["window_end"]
    assert (own["resumed_run"], own["rows_read"]) == (None, 0)
    assert own["window_start"] > "2024"
    assert_clean(sync)
    assert f"{ROWS - read_anew(second):,} of them by run {dead}" in result.out
