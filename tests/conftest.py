"""Real servers for the whole session, and a database, dataset and folder per test."""

import contextlib
import gc
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import psycopg2
import pytest
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

from demo.cache import cache_folder
from demo.servers import (
    BigQueryServer,
    PostgresqlServer,
    bigquery_server,
    bucket_server,
    postgresql_server,
)
from tests import beam_signatures, beam_views, sent_statements, tiers
from tests.bodies import checked_bodies
from tests.order import long_first
from tests.sent_statements import judged_at_the_end
from tests.staged_json import checked_json
from tests.sync import PROJECT, Sync, make_client, reading

BUCKET = "bkt"
MEMORY = Path("/dev/shm")
ENOUGH_MEMORY = 6 << 30
"""Bytes; the servers of a whole run leave about 1 GiB."""
ONE_THREAD = Path(__file__).with_name("local_bigquery")
AS_IT_IS = ONE_THREAD / "as_it_is.py"
"""For what the fast one can't do; both keep the statements that they are sent."""
SERVERS = frozenset({"postgresql", "target", "bucket", "mongodb", "alone"})
"""Fixtures that start one."""
NUMBERS = itertools.count(1)
AS_INSTALLED = Path(__file__).with_name("as_installed")
"""First on the path of the programs that tests start."""
collect_ignore = ["local_bigquery", "as_installed"]
"""The first runs in the local BigQuery's own environment; neither holds tests."""
LEAVING_S = 1.0
"""Until DROP DATABASE itself waits for sessions that end."""
FILE_COPY_SINCE = 150_000
"""PostgreSQL's number of the version that can; by its log a database takes twice as long."""


def pytest_configure(config: pytest.Config) -> None:
    """Third parties' deprecations are theirs; everything else stays an error."""
    gc.disable()  # until all tests are collected: imports leave no garbage
    for module in ("apache_beam", "google", "grpc", "dill", "hdfs", "httplib2", "psycopg2"):
        config.addinivalue_line("filterwarnings", f"ignore::DeprecationWarning:{module}.*")
    config.addinivalue_line("filterwarnings", "ignore::FutureWarning:google.*")
    config.addinivalue_line("filterwarnings", "ignore:.*unclosed.*:ResourceWarning")
    # another thread's retries, which pause at random, while an example is drawn
    config.addinivalue_line("filterwarnings", "ignore:Do not use the `random` module:FutureWarning")
    config.addinivalue_line("filterwarnings", "ignore::pytest.PytestUnraisableExceptionWarning")
    config.addinivalue_line("markers", "server: starts a database or the local BigQuery")
    _work_in_memory()
    os.environ["PYTHONPATH"] = str(AS_INSTALLED)
    os.environ["SMART_SYNC_TEST_TRANSLATIONS"] = str(cache_folder() / "translations")
    beam_views.parse_once()
    beam_signatures.look_up_once()
    sent_statements.add_to(config)
    tiers.add_to(config)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server, so that `-m "not server"` leaves it out; and long tests first."""
    for item in items:
        if SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker("server")
    long_first(items, lambda item: item.nodeid)


def pytest_collection_finish() -> None:
    """Look for garbage among what tests make: not in Beam's and Google's modules, nor often."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 20, 20)


