"""The fault proxy before a real local BigQuery and bucket: each action, as clients meet it."""

import contextlib
import gzip
import http.client
import io
import json
import threading
import time
from urllib.parse import urlsplit

import numpy as np
import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from google.api_core.exceptions import (
    Conflict,
    Forbidden,
    InternalServerError,
    NotFound,
    ServiceUnavailable,
    TooManyRequests,
)
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from pipeline.destination.jobs import load_config
from tests.fault_proxy import fault_proxy
from tests.fault_rules import Rule, answer, call, drop, hold, job, rewrite, slow
from tests.sync import PROJECT, make_client
from tests.tcp_proxy import tcp_proxy
from warehouse.jobs import JobLabels

PROJECTS = f"/bigquery/v2/projects/{PROJECT}"


@pytest.fixture
def proxy(target):
    with fault_proxy(target.url) as made:
        yield made


@pytest.fixture
def through(proxy):
    """A BigQuery client that talks to the proxy."""
    return make_client(proxy)


def job_id(table, step):
    return f"sync_{table.partition('.')[0].replace('_', '-')}_{step}"


def insert(client, table, step="publish_1", **options):
    """Send an INSERT of one row as a job of that step."""
    sql = f"INSERT INTO {table} VALUES (1)"
    return client.query(sql, job_id=job_id(table, step), job_retry=None, **options)


@pytest.fixture
def table(client, dataset):
    client.query(f"CREATE TABLE {dataset}.p (id INT64)").result()
    return f"{dataset}.p"


def count(client, table):
    return next(iter(client.query(f"SELECT COUNT(*) FROM {table}").result()))[0]


def test_without_rules_everything_passes_and_is_seen_with_body_and_status(proxy, through, table):
    insert(through, table).result()
    assert count(through, table) == 1
    sent = next(seen for seen in proxy.seen if seen.method == "POST")
    assert sent.body["jobReference"]["jobId"] == job_id(table, "publish_1")
    assert (sent.status, sent.forwarded) == (200, 200)
    with pytest.raises(NotFound):
        through.get_table(f"{PROJECT}.{table}x")
    assert proxy.seen[-1].status == 404
    assert proxy.seen[-1].body is None
    assert [seen.time for seen in proxy.seen] == sorted(seen.time for seen in proxy.seen)


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (503, ServiceUnavailable, "backendError"),
        (429, TooManyRequests, "rateLimitExceeded"),
        (500, InternalServerError, "internalError"),
        (403, Forbidden, "rateLimitExceeded"),
    ],
)
def test_a_status_is_told_as_bigquery_tells_it_and_the_job_never_arrives(
    proxy, through, client, table, status, error, reason
):
    rule = proxy.add(Rule(answer(status), **job("publish_1"), times=1))
    with pytest.raises(error) as told:
        insert(through, table, retry=None)
    assert told.value.errors[0]["reason"] == reason
    assert (proxy.seen[-1].status, proxy.seen[-1].forwarded) == (status, None)
    insert(through, table).result()
    assert (rule.matched, rule.acted) == (2, 1)
    assert count(client, table) == 1


def test_rules_skip_are_used_up_in_their_order_and_can_be_taken_away(proxy, through, dataset):
    first = Rule(answer(503), path=f"/datasets/{dataset}", times=1, skip=1)
    rest = Rule(answer(403, "accessDenied"), method="GET", path=dataset)
    proxy.add(first, rest)
    told = []
    for _ in range(3):
        with pytest.raises((Forbidden, ServiceUnavailable)) as raised:
            through.get_dataset(dataset, retry=None)
        told.append(raised.value.code)
    assert told == [403, 503, 403]
    assert raised.value.errors[0]["reason"] == "accessDenied"
    assert (first.matched, first.acted, rest.matched) == (3, 1, 2)
    proxy.remove(rest)
    assert through.get_dataset(dataset).dataset_id == dataset


def test_a_request_dropped_before_it_arrives_is_not_run_and_one_dropped_after_is(
    proxy, through, client, table
):
    proxy.add(Rule(drop(), **job("a"), times=1), Rule(drop(after=True), **job("b"), times=1))
    for step, rows in (("a", 0), ("b", 1)):
        with pytest.raises(requests.ConnectionError):
            insert(through, table, step, retry=None)
        assert count(client, table) == rows
    assert [seen.forwarded for seen in proxy.seen] == [None, 200]
    assert [seen.status for seen in proxy.seen] == [None, None]
    with pytest.raises(Conflict):
        insert(through, table, "b")


