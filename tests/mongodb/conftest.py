"""A MongoDB for the session, a replica set where one is needed, a database per test."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
from google.cloud import bigquery

from demo.mongodb_servers import MongodbServer, mongodb_server
from tests.sync import Sync

NUMBERS = itertools.count(1)
FAILPOINTS = ("--setParameter", "enableTestCommands=1")
QUICK = ("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100")
"""A primary that is stopped doesn't wait for a successor."""
Client = pymongo.MongoClient[dict[str, Any]]
Collection = pymongo.collection.Collection[dict[str, Any]]


@pytest.fixture(scope="session")
def mongodb() -> Iterator[MongodbServer]:
    """One server alone."""
    with mongodb_server(options=FAILPOINTS) as server:
        yield server


@pytest.fixture(scope="session")
def replica_set() -> Iterator[MongodbServer]:
    """A replica set of one member."""
    with mongodb_server(members=1, options=FAILPOINTS) as server:
        yield server


@pytest.fixture(scope="session")
def alone(mongodb: MongodbServer) -> Iterator[Client]:
    with mongodb.client(uuidRepresentation="standard") as client:
        yield client


@pytest.fixture
def docs(alone: Client) -> Iterator[Collection]:
    """A collection of the test's own, not there yet."""
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    yield alone[name]["things"]
    alone.drop_database(name)


@pytest.fixture
def sync(
    mongodb: MongodbServer,
    docs: Collection,
    emulated: None,
    client: bigquery.Client,
    dataset: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Sync:
    """main() against the test's collection and dataset, in this process."""
    source = {
        "data_source": "mongodb",
        "mongodb_host": "127.0.0.1",
        "mongodb_port": str(mongodb.members[0].port),
        "mongodb_database": docs.database.name,
        "mongodb_collection": docs.name,
    }
    return Sync(source, client, dataset, tmp_path / "temp", capsys)


@pytest.fixture
def set_sync(sync: Sync, replica_set: MongodbServer, docs: Collection) -> Sync:
    """The same, reading a replica set."""
    for name in ("mongodb_host", "mongodb_port"):
        sync.defaults.pop(name)
    sync.defaults["mongodb_connection_string"] = replica_set.url
    return sync


@pytest.fixture(scope="module")
def pair() -> Iterator[MongodbServer]:
    with mongodb_server(members=2, options=[*QUICK, *FAILPOINTS]) as server:
        yield server
