"""`make bench SOURCE=bigquery`: 2,000,000 rows × 13 columns out of a BigQuery table, both ways.

The floor is Storage Read's Arrow answers, thrown away unread. All is measured in one run,
on the local BigQuery: quote the ratios. ROWS=… sets another number of rows.
"""

import json
import logging
import os
import shutil
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
from rich.console import Console
from rich.table import Table

from bench.syncs import ran
from demo.servers import ROOT, BigQueryServer, bigquery_server
from demo.sides import PROJECT, make_client
from sources.bigquery.connection import BigqueryConnection
from sources.bigquery.read import storage_client
from sources.values import Split

ROWS = int(os.environ.get("ROWS", "2000000"))
BEAM_ROWS = min(ROWS, 200_000)
FOLDER = ROOT / ".demo" / "bench"
CONSOLE = Console()
CREATE = """
CREATE TABLE bench.{name} AS
SELECT i AS id, MOD(i, 1000) AS quantity,
  CONCAT('customer ', CAST(MOD(i, 50000) AS STRING)) AS customer,
  CAST(MOD(i, 1000000) / 100 AS NUMERIC) AS amount, i / 7 AS weight, MOD(i, 3) = 0 AS is_paid,
  CONCAT('note ', TO_HEX(MD5(CAST(i AS STRING)))) AS note,
  CONCAT('web ', CAST(MOD(i, 7) AS STRING)) AS channel,
  [CONCAT('a', CAST(MOD(i, 10) AS STRING)), CONCAT('b', CAST(MOD(i, 100) AS STRING))] AS tags,
  TO_HEX(MD5(CAST(i + 1 AS STRING))) AS token,
  TIMESTAMP_ADD(TIMESTAMP '2024-01-01', INTERVAL i SECOND) AS created_at,
  TIMESTAMP_ADD(TIMESTAMP '2024-01-01', INTERVAL i SECOND) AS updated_at,
  DATE_ADD(DATE '2024-01-01', INTERVAL MOD(i, 365) DAY) AS due
FROM UNNEST(GENERATE_ARRAY(1, {rows})) AS i
"""


def connection(target: BigQueryServer) -> BigqueryConnection:
    """What our reader reads."""
    storage = target.environ["BIGQUERY_STORAGE_EMULATOR_HOST"]
    return BigqueryConnection(PROJECT, "bench", "orders", PROJECT, target.url, storage)


def raw_answers(target: BigQueryServer) -> int:
    """Every answer of one stream as it comes."""
    from google.cloud.bigquery_storage_v1.types import DataFormat, ReadSession

    path = f"projects/{PROJECT}/datasets/bench/tables/orders"
    with storage_client(connection(target)) as client:
        session = client.create_read_session(
            parent=f"projects/{PROJECT}",
            read_session=ReadSession(table=path, data_format=DataFormat.ARROW),
            max_stream_count=1,
        )
        reader: Any = client.read_rows(session.streams[0].name)  # type: ignore[no-untyped-call]
        return sum(answer.row_count for answer in reader)


def reader(target: BigQueryServer) -> int:
    """Our reader, one stream, in Arrow batches."""
    from smart_sync.request import ReadingRequest, SyncRequest
    from smart_sync.schema_plan import plan_columns
    from sources.bigquery.inspector import inspecting
    from sources.values import Evidence, Extract
    from warehouse.names import TableRef

    place = connection(target)
    request = SyncRequest("bigquery", TableRef(PROJECT, "bench", "copied"), ReadingRequest(place))
    with inspecting(place, "", "", "") as inspector:
        columns, _ = plan_columns(request, inspector.profile, {}, Evidence())
        source = inspector.source(Extract(run_id="bench"))
    source = source.with_columns(columns)
    (split,) = source.open((Split(0),))
    return sum(batch.num_rows for batch in source.read(split) if isinstance(batch, pa.RecordBatch))


@contextmanager
def _beam_at(target: BigQueryServer) -> Any:
    """Beam's BigQuery clients, which know the real service only, led to the local one."""
    from apache_beam.internal.http_client import get_new_http
    from apache_beam.io.gcp import bigquery as beam_bigquery
    from apache_beam.io.gcp import bigquery_tools
    from apache_beam.io.gcp.internal.clients import bigquery as api

    def rest(_: Any) -> Any:
        http = get_new_http()  # type: ignore[no-untyped-call]
        url = f"{target.url}/bigquery/v2/"
        return api.BigqueryV2(  # type: ignore[no-untyped-call]
            url=url, http=http, get_credentials=False, response_encoding="utf8"
        )

    stack = storage_client(connection(target))
    with stack as client:
        client.transport.close = lambda: None  # type: ignore[method-assign]
        with (
            mock.patch.object(bigquery_tools.BigQueryWrapper, "_bigquery_client", rest),
            mock.patch(
                f"{beam_bigquery.__name__}.bq_storage.BigQueryReadClient", return_value=client
            ),
        ):
            yield