def test_a_status_after_the_request_arrived_hides_that_it_ran(proxy, through, client, table):
    proxy.add(Rule(answer(503, after=True), **job("publish_1"), times=1))
    with pytest.raises(ServiceUnavailable):
        insert(through, table, retry=None)
    assert count(client, table) == 1


def test_slow_and_held_requests_wait_before_they_arrive_or_before_their_answer(
    proxy, through, client, table
):
    began = time.monotonic()
    proxy.add(Rule(slow(before=0.2, after=0.2), **job("a")))
    insert(through, table, "a")
    assert time.monotonic() - began >= 0.4
    go = threading.Event()
    proxy.add(Rule(hold(go, after=True), **job("b")))
    sender = threading.Thread(target=insert, args=(through, table, "b"))
    sender.start()
    while count(client, table) < 2:
        time.sleep(0.02)
    assert sender.is_alive()
    go.set()
    sender.join(5)
    assert not sender.is_alive()


def test_a_callback_runs_exactly_before_or_after_the_service_was_asked(
    proxy, through, client, table
):
    rows = []

    def look(_):
        rows.append(count(client, table))

    proxy.add(
        Rule(call(look), **job("a")),
        Rule(call(look, after=True, then=drop()), **job("b"), times=1),
    )
    insert(through, table, "a").result()
    with pytest.raises(requests.ConnectionError):
        insert(through, table, "b", retry=None)
    assert rows == [0, 2]


def test_a_callback_that_fails_fails_the_test(target):
    def wrong(_):
        raise AssertionError("looked wrong")

    def ask():
        with fault_proxy(target.url) as proxy:
            proxy.add(Rule(call(wrong)))
            with contextlib.suppress(requests.ConnectionError):
                requests.get(proxy.url, timeout=5)

    with pytest.raises(AssertionError, match="looked wrong"):
        ask()


def test_an_answer_can_be_rewritten_or_made_up(proxy, through, dataset):
    def moved(body):
        return body | {"location": "EU"}

    proxy.add(Rule(rewrite(moved), path=f"/datasets/{dataset}"))
    assert through.get_dataset(dataset).location == "EU"
    made_up = {"jobReference": {"jobId": "j", "projectId": PROJECT}, "status": {"state": "DONE"}}
    proxy.add(Rule(answer(200, body=lambda seen: made_up), path=r"/jobs/j\b"))
    assert through.get_job("j").state == "DONE"


def test_a_refused_proxy_is_unreachable_until_it_listens_again(proxy, through, dataset):
    through.get_dataset(dataset)
    proxy.refuse()
    with pytest.raises(requests.ConnectionError):
        through.get_dataset(dataset, retry=None)
    with pytest.raises(requests.ConnectionError, match="refused"):
        requests.get(proxy.url, timeout=5)
    url = proxy.url
    proxy.heal()
    assert proxy.url == url
    assert through.get_dataset(dataset).dataset_id == dataset


def test_a_proxy_may_refuse_from_within_a_request(proxy, through, dataset):
    proxy.add(Rule(call(lambda _: proxy.refuse(), then=drop())))
    for message in (None, "refused"):
        with pytest.raises(requests.ConnectionError, match=message):
            through.get_dataset(dataset, retry=None)


@pytest.mark.parametrize(("rows", "methods"), [(9, ["POST"]), (3_000_000, ["POST", "PUT"])])
def test_uploads_pass_at_once_and_resumably_by_the_proxy_alone(
    proxy, through, client, table, rows, methods
):
    file = pa.BufferOutputStream()
    numbers = pa.array(np.random.default_rng(0).integers(0, 2**60, rows))
    pq.write_table(pa.table({"id": numbers}), file, use_dictionary=False)
    config = load_config(JobLabels("run", "stage_0"))
    config.create_disposition, config.write_disposition = "CREATE_NEVER", "WRITE_APPEND"
    data, name = file.getvalue(), job_id(table, "stage_0")
    done = through.load_table_from_file(
        io.BytesIO(data), table, size=data.size, job_config=config, job_id=name
    )
    assert done.result().output_rows == rows
    uploads = [seen for seen in proxy.seen if "/upload/" in seen.path]
    assert list(dict.fromkeys(seen.method for seen in uploads)) == methods
    assert uploads[0].body["jobReference"]["jobId"] == name
    assert count(client, table) == rows


