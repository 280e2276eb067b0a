"""Sessions that write as applications do, each in a thread with a random of its own."""

import contextlib
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg2

TABLE = """
CREATE TABLE orders (
  id bigserial PRIMARY KEY, writer int NOT NULL, version int NOT NULL DEFAULT 1,
  note text, updated_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz
);
CREATE INDEX ON orders (updated_at);
CREATE SEQUENCE blocks START 200000;
CREATE PROCEDURE in_steps(writer int, note text, count int, pause float8) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO orders (writer, note, updated_at)
  SELECT writer, note || n, statement_timestamp() FROM generate_series(1, count) n;
  COMMIT;
  PERFORM pg_sleep(pause);
  INSERT INTO orders (writer, note, updated_at)
  SELECT writer, note || n, statement_timestamp() FROM generate_series(1, count) n;
END $$;
"""
MORE = "INSERT INTO orders (writer, note) SELECT 0, 'more ' || n FROM generate_series(1, 200) n"
"""Something to read, whatever the writers do."""
SKEW_S = 20
"""The skewed writer's clock is so far behind."""
STALE_S = 1.5
"""An application gives a transaction up whose stamp is older when it comes to commit."""
AHEAD_S = 3
"""The clock of the writer that is ahead is so far ahead at most."""
BLOCK = 50
"""Numbers that one session takes at once."""
SKEWED, AHEAD = 99, 98
"""Their rows are their own: of two clocks on one row the later version may bear the older stamp."""
INSERT = """
INSERT INTO orders (writer, note, updated_at)
SELECT %s, %s || n, {} FROM generate_series(1, %s) n
"""
UPDATE = """
UPDATE orders SET version = version + 1, note = %s, updated_at = {} WHERE id IN (
  SELECT id FROM orders WHERE writer {} ORDER BY random() LIMIT %s)
"""


