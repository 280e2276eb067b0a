"""A short `make chaos`: one trial of each kind, with writers, kills and faults."""

import pytest

from tests.chaos.trial import Trial


@pytest.mark.parametrize("seed", [3, 4, 5], ids=["append", "merge", "merge with lookback"])
def test_no_row_is_lost_or_doubled_under_writers_kills_and_faults(seed, database, target, tmp_path):
    result = Trial(seed, 4.0, True, tmp_path, database, target).run()
    assert (result.lost, result.doubled, result.complaints) == (0, 0, [])
    assert result.rows_source > 0
    assert result.codes[0] > 0
