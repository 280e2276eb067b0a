"""`make demo SOURCE=checks`: rows that fail a check, kept back, then put aside.

1. a good first sync, 2. a bad row comes and nothing is published, 3. with a quarantine the good
rows are published and the bad one is a dead letter.
"""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg2
from rich.rule import Rule
from rich.table import Table

from demo import five_tables
from demo.servers import BigQueryServer, postgresql_server
from demo.sides import PROJECT, make_client, postgresql_parameters

CHECKS_FAILED = 11
FILE = """
version: 2
models:
  - name: airports
    columns:
      - name: faa
        data_tests: [not_null, unique]
      - name: lat
        data_tests:
          - dbt_utils.accepted_range: {arguments: {min_value: -90, max_value: 90}}
      - name: alt
        data_tests:
          - dbt_utils.accepted_range:
              arguments: {min_value: -100, max_value: 9000}
              config: {severity: warn}
"""
BAD = """
INSERT INTO air.airports (faa, name, lat, lon, alt, updated_at) VALUES
  ('SJU', 'Luis Munoz Marin', 18.4394, -66.0018, 9, '2014-01-02Z'),
  ('ZQZ', 'Latitude and longitude taken for each other', -166.0, 18.4, 9, '2014-01-02Z')
"""
Launch = Callable[[str, list[str], int], object]
"""Runs a command under a title; its exit code must be that one."""


def demo_checks(
    target: BigQueryServer,
    command: Sequence[str],
    launch: Launch,
    show: Callable[[Any], None],
    folder: Path,
    dataset: str = "air",
) -> bool:
    """Sync airports, let a bad one come, and put it aside; whether all is as it must be.

    Args:
        target: the local BigQuery.
        command: the words that start main.py.
        launch: runs a command.
        show: prints what it is given.
        folder: for the file of checks, and staged files.
        dataset: of the destination; it is made.
    """
    client = make_client(target)
    client.create_dataset(f"{PROJECT}.{dataset}")
    file = folder / "schema.yml"
    file.write_text(FILE, encoding="utf-8")
    with postgresql_server() as server, contextlib.closing(psycopg2.connect(server.dsn)) as opened:
        opened.autocommit = True
        five_tables.create(opened.cursor(), 1)
        words = [
            *command,
            *postgresql_parameters(server),
            "--source_table_for_schema=air.airports",
            "--enable_smart_sync=true",
            f"--destination_bigquery_project={PROJECT}",
            f"--destination_bigquery_dataset={dataset}",
            "--destination_bigquery_table=airports",
            f"--temp_location={folder / 'temp'}",
            f"--checks={file}",
        ]
        launch("1 · first sync: every check holds", words, 0)
        opened.cursor().execute(BAD)
        show("Two airports come; one has its latitude and longitude taken for each other.")
        launch("2 · nothing is published: exit code 11", words, CHECKS_FAILED)
        before = _rows(client, dataset, "airports")
        aside = [*words, "--on_check_failure=quarantine", "--max_dead_letters=10"]
        launch("3 · with on_check_failure=quarantine the good one is", aside, 0)
    show(Rule("Result", align="left"))
    show(_results(client, dataset))
    after = _rows(client, dataset, "airports")
    letters = _rows(client, dataset, "airports_dead_letters")
    show(f"{before:,} airports after the second run, {after:,} after the third;")
    show(f"{letters:,} dead letter, whose reason is the check.")
    return after - before == letters == 1


def _rows(client: Any, dataset: str, table: str) -> int:
    (row,) = client.query_and_wait(f"SELECT COUNT(*) FROM `{PROJECT}.{dataset}.{table}`")
    return int(row[0])


def _results(client: Any, dataset: str) -> Table:
    """How each check of each run ended, as `sync_checks` tells it."""
    table = Table(title="sync_checks: how each check ended")
    for heading in ("check", "verdict", "failures", "of rows", "keys"):
        table.add_column(heading, justify="right" if heading in ("failures", "of rows") else "left")
    sql = (
        "SELECT check_name, verdict, failures, run_rows, failing_keys"
        f" FROM `{PROJECT}.{dataset}.sync_checks` ORDER BY event_time, check_name"
    )
    for name, verdict, failures, rows, keys in client.query_and_wait(sql):
        table.add_row(name, verdict, f"{failures:,}", f"{rows:,}", ", ".join(keys))
    return table
