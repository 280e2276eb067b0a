"""Twelve months in slices, beside the same range in one run, into a new table by month.

Both before a BigQuery that keeps nothing (`quick_bigquery`): there are thirteen runs.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import psycopg2

from bench.postgresql import OURS
from bench.record import Sample
from bench.syncs import DATASET, flags, new_name, of_postgresql, quick_bigquery, ran
from bench.tables import ORDERS
from demo.servers import PostgresqlServer
from demo.sides import PROJECT

ROW, AT_ONCE = "backfill", "one run"
TOLD = {OURS: "twelve slices of a month", AT_ONCE: "the same range in one run"}
TABLE = "orders_of_a_year"
RANGE = {"sync_start": "2024-01-01", "sync_end": "2025-01-01"}
REPLACES = {"write_disposition": "WRITE_TRUNCATE"}
SECONDS = 366 * 86_400


def statements(rows: int) -> str:
    """The table with 13 columns, spread over a year, with an index as smart sync wants one."""
    spread = ORDERS.replace("interval '1 second'", f"interval '{SECONDS / (rows + 1):.6f} second'")
    index = f"CREATE INDEX ON {TABLE} (updated_at); ANALYZE {TABLE};\n"
    return spread.format(name=TABLE, rows=rows) + index


@contextmanager
def filled(server: PostgresqlServer, rows: int) -> Iterator[str]:
    """The table while it is measured; its name."""
    with contextlib.closing(psycopg2.connect(server.dsn)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        for statement in statements(rows).split(";\n"):
            if statement:
                cursor.execute(statement)
        try:
            yield TABLE
        finally:
            cursor.execute(f"DROP TABLE {TABLE}")


@contextmanager
def ways(server: PostgresqlServer, rows: int) -> Iterator[dict[str, Callable[[], Sample]]]:
    """What is measured in turns."""
    with filled(server, rows) as table, quick_bigquery("backfill") as (target, client):
        source = of_postgresql(server, table) | RANGE | REPLACES

        def run(**more: str) -> Sample:
            into = new_name("year")
            taken = ran(flags(source | more, into), target.environ).figures()
            client.delete_table(f"{PROJECT}.{DATASET}.{into}")
            return taken

        yield {AT_ONCE: run, OURS: partial(run, backfill_by="month")}
