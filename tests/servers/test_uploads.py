"""Files on their way to BigQuery: in memory is no more of them than two parts."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from google.cloud import bigquery

from demo.servers import BigQueryServer
from pipeline.destination.jobs import load_config
from tests.fault_proxy import fault_proxy
from tests.sync import PROJECT
from warehouse.client import make_client
from warehouse.jobs import JobLabels
from warehouse.names import Endpoints

PART = 1024 * 1024
ROWS = 800_000


def test_a_file_goes_up_in_parts_of_ours(
    target: BigQueryServer, client: bigquery.Client, dataset: str, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("warehouse.client.PART_BYTES", PART)
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"a": range(ROWS)}), path, compression="none", use_dictionary=False)
    size, table = path.stat().st_size, f"{PROJECT}.{dataset}.t"
    client.create_table(bigquery.Table(table, [bigquery.SchemaField("a", "INT64")]))
    config = load_config(JobLabels("r", "stage"))
    config.create_disposition, config.write_disposition = "CREATE_NEVER", "WRITE_APPEND"
    with fault_proxy(target.url) as proxy, path.open("rb") as file:
        ours = make_client(PROJECT, "US", Endpoints(bigquery=proxy.url), 1)
        ours.load_table_from_file(file, table, size=size, job_config=config).result()
        parts = [seen for seen in proxy.seen if seen.method == "PUT"]
    assert size > 5 * PART
    assert len(parts) == -(-size // PART)
    assert client.get_table(table).num_rows == ROWS
