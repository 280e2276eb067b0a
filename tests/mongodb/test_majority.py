"""A replica set whose majority is away: a snapshot is not waited for without end."""

import signal
import threading
import time
from typing import Any

import pymongo
import pytest

from auto_schema.errors import SourceUnreachableError
from demo.mongodb_servers import MongodbServer, mongodb_server
from sources.mongodb import server as server_facts
from sources.mongodb.connection import MongodbConnection
from sources.secrets import Secret
from tests.contract.planning import a_request, reading_of
from tests.mongodb.test_failover import QUICK, client_of, majority, primary_of

SOONER_MS = 8_000
PATIENCE_S = 15.5
"""Not twice as long."""


def keep_primary(server: MongodbServer) -> None:
    """Let the primary stay what it is when it hears of no one."""
    with client_of(server) as client:
        config = client.admin.command("replSetGetConfig")["config"]
        config["version"] += 1
        config["settings"]["electionTimeoutMillis"] = 600_000
        client.admin.command("replSetReconfig", config)
        majority(client["d"]["things"]).insert_many([{"_id": n, "n": n} for n in range(100)])


def test_a_snapshot_that_no_majority_has_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert SOONER_MS < server_facts.MAJORITY_TIMEOUT_MS <= 15_000
    monkeypatch.setattr(server_facts, "MAJORITY_TIMEOUT_MS", SOONER_MS)
    with mongodb_server(members=3, options=QUICK) as server:
        keep_primary(server)
        primary = primary_of(server)
        others = [member for member in server.members if member is not primary]
        outcome: list[Any] = []

        def read() -> None:
            try:
                string = Secret(plain=f"mongodb://{primary.address}/?replicaSet=rs0")
                connection = MongodbConnection("d", "things", string)
                outcome.append(reading_of(a_request("mongodb", connection)).rows())
            except Exception as error:  # looked at below
                outcome.append(error)

        thread = threading.Thread(target=read)
        for member in others:
            member.process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(0.5)
            with client_of(server) as client:
                late = client["d"]["things"].with_options(write_concern=pymongo.WriteConcern(w=1))
                late.insert_one({"_id": 100, "n": 100})
            thread.start()
            thread.join(PATIENCE_S)
            is_waiting = thread.is_alive()
        finally:
            for member in others:
                member.process.send_signal(signal.SIGCONT)
        thread.join(30)
    if is_waiting:
        pytest.fail(f"nothing was told or read within {PATIENCE_S} s")
    (found,) = outcome
    if isinstance(found, Exception):
        assert isinstance(found, SourceUnreachableError), repr(found)
    else:
        assert len(found) >= 100
