"""I/O. One launch, asked for where a schedule's syncs run, without Cloud Scheduler between.

LAUNCH_EMULATOR_HOST, `http://host:port`, points both hosts at a stand-in.
"""

import os
from typing import Any

import google.auth
import requests
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession

from auto_schema.errors import ConfigError, RunInProgressError, SyncError, TargetError
from pipeline.parameters.options import plain_secrets
from scheduler.client import LOGIN
from scheduler.hosts import Host
from scheduler.job import SCOPE, body_of, uri_of
from scheduler.schedule import Schedule

TIMEOUT_S = 180
"""As Cloud Scheduler waits by default."""
RIGHTS = {
    Host.DATAFLOW: "you need roles/dataflow.developer, and roles/iam.serviceAccountUser on the"
    " workers' service account: such a launch is yours, not that of the schedule's account.",
    Host.CLOUD_RUN: "you need roles/run.jobsExecutorWithOverrides on the job: such a launch is"
    " yours, not that of the schedule's account.",
}
MISSING = {
    Host.DATAFLOW: "check the template's path and the region with `describe`.",
    Host.CLOUD_RUN: "check the job's name and the region: gcloud run jobs list.",
}


def launch(schedule: Schedule) -> str:
    """Ask for a launch now; what its host calls it.

    Raises:
        RunInProgressError: a run of the schedule is active.
        TargetError, ConfigError: the host refused, or can't be reached.
    """
    address = os.environ.get("LAUNCH_EMULATOR_HOST", "")
    uri = uri_of(schedule)
    try:
        session = _session(address)
        if address:
            uri = address + uri.removeprefix("https:/")
        answer = session.post(uri, json=body_of(schedule), timeout=TIMEOUT_S)
    except (GoogleAuthError, requests.RequestException) as error:
        if not isinstance(error, requests.RequestException):
            raise TargetError("no credentials", schedule.host, str(error), LOGIN) from error
        fix = "look whether it was launched (`status`, or the host's console) before the next try."
        why = type(error).__name__
        raise TargetError("no answer to a launch", _where(schedule), why, fix) from error
    if answer.status_code != requests.codes.ok:
        raise _refusal(schedule, answer)
    return _name_of(answer.json())


def _session(address: str) -> AuthorizedSession:
    if address:
        credentials: Any = AnonymousCredentials()  # type: ignore[no-untyped-call]
    else:
        credentials, _ = google.auth.default(scopes=[SCOPE])
    return AuthorizedSession(credentials)  # type: ignore[no-untyped-call]


def _where(schedule: Schedule) -> str:
    return f"schedule {schedule.name}, {schedule.host} of {schedule.project}, {schedule.region}"


def _refusal(schedule: Schedule, answer: requests.Response) -> SyncError:
    where, why = _where(schedule), _without_secrets(_why(answer), schedule)
    if answer.status_code == requests.codes.conflict:
        fix = "wait until it ends (`status`), or cancel it, and repeat."
        return RunInProgressError("a run of this schedule is active", where, why, fix)
    if answer.status_code in (requests.codes.unauthorized, requests.codes.forbidden):
        return TargetError("not allowed", where, why, RIGHTS[schedule.host])
    if answer.status_code == requests.codes.not_found:
        return ConfigError("no such template or job", where, why, MISSING[schedule.host])
    if answer.status_code == requests.codes.too_many_requests:
        fix = "wait until other jobs have ended, or have the quota raised."
        return TargetError("a quota is used up", where, why, fix)
    return TargetError("the launch was refused", where, why, "mend what it says, and repeat.")


def _why(answer: requests.Response) -> str:
    """What Google says, in a line; nothing of what isn't its error."""
    try:
        text = str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        text = ""
    return f"{answer.status_code} {' '.join(text.split())[:300]}".strip()


def _without_secrets(text: str, schedule: Schedule) -> str:
    for name in plain_secrets(schedule.parameters):
        text = text.replace(schedule.parameters[name], "…")
    return text


def _name_of(answer: Any) -> str:
    """Of Dataflow's job, or of Cloud Run's execution."""
    job, execution = answer.get("job") or {}, answer.get("metadata") or {}
    return str(job.get("id") or str(execution.get("name", "")).rsplit("/", 1)[-1])
