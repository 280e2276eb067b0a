"""retry_failed of tables that append all of their rows each time: none is ever there twice."""

import re

import pytest

from tests.days import age, lapse
from tests.e2e.test_many_again import named
from tests.e2e.test_many_tables import TABLE, assert_free, last
from tests.fault_rules import job
from tests.processes import Gate

LOCK = {"method": "POST", "path": r"/tables(\?|$)", "body": "_sync_lock_"}
APPENDING = """
defaults: {write_disposition: WRITE_APPEND}
tables: {public.*: }
"""


@pytest.fixture
def appending(sync, sql):
    """Two tables without windows: a launch of `sync` appends all of their rows."""
    for name in ("lines", "orders"):
        sql(TABLE.format(name, 3))
        sql(f"ALTER TABLE {name} ALTER amount TYPE numeric(9, 2)")
    sync.defaults |= {"destination_bigquery_table": None, "tables": APPENDING}
    return sync


@pytest.fixture
def failed(appending, sql):
    """A launch in which `orders` failed, by a fault that is mended."""
    sql("UPDATE orders SET amount = 'NaN' WHERE id = 2")
    batch_id = named(appending())
    sql("UPDATE orders SET amount = 2")
    return batch_id


def launched(run):
    """The launch of a process."""
    return re.search(r"launch (\S+) of 2 tables", run.output)[1]


def ids(sync, name):
    return [row[0] for row in sync.rows("id", name)] if name in sync.tables() else []


def test_what_a_killed_launch_had_published_is_not_appended_again(appending, start, proxy, caplog):
    gate = Gate(proxy, after=True, **job("publish_1"))
    run = start(max_tables_at_once=1)
    gate.wait(run)
    batch_id = launched(run)
    run.kill()
    gate.open()
    lapse(appending, "_sync_lock_lines")
    age(appending)
    again = appending.ok(retry_failed=batch_id)
    assert "public.lines is not retried: its rows were published before it was" in caplog.text
    assert last(again).endswith("3 rows read, 3 published, 1 left alone")
    assert [ids(appending, name) for name in ("lines", "orders")] == [[1, 2, 3]] * 2
    assert_free(appending)


def test_of_two_retries_at_once_one_appends(appending, failed, start, proxy):
    gate = Gate(proxy, **LOCK)
    run = start(retry_failed=failed)
    gate.wait(run)
    appending.ok(retry_failed=failed)
    gate.open()
    assert run.wait() == 0
    assert "public.orders is not retried: another run has synced it since" in run.output
    assert ids(appending, "orders") == [1, 2, 3]
    assert_free(appending)


def test_what_a_killed_retry_had_published_the_next_does_not_append(
    appending, failed, start, proxy, caplog
):
    gate = Gate(proxy, after=True, **job("publish_1"))
    run = start(retry_failed=failed)
    gate.wait(run)
    run.kill()
    gate.open()
    lapse(appending, "_sync_lock_orders")
    appending.ok(retry_failed=failed)
    assert "another run has published its rows since" in caplog.text
    appending.ok(retry_failed=failed)
    assert ids(appending, "orders") == [1, 2, 3]


def test_tables_that_a_launch_may_still_come_to_are_left_to_it(appending, start, proxy, caplog):
    gate = Gate(proxy, **LOCK)  # no run of it has an event yet, nor a lock
    run = start(max_tables_at_once=1)
    gate.wait(run)
    nothing = appending.ok(retry_failed=launched(run))
    assert "nothing to retry" in last(nothing)
    assert "public.orders is not retried: its launch showed life" in caplog.text
    gate.open()
    assert run.wait() == 0
    assert [ids(appending, name) for name in ("lines", "orders")] == [[1, 2, 3]] * 2


def test_a_lock_of_a_launch_without_an_event_yet_is_a_sign_of_life(appending, start, proxy):
    gate = Gate(proxy, after=True, **LOCK)
    run = start(max_tables_at_once=1)
    gate.wait(run)
    age(appending)
    assert "nothing to retry" in last(appending.ok(retry_failed=launched(run)))
    run.kill()
    gate.open()
    lapse(appending, "_sync_lock_lines")
    assert last(appending.ok(retry_failed=launched(run))).startswith("2 of 2 tables succeeded")


def test_a_launch_without_a_record_is_told_to_be_known_in_part(appending, failed, caplog):
    appending.client.delete_table(f"{appending.dataset}.sync_batches")
    appending.ok(retry_failed=failed)
    assert f"tables that launch {failed} never came to are not known, nor retried" in caplog.text
    assert ids(appending, "orders") == [1, 2, 3]
