"""The history's last days are looked at first, and all of it only where they don't say enough."""

import json
from datetime import UTC, datetime

import pytest

from tests.e2e.test_frontier import EARLY, LATE
from tests.orders import MERGE, SMART, ids
from tests.sync import PROJECT

LOOK = "(runs.seq < 2 OR"


class From:
    """Instead of NEAR: whenever it is, the last days begin at this moment."""

    def __init__(self, moment):
        self._moment = moment

    def __rsub__(self, _):
        return self._moment


@pytest.fixture
def last_days_begin(monkeypatch):
    """What ran so far was before the last days; the table was made before, too."""

    def begin():
        monkeypatch.setattr("pipeline.launch.beside.NEAR", From(datetime.now(UTC)))

    return begin


@pytest.fixture
def hide(sync, sql, insert):
    """A row of the source, and by no run of ours also one above it in the destination."""

    def hide():
        insert(4, 10)
        ((stamp,),) = sql("SELECT updated_at FROM orders WHERE id = 4")
        table = f"`{PROJECT}.{sync.dataset}.t`"
        sync.client.query_and_wait(f"INSERT INTO {table} VALUES (4, '{stamp}')")
        insert(3, 60)

    return hide


@pytest.fixture
def looks(watched):
    """How often the history was looked at since it was last asked for."""
    seen = 0

    def looks():
        nonlocal seen
        before, seen = seen, len(watched.seen)
        queries = [one.body for one in watched.seen[before:] if isinstance(one.body, dict)]
        return sum(LOOK in str(query.get("query")) for query in queries)

    return looks


def change(sync, statement):
    sync.client.query_and_wait(statement.format(f"`{PROJECT}.{sync.dataset}.sync_runs`"))


def carried(sync):
    """What the newest run carries."""
    query = "SELECT frontier FROM `{}.{}.sync_runs` WHERE seq = 0 ORDER BY event_time DESC LIMIT 1"
    ((text,),) = sync.client.query_and_wait(query.format(PROJECT, sync.dataset))
    return json.loads(text)


def test_what_the_last_run_carries_stands_for_the_runs_before_the_last_days(
    sync, insert, hide, looks, last_days_begin
):
    insert(1, 300)
    sync.ok(**MERGE, **EARLY)
    last_days_begin()
    sync.ok(**MERGE, **EARLY)
    run = sync.history()[-1]["run_id"]
    change(
        sync,
        f"UPDATE {{}} SET status = 'failed', publish_job = NULL WHERE seq = 2 AND run_id = '{run}'",
    )
    hide()
    looks()
    assert "2 rows read" in sync.ok(**MERGE, **LATE).out
    assert looks() == 1
    assert ids(sync) == [1, 3, 4]
    assert carried(sync)["frontier"]["run_id"] == sync.history()[0]["run_id"]


def test_where_nothing_ran_in_the_last_days_all_of_the_history_is_asked(
    sync, insert, hide, looks, last_days_begin
):
    insert(1, 300)
    sync.ok(**MERGE, **EARLY)
    hide()
    last_days_begin()
    looks()
    assert "2 rows read" in sync.ok(**MERGE, **LATE).out
    assert looks() == 2
    assert ids(sync) == [1, 3, 4]


def test_a_run_that_died_before_the_last_days_is_settled(sync, insert, last_days_begin):
    insert(1, 300)
    sync.ok(**SMART, **EARLY)
    columns = ", ".join(name for name in sync.types("sync_runs") if name != "run_id")
    change(
        sync,
        f"INSERT INTO {{0}} (run_id, {columns})"
        f" SELECT '20250722t150000-00000001', {columns} FROM {{0}} WHERE seq = 0",
    )
    last_days_begin()
    sync.ok(**SMART, **LATE)
    assert sorted(run["status"] for run in sync.history()) == ["abandoned", *["succeeded"] * 2]


def test_a_history_of_an_earlier_version_goes_on(sync, insert, looks):
    """Its rows carry nothing, and it has no such column; plan_only gives it none."""
    insert(1, 300)
    sync.ok(**SMART, **EARLY)
    change(sync, "ALTER TABLE {} DROP COLUMN frontier")
    sync.ok(**SMART, **LATE, plan_only="true")
    assert "frontier" not in sync.types("sync_runs")
    insert(2, 60)
    assert "1 row read" in sync.ok(**SMART, **LATE).out
    change(sync, "UPDATE {} SET frontier = NULL WHERE TRUE")  # as an earlier version's runs
    insert(3, 0)
    looks()
    assert "1 row read" in sync.ok(**SMART, **LATE).out
    assert looks() == 2
    assert "0 rows read" in sync.ok(**SMART, **LATE).out
    assert looks() == 1
    assert ids(sync) == [1, 2, 3]


def test_a_run_that_replaces_the_table_carries_no_frontier(sync, insert):
    """It asked for none, and one that fails leaves the table as it was."""
    insert(1, 300)
    sync.ok(**SMART, **EARLY)
    sync.ok(**SMART, **EARLY, write_disposition="WRITE_TRUNCATE")
    assert set(carried(sync)) == {"asked"}
    sync.ok(**SMART, **EARLY)
    told = carried(sync)
    assert (told["cursor"], told["frontier"]["run_id"]) == (
        "updated_at",
        sync.history()[1]["run_id"],
    )
