"""Rows that commit late, by real transactions around real runs: each arrives once.

Every story is also told without the guard or the margin, and then loses the row.
"""

import pytest

from smart_sync.value_text import counted
from tests.writers import EXACT, lost, stamp


@pytest.mark.parametrize(("guard", "missing"), [("auto", []), ("off", [11, 12, 13])])
def test_rows_written_before_and_after_a_run_and_committed_after_it_arrive_once(
    sync, sql, begin, write, guard, missing
):
    parameters = EXACT | {"late_commit_guard": guard}
    write(1)
    late, undone = begin(), begin()
    stamp(late, 11)
    stamp(undone, 21)
    write(2)
    stamp(late, 12)
    sync.ok(**parameters)
    write(3)
    stamp(late, 13)
    late.connection.commit()
    undone.connection.rollback()
    write(4)
    sync.ok(**parameters)
    write(5)
    sync.ok(**parameters)
    assert lost(sync, sql) == missing


@pytest.mark.parametrize(
    ("guard", "read", "missing"), [("auto", (0, 2, 3), []), ("off", (1, 1, 1), [11, 12])]
)
def test_transactions_that_had_only_read_hold_one_run_or_two_and_lose_nothing(
    sync, sql, begin, write, guard, read, missing
):
    parameters = EXACT | {"late_commit_guard": guard}
    runs = []
    short = begin()
    write(1)
    long = begin("nightly-report")
    runs.append(sync.ok(**parameters))
    stamp(short, 11)
    short.connection.commit()
    write(2)
    runs.append(sync.ok(**parameters))
    stamp(long, 12)
    long.connection.commit()
    write(3)
    runs.append(sync.ok(**parameters))
    assert lost(sync, sql) == missing
    for run, rows in zip(runs, read, strict=True):
        assert run.out.startswith(f"succeeded: {counted(rows, 'row')} read, {rows} published")


@pytest.mark.parametrize(("margin", "missing"), [("5m", []), ("0s", [11, 12])])
def test_stamps_older_than_their_transaction_need_a_margin_that_is_longer(
    sync, sql, begin, write, margin, missing
):
    for number, age in ((1, "10 m"), (2, "2 m")):
        sql("INSERT INTO orders VALUES (%s, now() - %s::interval)", number, age)
    [stamps] = sql("SELECT clock_timestamp() - interval '4 m', clock_timestamp()")
    write(3)
    sync.ok(**EXACT | {"smart_sync_margin": margin})
    application = begin()
    for number, made in zip((11, 12), stamps, strict=True):
        application.execute("INSERT INTO orders VALUES (%s, %s)", (number, made))
    application.connection.commit()
    sync.ok(**EXACT)
    assert lost(sync, sql) == missing


def test_a_stamp_made_shortly_before_a_transaction_that_stays_open_is_not_lost(
    sync, sql, begin, write
):
    parameters = EXACT | {"smart_sync_margin": "2s"}
    [(made,)] = sql("SELECT clock_timestamp() - interval '1 s'")
    application = begin()
    application.execute("INSERT INTO orders VALUES (11, %s)", (made,))
    sql("INSERT INTO orders VALUES (1, %s + interval '0.5 s')", made)
    sql("SELECT pg_sleep(2.1)")
    sync.ok(**parameters)
    application.connection.commit()
    sync.ok(**parameters)
    assert lost(sync, sql) == []
