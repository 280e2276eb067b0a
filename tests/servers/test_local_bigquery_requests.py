"""The tests' local BigQuery reads requests itself, and answers as FastAPI would.

A path with a letter in percent is left to FastAPI, so the same request can be asked both ways.
"""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.sync import PROJECT

ROOT = f"/bigquery/v2/projects/{PROJECT}"
BY_FASTAPI = ROOT.replace("projects", "project%73")
ROOTS = (ROOT, BY_FASTAPI)
JSON = "application/json"
CHANGING = {"creationTime", "endTime", "etag", "lastModifiedTime", "queryId", "startTime"}


def asked(
    url: str, method: str, path: str, body: Any = None, kind: str = JSON
) -> tuple[int, str, Any]:
    """Status, type and content of an answer, without what is another one each time."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": kind}
    request = urllib.request.Request(url + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            text, status, kind = answer.read(), answer.status, answer.headers["content-type"]
    except urllib.error.HTTPError as error:
        text, status, kind = error.read(), error.code, error.headers["content-type"]
    return status, kind, lasting(json.loads(text)) if text else None


def lasting(value: Any) -> Any:
    if isinstance(value, list):
        return [lasting(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: lasting(one) for key, one in value.items() if key not in CHANGING}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/datasets?maxResults=1", None),
        ("GET", "/datasets?maxResults=some", None),
        ("GET", "/datasets/DATASET", None),
        ("GET", "/datasets/nowhere", None),
        ("GET", "/datasets/DATASET/tables?prettyPrint=false", None),
        ("POST", "/datasets/DATASET/tables", {"tableReference": {"tableId": "t"}}),
        ("POST", "/datasets/DATASET/tables", {"tableReference": "t"}),
        ("POST", "/datasets/DATASET/tables", None),
        ("GET", "/datasets/DATASET/tables/held", None),
        ("GET", "/datasets/DATASET/tables/held?view=BASIC&selectedFields=a", None),
        ("GET", "/datasets/DATASET/tables/held/data?maxResults=1", None),
        ("PATCH", "/datasets/DATASET/tables/held", {"description": "é", "schema": None}),
        ("POST", "/queries", {"query": "SELECT 1 AS a", "useLegacySql": False, "requestId": "r"}),
        ("POST", "/queries", {"query": "SELECT", "useLegacySql": False}),
        ("POST", "/queries", {"query": "SELECT 2 AS a", "dryRun": True}),
        ("GET", "/queries/r?formatOptions.useInt64Timestamp=true", None),
        ("GET", "/jobs/r", None),
        ("GET", "/jobs/nowhere", None),
        ("PUT", "/jobs", None),
        ("GET", "/nowhere", None),
    ],
)
def test_a_request_is_answered_as_by_fastapi(target, client, dataset, method, path, body):
    url, path = target.url, path.replace("DATASET", dataset)
    answers = []
    for root in ROOTS:
        client.query_and_wait(
            f"DROP TABLE IF EXISTS `{dataset}.t`;"
            f" CREATE OR REPLACE TABLE `{dataset}.held` (a INT64)"
        )
        if path.endswith(("/r", "=true")):
            asked(url, "POST", f"{ROOT}/queries", {"query": "SELECT 1", "requestId": "r"})
        answers.append(asked(url, method, root + path, body))
    assert answers[0] == answers[1]


def test_a_body_that_is_not_said_to_be_json_is_refused_as_by_fastapi(target):
    path, body = "/queries", {"query": "SELECT 1"}
    answers = [asked(target.url, "POST", root + path, body, "text/plain") for root in ROOTS]
    assert answers[0] == answers[1]
    assert answers[0][0] == 400


def test_a_table_is_deleted_with_an_answer_of_no_content(target, client, dataset):
    for root in ROOTS:
        client.query_and_wait(f"CREATE TABLE `{dataset}.t` (a INT64)")
        answer = asked(target.url, "DELETE", f"{root}/datasets/{dataset}/tables/t")
        assert (answer[0], answer[2]) == (204, None)
