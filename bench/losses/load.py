"""I/O. A Parquet file into a table of BigQuery, whose rows it replaces, by one load job.

python -m bench.losses.load URL FILE DATASET.TABLE
"""

import sys
from pathlib import Path

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from demo.sides import PROJECT


def main() -> None:
    """Wait until it is loaded."""
    url, file, table = sys.argv[1:]
    client = bigquery.Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": url},
    )
    job = bigquery.LoadJobConfig(
        source_format=bigquery.SourceFormat.PARQUET,
        write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
    )
    with Path(file).open("rb") as rows:
        client.load_table_from_file(rows, f"{PROJECT}.{table}", job_config=job).result()


if __name__ == "__main__":
    main()
