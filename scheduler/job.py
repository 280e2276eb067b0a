"""A schedule as Cloud Scheduler's job, and back. Pure.

The job posts the body of Dataflow's `flexTemplates:launch`, or that of Cloud Run's `jobs:run`:
https://cloud.google.com/dataflow/docs/reference/rest/v1b3/projects.locations.flexTemplates/launch
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from scheduler.cloud_run import place_of, run_body, run_uri, words_of
from scheduler.hosts import ENVIRONMENT, Host, with_last_resort, without_last_resort
from scheduler.schedule import Retry, Schedule

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""Cloud Scheduler sends an OAuth token: Google's own APIs take no OIDC token."""
URI = "https://dataflow.googleapis.com/v1b3/projects/{}/locations/{}/flexTemplates:launch"
_URI = re.compile(re.escape(URI).replace(r"\{\}", "([^/]+)"))


def camel(name: str) -> str:
    """A field's name as Google's JSON writes it.

    >>> camel("max_workers")
    'maxWorkers'
    """
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


OURS = {
    "data_source",
    "destination_bigquery_project",
    "destination_bigquery_dataset",
    "destination_bigquery_table",
}
OURS_OF_MANY = {"data_source", "destination_bigquery_project", "tables"}
"""Parameters by which a launch is known to be a sync's."""
_SNAKE = {camel(name): name for name in ENVIRONMENT}


def launch_body(schedule: Schedule) -> dict[str, Any]:
    """The request by which Dataflow launches the template."""
    settings = with_last_resort(schedule.environment, schedule.parameters, schedule.host)
    environment = {camel(name): value for name, value in settings.items()}
    return {
        "launchParameter": {
            "jobName": schedule.job_name or schedule.name,
            "containerSpecGcsPath": schedule.template,
            "parameters": dict(schedule.parameters),
            "environment": environment,
        }
    }


def body_of(schedule: Schedule) -> dict[str, Any]:
    """The request that starts a sync where the schedule's syncs run."""
    return launch_body(schedule) if schedule.host is Host.DATAFLOW else run_body(schedule)


def uri_of(schedule: Schedule) -> str:
    """Where that request goes."""
    if schedule.host is Host.DATAFLOW:
        return URI.format(schedule.project, schedule.region)
    return run_uri(schedule)


def job_of(schedule: Schedule) -> dict[str, Any]:
    """The Cloud Scheduler job as its JSON: the same for REST, gcloud and Terraform."""
    body = json.dumps(body_of(schedule), ensure_ascii=False, indent=1).encode()
    retry = schedule.retry
    return {
        "name": job_name(schedule.project, schedule.location, schedule.name),
        "description": schedule.description,
        "schedule": schedule.cron,
        "timeZone": schedule.time_zone,
        "attemptDeadline": f"{schedule.attempt_deadline_s}s",
        "retryConfig": {
            "retryCount": retry.count,
            "maxRetryDuration": f"{retry.max_duration_s}s",
            "minBackoffDuration": f"{retry.min_backoff_s}s",
            "maxBackoffDuration": f"{retry.max_backoff_s}s",
            "maxDoublings": retry.max_doublings,
        },
        "httpTarget": {
            "uri": uri_of(schedule),
            "httpMethod": "POST",
            "headers": {"Content-Type": "application/json"},
            "body": base64.b64encode(body).decode(),
            "oauthToken": {"serviceAccountEmail": schedule.service_account, "scope": SCOPE},
        },
    }


def job_name(project: str, location: str, name: str) -> str:
    """A job's full name.

    >>> job_name("p", "us-central1", "orders")
    'projects/p/locations/us-central1/jobs/orders'
    """
    return f"projects/{project}/locations/{location}/jobs/{name}"


def schedule_of(job: Mapping[str, Any]) -> Schedule | None:
    """The schedule that a job carries out; None for a job that launches no sync of ours."""
    target = job.get("httpTarget", {})
    own = _own(target.get("uri", ""), target.get("body", ""))
    if own is None or not (_has(own["parameters"], OURS) or _is_of_many(own["parameters"])):
        return None
    _, _, _, location, _, name = job["name"].split("/")
    launched = own.pop("job_name")
    host = own.get("host", Host.DATAFLOW)
    own["environment"] = without_last_resort(own["environment"], own["parameters"], host)
    return Schedule(
        name=name,
        cron=job.get("schedule", ""),
        location=location,
        service_account=target.get("oauthToken", {}).get("serviceAccountEmail", ""),
        time_zone=job.get("timeZone") or "UTC",
        description=job.get("description", ""),
        paused=job.get("state") == "PAUSED",
        retry=_retry_of(job.get("retryConfig", {})),
        attempt_deadline_s=_seconds(job.get("attemptDeadline"), 180),
        job_name="" if launched == name else launched,
        **own,
    )


def _is_of_many(parameters: Mapping[str, str]) -> bool:
    return _has(parameters, OURS_OF_MANY)


def _has(parameters: Mapping[str, str], names: set[str]) -> bool:
    """Whether a launch has them; a connection URI says what its source is, too."""
    told = {*parameters, "data_source"} if "source" in parameters else parameters.keys()
    return told >= names


def _own(uri: str, body: str) -> dict[str, Any] | None:
    """What a request says of the sync that it starts; None for a request to another address."""
    if match := _URI.fullmatch(uri):
        launch = _launch_of(body)
        environment = _mapping(launch.get("environment"))
        parameters = _mapping(launch.get("parameters"))
        return {
            "project": match[1],
            "region": match[2],
            "template": str(launch.get("containerSpecGcsPath", "")),
            "parameters": {str(key): str(value) for key, value in parameters.items()},
            "environment": {_SNAKE.get(key, key): value for key, value in environment.items()},
            "job_name": str(launch.get("jobName", "")),
        }
    if place := place_of(uri):
        parameters, job_name, environment = words_of(_mapping(_json_of(body)))
        return {
            "host": Host.CLOUD_RUN,
            "project": place[0],
            "region": place[1],
            "run_job": place[2],
            "template": "",
            "parameters": parameters,
            "environment": environment,
            "job_name": job_name,
        }
    return None


def _launch_of(body: str) -> dict[str, Any]:
    """What a body launches, its keys in camelCase: Dataflow takes both; empty if it's none."""
    whole = _mapping(_json_of(body))
    launch = {camel(key): value for key, value in whole.items()}.get("launchParameter")
    return {camel(key): value for key, value in _mapping(launch).items()}


def _json_of(body: str) -> Any:
    """What stands in a body; None where it is no JSON."""
    try:
        return json.loads(base64.b64decode(body))
    except ValueError:
        return None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _retry_of(config: Mapping[str, Any]) -> Retry:
    none = Retry()
    return Retry(
        count=config.get("retryCount", none.count),
        max_duration_s=_seconds(config.get("maxRetryDuration"), none.max_duration_s),
        min_backoff_s=_seconds(config.get("minBackoffDuration"), none.min_backoff_s),
        max_backoff_s=_seconds(config.get("maxBackoffDuration"), none.max_backoff_s),
        max_doublings=config.get("maxDoublings", none.max_doublings),
    )


def _seconds(text: str | None, otherwise: int) -> int:
    return int(float(text.removesuffix("s"))) if text else otherwise
