"""Late commits by kind of cursor: wall-clock time, days, whole seconds, integers.

As in test_late_commits.py, each story is also told without the rule that it proves.
"""

import time
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from smart_sync import cursor
from sources.postgresql import clock as postgresql_clock
from tests.writers import EXACT, lost, stamp

EAST, WEST = "Pacific/Kiritimati", "Pacific/Pago_Pago"
"""14 hours before UTC, 11 hours behind it."""


@pytest.mark.parametrize(
    ("zone", "parameters", "missing"),
    [
        (EAST, {}, []),
        (EAST, {"late_commit_guard": "off"}, [11]),
        (WEST, {}, []),
        (WEST, {"late_commit_guard": "off"}, [11]),
        (WEST, {"source_timezone": EAST}, [11]),
    ],
    ids=["east", "east_off", "west", "west_off", "taken_for_a_zone_further_east"],
)
def test_the_guard_holds_wall_clock_stamps_in_their_own_zone(
    sync, sql, database, begin, zone, parameters, missing
):
    sql("CREATE TABLE orders (id int8, updated_at timestamp)")
    sql(f"ALTER DATABASE {database.database} SET timezone = '{zone}'")
    late, neighbour = begin(), begin()
    late.execute("INSERT INTO orders VALUES (11, localtimestamp)")
    stamp(neighbour, 1)
    neighbour.connection.commit()
    sync.ok(**EXACT | parameters)
    late.connection.commit()
    sync.ok(**EXACT | parameters)
    assert lost(sync, sql) == missing


@pytest.mark.parametrize(("guard", "missing"), [("auto", []), ("off", [11])])
def test_a_transaction_open_past_the_end_of_its_day_holds_that_day(
    sync, sql, begin, monkeypatch, guard, missing
):
    parameters = EXACT | {"late_commit_guard": guard}
    sql("CREATE TABLE orders (id int8, updated_at date)")
    sql("INSERT INTO orders VALUES (1, current_date - 1)")
    late = begin()
    late.execute("INSERT INTO orders VALUES (11, current_date)")
    sql("INSERT INTO orders VALUES (2, current_date)")
    read_clock = postgresql_clock.read_clock

    def read_clock_a_day_later(opened, *, guard):
        clock = read_clock(opened, guard=guard)
        return replace(clock, now=clock.now + timedelta(days=1))

    monkeypatch.setattr(postgresql_clock, "read_clock", read_clock_a_day_later)
    sync.ok(**parameters)
    late.connection.commit()
    sync.ok(**parameters)
    assert lost(sync, sql) == missing


@pytest.mark.parametrize(
    ("last_complete", "missing"),
    [
        (cursor.last_complete, []),
        (lambda instant, _: instant.replace(microsecond=0), [11]),
    ],
    ids=["last_complete", "last_begun"],
)
@pytest.mark.parametrize("kind", ["timestamptz(0)", "second", "next_second"])
def test_a_second_is_read_only_when_no_stamp_can_be_rounded_to_it_any_more(
    sync, sql, begin, monkeypatch, kind, last_complete, missing
):
    sql("CREATE DOMAIN second AS timestamptz(0)")
    sql("CREATE DOMAIN next_second AS second NOT NULL")
    sql(f"CREATE TABLE orders (id int8, updated_at {kind})")
    late = begin()
    late.execute("SELECT now()::timestamptz(0), now()::timestamptz(0) < now()")
    while not (seen := late.fetchone())[1]:  # rounded up: the window ends in the second before
        late.connection.rollback()
        late.execute("SELECT now()::timestamptz(0), now()::timestamptz(0) < now()")
    sql("INSERT INTO orders VALUES (1, %s - interval '1 h'), (2, %s)", seen[0], seen[0])
    monkeypatch.setattr(cursor, "last_complete", last_complete)
    sync.ok(**EXACT)
    stamp(late, 11)
    late.connection.commit()
    late.execute("SELECT pg_sleep(1.5)")
    late.connection.commit()
    sync.ok(**EXACT)
    assert sql("SELECT count(DISTINCT updated_at) FROM orders WHERE id > 1") == [(1,)]
    assert lost(sync, sql) == missing


@pytest.fixture
def numbered(sql):
    """Parameters of a table whose cursor is its own number, given before the commit."""
    sql("CREATE TABLE orders (id int8 GENERATED ALWAYS AS IDENTITY, name text)")
    return EXACT | {"smart_sync_timestamp_column": "id"}


def number(cursor):
    cursor.execute("INSERT INTO orders (name) VALUES ('any') RETURNING id")
    return cursor.fetchone()[0]


@pytest.mark.parametrize(("guard", "missing"), [("auto", []), ("off", [1])])
def test_a_lower_integer_that_commits_after_a_higher_one_arrives_once(
    sync, sql, begin, numbered, monkeypatch, guard, missing
):
    monkeypatch.setattr(postgresql_clock, "WAIT_S", 0.0)
    parameters = numbered | {"late_commit_guard": guard}
    late, quick = begin(), begin()
    assert (number(late), number(quick)) == (1, 2)
    quick.connection.commit()
    first = sync.ok(**parameters)
    assert first.out.startswith("held_back: " if guard == "auto" else "succeeded: 1 row read")
    late.connection.commit()
    sync.ok(**parameters)
    assert lost(sync, sql) == missing


def test_a_lower_integer_that_commits_while_it_is_waited_for_is_read_by_that_run(
    sync, sql, begin, numbered, monkeypatch
):
    late, quick = begin(), begin()
    assert (number(late), number(quick)) == (1, 2)
    quick.connection.commit()
    commit = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: late.connection.commit())
    monkeypatch.setattr(postgresql_clock, "time", commit)
    assert "2 rows read, 2 published" in sync.ok(**numbered).out
    assert lost(sync, sql) == []
