"""The same flights in a table of BigQuery, to be synced from there."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from demo.flights import COLUMNS, FIRST_OF_OCTOBER, csv_text

DATASET = "raw"
INTEGERS = frozenset(COLUMNS) - {
    *("carrier", "tailnum", "origin", "dest", "time_hour"),
    *("dep_delay", "arr_delay", "air_time"),
}


def whole_year(one_in: int = 1) -> pa.Table:
    """The flights, as BigQuery takes them from Parquet."""
    kinds: dict[str, pa.DataType] = {name: pa.int64() for name in INTEGERS}
    kinds |= {name: pa.float64() for name in ("dep_delay", "arr_delay", "air_time")}
    kinds |= {name: pa.string() for name in ("carrier", "tailnum", "origin", "dest")}
    kinds["time_hour"] = pa.timestamp("us", "UTC")
    options = csv.ConvertOptions(column_types=kinds, null_values=["NA"], strings_can_be_null=True)
    read = csv.read_csv(io.BytesIO(csv_text(one_in).encode()), convert_options=options)
    return read.select(list(COLUMNS))


def create(client: Any, one_in: int = 1) -> None:
    """Load the whole year, and make the empty table that is synced."""
    from google.cloud import bigquery

    client.create_dataset(DATASET)
    file = io.BytesIO()
    pq.write_table(whole_year(one_in), file)
    file.seek(0)
    config = bigquery.LoadJobConfig(source_format="PARQUET")
    client.load_table_from_file(file, f"{DATASET}.whole_year", job_config=config).result()
    client.query(
        f"CREATE TABLE {DATASET}.flights PARTITION BY TIMESTAMP_TRUNC(time_hour, MONTH)"
        f" CLUSTER BY origin, dest, carrier AS SELECT * FROM {DATASET}.whole_year WHERE FALSE"
    ).result()


def insert(client: Any, *, before: bool) -> int:
    """Flights before 1 October, or the rest; the number of rows."""
    job = client.query(
        f"INSERT INTO {DATASET}.flights SELECT * FROM {DATASET}.whole_year"
        f" WHERE time_hour {'<' if before else '>='} TIMESTAMP '{FIRST_OF_OCTOBER}'"
    )
    job.result()
    return int(job.num_dml_affected_rows)