def _work_in_memory() -> None:
    """Keep the servers' data in memory where there is enough: a sixth faster."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    if shutil.disk_usage(MEMORY).free > ENOUGH_MEMORY:
        tempfile.tempdir = os.environ["TMPDIR"] = str(MEMORY)


# No deadline: machines are shared. CI takes the same examples each time, so that a
# change is judged by what it changed; at home new ones are looked for.
SAME_EXAMPLES = bool(os.environ.get("SAME_EXAMPLES"))
hypothesis.settings.register_profile(
    "here", deadline=None, derandomize=SAME_EXAMPLES, print_blob=True
)
hypothesis.settings.load_profile("here")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """The server of SMART_SYNC_TEST_POSTGRESQL (host:port:user), else the wheel's own."""
    named = os.environ.get("SMART_SYNC_TEST_POSTGRESQL")
    if named:
        host, port, user = named.rsplit(":", 2)
        yield PostgresqlServer(host, int(port), user)
        return
    with postgresql_server() as server:
        yield server


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the local BigQuery and the bucket keep their data, both the same."""
    return tmp_path_factory.mktemp("servers") / "data"


@pytest.fixture(scope="session")
def target(data_folder: Path, pytestconfig: pytest.Config) -> Iterator[BigQueryServer]:
    """The local BigQuery; in the end GoogleSQL judges all statements that it was sent."""
    statements = data_folder.parent / "statements.jsonl"
    with (
        judged_at_the_end(pytestconfig, statements),
        bigquery_server(data_folder, ONE_THREAD) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def bucket(data_folder: Path) -> Iterator[str]:
    """The address of a Cloud Storage over the folder where the local BigQuery looks."""
    with bucket_server(data_folder, BUCKET) as url:
        yield url


@pytest.fixture(scope="session")
def client(target: BigQueryServer) -> bigquery.Client:
    return make_client(target)


@pytest.fixture
def database(postgresql: PostgresqlServer) -> Iterator[PostgresqlServer]:
    """A database of the test's own."""
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with contextlib.closing(psycopg2.connect(postgresql.dsn)) as admin:
        admin.autocommit = True
        cursor = admin.cursor()
        copied = "STRATEGY FILE_COPY" if admin.server_version >= FILE_COPY_SINCE else ""
        cursor.execute(f"CREATE DATABASE {name} {copied}")
        yield PostgresqlServer(postgresql.host, postgresql.port, postgresql.user, name)
        leave(cursor, name)
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def leave(cursor: Any, database: str) -> None:
    """End its sessions, and wait for them here: DROP DATABASE looks again after 0.1 s only."""
    ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    deadline = time.monotonic() + LEAVING_S
    cursor.execute(ending, [database])
    while cursor.fetchall() and time.monotonic() < deadline:
        time.sleep(0.003)
        cursor.execute(ending, [database])


@pytest.fixture
def sql(database: PostgresqlServer) -> Iterator[Callable[..., Any]]:
    """Run SQL in the test's database, each call in a transaction of its own; rows or None."""
    with contextlib.closing(psycopg2.connect(database.dsn)) as connection:
        connection.autocommit = True

        def run(text: str, *values: Any) -> Any:
            with connection.cursor() as cursor:
                cursor.execute(text, values or None)
                return cursor.fetchall() if cursor.description else None

        yield run


@pytest.fixture
def dataset(client: bigquery.Client) -> Iterator[str]:
    """A dataset of the test's own; the local BigQuery gets slower the more it holds."""
    name = f"d{os.getpid()}_{next(NUMBERS)}"
    client.create_dataset(f"{PROJECT}.{name}")
    yield name
    with contextlib.suppress(GoogleAPICallError):
        client.delete_dataset(f"{PROJECT}.{name}", delete_contents=True, not_found_ok=True)


@pytest.fixture(autouse=True)
def sent_jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """All BigQuery jobs that the test's process sends; each is checked as it is sent."""
    with checked_bodies(monkeypatch) as sent:
        yield sent


@pytest.fixture(autouse=True)
def strict_json(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a run in this process stages as JSON is JSON for BigQuery's parser, too."""
    with checked_json(monkeypatch):
        yield


@pytest.fixture
def emulated(target: BigQueryServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that points the program at the local BigQuery."""
    for name, value in target.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)


@pytest.fixture
def sync(
    database: PostgresqlServer,
    emulated: None,
    client: bigquery.Client,
    dataset: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Sync:
    """main() against the test's database and dataset, in this process."""
    return Sync(reading(database), client, dataset, tmp_path / "temp", capsys)
