"""Schedules as Cloud Scheduler's jobs, and back; jobs that others made."""

import base64
import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.parameters.table import BY_NAME
from scheduler.cloud_run import run_body
from scheduler.hosts import ENVIRONMENT
from scheduler.job import camel, job_of, launch_body, schedule_of
from scheduler.schedule import MAX_JOB_BYTES, Retry, checked
from tests.discovery import document, errors
from tests.scheduler.conftest import PARAMETERS, a_run, a_schedule
from tests.scheduler.stand_in import body_errors

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


def with_body(body, **target):
    """A hand-made job that posts this."""
    job = job_of(a_schedule())
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return job | {
        "httpTarget": job["httpTarget"] | {"body": base64.b64encode(data).decode()} | target
    }


def test_a_job_and_its_launch_are_what_google_describes():
    job = job_of(a_schedule(retry=Retry(5, 60, 1, 2, 3)))
    assert errors("cloudscheduler.v1", "Job", job) == []
    body = json.loads(base64.b64decode(job["httpTarget"]["body"]))
    assert errors("dataflow.v1b3", "LaunchFlexTemplateRequest", body) == []
    assert body["launchParameter"]["jobName"] == "orders"
    assert all(isinstance(value, str) for value in body["launchParameter"]["parameters"].values())


def test_an_execution_is_asked_for_as_cloud_run_describes():
    job = job_of(a_run())
    assert errors("cloudscheduler.v1", "Job", job) == []
    assert body_errors(job["httpTarget"]) == []
    method = document("run.v2")["resources"]["projects"]["resources"]["locations"]["resources"]
    run = method["jobs"]["methods"]["run"]
    assert (run["httpMethod"], job["httpTarget"]["httpMethod"]) == ("POST", "POST")
    assert job["httpTarget"]["oauthToken"]["scope"] in run["scopes"]
    assert job["httpTarget"]["uri"] == (
        "https://run.googleapis.com/v2/projects/my-project/locations/europe-west1/jobs/"
        "smart-sync:run"
    )
    overrides = run_body(a_run())["overrides"]
    assert overrides["timeout"] == "3600s"
    (container,) = overrides["containerOverrides"]
    assert container["args"] == [
        *(f"--{name}={value}" for name, value in PARAMETERS.items()),
        "--temp_location=gs://my-bucket/tmp",
        "--job_name=orders",
    ]


def test_a_body_with_an_unknown_key_would_be_found():
    target = job_of(a_run())["httpTarget"]
    body = run_body(a_run())
    body["overrides"]["args"] = []
    wrong = base64.b64encode(json.dumps(body).encode()).decode()
    assert body_errors(target | {"body": wrong}) != []
    assert body_errors(target | {"uri": target["uri"].replace(":run", "/run")}) != []


def test_each_name_of_the_environment_is_dataflows():
    known = document("dataflow.v1b3")["schemas"]["FlexTemplateRuntimeEnvironment"]["properties"]
    kinds = {"array": list, "object": dict, "string": str, "integer": int, "boolean": bool}
    for name, kind in ENVIRONMENT.items():
        assert kinds[known[camel(name)]["type"]] is kind, name


@given(st.dictionaries(TEXT, TEXT), st.booleans(), TEXT, st.integers(15, 1800), st.integers(0, 5))
@settings(max_examples=60)
def test_a_schedule_survives_its_job(parameters, paused, description, deadline, count):
    schedule = a_schedule(
        parameters=parameters | PARAMETERS,
        paused=paused,
        description=description,
        attempt_deadline_s=deadline,
        retry=Retry(count),
    )
    state = {"state": "PAUSED" if paused else "ENABLED"}
    assert schedule_of(job_of(schedule) | state) == schedule


@given(st.dictionaries(st.sampled_from(sorted(BY_NAME)), TEXT), st.booleans(), st.booleans())
@settings(max_examples=60)
def test_a_schedule_of_executions_survives_its_job(parameters, paused, is_bounded):
    environment = {"temp_location": "gs://b/t"} | ({"timeout_s": 60} if is_bounded else {})
    schedule = a_run(parameters=parameters | PARAMETERS, paused=paused, environment=environment)
    state = {"state": "PAUSED" if paused else "ENABLED"}
    assert schedule_of(job_of(schedule) | state) == schedule


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
)


