"""Runs beside the test's own, each in a process, before a proxy that can hold its requests; and
what tests of orders and of loads that stop have in common."""

import contextlib
import itertools
import json
import os
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from demo.servers import BigQueryServer, PostgresqlServer
from pipeline.launch import gather
from tests.bundles import again  # noqa: F401 - a fixture
from tests.days import lapse, runs
from tests.fault_proxy import FaultProxy, fault_proxy
from tests.orders import ORDERS, SMART
from tests.outages import leap_over_pauses, standing_between
from tests.processes import Program
from tests.resumes import HALF, LOAD, TABLE, stopped_whole, stopping
from tests.sync import Result, Sync
from tests.writers import writers

PASSED_ON = ("STORAGE_EMULATOR_HOST", "BIGQUERY_STORAGE_EMULATOR_HOST")


@pytest.fixture
def proxy(target: BigQueryServer) -> Iterator[FaultProxy]:
    """Between the started runs and BigQuery."""
    with fault_proxy(target.url) as made:
        yield made


@pytest.fixture
def watched(target: BigQueryServer, sync: Sync, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Between the test's own run and BigQuery; the test itself looks past it."""
    with fault_proxy(target.url) as made:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", made.url)
        yield made


@pytest.fixture(params=["folder", "bucket"])
def way(request: Any, sync: Sync, dataset: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Files go up one by one and through a staging table; or one load job takes them all.

    Gives a function that lists the staged files.
    """
    if request.param == "folder":
        return lambda: list(sync.temp.rglob("*.parquet"))
    bucket = request.getfixturevalue("bucket")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    sync.defaults["temp_location"] = f"gs://bkt/{dataset}/temp"

    def listed() -> list[str]:
        with urllib.request.urlopen(f"{bucket}/storage/v1/b/bkt/o?prefix={dataset}/") as answer:
            return [item["name"] for item in json.load(answer).get("items", [])]

    return listed


@pytest.fixture
def start(sync: Sync, proxy: FaultProxy, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start a run in a process, with the parameters of `sync`; it is ended with the test."""
    numbers, programs = itertools.count(1), list[Program]()

    def begin(*, through: FaultProxy = proxy, limits: Any = None, **parameters: Any) -> Program:
        environ = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        environ["BIGQUERY_EMULATOR_HOST"] = through.url
        log = tmp_path / f"run{next(numbers)}.log"
        programs.append(Program(sync.argv(**parameters), environ, log, limits))
        return programs[-1]

    yield begin
    for program in programs:
        program.end()


@pytest.fixture
def begin(database):
    with writers(database) as begin:
        yield begin


@pytest.fixture
def write(sql):
    """Write rows in a transaction of their own, stamped now."""
    sql("CREATE TABLE orders (id int8, updated_at timestamptz)")

    def write(*numbers: int) -> None:
        for number in numbers:
            sql("INSERT INTO orders VALUES (%s, now())", number)

    return write


@pytest.fixture
def faulty(sync, target, monkeypatch):
    with standing_between(monkeypatch, "BIGQUERY_EMULATOR_HOST", target.url) as proxy:
        yield proxy


@pytest.fixture
def hasty(monkeypatch):
    return leap_over_pauses(monkeypatch)


@pytest.fixture
def after_comparing(monkeypatch):
    """Gives a list of what is done once, between the comparison and all that follows it."""
    todo, compare = [], gather.with_missing

    def compared(*words):
        facts = compare(*words)
        while todo:
            todo.pop()()
        return facts

    monkeypatch.setattr(gather, "with_missing", compared)
    return todo


@pytest.fixture
def other_database(database: PostgresqlServer) -> Iterator[Callable[[str], PostgresqlServer]]:
    """Make a database of another encoding; all are dropped at the end."""
    made = []
    with contextlib.closing(psycopg2.connect(database.dsn)) as admin:
        admin.autocommit = True
        cursor = admin.cursor()

        def make(encoding: str) -> PostgresqlServer:
            name = f"{database.database}_{encoding.lower()}"
            cursor.execute(
                f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}'"
                " LC_COLLATE 'C' LC_CTYPE 'C'"
            )
            made.append(name)
            return PostgresqlServer(database.host, database.port, database.user, name)

        yield make
        for name in made:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def statements(server: PostgresqlServer, *sql: str) -> None:
    """Run statements in a database of a test's own."""
    with contextlib.closing(psycopg2.connect(server.dsn)) as connection:
        connection.set_client_encoding("UTF8")
        for statement in sql:
            connection.cursor().execute(statement)
        connection.commit()


@pytest.fixture
def orders(request: pytest.FixtureRequest, sql: Any) -> Any:
    """The table that the test's module makes by its `ORDERS`; runs further SQL beside it."""
    sql(request.module.ORDERS)
    return sql


@pytest.fixture
def insert(sql: Any) -> Callable[[int, int], None]:
    """Put an order into the source whose stamp is so many minutes old."""
    sql(ORDERS)

    def insert(number: int, minutes_ago: int) -> None:
        sql("INSERT INTO orders VALUES (%s, now() - %s::interval)", number, f"{minutes_ago} min")

    return insert


@pytest.fixture
def undo(sync: Sync) -> Callable[..., Result]:
    """Undo the run of orders at that place of the history, and say how it ended."""

    def undo(place: int, **more: str) -> Result:
        run = sync.history()[place]["run_id"]
        return sync(**{**SMART, "rollback_run": run, **more})

    return undo


@pytest.fixture
def load(sync: Sync, sql: Any) -> dict[str, str]:
    """A load that can be stopped, in two lanes of plain code: staged is what lies first."""
    sync.defaults["runner"] = None
    sql(TABLE)
    return LOAD


@pytest.fixture
def die(sync: Sync, sql: Any, start: Any, database: PostgresqlServer) -> Callable[..., str]:
    """Such a load that is killed when it has staged what lies before a row; its id."""

    def begin(after: int = HALF, end: Any = Program.kill, **parameters: str) -> str:
        with stopping(database, after):
            run = start(**LOAD | parameters)
            splits = int((LOAD | parameters)["num_splits"])
            stopped_whole(sql, sync, run, after, splits)
            end(run)
        lapse(sync)
        return str(runs(sync)[-1]["run_id"])

    return begin
