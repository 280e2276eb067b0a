"""The rules of the service in this process, beside the local BigQuery's: the same answers."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

from tests.seam.service import Service, client_of
from warehouse.jobs import JobLabels, query_config

ONE = JobLabels("20250101t100000-aaaaaaaa", "burnt")


@pytest.fixture(params=["in process", "local BigQuery"])
def place(request):
    """(client, dataset, a pause that lets time pass) of either."""
    if request.param == "in process":
        service = Service(now=time.time())
        return client_of(service.request), "d", service.advance
    return request.getfixturevalue("client"), request.getfixturevalue("dataset"), time.sleep


def answer(call):
    """What a call comes to: the class of its error, or that it went well."""
    try:
        call()
    except GoogleAPICallError as error:
        return type(error).__name__
    return "ok"


def a_table(client, dataset, **more):
    made = bigquery.Table(f"{client.project}.{dataset}.t", [bigquery.SchemaField("held", "BOOL")])
    for name, value in more.items():
        setattr(made, name, value)
    return made


def test_a_table_is_made_once_patched_by_its_etag_and_gone_after_its_end(place):
    client, dataset, pause = place
    end = datetime.now(UTC) + timedelta(seconds=60)
    made = a_table(client, dataset, expires=end, labels={"run_id": "one"})
    told = [answer(lambda: client.get_table(made.reference))]
    told += [answer(lambda: client.create_table(made)) for _ in range(2)]
    seen, old = client.get_table(made.reference), client.get_table(made.reference)
    seen.labels = {"run_id": "two"}
    told.append(answer(lambda: client.update_table(seen, ["labels"])))
    old.labels = {"run_id": "three"}
    told.append(answer(lambda: client.update_table(old, ["labels"])))
    found = client.get_table(made.reference)
    assert told == ["NotFound", "ok", "Conflict", "ok", "PreconditionFailed"]
    assert found.labels == {"run_id": "two"}
    assert found.modified >= found.created >= end - timedelta(seconds=90)
    found.expires = datetime.now(UTC) + timedelta(seconds=0.3)
    client.update_table(found, ["expires"])
    pause(0.5)
    assert answer(lambda: client.get_table(made.reference)) == "NotFound"
    assert answer(lambda: client.create_table(a_table(client, dataset))) == "ok"
    assert answer(lambda: client.delete_table(made.reference)) == "ok"
    assert answer(lambda: client.delete_table(made.reference)) == "NotFound"


def test_a_job_id_runs_once_and_the_job_is_found_by_it_with_its_labels(place):
    client, dataset, _ = place
    job_id = f"sync_{dataset}_publish_1"

    def send():
        client.query("SELECT 1", query_config(ONE), job_id=job_id, job_retry=None).result()

    told = [answer(lambda: client.get_job(job_id)), answer(send), answer(send)]
    found = client.get_job(job_id)
    assert told == ["NotFound", "ok", "Conflict"]
    assert (found.state, found.error_result, found.labels) == ("DONE", None, ONE.as_dict())
    assert answer(found.result) == "ok"


def test_a_job_that_ends_with_an_error_keeps_its_id_and_its_error(place):
    client, dataset, _ = place
    job_id, labels = f"sync_{dataset}_publish_1", JobLabels("20250101t100000-aaaaaaaa", "lost")
    if client.project == "p":
        client._connection.api_request.__self__.effects["lost"] = fail
    sql = f"SELECT * FROM `{client.project}.{dataset}.nowhere`"
    job = client.query(sql, query_config(labels), job_id=job_id, job_retry=None)
    assert answer(job.result) in ("NotFound", "BadRequest")
    found = client.get_job(job_id)
    assert found.state == "DONE"
    assert found.error_result
    assert isinstance(found.exception(), GoogleAPICallError)


def fail(job):
    job.error = {"reason": "notFound", "message": "Not found: Table"}


def test_bigquerys_clock_is_asked_by_a_query(place):
    client, _, _ = place
    ((now,),) = client.query("SELECT CURRENT_TIMESTAMP() AS now").result()
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)
