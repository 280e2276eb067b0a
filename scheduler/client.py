"""I/O. Cloud Scheduler, by Google's own client library.

CLOUD_SCHEDULER_EMULATOR_HOST points it at a stand-in: `http://host:port` over REST,
`host:port` over gRPC.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import (
    Aborted,
    Conflict,
    DeadlineExceeded,
    Forbidden,
    GoogleAPICallError,
    NotFound,
    RetryError,
    ServiceUnavailable,
    Unauthorized,
)
from google.api_core.retry import Retry, if_exception_type
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud import scheduler_v1
from google.cloud.scheduler_v1.services.cloud_scheduler.transports import (
    CloudSchedulerGrpcTransport,
)

from auto_schema.errors import ConfigError, SyncError, TargetError
from scheduler.hosts import nearest
from scheduler.job import job_name, job_of, schedule_of
from scheduler.schedule import Schedule

TIMEOUT_S = 30.0
LOGIN = "run `gcloud auth application-default login`."
UPDATABLE = (
    "description",
    "schedule",
    "time_zone",
    "attempt_deadline",
    "retry_config",
    "http_target",
)
"""Fields of a job that a schedule decides."""


def make_client(endpoint: str = "") -> scheduler_v1.CloudSchedulerClient:
    """The client library's client; at a stand-in if there is one.

    Raises:
        TargetError: no credentials.
    """
    if endpoint.startswith("http"):
        options = ClientOptions(api_endpoint=endpoint)
        anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]
        return scheduler_v1.CloudSchedulerClient(
            transport="rest", credentials=anonymous, client_options=options
        )
    if endpoint:
        channel = grpc.insecure_channel(endpoint)
        return scheduler_v1.CloudSchedulerClient(
            transport=CloudSchedulerGrpcTransport(channel=channel)
        )
    try:
        return scheduler_v1.CloudSchedulerClient()
    except GoogleAuthError as error:
        raise TargetError("no credentials", "Cloud Scheduler", str(error), LOGIN) from error


def _patience() -> Retry:
    """Ask again for TIMEOUT_S in all; the library's own patience is ten minutes."""
    return Retry(if_exception_type(ServiceUnavailable), initial=0.2, maximum=5, timeout=TIMEOUT_S)


