"""Two destinations with a history, and commands that look back at it."""

from collections.abc import Callable
from typing import Any

from pipeline.command.main import main
from tests.sync import PROJECT, Result, Sync

TABLE = """
CREATE TABLE {0} (id int8 PRIMARY KEY, day date, updated_at timestamptz);
INSERT INTO {0} SELECT g, '2024-05-01', '2024-05-01' FROM generate_series(1, {1}) AS g
"""
SMART = {"enable_smart_sync": "true", "smart_sync_margin": "0s"}
DEAD_LETTERS = 7


def caller(name: str, sync: Sync, capsys: Any) -> Callable[..., Result]:
    """Calls a command for the test's dataset, in this process."""

    def call(*words: str) -> Result:
        place = (f"--destination_bigquery_project={PROJECT}",)
        place += (f"--destination-bigquery-dataset={sync.dataset}",)
        code = main([name, *place, *words])
        printed = capsys.readouterr()
        return Result(code, printed.out, printed.err)

    return call


def fill(sync: Sync, sql: Any) -> None:
    """`a` has gone well; `b` has, and then failed twice."""
    for name, rows in (("a", 3), ("b", 2)):
        sql(TABLE.format(name, rows))
        sync.ok(**SMART, source_table_for_schema=name, destination_bigquery_table=name)
    sql("INSERT INTO b VALUES (9, 'infinity', now() - interval '1 second')")
    for _ in range(2):
        failed = sync(**SMART, source_table_for_schema="b", destination_bigquery_table="b")
        assert failed.code == DEAD_LETTERS
