"""What stands behind a view or a time series, and is gone before the run or while it reads."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from auto_schema.errors import SourceRefusedError
from demo.mongodb_servers import MongodbServer
from sources.mongodb.connection import MongodbConnection
from sources.secrets import Secret
from tests.contract.planning import Reading, a_request, reading_of
from tests.mongodb.conftest import Collection
from tests.sync import Sync

ALL = {"write_disposition": "WRITE_TRUNCATE"}
JOIN = {"from": "others", "localField": "_id", "foreignField": "_id", "as": "more"}
READING: dict[str, list[dict[str, Any]]] = {
    "$unionWith": [{"$unionWith": "others"}],
    "$unionWith within $facet": [
        {"$facet": {"all": [{"$unionWith": {"coll": "others", "pipeline": []}}]}},
        {"$unwind": "$all"},
        {"$replaceWith": "$all"},
    ],
    "$lookup": [{"$lookup": JOIN}],
}


def view(
    docs: Collection, name: str, over: str, stages: list[dict[str, Any]] | None = None
) -> None:
    docs.database.command({"create": name, "viewOn": over, "pipeline": stages or []})


def planned(server: MongodbServer, docs: Collection, name: str) -> Reading:
    connection = MongodbConnection(docs.database.name, name, Secret(plain=server.url))
    return reading_of(a_request("mongodb", connection, is_local=True))


def test_a_view_over_what_is_not_there_is_no_empty_one(sync: Sync, docs: Collection) -> None:
    docs.insert_many([{"_id": n} for n in range(3)])
    view(docs, "below", docs.name)
    view(docs, "above", "below")
    sync.ok(**ALL, mongodb_collection="above")
    docs.drop()
    refused = sync(**ALL, mongodb_collection="above")
    assert (refused.code, "collection gone" in refused.err) == (3, True)
    assert f"the view reads '{docs.name}'" in refused.err
    assert sync.rows("_id") == [(0,), (1,), (2,)]
    docs.database.create_collection(docs.name)
    sync.ok(**ALL, mongodb_collection="above")
    assert sync.rows("_id") == []


@pytest.mark.parametrize("stages", READING.values(), ids=READING)
def test_a_view_that_takes_documents_of_what_is_not_there_is_refused(
    sync: Sync, docs: Collection, stages: list[dict[str, Any]]
) -> None:
    docs.insert_many([{"_id": n} for n in range(3)])
    view(docs, "v", docs.name, stages)
    refused = sync(**ALL, mongodb_collection="v")
    assert (refused.code, "the view reads 'others'" in refused.err) == (3, True)
    docs.database["others"].insert_one({"_id": 7})
    sync.ok(**ALL, mongodb_collection="v")


def drop(name: str) -> Callable[[Collection], None]:
    return lambda docs: docs.database.drop_collection(name)


def change(docs: Collection) -> None:
    docs.database.command({"collMod": "v", "viewOn": docs.name, "pipeline": [{"$limit": 1}]})


def replace(docs: Collection) -> None:
    docs.drop()
    docs.insert_one({"_id": 100})


def begin_anew(docs: Collection) -> None:
    docs.database.drop_collection("measured")
    docs.database.create_collection("measured", timeseries={"timeField": "at"})


GOING: dict[str, tuple[str, Callable[[Collection], None]]] = {
    "view": ("v", drop("v")),
    "collection below a view": ("v", drop("things")),
    "another collection below a view": ("v", replace),
    "another pipeline": ("v", change),
    "time series": ("measured", drop("measured")),
    "another time series": ("measured", begin_anew),
}


@pytest.mark.parametrize(("name", "go"), GOING.values(), ids=GOING)
def test_what_goes_while_it_is_read_is_no_empty_one(
    mongodb: MongodbServer, docs: Collection, name: str, go: Callable[[Collection], None]
) -> None:
    docs.insert_many([{"_id": n} for n in range(3)])
    view(docs, "v", docs.name)
    docs.database.create_collection("measured", timeseries={"timeField": "at"})
    docs.database["measured"].insert_many([{"at": datetime(2025, 1, n)} for n in (1, 2, 3)])
    assert len(planned(mongodb, docs, name).rows()) == 3
    reading = planned(mongodb, docs, name)
    go(docs)
    with pytest.raises(SourceRefusedError, match="collection gone"):
        reading.rows()
