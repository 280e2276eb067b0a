"""2,000,000 rows whose keys, or rows, are compared: beside reading the table whole."""

import contextlib
import itertools
import json
from collections.abc import Callable, Iterator
from functools import partial

import psycopg2
from google.cloud import bigquery

from bench.postgresql import OURS
from bench.record import Sample
from bench.syncs import DATASET, flags, into_new_table, new_name, of_history, of_postgresql, ran
from demo.servers import BigQueryServer, PostgresqlServer
from demo.sides import PROJECT

DELETES, HEALED, WHOLE = "deletes", "healed", "whole"
TOLD = {
    DELETES: {OURS: "1,000 rows gone, found and removed", WHOLE: "the table read whole"},
    HEALED: {OURS: "a repair that finds nothing", WHOLE: "the table read whole"},
}
SHARE = 2_000
"""Of so many rows one is deleted before each run."""
MERGE = {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
ASKED = {DELETES: {"delete_missing": "hard"}, HEALED: {"repair": "true"}}


def ways(
    row: str, server: PostgresqlServer, target: BigQueryServer, client: bigquery.Client, table: str
) -> dict[str, Callable[[], Sample]]:
    """What is measured in turns."""
    source = of_postgresql(server, table)
    kept = _filled(source | MERGE, target)
    gone = itertools.count(1)

    def compared() -> Sample:
        destination = next(kept)  # which holds what is deleted then
        if row == DELETES:
            _delete(server, table, next(gone))
        words = flags(source | MERGE | ASKED[row], destination)
        process = ran(words, target.environ)
        return process.figures() | _told(client, destination)

    return {WHOLE: partial(into_new_table, source, target, client), OURS: compared}


def _filled(source: dict[str, str], target: BigQueryServer) -> Iterator[str]:
    """The name of a destination that holds all rows, over and over."""
    name = new_name("orders")
    ran(flags(source, name), target.environ)
    while True:
        yield name


def _delete(server: PostgresqlServer, table: str, turn: int) -> None:
    with contextlib.closing(psycopg2.connect(server.dsn)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"DELETE FROM {table} WHERE id % {SHARE} = {turn}")
        connection.cursor().execute(f"VACUUM {table}")


def _told(client: bigquery.Client, table: str) -> dict[str, float]:
    """What the run itself says: rows removed, and keys brought by rows of the table."""
    sql = (
        f"SELECT compared, rows_deleted FROM `{PROJECT}.{DATASET}.sync_runs_latest`"
        f" WHERE destination = '{PROJECT}.{DATASET}.{table}' AND compared IS NOT NULL"
        " ORDER BY event_time DESC LIMIT 1"
    )
    (run,) = client.query_and_wait(sql)
    figures = json.loads(run.compared)
    moved = figures["keys_moved"] / figures["rows"]
    return of_history(client, table) | {"rows_deleted": run.rows_deleted, "keys_share": moved}
