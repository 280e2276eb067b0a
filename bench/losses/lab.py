"""I/O. A tool's own source database, its runs, and what its destination holds afterwards."""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psycopg2

from bench.losses.gate import Count, address_of, door
from bench.losses.judge import Row, Verdict, compare
from demo.servers import ROOT, BigQueryServer, PostgresqlServer

LONGEST_S = 300
Words = Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Places:
    """Where a tool finds its servers: behind doors, all on loopback.

    Attributes:
        postgresql: the port of the source's server, which has the other database too.
        source: the database that it reads.
        target: the database that tools without a local BigQuery write to.
        bigquery: the URL of the local BigQuery.
        grpc: its other address.
        folder: of its own, for files and state.
    """

    postgresql: int
    source: str
    target: str
    bigquery: str
    grpc: str
    folder: Path

    def uri(self, database: str) -> str:
        """As libpq reads it."""
        return f"postgresql://postgres:none-is-asked-for@127.0.0.1:{self.postgresql}/{database}"


@dataclass(frozen=True, slots=True)
class Case:
    """A table that is copied again and again.

    Attributes:
        table: its name, in the source and nearly so in the destination.
        key: the column that tells rows apart.
        deletes: whether rows are deleted, and the tool is asked to see that.
    """

    table: str
    key: str = "id"
    deletes: bool = False


class Tool(Protocol):
    """One way to copy a table again and again."""

    @property
    def name(self) -> str:
        """By which the record knows it."""

    def commands(self, case: Case, places: Places) -> Sequence[Words]:
        """What a user runs, one after the other while each ends well."""

    def environ(self, places: Places) -> Mapping[str, str]:
        """Variables beside those of this process."""

    def rows(self, case: Case, lab: "Lab") -> list[Row]:
        """All that the destination holds; none where there is no table."""

    def told(self, case: Case, lab: "Lab") -> int:
        """How many rows the tool itself says that it has not carried."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A run: how it ended, and the line of what it said that says why."""

    code: int
    said: str

    @property
    def is_well(self) -> bool:
        """Whether it said so."""
        return self.code == 0


@dataclass(slots=True)
class Lab:
    """One tool and its servers.

    Attributes:
        tool: what runs.
        server: of the source and of the other database.
        target: the local BigQuery.
        places: the same for the tool.
        count: what the tool says to them.
        runs: of the scenario at work.
        former: all rows that the source had when one of them began.
    """

    tool: Tool
    server: PostgresqlServer
    target: BigQueryServer
    places: Places
    count: Count
    runs: list[Ran] = field(default_factory=list)
    former: list[Row] = field(default_factory=list)

    def begin(self) -> None:
        """Forget the scenario before."""
        self.runs.clear()
        self.former.clear()

    @contextmanager
    def session(self, database: str = "") -> Iterator[Any]:
        """A cursor of a session of its own, in a transaction that ends with it."""
        dsn = self.server.dsn.replace("dbname=postgres", f"dbname={database or self.places.source}")
        with contextlib.closing(psycopg2.connect(dsn, options="-c timezone=UTC")) as connection:
            yield connection.cursor()
            connection.commit()

    def source(self, *statements: str) -> None:
        """Each statement in a transaction of its own."""
        for statement in statements:
            with self.session() as cursor:
                cursor.execute(statement)

    def sync(self, case: Case, ends_at: int = 0) -> Ran:
        """Run the tool once.

        Args:
            case: what it copies.
            ends_at: it is killed (SIGKILL) when it sends this piece to a server; 0: never.
        """
        running: list[subprocess.Popen[str]] = []

        def end() -> None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running[-1].pid, signal.SIGKILL)

        self.former += rows_of(self, self.places.source, "public", case.table)
        self.count.begin(ends_at, end)
        ran = Ran(0, "")
        for words in self.tool.commands(case, self.places):
            ran = self._run(words, running)
            if not ran.is_well:
                break
        self.runs.append(ran)
        return ran

    def _run(self, words: Words, running: list["subprocess.Popen[str]"]) -> Ran:
        environ = {**os.environ, **self.tool.environ(self.places)}
        with subprocess.Popen(
            [str(word) for word in words],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            running.append(process)
            told, _ = process.communicate(timeout=LONGEST_S)
        return Ran(process.returncode, "" if process.returncode == 0 else reason(told))

    def sync_to_the_end(self, case: Case, longest: float = 90.0) -> int:
        """Run it until it ends well, as a scheduler would; how many runs that took."""
        began, tries = time.monotonic(), 1
        while not self.sync(case).is_well and time.monotonic() - began < longest:
            tries += 1
            time.sleep(3)
        return tries

    def verdict(self, case: Case) -> Verdict:
        """Source beside destination, now."""
        here = rows_of(self, self.places.source, "public", case.table)
        return compare(here, self.tool.rows(case, self), case.key, self.former)


def rows_of(lab: Lab, database: str, schema: str, table: str) -> list[Row]:
    """All rows of a PostgreSQL table as texts; none where it isn't there."""
    with lab.session(database) as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = %s AND table_name = %s",
            (schema, table),
        )
        names = [str(name) for (name,) in cursor.fetchall()]
        if not names:
            return []
        listed = ", ".join(f'"{name}"::text' for name in names)
        cursor.execute(f'SELECT {listed} FROM "{schema}"."{table}"')
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def reason(told: str) -> str:
    r"""What says why: the last line that speaks of an error, and two after it; else the last.

    >>> reason("Traceback:\n  File x\nValueError: year 15000\n\n")
    'ValueError: year 15000'
    """
    plain = COLOURS.sub("", told).replace(str(ROOT), ".")
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    about = [n for n, line in enumerate(lines) if re.search("error|fatal|panic|fail", line, re.I)]
    begin = about[-1] if about else -1
    return " ".join(lines[begin:][:3])[:300]


@contextmanager
def _database(server: PostgresqlServer, name: str) -> Iterator[str]:
    """A database while it is needed."""
    with contextlib.closing(psycopg2.connect(server.dsn)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name}")
        try:
            yield name
        finally:
            connection.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def lab_of(
    tool: Tool, server: PostgresqlServer, target: BigQueryServer, folder: Path
) -> Iterator[Lab]:
    """A tool with two databases and a folder of its own, before doors."""
    count = Count()
    host = "127.0.0.1" if server.host.startswith("/") else server.host
    with (
        _database(server, f"source_{tool.name}") as source,
        _database(server, f"target_{tool.name}") as other,
        door((host, server.port), count) as postgresql,
        door(address_of(target.url), count) as bigquery,
    ):
        own = folder / tool.name
        own.mkdir(parents=True)
        url = f"http://127.0.0.1:{bigquery}"
        places = Places(postgresql, source, other, url, target.grpc, own)
        yield Lab(tool, server, target, places, count)


Scenario = Callable[[Lab, str], dict[str, object]]
