"""Documents that move in an index while a whole collection is read, where there is no snapshot."""

import json

from demo.mongodb_servers import MongodbServer
from sources.mongodb.connection import MongodbConnection
from sources.secrets import Secret
from tests.contract.planning import a_request, reading_of
from tests.mongodb.conftest import Collection


def test_a_document_that_moves_in_an_index_while_it_is_read_comes_once(
    mongodb: MongodbServer, docs: Collection
) -> None:
    docs.create_index("status")
    several = 12_000  # more than a reader fetches ahead
    docs.insert_many(
        [{"_id": n, "status": "ab"[n * 2 // several], "pad": "x" * 10_000} for n in range(several)]
    )
    connection = MongodbConnection(docs.database.name, docs.name, Secret(plain=mongodb.url))
    query = json.dumps({"status": {"$in": ["a", "b"]}})
    reading = reading_of(a_request("mongodb", connection, is_local=True, query=query))
    batches = reading.batches()
    read = next(batches).column("_id").to_pylist()
    docs.update_one({"_id": 0}, {"$set": {"status": "b"}})
    read += [key for batch in batches for key in batch.column("_id").to_pylist()]
    assert read == list(range(several))
