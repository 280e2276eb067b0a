"""Open transactions around real runs: hidden ones, a leaked one, and any interleaving."""

import itertools
import os
import random
import re
import time
from types import SimpleNamespace

import pytest

from sources.postgresql import clock as postgresql_clock
from tests.writers import EXACT, lost, stamp


@pytest.fixture
def hidden(sql, write):
    """Parameters of a role that may not see when others' transactions began."""
    role = f"hidden_{os.getpid()}"
    sql(f"CREATE ROLE {role} LOGIN")
    sql(f"GRANT SELECT ON orders TO {role}")
    yield EXACT | {"postgresql_username": role}
    sql(f"DROP OWNED BY {role}")
    sql(f"DROP ROLE {role}")


@pytest.mark.parametrize(("guard", "missing"), [("auto", []), ("off", [11, 12])])
def test_a_transaction_whose_start_is_hidden_holds_the_run_back_and_loses_nothing(
    sync, sql, begin, write, hidden, monkeypatch, guard, missing
):
    parameters = hidden | {"late_commit_guard": guard}
    late, reads = begin(), begin("nightly-report")
    stamp(late, 11)
    write(1)
    with monkeypatch.context() as patch:
        patch.setattr(postgresql_clock, "WAIT_S", 0.0)
        first = sync.ok(**parameters)
    assert first.out.startswith("held_back: " if guard == "auto" else "succeeded: 1 row read")
    if guard == "auto":
        assert "pg_read_all_stats" in first.out
        assert f"pid {late.connection.info.backend_pid} (billing, " in first.out
        assert f"pid {reads.connection.info.backend_pid} (nightly-report, " in first.out
    stamp(reads, 12)
    for cursor in (late, reads):
        cursor.connection.commit()
    write(2)
    sync.ok(**parameters)
    assert lost(sync, sql) == missing


def test_a_hidden_transaction_that_ends_while_it_is_waited_for_is_read_by_that_run(
    sync, sql, begin, write, hidden, monkeypatch
):
    late = begin()
    stamp(late, 11)
    write(1)
    ends = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: late.connection.commit())
    monkeypatch.setattr(postgresql_clock, "time", ends)
    assert "2 rows read, 2 published" in sync.ok(**hidden).out
    assert lost(sync, sql) == []


def test_both_ways_out_of_a_leaked_session_bring_the_rows(sync, sql, begin, write):
    leaked = begin("leaky-pool")
    pid = leaked.connection.info.backend_pid
    write(1)
    sync.ok(postgresql_query=EXACT["postgresql_query"])
    write(2)
    held = sync.ok(**EXACT)
    assert held.out.startswith("held_back: ")
    sql("SELECT pg_sleep(1.1)")
    too_long = sync(**EXACT, late_commit_guard_max="1s")
    assert too_long.code == 9
    for text in (held.out, too_long.err):
        assert re.search(rf"pid {pid} \(leaky-pool, user \w+, open for \d+s\)", text)
    assert "end that session, or set late_commit_guard to a duration" in too_long.err
    assert lost(sync, sql) == [2]
    sync.ok(**EXACT, late_commit_guard="1s")
    assert lost(sync, sql) == []
    write(3)
    sql("SELECT pg_terminate_backend(%s, 10000)", pid)
    sync.ok(**EXACT)
    assert lost(sync, sql) == []


class Others:
    """Three sessions that do what a seed says, one deed at a time."""

    def __init__(self, seed, database, sql, begin):
        self.chance, self.numbers = random.Random(seed), itertools.count(1)
        self.sql, self.begin, self.name = sql, begin, database.database
        self.opened, self.prepared = [], []

    def act(self, times):
        for _ in range(times):
            deeds = [self.open_one, self.commit_one_row]
            deeds += [self.read, self.write, self.write, self.end] if self.opened else []
            deeds += [self.end_prepared] * 2 if self.prepared else []
            self.chance.choice(deeds)()

    def open_one(self):
        if len(self.opened) < 3:
            self.opened.append(self.begin())

    def commit_one_row(self):
        self.sql("INSERT INTO orders VALUES (%s, now())", next(self.numbers))

    def read(self):
        self.chance.choice(self.opened).execute("SELECT count(*) FROM orders")

    def write(self):
        stamp(self.chance.choice(self.opened), next(self.numbers))

    def end(self):
        cursor = self.opened.pop(self.chance.randrange(len(self.opened)))
        how = self.chance.choice(["COMMIT"] * 6 + ["ROLLBACK", "PREPARE"])
        if how == "PREPARE":
            self.prepared.append(f"{self.name}_{next(self.numbers)}")
            cursor.execute("PREPARE TRANSACTION %s", (self.prepared[-1],))
        else:
            cursor.execute(how)

    def end_prepared(self):
        how = self.chance.choice(["COMMIT", "COMMIT", "ROLLBACK"])
        self.sql(f"{how} PREPARED %s", self.prepared.pop())

    def end_all(self):
        while self.opened:
            self.end()
        while self.prepared:
            self.end_prepared()


@pytest.mark.parametrize("guard", ["auto", "off"])
@pytest.mark.parametrize("seed", [7, 10])
def test_any_interleaving_ends_with_every_row_once_and_loses_some_without_the_guard(
    sync, sql, database, begin, write, monkeypatch, seed, guard
):
    if sql("SHOW max_prepared_transactions") == [("0",)]:
        pytest.fail("the server has max_prepared_transactions = 0")
    others = Others(seed, database, sql, begin)
    read_clock = postgresql_clock.read_clock

    def read_clock_amid_others(opened, *, guard):
        clock = read_clock(opened, guard=guard)
        others.act(4)
        return clock

    write(-1)
    sync.ok(**EXACT, late_commit_guard=guard)
    with monkeypatch.context() as patch:
        patch.setattr(postgresql_clock, "WAIT_S", 0.0)
        patch.setattr(postgresql_clock, "read_clock", read_clock_amid_others)
        for _ in range(2):
            others.act(12)
            sync.ok(**EXACT, late_commit_guard=guard)
    others.end_all()
    sync.ok(**EXACT, late_commit_guard=guard)
    assert bool(lost(sync, sql)) is (guard == "off")
