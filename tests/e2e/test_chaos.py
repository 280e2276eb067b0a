"""A short `make chaos`: one trial of each kind, with writers, kills and faults."""

from datetime import timedelta

import pytest

from pipeline.runs.lock import Lock
from tests.chaos import letters, writers
from tests.chaos.trial import Trial
from tests.fault_proxy import fault_proxy
from tests.sync import PROJECT
from warehouse.names import TableRef

HELD_S = 4
TWO_ROWS = """
INSERT INTO orders (writer, version, updated_at)
SELECT 0, n, now() - interval '1 hour' FROM generate_series(1, 2) n
"""


@pytest.mark.parametrize("seed", [3, 4, 5], ids=["append", "merge", "merge with lookback"])
def test_no_row_is_lost_or_doubled_under_writers_kills_and_faults(seed, database, target, tmp_path):
    result = Trial(seed, 4.0, True, tmp_path, database, target, owes=0).run()
    assert (result.lost, result.doubled, result.complaints) == (0, 0, [])
    assert result.rows_source > 0
    assert result.codes[0] > 0


def test_rows_put_aside_are_no_lost_ones_when_their_replay_finds_the_table_held(
    database, target, tmp_path
):
    """On a busy machine a replay lost its lock, and the rows of its letters were told as lost."""
    trial = Trial(4, 0.0, True, tmp_path, database, target)
    trial.client.create_dataset(f"{PROJECT}.{trial.dataset}")
    trial.sql(writers.TABLE)
    trial.sql(TWO_ROWS)
    with fault_proxy(target.url) as proxy:
        assert trial._program(proxy, trial._argv(letters.ASIDE)).wait() == 0
        table = TableRef(PROJECT, trial.dataset, "orders")
        Lock(trial.client, table, "another", timedelta(seconds=HELD_S)).acquire()
        trial._replay(proxy)
    trial._judge()
    result = trial.result
    assert result.codes[6] > 0
    assert (result.wrong, result.replayed, result.complaints) == ("", 1, [])
