"""The lock of a table as runs see it, before a proxy that can fail."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from google.cloud import bigquery

from demo.servers import BigQueryServer
from pipeline.runs.lock import Lock
from tests.fault_proxy import FaultProxy, fault_proxy
from tests.locks import LEASE
from tests.sync import PROJECT
from warehouse.client import make_client
from warehouse.names import Endpoints, TableRef


@pytest.fixture
def proxy(target: BigQueryServer) -> Iterator[FaultProxy]:
    with fault_proxy(target.url) as made:
        yield made


@pytest.fixture
def lock(proxy: FaultProxy, dataset: str) -> Callable[..., Lock]:
    """Make the lock of a table as a run sees it, by the product's own client."""

    def make(
        run_id: str, table: str = "t", lease: timedelta = LEASE, *, yields: bool = False
    ) -> Lock:
        made = make_client(PROJECT, "US", Endpoints(bigquery=proxy.url), 1)
        return Lock(made, TableRef(PROJECT, dataset, table), run_id, lease, yields=yields)

    return make


@pytest.fixture
def seen_by(client: bigquery.Client, dataset: str) -> Callable[[], Any]:
    """(holder, state, end) of the lock, looked at past the proxy."""

    def look() -> Any:
        found = client.get_table(f"{PROJECT}.{dataset}._sync_lock_t")
        return found.labels["run_id"], found.labels["state"], found.expires

    return look
