"""Sync: main() as a test calls it, and what it left in the destination."""

import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from demo.servers import BigQueryServer, PostgresqlServer
from pipeline.cli import main

PROJECT = "demo-project"
PASSWORD = "pl4nted-s3cret"  # looked for in every output
GRAPH = "DirectRunner"
"""The runner by which a run goes through the graph, as on Dataflow; without one a run in this
process does the same in plain code, for half of the processor's time."""
TESTS_A_GRAPH = 6
"""Of so many tests one goes through the graph."""

HISTORY = frozenset(
    {"sync_runs", "sync_runs_latest", "sync_lag", "sync_success_daily", "sync_volume_daily"}
)
"""The run history and its views."""


def runner_of(test: str) -> str | None:
    """By the graph or in plain code, the same each time: as the test's name falls.

    Every kind of test has some of both. What is about the one way says so by `runner`; that both
    end alike is held by `tests/e2e/test_without_beam.py`.

    >>> {runner_of(f"tests/e2e/test_merge.py::test_{n}") for n in range(18)} == {GRAPH, None}
    True
    """
    return GRAPH if zlib.crc32(test.encode()) % TESTS_A_GRAPH == 0 else None


def this_test() -> str:
    """The test that runs in this process, as pytest names it."""
    name, _, _ = os.environ["PYTEST_CURRENT_TEST"].rpartition(" ")
    return name


def make_client(server: BigQueryServer) -> bigquery.Client:
    return bigquery.Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": server.url},
    )


def reading(database: PostgresqlServer) -> dict[str, str]:
    """The parameters that lead to a database."""
    return {
        "data_source": "postgresql",
        "postgresql_host": database.host,
        "postgresql_port": str(database.port),
        "postgresql_database": database.database,
        "postgresql_username": database.user,
        "postgresql_password": PASSWORD,
    }


@dataclass(frozen=True)
class Result:
    """Exit code and what was printed."""

    code: int
    out: str
    err: str


class Sync:
    """Calls main() with the parameters that every test shares; keyword None drops one."""

    def __init__(
        self,
        source: dict[str, str],
        client: bigquery.Client,
        dataset: str,
        temp: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.client, self.dataset, self.temp = client, dataset, temp
        self._capsys = capsys
        self.defaults: dict[str, Any] = {
            **source,
            "destination_bigquery_project": PROJECT,
            "destination_bigquery_dataset": dataset,
            "destination_bigquery_table": "t",
            "temp_location": str(temp),
            "runner": runner_of(this_test()),
            "plan_detail": "full",  # most tests look for a line of the whole plan
        }

    def argv(self, **parameters: Any) -> list[str]:
        words = self.defaults | parameters
        return [f"--{name}={value}" for name, value in words.items() if value is not None]

    def __call__(self, *more: str, **parameters: Any) -> Result:
        """Run main(); no output may hold the password."""
        code = main([*self.argv(**parameters), *more])
        captured = self._capsys.readouterr()
        result = Result(code, captured.out, captured.err)
        assert PASSWORD not in result.out + result.err
        return result

    def ok(self, *more: str, **parameters: Any) -> Result:
        """Run main() and demand exit code 0."""
        result = self(*more, **parameters)
        assert result.code == 0, result.err
        return result

    def rows(self, select: str = "*", table: str = "t", order: str = "1") -> list[tuple[Any, ...]]:
        """Rows of a destination table."""
        sql = f"SELECT {select} FROM `{PROJECT}.{self.dataset}.{table}` ORDER BY {order}"
        return [tuple(row) for row in self.client.query_and_wait(sql)]

    def table(self, name: str = "t") -> bigquery.Table:
        return self.client.get_table(f"{PROJECT}.{self.dataset}.{name}")

    def tables(self) -> set[str]:
        """Names of all tables of the dataset."""
        return {item.table_id for item in self.client.list_tables(self.dataset)}

    def types(self, name: str = "t") -> dict[str, str]:
        """Column → type, with `[]` behind a REPEATED one's."""
        return {
            field.name: field.field_type + ("[]" if field.mode == "REPEATED" else "")
            for field in self.table(name).schema
        }

    def history(self) -> list[dict[str, Any]]:
        """The newest event of each run, the oldest first: a run's id holds no part of a second."""
        sql = f"SELECT * FROM `{PROJECT}.{self.dataset}.sync_runs_latest` ORDER BY event_time"
        return [dict(row) for row in self.client.query_and_wait(sql)]


def warnings_in(caplog: Any) -> list[str]:
    """What runs have logged at WARNING, of their own."""
    records = [record for record in caplog.records if record.name == "smart_sync"]
    return [record.getMessage() for record in records if record.levelname == "WARNING"]