@dataclass
class Written:
    """What the writers have done; shared by their threads."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    committed: int = 0
    rolled_back: int = 0
    prepared: int = 0

    def count(self, name: str, rows: int = 1) -> None:
        with self.lock:
            setattr(self, name, getattr(self, name) + rows)


class Writer(threading.Thread):
    """One session; `work` is one transaction, done again and again until `stop`."""

    def __init__(self, work: "Work", dsn: str, number: int, seed: int, written: Written) -> None:
        super().__init__(name=f"writer {number}", daemon=True)
        self.random = random.Random(seed)
        self.number, self.written = number, written
        self._work, self._dsn = work, dsn
        self._stopped = threading.Event()

    def run(self) -> None:
        with contextlib.closing(psycopg2.connect(self._dsn, application_name=self.name)) as session:
            while not self._stopped.is_set():
                with session.cursor() as cursor:
                    try:
                        self._work(self, cursor)
                    except psycopg2.errors.DeadlockDetected:
                        session.rollback()
                self.nap(0.02, 0.3)

    def stop(self) -> None:
        self._stopped.set()

    def nap(self, low: float, high: float) -> None:
        """Wait, also while the others write; a long one ends early when all is to end."""
        self._stopped.wait(self.random.uniform(low, high))

    def write(self, cursor: Any, stamp: str = "now()", stamps: tuple[Any, ...] = ()) -> int:
        """Insert rows that share a stamp, and update some; the number of rows."""
        rows = self.random.randint(1, 20)
        cursor.execute(INSERT.format(stamp), (self.number, f"new by {self.number} ", *stamps, rows))
        if self.random.random() < 0.6:
            own = f"= {SKEWED}" if self.number == SKEWED else f"< {AHEAD}"
            wanted = self.random.randint(1, 8)
            values = (f"moved by {self.number}", *stamps, wanted)
            cursor.execute(UPDATE.format(stamp, own), values)
            rows += cursor.rowcount
        return rows

    def end(self, cursor: Any, rows: int, *, stale: bool = False) -> None:
        """Commit, or now and then roll back."""
        if stale or self.random.random() < 0.15:
            cursor.connection.rollback()
            self.written.count("rolled_back", rows)
        else:
            cursor.connection.commit()
            self.written.count("committed", rows)


Work = Callable[[Writer, Any], None]


def short(writer: Writer, cursor: Any) -> None:
    """A row or more, all with one stamp, at once."""
    writer.end(cursor, writer.write(cursor))


def long(writer: Writer, cursor: Any) -> None:
    """Open for seconds: has written before it pauses, or only read."""
    cursor.execute("SELECT count(*) FROM orders")
    rows = writer.write(cursor) if writer.random.random() < 0.5 else 0
    writer.nap(0.5, 9.0)
    rows += writer.write(cursor)
    writer.end(cursor, rows)


def by_application(writer: Writer, cursor: Any) -> None:
    """The stamp is made before the transaction begins."""
    cursor.execute("SELECT clock_timestamp()")
    (stamp,) = cursor.fetchone()
    cursor.connection.rollback()
    began = time.monotonic()
    writer.nap(0.0, 1.0)
    rows = writer.write(cursor, "%s", (stamp,))
    writer.end(cursor, rows, stale=time.monotonic() - began > STALE_S)


def prepared(writer: Writer, cursor: Any) -> None:
    """In two phases; between them no session holds the transaction."""
    name = f"chaos_{writer.number}_{writer.random.randrange(10**9)}"
    rows = writer.write(cursor)
    writer.nap(0.0, 4.0)
    cursor.execute("PREPARE TRANSACTION %s", (name,))
    cursor.connection.rollback()
    writer.nap(0.2, 1.5)
    cursor.connection.autocommit = True
    verdict = "COMMIT" if writer.random.random() < 0.7 else "ROLLBACK"
    cursor.execute(f"{verdict} PREPARED %s", (name,))
    cursor.connection.autocommit = False
    writer.written.count("prepared")
    writer.written.count("committed" if verdict == "COMMIT" else "rolled_back", rows)
    writer.nap(2.0, 6.0)


def by_procedure(writer: Writer, cursor: Any) -> None:
    """Commits inside one call, and stamps all by when it was called."""
    rows, pause = writer.random.randint(1, 20), writer.random.uniform(0.2, 4.0)
    cursor.connection.autocommit = True
    note = f"called by {writer.number} "
    cursor.execute("CALL in_steps(%s, %s, %s, %s)", (writer.number, note, rows, pause))
    cursor.connection.autocommit = False
    writer.written.count("committed", 2 * rows)


def in_blocks(writer: Writer, cursor: Any) -> None:
    """Takes numbers in blocks, as object mappers do: lower ones than others have committed."""
    left: list[int] = vars(writer).setdefault("numbers", [])
    if not left:
        cursor.execute("SELECT nextval('blocks')")
        first = cursor.fetchone()[0] * BLOCK
        left.extend(range(first, first + BLOCK))
    count = writer.random.randint(1, min(20, len(left)))
    numbers = [left.pop(0) for _ in range(count)]
    writer.nap(0.0, 2.0)
    cursor.execute(
        "INSERT INTO orders (id, writer, note) SELECT n, %s, %s || n FROM unnest(%s) AS n",
        (writer.number, f"new by {writer.number} ", numbers),
    )
    writer.end(cursor, count)


def called_like_us(writer: Writer, cursor: Any) -> None:
    """A long transaction of a session that has our readers' name."""
    cursor.execute("SET application_name = 'bigquery-smart-sync 20250101t000000-00000000'")
    long(writer, cursor)


def skewed(writer: Writer, cursor: Any) -> None:
    """A clock that is behind: only a lookback finds its rows."""
    writer.end(cursor, writer.write(cursor, f"now() - interval '{SKEW_S} s'"))


def ahead(writer: Writer, cursor: Any) -> None:
    """A clock that is ahead: rows are there before their time, and are read when it has come."""
    rows, seconds = writer.random.randint(1, 20), writer.random.uniform(0.1, AHEAD_S)
    note = f"new by {writer.number} "
    cursor.execute(INSERT.format("now() + interval '%s s'"), (writer.number, note, seconds, rows))
    writer.end(cursor, rows)
