"""MongoDB: 1,000,000 nested documents, beside other ways to read them.

The floor is the same documents as raw bytes, thrown away. Each way reads in a process of its
own, which measures the reading alone:

    python -m bench.mongodb WAY CONNECTION_STRING
"""

import importlib
import json
import logging
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pyarrow as pa
import pymongo
from google.cloud import bigquery

from bench.measure import figures_told
from bench.record import Sample
from bench.syncs import AS_INSTALLED, DATASET, into_new_table, of_mongodb
from demo.mongodb_servers import MongodbServer
from demo.servers import BigQueryServer
from demo.sides import PROJECT

SHARE = 1 / 2
"""Documents for one row of the table that ROWS= says."""
SOME = 100_000
"""Documents for Beam's own reader, which takes long."""
START = datetime(2024, 1, 1, tzinfo=UTC)
FLAT = {"_id": pa.int64(), "quantity": pa.int64(), "amount": pa.float64()} | {
    "is_paid": pa.bool_(),
    "note": pa.string(),
    "updated_at": pa.timestamp("ms"),
}


def documents(rows: int) -> Iterator[dict[str, Any]]:
    """Orders with a customer, two addresses and items inside."""
    for i in range(rows):
        yield {
            "_id": i,
            "customer": {"name": f"customer {i % 50_000}", "segment": "retail", "since": i % 20},
            "quantity": i % 1000,
            "amount": i / 7,
            "is_paid": i % 3 == 0,
            "note": f"a note of some length on order {i}",
            "shipping": {"city": "New York", "zip": f"{i % 100_000:05}", "point": [40.7, -74.0]},
            "items": [{"sku": f"a{i % 10}", "n": 1}, {"sku": f"b{i % 100}", "n": i % 7}],
            "tags": [f"a{i % 10}", f"b{i % 100}"],
            "updated_at": START + timedelta(seconds=i),
        }


def fill(server: MongodbServer, rows: int) -> None:
    """Both collections."""
    with server.client() as client:
        for name, count in (("orders", rows), ("some", min(rows, SOME))):
            batch: list[dict[str, Any]] = []
            for document in documents(count):
                batch.append(document)
                if len(batch) == 10_000:
                    client[DATASET][name].insert_many(batch, ordered=False)
                    batch = []
            if batch:
                client[DATASET][name].insert_many(batch, ordered=False)


def raw_bytes(url: str) -> int:
    """The documents as they come over the wire; the number of batches."""
    with connected(url) as client:
        return sum(len(raw) > 0 for raw in client[DATASET]["orders"].find_raw_batches())


def connected(url: str) -> "pymongo.MongoClient[dict[str, Any]]":
    """A client of pymongo's own."""
    return pymongo.MongoClient(url)


def dicts(url: str) -> int:
    """Pymongo's own documents."""
    with connected(url) as client:
        return sum(1 for _ in client[DATASET]["orders"].find(batch_size=10_000))


def arrow_all(url: str) -> int:
    """Pymongoarrow's find_arrow_all of the columns that are flat."""
    from pymongoarrow.api import Schema, find_arrow_all  # type: ignore[import-untyped]

    with connected(url) as client, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return int(find_arrow_all(client[DATASET]["orders"], {}, schema=Schema(FLAT)).num_rows)


def beam(url: str) -> int:
    """Beam's own ReadFromMongoDB, counted; of fewer documents, since it takes long."""
    import apache_beam
    from apache_beam.io.mongodbio import ReadFromMongoDB
    from apache_beam.transforms.combiners import Count

    logging.disable(logging.WARNING)
    began = Moment()
    with apache_beam.Pipeline("FnApiRunner") as pipeline:
        _ = (
            pipeline
            | ReadFromMongoDB(uri=url, db=DATASET, coll="some", bucket_auto=True)  # type: ignore[no-untyped-call]
            | Count.Globally()  # type: ignore[no-untyped-call]
        )
    began.tell(SOME)
    return SOME


def reader(url: str) -> int:
    """Our reader: every field, nested ones as JSON, in Arrow batches."""
    return read_with(url, "")


def flat_reader(url: str) -> int:
    """Our reader of the columns that find_arrow_all reads, by the same projection."""
    return read_with(url, json.dumps(dict.fromkeys(FLAT, 1)))


def read_with(url: str, projection: str) -> int:
    """Documents that our reader reads under a projection."""
    from smart_sync.request import ReadingRequest, SyncRequest
    from smart_sync.schema_plan import plan_columns
    from sources.mongodb.connection import MongodbConnection
    from sources.mongodb.inspector import inspecting
    from sources.secrets import Secret
    from sources.values import Evidence, Extract, Split
    from warehouse.names import TableRef

    connection = MongodbConnection(DATASET, "orders", Secret.of(url), projection=projection)
    request = SyncRequest(
        "mongodb", TableRef(PROJECT, DATASET, "orders"), ReadingRequest(connection)
    )
    with inspecting(connection, "", "", "") as inspector:
        columns, _ = plan_columns(request, inspector.profile, {}, Evidence())
        source = inspector.source(Extract(run_id="bench"))
    began = Moment()
    batches = source.with_columns(columns).read(Split(0))
    rows = sum(batch.num_rows for batch in batches if isinstance(batch, pa.RecordBatch))
    began.tell(rows)
    return rows


class Moment:
    """The time and CPU when a reading begins, after imports and before its first byte."""

    told: dict[str, float] | None = None

    def __init__(self) -> None:
        self._seconds, self._cpu = time.monotonic(), time.process_time()

    def tell(self, rows: int) -> None:
        """What the reading took."""
        Moment.told = {
            "seconds": time.monotonic() - self._seconds,
            "cpu": time.process_time() - self._cpu,
            "rows": rows,
        }


READERS: dict[str, Callable[[str], int]] = {
    "find_raw_batches": raw_bytes,
    "find_arrow_all, 6 flat fields": arrow_all,
    "ours, the same 6 fields": flat_reader,
    "ours": reader,
    "dicts": dicts,
    "ReadFromMongoDB": beam,
}
ONCE = ("ours, the same 6 fields", "dicts", "ReadFromMongoDB")
"""What no target speaks of, and takes long: measured once."""
SYNC = "a whole run"
TOLD = {
    "find_raw_batches": "`find_raw_batches`, thrown away",
    "find_arrow_all, 6 flat fields": "pymongoarrow's `find_arrow_all` of 6 flat fields",
    "ours, the same 6 fields": "our reader, the same 6 fields",
    "ours": "**our reader**: all fields, nested ones as JSON",
    "dicts": "pymongo's `find`, thrown away",
    "ReadFromMongoDB": f"Beam's `ReadFromMongoDB`, {SOME:,} documents of it",
    SYNC: "ours: a whole run, published",
}


def told(way: str, url: str) -> dict[str, float]:
    """Read in this process; what it took, without our reader's look at the schema."""
    importlib.import_module("pymongoarrow.api")  # not a part of what is measured

    began = Moment()
    rows = READERS[way](url)
    if Moment.told is None:
        began.tell(rows)
    return Moment.told or {}


def ways(
    server: MongodbServer, target: BigQueryServer, client: bigquery.Client
) -> dict[str, Callable[[], Sample]]:
    """What is measured in turns."""
    command = [sys.executable, "-m", "bench.mongodb"]
    readers: dict[str, Callable[[], Sample]] = {
        way: partial(figures_told, [*command, way, server.url], AS_INSTALLED) for way in READERS
    }
    return readers | {SYNC: partial(into_new_table, of_mongodb(server, "orders"), target, client)}


if __name__ == "__main__":
    print(json.dumps(told(*sys.argv[1:])))
