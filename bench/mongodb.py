"""`make bench SOURCE=mongodb`: 1,000,000 nested documents, beside other ways to read them.

The floor is the same documents as raw bytes, thrown away. All is measured in one run: quote
the ratios, machines differ. ROWS=… sets another number of documents.
"""

import json
import logging
import os
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.table import Table

from bench.measure import measured
from bench.run import DATASET
from demo.mongodb_servers import MongodbServer, mongodb_server
from demo.servers import ROOT, BigQueryServer, bigquery_server
from demo.sides import PROJECT, make_client

ROWS = int(os.environ.get("ROWS", "1000000"))
BEAM_ROWS = min(ROWS, 100_000)
FOLDER = ROOT / ".demo" / "bench"
CONSOLE = Console()
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


def fill(server: MongodbServer) -> int:
    """Both collections; the average size of a document."""
    with server.client() as client:
        for name, rows in (("orders", ROWS), ("some", BEAM_ROWS)):
            batch: list[dict[str, Any]] = []
            for document in documents(rows):
                batch.append(document)
                if len(batch) == 10_000:
                    client["bench"][name].insert_many(batch, ordered=False)
                    batch = []
            if batch:
                client["bench"][name].insert_many(batch, ordered=False)
        stats = client["bench"].command("collStats", "orders")
        return int(stats["avgObjSize"])


def raw_bytes(server: MongodbServer) -> int:
    """The documents as they come over the wire."""
    with server.client() as client:
        return sum(len(raw) > 0 for raw in client["bench"]["orders"].find_raw_batches()) and ROWS


def dicts(server: MongodbServer) -> int:
    """Pymongo's own documents."""
    with server.client() as client:
        return sum(1 for _ in client["bench"]["orders"].find(batch_size=10_000))


def arrow_all(server: MongodbServer) -> int:
    """Pymongoarrow's find_arrow_all of the columns that are flat."""
    from pymongoarrow.api import Schema, find_arrow_all  # type: ignore[import-untyped]

    with server.client() as client, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return int(find_arrow_all(client["bench"]["orders"], {}, schema=Schema(FLAT)).num_rows)


def beam(server: MongodbServer) -> int:
    """Beam's own ReadFromMongoDB, counted; of fewer documents, since it takes long."""
    import apache_beam
    from apache_beam.io.mongodbio import ReadFromMongoDB
    from apache_beam.transforms.combiners import Count

    logging.disable(logging.WARNING)
    with apache_beam.Pipeline("FnApiRunner") as pipeline:
        _ = (
            pipeline
            | ReadFromMongoDB(uri=server.url, db="bench", coll="some", bucket_auto=True)  # type: ignore[no-untyped-call]
            | Count.Globally()  # type: ignore[no-untyped-call]
        )
    logging.disable(logging.NOTSET)
    return BEAM_ROWS


def reader(server: MongodbServer) -> int:
    """Our reader: every field, nested ones as JSON, in Arrow batches."""
    return read_with(server, "")


def flat_reader(server: MongodbServer) -> int:
    """Our reader of the columns that find_arrow_all reads, by the same projection."""
    return read_with(server, json.dumps(dict.fromkeys(FLAT, 1)))


def read_with(server: MongodbServer, projection: str) -> int:
    """Documents that our reader reads under a projection."""
    from smart_sync.request import ReadingRequest, SyncRequest
    from smart_sync.schema_plan import plan_columns
    from sources.mongodb.connection import MongodbConnection
    from sources.mongodb.inspector import inspecting
    from sources.secrets import Secret
    from sources.values import Evidence, Extract, Split
    from warehouse.names import TableRef

    connection = MongodbConnection("bench", "orders", Secret.of(server.url), projection=projection)
    request = SyncRequest(
        "mongodb", TableRef(PROJECT, DATASET, "orders"), ReadingRequest(connection)
    )
    with inspecting(connection, "", "", "") as inspector:
        columns, _ = plan_columns(request, inspector.profile, {}, Evidence())
        source = inspector.source(Extract(run_id="bench"))
    batches = source.with_columns(columns).read(Split(0))
    return sum(batch.num_rows for batch in batches if isinstance(batch, pa.RecordBatch))


def timed(read: Callable[[MongodbServer], int], server: MongodbServer) -> tuple[int, float]:
    """Documents and seconds."""
    began = time.monotonic()
    return read(server), time.monotonic() - began


def sync(server: MongodbServer, target: BigQueryServer) -> tuple[dict[str, float], int]:
    """A whole run of main.py: its own figures, and its peak memory."""
    client = make_client(target)
    client.create_dataset(f"{PROJECT}.{DATASET}")
    words = {
        "data_source": "mongodb",
        "mongodb_connection_string": server.url,
        "mongodb_database": "bench",
        "mongodb_collection": "orders",
        "enable_auto_schema": "true",
        "partition_field": "",
        "destination_bigquery_project": PROJECT,
        "destination_bigquery_dataset": DATASET,
        "destination_bigquery_table": "orders",
        "temp_location": str(FOLDER / "temp"),
    }
    command = [sys.executable, str(ROOT / "main.py")]
    command += [f"--{name}={value}" for name, value in words.items()]
    process = measured(command, target.environ)
    sql = f"SELECT seconds FROM `{PROJECT}.{DATASET}.sync_runs_latest`"
    steps: dict[str, float] = json.loads(next(iter(client.query(sql).result())).seconds)
    return steps | {"process": process.seconds}, process.memory


def main() -> int:
    """Fill, measure, show."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    Path(FOLDER).mkdir(parents=True)
    ways: dict[str, Callable[[MongodbServer], int]] = {
        "raw bytes, thrown away (the floor)": raw_bytes,
        "pymongo dicts": dicts,
        "find_arrow_all, 6 flat columns": arrow_all,
        "Beam's ReadFromMongoDB": beam,
        "our reader, the same 6 columns": flat_reader,
        "our reader, all fields": reader,
    }
    with mongodb_server() as server, bigquery_server(FOLDER / "bigquery") as target:
        CONSOLE.print(f"making {ROWS:,} documents …")
        size = fill(server)
        raw_bytes(server)  # so that the server's cache is warm for all
        figures = {name: timed(read, server) for name, read in ways.items()}
        steps, memory = sync(server, target)
    figures["a whole run: launch → all staged"] = (ROWS, steps["until_staged"])
    figures["a whole run: the process, published"] = (ROWS, steps["process"])
    base = ROWS / figures["raw bytes, thrown away (the floor)"][1]
    table = Table(title=f"{ROWS:,} documents of {size} bytes")
    for heading in ("what", "seconds", "documents/s", "MB/s", "× floor"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for name, (rows, seconds) in figures.items():
        rate = rows / seconds
        cells = (
            f"{seconds:.1f}",
            f"{rate:,.0f}",
            f"{rate * size / 1e6:,.0f}",
            f"{base / rate:.2f}",
        )
        table.add_row(name, *cells)
    CONSOLE.print(table)
    CONSOLE.print(f"peak memory of the whole run: {memory / 1e6:,.0f} MB")
    shutil.rmtree(FOLDER, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
