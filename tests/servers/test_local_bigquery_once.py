"""Of two who want the same at one moment one gets it, as of BigQuery: a job's id, an etag."""

import threading
import uuid
from collections.abc import Callable, Iterator

import pytest
import requests

from demo.servers import BigQueryServer
from tests.as_it_is import bigquery_as_it_is
from tests.sync import PROJECT

SENDERS, ROUNDS = 4, 6
TAKEN, REFUSED, OUTDATED = 200, 409, 412


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


def at_once(url: str, ask: Callable[[requests.Session, int], requests.Response]) -> list[int]:
    """What each of some senders is told who ask at one moment."""
    together, told = threading.Barrier(SENDERS), list[int]()

    def one(number: int) -> None:
        with requests.Session() as session:
            session.get(f"{url}/none", timeout=60)  # has a connection
            together.wait()
            told.append(ask(session, number).status_code)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(told)


def send(server: BigQueryServer, job_id: str) -> list[int]:
    """What each of some senders is told who send the same job at once."""
    url = f"{server.url}/bigquery/v2/projects/{PROJECT}/jobs"
    reference = {"projectId": PROJECT, "jobId": job_id}
    query = {"query": "SELECT 1", "useLegacySql": False}
    job = {"jobReference": reference, "configuration": {"query": query}}
    return at_once(url, lambda session, _: session.post(url, json=job, timeout=60))


def test_of_those_who_send_one_id_at_once_all_but_one_are_told_that_it_is_taken(
    server: BigQueryServer,
) -> None:
    for _ in range(ROUNDS):
        assert send(server, uuid.uuid4().hex) == [TAKEN] + [REFUSED] * (SENDERS - 1)


def test_of_those_who_patch_what_they_all_saw_one_is_heard(server: BigQueryServer) -> None:
    url = f"{server.url}/bigquery/v2/projects/{PROJECT}/datasets"
    reference = {"projectId": PROJECT, "datasetId": f"d{uuid.uuid4().hex}"}
    assert requests.post(url, json={"datasetReference": reference}, timeout=60).ok
    url = f"{url}/{reference['datasetId']}/tables"
    made = {"tableReference": {**reference, "tableId": "t"}, "labels": {"by": "nobody"}}
    seen = requests.post(url, json=made, timeout=60).json()
    for _ in range(ROUNDS):
        etag = {"If-Match": seen["etag"]}
        told = at_once(
            url,
            lambda session, number, etag=etag: session.patch(  # type: ignore[misc]
                f"{url}/t", json={"labels": {"by": f"n{number}"}}, headers=etag, timeout=60
            ),
        )
        assert told == [TAKEN] + [OUTDATED] * (SENDERS - 1)
        seen = requests.get(f"{url}/t", timeout=60).json()
