"""A job that has ended with an error keeps its id: what it was to do is still done, and once."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from requests.exceptions import ConnectionError as LostError

from auto_schema.errors import ConfigError, TargetError
from pipeline.runs.history import append, planning_failure
from pipeline.runs.history_tables import make_tables
from pipeline.runs.past_runs import read_outcome
from tests.factories import a_request
from tests.seam.service import Script, Service, client_of
from tests.seam.world import A

REQUEST = a_request()


@pytest.fixture
def event():
    error = ConfigError("what", "where", "why", "fix")
    return planning_failure(REQUEST, A, error, datetime.now(UTC))


def test_an_event_whose_job_failed_is_written_by_the_next_that_has_it_to_write(event, paused):
    service = Service()
    service.scripts["event_2"] = Script(0.0, ("invalid",))
    client = client_of(service.request)
    with pytest.raises(TargetError, match="injected invalid"):
        append(client, REQUEST.history_table, event)
    for _ in range(2):
        append(client, REQUEST.history_table, event)
    assert [row["status"] for row in service.history] == ["failed"]
    assert list(service.jobs) == [f"sync_{A}_event_2", f"sync_{A}_event_2_2"]
    assert paused == []


@pytest.mark.parametrize("failures", [2, 3])
def test_an_event_is_sent_again_when_bigquerys_own_backends_failed(event, paused, failures):
    service = Service()
    service.scripts["event_2"] = Script(0.0, ("backendError",) * failures)
    client = client_of(service.request)
    if failures == 3:
        with pytest.raises(TargetError, match="injected backendError"):
            append(client, REQUEST.history_table, event)
        assert service.history == []
    append(client, REQUEST.history_table, event)
    assert len(service.history) == 1
    assert len(paused) == 2


@pytest.mark.parametrize("silent", ["/jobs", "/queries/"])
def test_an_event_whose_job_nobody_has_seen_end_gets_no_other_job(event, paused, silent):
    """The job runs for an hour; the answer to its request is lost, or that to the waiting."""
    service = Service()
    service.scripts["event_2"] = Script(3600.0)
    silences = [silent]

    def request(method, path, **words):
        answer = service.request(method, path, **words)
        if any(words in path for words in silences):
            raise LostError("connection reset")
        return answer

    client = client_of(request)
    with pytest.raises(TargetError):
        append(client, REQUEST.history_table, event)
    silences.clear()
    append(client, REQUEST.history_table, event)
    assert len(service.history) == len(service.jobs) == 1


def test_the_local_bigquery_keeps_the_failed_id_too_and_the_event_is_written(
    client, dataset, event
):
    table = replace(REQUEST.history_table, project=client.project, dataset=dataset)
    with pytest.raises(TargetError):
        append(client, table, event)  # the table isn't there yet
    make_tables(client, table)
    assert [append(client, table, event) for _ in range(2)] == [True, False]
    since = event["event_time"]
    assert read_outcome(client, table, REQUEST.destination, A, since)["status"] == "failed"
    ((rows,),) = client.query(f"SELECT COUNT(*) FROM {table.sql}").result()
    assert rows == 1
