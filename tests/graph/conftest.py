"""Launches as Dataflow's launcher makes them; each is made once for all tests that look at it."""

import contextlib
import io
import itertools
import logging
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from apache_beam.runners.portability import stager
from google.cloud import bigquery

from demo.mongodb_servers import MongodbServer
from demo.servers import BigQueryServer, PostgresqlServer
from pipeline.cli import main
from tests.graph.jobs import Launched, command_line, launcher_flags
from tests.mongodb.conftest import Client, alone, mongodb
from tests.sync import PROJECT, reading

__all__ = ["alone", "mongodb"]

MERGE = {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
REPLACE = {"write_disposition": "WRITE_TRUNCATE"}
SMART = {"enable_smart_sync": "true"}
BY_HAND = SMART | {"sync_start": "2024-05-01", "sync_end": "2024-05-02"}
MODES: dict[str, dict[str, str]] = {
    "append": {},
    "replace": REPLACE,
    "empty": {"write_disposition": "WRITE_EMPTY"},
    "rebuild": {"delete_existing_table": "true"},
    "merge": MERGE,
    "verify": {"verify": "true"},
    "smart": SMART | {"enable_auto_schema": "true"},
    "by_hand_merged": BY_HAND | MERGE,
    "by_hand_replaced": BY_HAND | REPLACE | {"enable_auto_schema": "true"},
    "plan_only": {"plan_only": "true"},
}
"""Write modes; each is launched into a table of its name."""
SOURCES = ("postgresql", "mongodb", "workers", "in_place")
"""Data sources; BigQuery's two ways are two graphs."""
CASES = [
    (source, mode)
    for source in SOURCES
    for mode in MODES
    if (source, mode) != ("mongodb", "verify")  # MongoDB can't hash its documents
]
NUMBERS = itertools.count(1)


PLANTED_MACHINE = {
    "host": "pl4nted-host",
    "user": "pl4nted-user",
    "home": "pl4nted-home",
    "working folder": "pl4nted-cwd",
    "environment": "pl4nted-variable",
    "time zone": "Chatham",
    "offset in winter": "+12:45",
    "offset in summer": "+13:45",
}


@contextlib.contextmanager
def planted_machine(folder: Path) -> Iterator[None]:
    """A machine by whose names it would be known again."""
    home, here = folder / PLANTED_MACHINE["home"], folder / PLANTED_MACHINE["working folder"]
    home.mkdir(parents=True)
    here.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        patch.setenv("PWD", str(here))
        patch.setenv("HOME", str(home))
        for name in ("USER", "LOGNAME", "USERNAME"):
            patch.setenv(name, PLANTED_MACHINE["user"])
        patch.setenv("HOSTNAME", PLANTED_MACHINE["host"])
        patch.setattr(socket, "gethostname", lambda: PLANTED_MACHINE["host"])
        patch.setenv("PLANTED_ENV", PLANTED_MACHINE["environment"])
        patch.setenv("TZ", "Pacific/Chatham")
        time.tzset()
        yield
    time.tzset()


class Launches:
    """Calls main() with the launcher's flags, in this process."""

    def __init__(
        self, sources: dict[str, dict[str, str]], client: bigquery.Client, folder: Path
    ) -> None:
        self.sources, self.client, self._folder = sources, client, folder
        self._made: dict[tuple[str, str], Launched] = {}
        self._datasets: dict[str, str] = {}

    def __call__(self, source: str, mode: str) -> Launched:
        """The launch of a case, made when it is first asked for."""
        if (source, mode) not in self._made:
            launched = self.run(source, mode)
            assert launched.code == 0, launched.said
            self._made[source, mode] = launched
        return self._made[source, mode]

    def elsewhere(self, source: str) -> Launched:
        """An append launched once more, as if by another user on another machine."""
        key = (source, "elsewhere")
        if key not in self._made:
            with planted_machine(self._folder / f"machine-{source}"):
                launched = self.run(source, "append", job_name="orders-sync-2")
            assert launched.code == 0, launched.said
            self._made[key] = launched
        return self._made[key]

    def dataset(self, name: str) -> str:
        """The destination's dataset for a name; it stays until the session's end."""
        if name not in self._datasets:
            self._datasets[name] = f"graph_{os.getpid()}_{name}"
            self.client.create_dataset(f"{PROJECT}.{self._datasets[name]}")
        return self._datasets[name]

    def _drop(self, name: str) -> None:
        dataset = self._datasets.pop(name)
        self.client.delete_dataset(f"{PROJECT}.{dataset}", delete_contents=True)

    def new_folder(self) -> Path:
        """For one launch."""
        folder = self._folder / f"launch-{next(NUMBERS)}"
        folder.mkdir()
        return folder

    def parameters(self, folder: Path, source: str, mode: str, dataset: str) -> dict[str, Any]:
        """All flags of a case, but for --no_auth."""
        return {
            **launcher_flags(folder),
            **self.sources[source],
            **MODES[mode],
            "destination_bigquery_project": PROJECT,
            "destination_bigquery_dataset": self.dataset(dataset),
            "destination_bigquery_table": mode,
        }

    def run(self, source: str, /, mode: str, dataset: str = "", **more: Any) -> Launched:
        """Launch with further parameters; keyword None drops one.

        Without a name the dataset goes at once: the local BigQuery gets slower the more it holds.
        """
        folder = self.new_folder()
        own = dataset or folder.name.replace("-", "_")
        parameters = self.parameters(folder, source, mode, own) | more
        argv = ["--no_auth", *command_line(parameters)]
        said = io.StringIO()
        handler = logging.StreamHandler(said)
        logging.getLogger().addHandler(handler)
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                code = main(argv)
        finally:
            logging.getLogger().removeHandler(handler)
            if not dataset:
                self._drop(own)
        table, given = parameters["destination_bigquery_table"], map(str, parameters.values())
        return Launched(code, said.getvalue(), folder, table, frozenset(given))

    def close(self) -> None:
        for name in list(self._datasets):
            self._drop(name)


@pytest.fixture(scope="session")
def shop(postgresql: PostgresqlServer) -> Iterator[PostgresqlServer]:
    """A database with the tables `orders` and `many`."""
    name = f"graph_{os.getpid()}"
    with contextlib.closing(psycopg2.connect(postgresql.dsn)) as admin:
        admin.autocommit = True
        cursor = admin.cursor()
        cursor.execute(f"CREATE DATABASE {name}")
        made = PostgresqlServer(postgresql.host, postgresql.port, postgresql.user, name)
        with contextlib.closing(psycopg2.connect(made.dsn)) as connection, connection:
            connection.cursor().execute(
                "CREATE TABLE orders (id int8 PRIMARY KEY, name text, updated_at timestamptz);"
                "INSERT INTO orders VALUES (1, 'one', '2024-05-01 12:00Z');"
                "CREATE TABLE many AS SELECT id, timestamptz '2024-05-01Z' + id * interval '1s'"
                " AS updated_at FROM generate_series(1, 20000) AS id;"
                "ALTER TABLE many ADD PRIMARY KEY (id);"
                "ALTER TABLE many ALTER updated_at SET STATISTICS 10000; ANALYZE many"
            )
        yield made
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def documents(alone: Client) -> Iterator[str]:
    """A MongoDB database with the collections `orders` and `many`."""
    name, start = f"graph_{os.getpid()}", datetime(2024, 5, 1, 12, tzinfo=UTC)
    alone[name].orders.insert_one({"_id": 1, "id": 1, "name": "one", "updated_at": start})
    alone[name].many.insert_many({"updated_at": start} for _ in range(20_000))
    yield name
    alone.drop_database(name)


@pytest.fixture(scope="session")
def rows(client: bigquery.Client) -> Iterator[str]:
    """A BigQuery dataset with the table `orders`."""
    name = f"graph_{os.getpid()}_source"
    client.create_dataset(f"{PROJECT}.{name}")
    client.query_and_wait(
        f"CREATE TABLE {name}.orders PARTITION BY DATE(updated_at) AS"
        " SELECT 1 AS id, 'one' AS name, TIMESTAMP '2024-05-01 12:00:00Z' AS updated_at"
    )
    yield name
    client.delete_dataset(f"{PROJECT}.{name}", delete_contents=True)


class _PipOnce:
    """Stands for `subprocess` where Beam asks pip at each launch what is installed."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], bytes] = {}

    def check_output(self, command: list[str]) -> bytes:
        key = tuple(command)
        if key not in self._found:
            self._found[key] = subprocess.check_output(command)
        return self._found[key]


@pytest.fixture(scope="session")
def launch_environment(target: BigQueryServer, bucket: str) -> Iterator[pytest.MonkeyPatch]:
    """The environment that points launches at the local servers."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in target.environ.items():
            patch.setenv(name, value)
        patch.setenv("STORAGE_EMULATOR_HOST", bucket)
        patch.setattr(stager, "subprocess", _PipOnce())
        yield patch


@pytest.fixture(scope="session")
def launches(
    shop: PostgresqlServer,
    mongodb: MongodbServer,
    documents: str,
    rows: str,
    client: bigquery.Client,
    launch_environment: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Launches]:
    """main() as the launcher calls it, for every source."""
    bigquery_source = {
        "data_source": "bigquery",
        "source_bigquery_project": PROJECT,
        "source_bigquery_dataset": rows,
        "source_bigquery_table": "orders",
    }
    sources = {
        "postgresql": reading(shop)
        | {"postgresql_host": "127.0.0.1", "source_table_for_schema": "orders"},
        "mongodb": {
            "data_source": "mongodb",
            "mongodb_host": "127.0.0.1",
            "mongodb_port": str(mongodb.members[0].port),
            "mongodb_database": documents,
            "mongodb_collection": "orders",
        },
        "workers": bigquery_source | {"bigquery_read_method": "workers"},
        "in_place": bigquery_source | {"bigquery_read_method": "in_place"},
    }
    made = Launches(sources, client, tmp_path_factory.mktemp("launches"))
    yield made
    made.close()


@pytest.fixture(params=CASES, ids="-".join)
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Each source with each mode."""
    found: tuple[str, str] = request.param
    return found


@pytest.fixture
def launched(launches: Launches, case: tuple[str, str]) -> Launched:
    """The launch of each case."""
    return launches(*case)