@given(JSON, JSON, JSON)
def test_any_body_is_a_schedules_or_not_and_no_fault(whole, launch, inner):
    for body in (
        whole,
        {"launchParameter": launch},
        {"launchParameter": {"parameters": inner, "environment": inner}},
        {"launchParameter": {"parameters": PARAMETERS, "environment": inner}},
    ):
        found = schedule_of(with_body(body))
        assert found is None or found.parameters == PARAMETERS
    uri = job_of(a_run())["httpTarget"]["uri"]
    for body in (
        whole,
        {"overrides": launch},
        {"overrides": {"containerOverrides": inner, "timeout": launch}},
        {"overrides": {"containerOverrides": [{"args": inner}]}},
    ):
        assert schedule_of(with_body(body, uri=uri)) is None


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[1]", b"null", b"{"])
def test_a_body_that_is_no_launch_is_not_ours(body):
    assert schedule_of(with_body(body)) is None


def test_a_launch_in_snake_case_is_understood():
    """Dataflow takes both spellings."""
    launch = {
        "job_name": "orders",
        "container_spec_gcs_path": "gs://b/t.json",
        "parameters": PARAMETERS,
        "environment": {"temp_location": "gs://b/t", "maxWorkers": 3},
    }
    found = schedule_of(with_body({"launch_parameter": launch}))
    assert found.template == "gs://b/t.json"
    assert found.environment == {"temp_location": "gs://b/t", "max_workers": 3}


def test_a_job_with_another_token_has_no_account():
    job = job_of(a_schedule())
    del job["httpTarget"]["oauthToken"]
    job["httpTarget"]["oidcToken"] = {"serviceAccountEmail": "x@y"}
    assert schedule_of(job).service_account == ""


def test_a_sparse_job_has_cloud_schedulers_defaults():
    job = {
        key: value for key, value in job_of(a_schedule()).items() if key in ("name", "httpTarget")
    }
    found = schedule_of(job)
    assert (found.time_zone, found.retry, found.attempt_deadline_s) == ("UTC", Retry(), 180)


@pytest.mark.parametrize("character", ["x", "\n", '"', "é"])
def test_the_largest_schedule_that_is_taken_fits_a_job(character):
    """Sought by halves: the longest query that passes."""
    low, high = 0, 1_100_000

    def sized(count):
        query = "SELECT 1 --" + character * count
        more = {"postgresql_query": query, "enable_smart_sync": ""}
        return a_schedule(parameters=more)

    while high - low > 500:
        middle = (low + high) // 2
        try:
            checked(sized(middle))
        except Exception:
            high = middle
        else:
            low = middle
    body = json.dumps(launch_body(sized(low)), ensure_ascii=False, indent=1).encode()
    assert MAX_JOB_BYTES - 10_000 < len(body) < MAX_JOB_BYTES


def test_a_schedule_is_a_value():
    with pytest.raises(dataclasses.FrozenInstanceError):
        a_schedule().cron = "x"


LIMITED = {"max_run_minutes": "45"}


def test_a_host_stops_a_launch_that_its_own_limit_did_not():
    """15 minutes later; by Dataflow's documented option and Cloud Run's timeout."""
    words = launch_body(a_schedule(parameters=LIMITED))["launchParameter"]["environment"]
    assert words["additionalExperiments"] == ["max_workflow_runtime_walltime_seconds=3600"]
    assert run_body(timed())["overrides"]["timeout"] == "3600s"


def timed(**environment):
    place = {"temp_location": "gs://my-bucket/tmp"}
    return a_run(parameters=LIMITED, environment=place | environment)


@pytest.mark.parametrize(
    "schedule",
    [
        a_schedule(parameters=LIMITED),
        a_schedule(
            parameters=LIMITED,
            environment={"temp_location": "gs://b/t", "additional_experiments": ["x=1"]},
        ),
        timed(),
        timed(timeout_s=600),
    ],
    ids=["dataflow", "beside-others", "cloud-run", "timeout-given"],
)
def test_what_a_host_is_told_for_that_is_no_setting_of_the_schedule(schedule):
    assert schedule_of(job_of(schedule)) == schedule
    assert errors_of(job_of(schedule)) == []


def test_a_setting_that_was_given_stays():
    said = ["max_workflow_runtime_walltime_seconds=60"]
    place = {"temp_location": "gs://b/t", "additional_experiments": said}
    schedule = a_schedule(parameters=LIMITED, environment=place)
    assert launch_body(schedule)["launchParameter"]["environment"]["additionalExperiments"] == said
    assert run_body(timed(timeout_s=600))["overrides"]["timeout"] == "600s"


def test_a_limit_of_seven_days_is_within_what_cloud_run_takes():
    week = a_run(parameters={"max_run_minutes": "10080"}, environment={"temp_location": "gs://b/t"})
    assert run_body(week)["overrides"]["timeout"] == "604800s"
    assert schedule_of(job_of(week)) == week


def errors_of(job):
    return body_errors({"uri": job["httpTarget"]["uri"], "body": job["httpTarget"]["body"]})
