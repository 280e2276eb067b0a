"""A source dataset and a destination dataset in the local BigQuery."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud import bigquery

from tests.sync import PROJECT, Sync


@pytest.fixture
def source(client: bigquery.Client, dataset: str) -> Iterator[str]:
    """A dataset to read from."""
    name = f"{dataset}_src"
    client.create_dataset(f"{PROJECT}.{name}")
    yield name
    client.delete_dataset(f"{PROJECT}.{name}", delete_contents=True, not_found_ok=True)


@pytest.fixture
def run(client: bigquery.Client, source: str) -> Callable[..., list[Any]]:
    """SQL on the local BigQuery, with {s} for the source dataset."""

    def query(sql: str) -> list[Any]:
        job = client.query(sql.replace("{s}", f"{PROJECT}.{source}"))
        return [tuple(row) for row in job.result()]

    return query


@pytest.fixture
def sync(
    source: str,
    emulated: None,
    client: bigquery.Client,
    dataset: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Sync:
    """main() with what reads the table `s` of the source dataset."""
    reading = {
        "data_source": "bigquery",
        "source_bigquery_project": PROJECT,
        "source_bigquery_dataset": source,
        "source_bigquery_table": "s",
    }
    return Sync(reading, client, dataset, tmp_path / "temp", capsys)
