"""Of two who send a job's id at one moment one gets 409, as of BigQuery: the id runs once."""

import threading
import uuid
from collections.abc import Iterator

import pytest
import requests

from demo.servers import BigQueryServer
from tests.as_it_is import bigquery_as_it_is
from tests.sync import PROJECT

SENDERS, ROUNDS = 4, 6
TAKEN, REFUSED = 200, 409


@pytest.fixture(scope="module", params=["tests", "as it is"])
def server(
    request: pytest.FixtureRequest,
    target: BigQueryServer,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> Iterator[BigQueryServer]:
    """The server of tests, and the package's own by which chaos is told."""
    if request.param == "tests":
        yield target
        return
    with bigquery_as_it_is(tmp_path_factory.mktemp("once"), pytestconfig) as own:
        yield own


def send(server: BigQueryServer, job_id: str) -> list[int]:
    """What each of some senders is told who send the same job at once."""
    url = f"{server.url}/bigquery/v2/projects/{PROJECT}/jobs"
    reference = {"projectId": PROJECT, "jobId": job_id}
    query = {"query": "SELECT 1", "useLegacySql": False}
    job = {"jobReference": reference, "configuration": {"query": query}}
    together, told = threading.Barrier(SENDERS), list[int]()

    def one() -> None:
        with requests.Session() as session:
            session.get(f"{url}/none", timeout=60)  # has a connection
            together.wait()
            told.append(session.post(url, json=job, timeout=60).status_code)

    threads = [threading.Thread(target=one) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(told)


def test_of_those_who_send_one_id_at_once_all_but_one_are_told_that_it_is_taken(
    server: BigQueryServer,
) -> None:
    for _ in range(ROUNDS):
        assert send(server, uuid.uuid4().hex) == [TAKEN] + [REFUSED] * (SENDERS - 1)
