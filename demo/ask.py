"""`python -m demo.ask SQL`: a query of the local BigQuery, its rows as a table."""

import os
import sys

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from rich.console import Console
from rich.table import Table

WIDE = 200


def ask(sql: str) -> Table:
    """The rows of one query, as the server that the environment names has them."""
    client = bigquery.Client(
        project=os.environ["PROJECT"],
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": os.environ["BIGQUERY_EMULATOR_HOST"]},
    )
    rows = client.query(sql).result()
    table = Table(*(field.name for field in rows.schema))
    for row in rows:
        table.add_row(*("NULL" if value is None else str(value) for value in row.values()))
    return table


if __name__ == "__main__":
    Console(width=None if sys.stdout.isatty() else WIDE).print(ask(sys.argv[1]))
