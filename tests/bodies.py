"""Every job and table that a test sends to BigQuery, checked: an emulator forgives much."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from google.cloud import bigquery
from google.cloud._http import JSONConnection

from tests.discovery import FORMATS, document, errors

API = "bigquery.v2"
REQUIRED = {
    "load": ("destinationTable", "writeDisposition", "createDisposition", "sourceFormat"),
    "copy": ("sourceTables", "destinationTable", "writeDisposition", "createDisposition"),
    "query": ("query", "useLegacySql"),
}
"""What a job must say, lest a default that nobody chose decides."""


PLAIN = {"boolean": (bool,), "integer": (int,), "number": (int, float)}
"""Types of JSON and those of their values."""


def suits(node: dict[str, Any], body: Any) -> bool:
    """Whether a body is surely as a node of Google's description says; if not, `errors` says why.

    Each request of each test is looked at, by `errors` for a fifth of a run's own work.
    """
    if "$ref" in node:
        return suits(document(API)["schemas"][node["$ref"]], body)
    kind = node.get("type")
    if kind == "object":
        known, more = node.get("properties", {}), node.get("additionalProperties")
        return isinstance(body, dict) and all(
            suits(known[key], value) if key in known else bool(more) and suits(more, value)
            for key, value in body.items()
        )
    if kind == "array":
        return isinstance(body, list) and all(suits(node["items"], one) for one in body)
    if kind == "string":
        pattern = FORMATS.get(node.get("format", ""), {}).get("pattern", "")
        is_one = isinstance(body, str) and body in node.get("enum", (body,))
        return is_one and bool(re.search(pattern, body))
    return kind == "any" or type(body) in PLAIN.get(kind or "", ())


def faults(schema: str, body: Any) -> list[str]:
    """What in a body Google's description doesn't allow."""
    return [] if suits({"$ref": schema}, body) else errors(API, schema, body)


def job_faults(body: dict[str, Any]) -> list[str]:
    """What real BigQuery, or our own rules, would refuse in a job."""
    found = faults("Job", body)
    configuration = body.get("configuration", {})
    kinds = [kind for kind in REQUIRED if kind in configuration]
    if len(kinds) != 1:
        found.append(f"job of kinds {kinds}")
    for kind in kinds:
        missing = [key for key in REQUIRED[kind] if key not in configuration[kind]]
        found += [f"{kind} job without {key}" for key in missing]
    load = configuration.get("load")
    if load is not None:
        if load.get("autodetect"):
            found.append("load job detects its schema")
        if not load.get("parquetOptions", {}).get("enableListInference"):
            found.append("load job without enableListInference")
        fields = load.get("schema", {}).get("fields", [])
        found += [f"JSON from Parquet: {f['name']}" for f in fields if f["type"] == "JSON"]
        if "*" in "".join(load.get("sourceUris", [])):
            found.append("load job with a wildcard")
    return found


def query_faults(body: dict[str, Any]) -> list[str]:
    """What real BigQuery would refuse in a query without a job, and our own rule for it."""
    found = faults("QueryRequest", body)
    return found if body.get("useLegacySql") is False else [*found, "query in legacy SQL"]


def table_faults(body: dict[str, Any]) -> list[str]:
    """What real BigQuery would refuse in a table."""
    return faults("Table", body)


@contextmanager
def checked_bodies(patch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """Record all job bodies of the client library, and fail on the first bad one."""
    sent: list[dict[str, Any]] = []
    original = JSONConnection.api_request
    uploads = {name: getattr(bigquery.Client, name) for name in _UPLOADS}

    def api_request(self: Any, method: str, path: str = "", data: Any = None, **rest: Any) -> Any:
        if method in ("POST", "PATCH", "PUT") and isinstance(data, dict):
            _check(path, data)
            if path.endswith("/jobs"):
                sent.append(data)
        return original(self, method=method, path=path, data=data, **rest)

    def upload(name: str) -> Any:
        def send(self: Any, stream: Any, metadata: dict[str, Any], *rest: Any, **more: Any) -> Any:
            _check("/jobs", metadata)
            sent.append(metadata)
            return uploads[name](self, stream, metadata, *rest, **more)

        return send

    patch.setattr(JSONConnection, "api_request", api_request)
    for name in _UPLOADS:
        patch.setattr(bigquery.Client, name, upload(name))
    yield sent


def steps(sent: list[dict[str, Any]]) -> list[str]:
    """Which steps of runs jobs were for, by their labels."""
    labels = (job["configuration"].get("labels", {}) for job in sent)
    return [each["step"] for each in labels if "step" in each]


_UPLOADS = ("_do_resumable_upload", "_do_multipart_upload")


def _without_nulls(body: Any) -> Any:
    """In Google's JSON APIs a null says the same as an absent key."""
    if isinstance(body, dict):
        return {key: _without_nulls(value) for key, value in body.items() if value is not None}
    return [_without_nulls(value) for value in body] if isinstance(body, list) else body


def _check(path: str, body: dict[str, Any]) -> None:
    found, body = [], _without_nulls(body)
    if path.endswith("/jobs"):
        found = job_faults(body)
    elif path.endswith("/queries"):
        found = query_faults(body)
    elif "/tables" in path and "/data" not in path:
        found = table_faults(body)
    assert not found, f"{path}: {found}\n{body}"