def test_files_of_a_bucket_pass_in_both_directions(bucket, dataset):
    with fault_proxy(bucket) as proxy:
        options = {"api_endpoint": proxy.url}
        client = storage.Client(
            project="p", credentials=AnonymousCredentials(), client_options=options
        )
        blob = client.bucket("bkt").blob(f"{dataset}/large")
        data = bytes(range(256)) * 8192
        with blob.open("wb", chunk_size=262_144, ignore_flush=True) as stream:
            stream.write(data)
        parts = [seen for seen in proxy.seen if seen.method == "PUT"]
        assert len(parts) >= 8
        blob.reload()
        assert blob.download_as_bytes() == data
        assert proxy.seen[-1].path.startswith("/download/")
        small = client.bucket("bkt").blob(f"{dataset}/small")
        small.upload_from_string("x")
        posted = [seen for seen in proxy.seen if seen.method == "POST"][-1]
        assert posted.body["name"] == f"{dataset}/small"
        blob.delete()
        assert not blob.exists()


def test_one_connection_carries_many_requests_chunked_bodies_gzip_and_head(target):
    """HTTP as seen by a bare client, against a service that echoes."""
    with fault_proxy(target.url) as proxy:
        connection = http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=5)
        body = json.dumps({"query": "SELECT 1", "useLegacySql": False}).encode()
        for _ in range(2):
            parts = iter([body[:5], body[5:]])
            connection.request(
                "POST",
                f"{PROJECTS}/queries?prettyPrint=false",
                parts,
                {"Content-Type": "application/json", "Accept-Encoding": "gzip"},
                encode_chunked=True,
            )
            got = connection.getresponse()
            told = got.read()
            if got.getheader("Content-Encoding") == "gzip":
                told = gzip.decompress(told)
            assert json.loads(told)["rows"] == [{"f": [{"v": "1"}]}]
            opened = connection.sock
        connection.request("HEAD", f"{PROJECTS}/datasets")
        got = connection.getresponse()
        assert got.read() == b""
        assert connection.sock is opened
        assert [seen.body and seen.body["query"] for seen in proxy.seen] == ["SELECT 1"] * 2 + [
            None
        ]
        connection.close()


def test_many_clients_at_once_are_each_answered_with_their_own(proxy, target):
    wrong = []

    def ask(number):
        sql = {"query": f"SELECT {number}", "useLegacySql": False}
        for _ in range(3):
            told = requests.post(f"{proxy.url}{PROJECTS}/queries", json=sql, timeout=20).json()
            if told["rows"] != [{"f": [{"v": str(number)}]}]:
                wrong.append(told)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(proxy.seen) == 24


def threads():
    """Those that run; not MongoDB clients' of other tests, which start some when they like."""
    return {each for each in threading.enumerate() if not each.name.startswith("pymongo")}


def test_leaving_ends_held_requests_idle_connections_and_all_threads(target):
    before = threads()
    with fault_proxy(target.url) as proxy, requests.Session() as session:
        session.get(f"{proxy.url}{PROJECTS}/datasets", timeout=5)
        proxy.add(Rule(hold(threading.Event())))

        def ask():
            with contextlib.suppress(requests.ConnectionError):
                requests.get(proxy.url, timeout=20)

        asking = threading.Thread(target=ask)
        asking.start()
        while len(proxy.seen) < 2:
            time.sleep(0.01)
    asking.join(5)
    assert threads() - before == set()


def test_a_cut_postgresql_connection_is_lost_and_a_refused_one_is_not_made(database):
    before = threads()
    with tcp_proxy("127.0.0.1", database.port) as proxy:

        def connect():
            return psycopg2.connect(
                host="127.0.0.1", port=proxy.port, user=database.user, dbname=database.database
            )

        for reader in ("SELECT 1", "COPY (SELECT generate_series(1, 9000000)) TO STDOUT"):
            with contextlib.closing(connect()) as connection:
                cursor = connection.cursor()
                if reader == "SELECT 1":
                    cursor.execute(reader)
                    assert cursor.fetchall() == [(1,)]
                timer = threading.Timer(0.1, proxy.cut)
                timer.start()
                with pytest.raises(psycopg2.DatabaseError):
                    cursor.execute("SELECT pg_sleep(5)") if reader == "SELECT 1" else (
                        cursor.copy_expert(reader, io.StringIO())
                    )
                timer.join()
        proxy.refuse()
        with pytest.raises(psycopg2.OperationalError, match="refused"):
            connect()
        proxy.listen()
        connect().close()
        assert proxy.taken == 3
    assert threads() - before == set()