def beam(target: BigQueryServer) -> int:
    """Beam's own ReadFromBigQuery by DIRECT_READ, counted; of fewer rows, since it takes long."""
    import apache_beam
    from apache_beam.io.gcp.bigquery import ReadFromBigQuery
    from apache_beam.transforms.combiners import Count

    logging.disable(logging.WARNING)
    with _beam_at(target), apache_beam.Pipeline("FnApiRunner") as pipeline:
        _ = (
            pipeline
            | ReadFromBigQuery(table=f"{PROJECT}:bench.some", method="DIRECT_READ")  # type: ignore[no-untyped-call]
            | Count.Globally()  # type: ignore[no-untyped-call]
        )
    logging.disable(logging.NOTSET)
    return BEAM_ROWS


def sync(target: BigQueryServer, method: str, **more: str) -> tuple[dict[str, float], int]:
    """A whole run of main.py: its own figures, and its peak memory."""
    words = {
        "data_source": "bigquery",
        "source_bigquery_project": PROJECT,
        "source_bigquery_dataset": "bench",
        "source_bigquery_table": "orders",
        "bigquery_read_method": method,
        "destination_bigquery_project": PROJECT,
        "destination_bigquery_dataset": "bench",
        "destination_bigquery_table": f"copied_{method}_{len(more)}",
        "temp_location": str(FOLDER / "temp"),
    } | more
    process = ran([f"--{name}={value}" for name, value in words.items()], target.environ)
    sql = f"SELECT seconds FROM `{PROJECT}.bench.sync_runs_latest` ORDER BY event_time DESC LIMIT 1"
    steps: dict[str, float] = json.loads(
        next(iter(make_client(target).query(sql).result())).seconds
    )
    return steps | {"process": process.seconds}, process.memory


def timed(read: Callable[[BigQueryServer], int], target: BigQueryServer) -> tuple[int, float]:
    """Rows and seconds."""
    began = time.monotonic()
    return read(target), time.monotonic() - began


def main() -> int:
    """Fill, measure, show."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    Path(FOLDER).mkdir(parents=True)
    ways: dict[str, Callable[[BigQueryServer], int]] = {
        "Storage Read's answers, thrown away (the floor)": raw_answers,
        "our reader, one stream": reader,
        "Beam's ReadFromBigQuery, DIRECT_READ": beam,
    }
    with bigquery_server(FOLDER / "bigquery") as target:
        client = make_client(target)
        client.create_dataset("bench")
        CONSOLE.print(f"making {ROWS:,} rows …")
        for name, rows in (("orders", ROWS), ("some", BEAM_ROWS)):
            client.query(CREATE.format(name=name, rows=rows)).result()
        raw_answers(target)
        figures = {name: timed(read, target) for name, read in ways.items()}
        smart = {"enable_smart_sync": "true", "enable_auto_schema": "true"}
        runs = {
            "through workers": sync(target, "workers"),
            "in place, a window by one statement": sync(target, "in_place", **smart),
            "in place, the whole by a copy job": sync(target, "in_place"),
        }
    steps, memory = runs["through workers"]
    figures["through workers: launch → all staged"] = (ROWS, steps["until_staged"])
    for name, (steps, _) in runs.items():
        figures[f"{name}: published"] = (ROWS, steps["total"])
        figures[f"{name}: whole process"] = (ROWS, steps["process"])
    base = ROWS / figures[next(iter(ways))][1]
    table = Table(title=f"{ROWS:,} rows × 13 columns")
    for heading in ("what", "seconds", "rows/s", "× floor"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for name, (rows, seconds) in figures.items():
        rate = rows / seconds
        table.add_row(name, f"{seconds:.1f}", f"{rate:,.0f}", f"{base / rate:.2f}")
    CONSOLE.print(table)
    CONSOLE.print(f"peak memory of the run through workers: {memory / 1e6:,.0f} MB")
    shutil.rmtree(FOLDER, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
