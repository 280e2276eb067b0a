"""Bodies that tests send are judged alike in the quick way and by `jsonschema`."""

import copy
from typing import Any

import pytest

from tests.bodies import faults, suits
from tests.discovery import errors

JOB: dict[str, Any] = {
    "jobReference": {"projectId": "p", "jobId": "j"},
    "configuration": {
        "labels": {"step": "publish"},
        "jobTimeoutMs": "60000",
        "load": {
            "sourceUris": ["gs://b/o"],
            "destinationTable": {"projectId": "p", "datasetId": "d", "tableId": "t"},
            "schema": {"fields": [{"name": "a", "type": "RECORD", "fields": [{"name": "b"}]}]},
            "maxBadRecords": 0,
            "autodetect": False,
        },
    },
}
CONFIGURATION, LOAD = ("configuration",), ("configuration", "load")


def altered(place: tuple[str, ...], key: str, value: Any) -> dict[str, Any]:
    """The job with another value at a place."""
    body = inner = copy.deepcopy(JOB)
    for name in place:
        inner = inner[name]
    inner[key] = value
    return body


def test_a_job_as_google_describes_it_has_no_fault() -> None:
    assert suits({"$ref": "Job"}, JOB)
    assert faults("Job", JOB) == errors("bigquery.v2", "Job", JOB) == []


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        ((), "configurations", {}),
        (CONFIGURATION, "labels", {"step": 1}),
        (CONFIGURATION, "labels", ["step"]),
        (CONFIGURATION, "jobTimeoutMs", 60_000),
        (CONFIGURATION, "jobTimeoutMs", "a minute"),
        (LOAD, "sourceUris", "gs://b/o"),
        (LOAD, "sourceUris", [1]),
        (LOAD, "maxBadRecords", True),
        (LOAD, "maxBadRecords", "0"),
        (LOAD, "autodetect", "false"),
        (LOAD, "autodetect", None),
        (LOAD, "schema", {"fields": [{"name": "a", "fields": [{"called": "b"}]}]}),
        (LOAD, "columnNameCharacterMap", "V3"),
    ],
)
def test_a_fault_is_found_wherever_it_is(place: tuple[str, ...], key: str, value: Any) -> None:
    body = altered(place, key, value)
    assert faults("Job", body) == errors("bigquery.v2", "Job", body) != []
