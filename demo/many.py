"""`make demo SOURCE=tables`: five tables in one launch from one file, checked table by table.

1. the plan of the whole, 2. the first launch, 3. changes in three of them and a second launch.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg2
from google.cloud import bigquery
from rich.rule import Rule
from rich.table import Table

from demo import five_tables
from demo.five_tables import CHANGES, FILE, DemoTable
from demo.servers import BigQueryServer, PostgresqlServer, postgresql_server
from demo.sides import PROJECT, make_client, postgresql_parameters

Show = Callable[[Any], None]
Launch = Callable[[str, list[str]], float]
Sums = tuple[int, int]


def parameters(server: PostgresqlServer, file: Path, dataset: str, temp: str) -> list[str]:
    """The parameters of all three launches."""
    return [
        *postgresql_parameters(server),
        f"--tables={file}",
        f"--destination_bigquery_project={PROJECT}",
        f"--destination_bigquery_dataset={dataset}",
        f"--temp_location={temp}",
        "--smart_sync_margin=0s",  # the demo's changes are stamped by the database itself
    ]


def demo_tables(
    target: BigQueryServer,
    command: Sequence[str],
    launch: Launch,
    show: Show,
    folder: Path,
    dataset: str = "air",
    most_flights: int | None = None,
) -> bool:
    """Plan, launch, change, launch again; whether each table is the same on both sides.

    Args:
        target: the local BigQuery.
        command: the words that start main.py.
        launch: runs a command under a title; its seconds.
        show: prints what it is given.
        folder: for the file of tables, and staged files.
        dataset: of the destination; it is made.
        most_flights: see `five_tables.create`.
    """
    client = make_client(target)
    client.create_dataset(f"{PROJECT}.{dataset}")
    file = folder / "tables.yaml"
    file.write_text(FILE, encoding="utf-8")
    with postgresql_server() as server, contextlib.closing(psycopg2.connect(server.dsn)) as opened:
        opened.autocommit = True
        cursor = opened.cursor()
        tables = five_tables.create(cursor, most_flights)
        words = [*command, *parameters(server, file, dataset, str(folder / "temp"))]
        launch("1 · the plan of the whole", [*words, "--plan_only=true"])
        launch("2 · first launch: everything, from one file", words)
        changed = five_tables.change(cursor)
        for name, _, what in CHANGES:
            show(f"{changed[name]:,} {what}.")
        launch("3 · second launch: only what has changed", words)
        show(Rule("Result", align="left"))
        show(_runs(client, dataset))
        sides = {table: _sums(cursor, client, table, dataset) for table in tables}
    show(_proof(sides))
    agree = all(source == destination for source, destination in sides.values())
    show("[green]They agree.[/]" if agree else "[red]They differ.[/]")
    return agree


def _sums(
    cursor: Any, client: bigquery.Client, table: DemoTable, dataset: str
) -> tuple[Sums, Sums]:
    """Rows and checksum of a table, as the source and as BigQuery compute them."""
    cursor.execute(table.postgresql_checksum())
    source = cursor.fetchone()
    (row,) = client.query(table.bigquery_checksum(dataset)).result()
    return (int(source[0]), int(source[1])), (int(row[0]), int(row[1]))


def _runs(client: bigquery.Client, dataset: str) -> Table:
    """Rows that each launch published of each table, as the run history tells them."""
    sql = (
        f"SELECT destination, rows_published FROM `{PROJECT}.{dataset}.sync_runs_latest`"
        " ORDER BY event_time"
    )
    published = dict[str, list[int]]()
    for row in client.query(sql).result():
        name = row["destination"].rpartition(".")[2]
        published.setdefault(name, []).append(int(row["rows_published"]))
    table = Table(title="Rows published, as the run history tells them")
    table.add_column("table")
    for heading in ("first launch", "second launch"):
        table.add_column(heading, justify="right")
    for name, rows in sorted(published.items()):
        table.add_row(name, *(f"{count:,}" for count in rows))
    return table


def _proof(sides: Mapping[DemoTable, tuple[Sums, Sums]]) -> Table:
    """Rows and checksum of both sides of each table."""
    table = Table(title="Proof: computed by each side on its own, over all rows")
    table.add_column("table")
    for heading in ("rows in PostgreSQL", "in BigQuery", "sum of MD5", "in BigQuery"):
        table.add_column(heading, justify="right")
    for one, (source, destination) in sides.items():
        table.add_row(
            one.name,
            f"{source[0]:,}",
            f"{destination[0]:,}",
            str(source[1]),
            str(destination[1]),
        )
    return table
