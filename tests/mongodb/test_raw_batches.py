"""Batches as bytes: what pymongo's own raw batches are, without an object for each document."""

import gc
from typing import Any

import pymongo.errors
import pytest
from bson.raw_bson import RawBSONDocument

from demo.mongodb_servers import MongodbServer
from sources.mongodb.client import AtTime
from sources.mongodb.raw_batches import RawBatches
from tests.mongodb.conftest import Client, Collection
from tests.mongodb.test_faults import failing


@pytest.fixture
def many(docs: Collection) -> Collection:
    """More documents than the first answer holds."""
    docs.insert_many([{"_id": n, "tags": [n], "in": {"pad": "x"}} for n in range(300)])
    return docs


def objects_made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows by one with each raw document that pymongo makes."""
    made, begin = list[int](), RawBSONDocument.__init__

    def counted(self: Any, *words: Any, **more: Any) -> None:
        made.append(1)
        begin(self, *words, **more)

    monkeypatch.setattr(RawBSONDocument, "__init__", counted)
    return made


def test_batches_are_pymongos_own_to_the_byte_and_no_document_becomes_an_object(
    many: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.update_many({}, {"$set": {"pad": "x" * 100_000}})
    expected = list(many.find_raw_batches(sort=[("_id", 1)]))
    made = objects_made(monkeypatch)
    batches = list(RawBatches(many, sort=[("_id", 1)]))
    assert batches == expected
    assert len(batches) > 2
    assert len(made) <= 2 * (len(batches) + 1)


def test_a_find_of_nothing_has_no_batch(many: Collection) -> None:
    assert list(RawBatches(many, {"_id": -1})) == list(many.find_raw_batches({"_id": -1})) == []


def open_cursors(client: Client) -> int:
    return int(client.admin.command("serverStatus")["metrics"]["cursor"]["open"]["total"])


def test_a_read_that_is_ended_early_leaves_no_cursor_on_the_server(
    many: Collection, alone: Client
) -> None:
    gc.collect()
    before = open_cursors(alone)
    with RawBatches(many) as cursor:
        assert next(cursor)
        assert open_cursors(alone) == before + 1
    assert open_cursors(alone) == before


@pytest.mark.parametrize(
    ("command", "code", "kind"),
    [
        ("getMore", 43, pymongo.errors.CursorNotFound),
        ("getMore", 237, pymongo.errors.OperationFailure),
        ("find", 13, pymongo.errors.OperationFailure),
        ("find", 50, pymongo.errors.ExecutionTimeout),
    ],
)
def test_an_error_of_the_server_is_pymongos_own(
    many: Collection, alone: Client, command: str, code: int, kind: type[Exception]
) -> None:
    told = []
    for read in (many.find_raw_batches, lambda: RawBatches(many)):
        fault: Any = {"errorCode": code, "errorLabels": ["a label"]}
        with failing(alone, [command], None, **fault), pytest.raises(kind) as error:
            list(read())
        details = dict(error.value.details)  # type: ignore[attr-defined]
        told.append((type(error.value), details.pop("errorLabels"), sorted(details)))
    assert told[0] == told[1]
    assert told[0][1] == ["a label"]


def test_a_find_of_a_snapshot_that_is_told_to_go_on_elsewhere_is_sent_again(
    replica_set: MongodbServer,
) -> None:
    with replica_set.client(heartbeatFrequencyMS=500) as client:
        docs = client["raw_batches"]["things"]
        docs.insert_many([{"_id": n} for n in range(300)])
        told = client.admin.command("hello")["operationTime"]
        at_time: Any = docs.with_options(read_concern=AtTime((told.time, told.inc)))
        with failing(client, ["find"], 1, errorCode=91):  # ShutdownInProgress
            raw = list(RawBatches(at_time))
        docs.delete_many({})
        assert list(RawBatches(at_time)) == raw
        client.drop_database("raw_batches")