class Schedules:
    """The schedules of one project and location."""

    def __init__(
        self, client: scheduler_v1.CloudSchedulerClient, project: str, location: str
    ) -> None:
        self._client, self._project, self._location = client, project, location

    def all(self) -> list[Schedule]:
        """Every schedule of a sync, by name; jobs of another kind are left out.

        Raises:
            TargetError: Cloud Scheduler refused or can't be reached.
        """
        return [schedule for schedule, _ in self.all_with_jobs()]

    def all_with_jobs(self) -> list[tuple[Schedule, dict[str, Any]]]:
        """The same, each with its job as Cloud Scheduler tells it."""
        parent = f"projects/{self._project}/locations/{self._location}"
        with self._told("", "cloudscheduler.jobs.list"):
            answer = self._client.list_jobs(parent=parent, retry=_patience(), timeout=TIMEOUT_S)
            jobs = [_as_json(job) for job in answer]
        pairs = [(schedule_of(job), job) for job in jobs]
        ours = [(schedule, job) for schedule, job in pairs if schedule is not None]
        return sorted(ours, key=lambda pair: pair[0].name)

    def get(self, name: str) -> tuple[Schedule, dict[str, Any]]:
        """One schedule, and its job.

        Raises:
            ConfigError: there is none, or it launches something else.
        """
        with self._told(name, "cloudscheduler.jobs.get"):
            answer = self._client.get_job(
                name=self._full(name), retry=_patience(), timeout=TIMEOUT_S
            )
        job = _as_json(answer)
        schedule = schedule_of(job)
        if schedule is None:
            fix = "use gcloud scheduler for it."
            raise ConfigError("not a schedule of a sync", f"schedule {name}", "", fix)
        return schedule, job

    def create(self, schedule: Schedule) -> None:
        """Make a job; a paused one that can't be paused is removed again.

        Raises:
            ConfigError: one of that name exists.
        """
        parent = f"projects/{self._project}/locations/{self._location}"
        with self._told(schedule.name, "cloudscheduler.jobs.create"):
            self._client.create_job(
                parent=parent, job=self._job(schedule), retry=None, timeout=TIMEOUT_S
            )
        if not schedule.paused:
            return
        try:
            self.pause(schedule.name)
        except SyncError:
            self.delete(schedule.name)
            raise

    def update(self, old: Schedule, new: Schedule) -> None:
        """Change a job: only what differs is sent, and nothing is launched in between."""
        if new.paused and not old.paused:
            self.pause(new.name)
        before, after = self._job(old), self._job(new)
        paths = [name for name in UPDATABLE if getattr(before, name) != getattr(after, name)]
        if paths:
            with self._told(new.name, "cloudscheduler.jobs.update"):
                self._client.update_job(
                    job=after, update_mask={"paths": paths}, retry=None, timeout=TIMEOUT_S
                )
        if old.paused and not new.paused:
            self.resume(new.name)

    def pause(self, name: str) -> None:
        """Launch no more until it is resumed."""
        with self._told(name, "cloudscheduler.jobs.pause"):
            self._client.pause_job(name=self._full(name), retry=None, timeout=TIMEOUT_S)

    def resume(self, name: str) -> None:
        """Launch again."""
        with self._told(name, "cloudscheduler.jobs.enable"):
            self._client.resume_job(name=self._full(name), retry=None, timeout=TIMEOUT_S)

    def run(self, name: str) -> None:
        """Launch now."""
        with self._told(name, "cloudscheduler.jobs.run"):
            self._client.run_job(name=self._full(name), retry=None, timeout=TIMEOUT_S)

    def delete(self, name: str) -> None:
        """Remove a job; a sync that runs goes on."""
        with self._told(name, "cloudscheduler.jobs.delete"):
            self._client.delete_job(name=self._full(name), retry=None, timeout=TIMEOUT_S)

    def _full(self, name: str) -> str:
        return job_name(self._project, self._location, name)

    @contextmanager
    def _told(self, name: str, permission: str) -> Iterator[None]:
        """Tell Cloud Scheduler's refusals in our words."""
        place = f"project {self._project}, location {self._location}"
        where = f"schedule {name}, {place}" if name else place
        try:
            yield
        except NotFound as error:
            raise self._missing(name, permission, where, error) from error
        except Conflict as error:  # over REST, what is aborted comes as a mere Conflict
            if permission.endswith(".create") and not isinstance(error, Aborted):
                fix = "use update, or give it another name."
                raise ConfigError("schedule exists", where, "", fix) from error
            fix = "somebody else changes it just now: look again, and repeat."
            raise TargetError("changed at the same time", where, _why(error), fix) from error
        except Forbidden as error:
            fix = _role(error, permission)
            raise TargetError("not allowed", where, _why(error), fix) from error
        except (ServiceUnavailable, DeadlineExceeded, RetryError, TransportError, OSError) as error:
            what = "Cloud Scheduler can't be reached"
            fix = "check the network; `list` shows what is there."
            raise TargetError(what, where, _why(error), fix) from error
        except (Unauthorized, GoogleAuthError) as error:
            raise TargetError("not allowed", where, _why(error), LOGIN) from error
        except GoogleAPICallError as error:
            fix = "check project and location; try again when Cloud Scheduler answers."
            raise TargetError("Cloud Scheduler refused", where, _why(error), fix) from error

    def _missing(self, name: str, permission: str, where: str, error: NotFound) -> ConfigError:
        if permission.endswith((".list", ".create")):
            fix = "check project and location."
            return ConfigError("no such project or location", where, _why(error), fix)
        try:
            known = {schedule.name for schedule in self.all()}
        except SyncError:
            known = set()
        fix = nearest(name, known, "`list` shows those there are.")
        return ConfigError("no such schedule", where, "", fix)

    def _job(self, schedule: Schedule) -> scheduler_v1.Job:
        """The job in this project and location, wherever it launches."""
        job = {**job_of(schedule), "name": self._full(schedule.name)}
        message: scheduler_v1.Job = scheduler_v1.Job.from_json(json.dumps(job))
        return message


def _role(error: GoogleAPICallError | Any, permission: str) -> str:
    """The role that a refused call lacks."""
    text = str(error)
    if "SERVICE_DISABLED" in text or "has not been used" in text:
        return "run `gcloud services enable cloudscheduler.googleapis.com`."
    if "actAs" in text:
        return "you need roles/iam.serviceAccountUser on the schedule's service account."
    reads = permission.rsplit(".", 1)[-1] in ("list", "get")
    role = "roles/cloudscheduler.viewer" if reads else "roles/cloudscheduler.admin"
    role = "roles/cloudscheduler.jobRunner" if permission.endswith(".run") else role
    return f"you need {role} ({permission}) in the project."


def _why(error: Exception) -> str:
    text = str(getattr(error, "message", "") or error)
    text = re.sub(r"^[A-Z]+ https?://\S+: ", "", text)  # what REST's errors begin with
    return text.splitlines()[0][:300] if text else type(error).__name__


def _as_json(job: scheduler_v1.Job) -> dict[str, Any]:
    text = scheduler_v1.Job.to_json(job, use_integers_for_enums=False)
    fields: Mapping[str, Any] = json.loads(text)
    return dict(fields)
