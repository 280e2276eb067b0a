"""A load of a collection that lost its source is gone on with: what was staged isn't read again."""

import contextlib
from datetime import UTC, datetime, timedelta

from tests.days import runs, staging_tables, statuses
from tests.mongodb.test_faults import PAD, rows_of  # noqa: F401 - a fixture
from tests.resumes import taken_over

ROWS, SPLITS = 60, 6
LOAD = {
    "enable_smart_sync": "true",
    "smart_sync_timestamp_column": "changed",
    "num_splits": str(SPLITS),
    "max_retries": "0",
    "runner": None,
}


@contextlib.contextmanager
def gone_after(client, finds, app):
    """The connection of a run is closed at each find but so many."""
    point = {"configureFailPoint": "failCommand"}
    data = {"failCommands": ["find", "aggregate"], "closeConnection": True, **app}
    client.admin.command(point | {"mode": {"skip": finds}, "data": data})
    try:
        yield
    finally:
        client.admin.command(point | {"mode": "off"})


def test_a_lost_server_keeps_what_was_staged(sync, docs, alone, rows_of):  # noqa: F811
    began = datetime(2024, 1, 1, tzinfo=UTC)
    docs.insert_many(
        [{"_id": n, "pad": PAD, "changed": began + timedelta(hours=n)} for n in range(ROWS)]
    )
    docs.create_index("changed")
    with gone_after(alone, 3, rows_of.next):
        result = sync(**LOAD)
    assert result.code == 3, result.err
    (failed,) = runs(sync)
    assert "the next run takes it over" in failed["error"]
    sync.ok(**LOAD)
    _, row, own = runs(sync)
    assert row["resumed_run"] == failed["run_id"]
    assert 0 < taken_over(row)["rows_taken_over"] == failed["rows_read"] < ROWS
    assert (row["rows_read"], row["rows_published"], own["rows_read"]) == (ROWS, ROWS, 0)
    assert sync.rows("COUNT(*), COUNT(DISTINCT _id)") == [(ROWS, ROWS)]
    assert statuses(sync) == ["failed", "succeeded", "succeeded"]
    assert [path for path in sync.temp.rglob("*") if path.is_file()] == []
    assert staging_tables(sync) == []
