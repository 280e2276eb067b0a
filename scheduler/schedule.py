"""A schedule as a value, and everything that is wrong with one. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from auto_schema.errors import ConfigError, SyncError, raise_all, shown
from pipeline.parameters import options, zones
from pipeline.parameters.table import BY_NAME
from scheduler.cron import expression
from scheduler.hosts import (
    IMAGE,
    LONGEST_TIMEOUT_S,
    TEMP_LOCATION,
    TIMEOUT,
    Host,
    environment_of,
    nearest,
    no_parameter,
    no_setting,
)
from scheduler.once import only_once
from scheduler.tables import launch_faults

MAX_JOB_BYTES = 1_000_000 - 1_000
"""https://docs.cloud.google.com/scheduler/quotas: 1 MB, about 1 KB of it overhead."""
OWN_BYTES = 4_000
"""At most, of a job besides: names, places, keys."""
SHORTEST_DEADLINE_S, LONGEST_DEADLINE_S = 15, 1800
"""Of a job with an HTTP target: https://docs.cloud.google.com/scheduler/docs/reference/rest."""
MAX_ARGUMENT_BYTES = 32 * 4096 - 1
"""Of one word of a command line on Linux: MAX_ARG_STRLEN, its closing zero left out."""
NAME = re.compile(r"[a-z]([-a-z0-9]{0,498}[a-z0-9])?")
"""Both a Cloud Scheduler job's and a Dataflow job's: the strictest of the two."""
RUN_JOB = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
"""Of a Cloud Run job: https://cloud.google.com/run/docs/create-jobs."""
ACCOUNT = re.compile(r"[a-z0-9-]+@[a-z0-9.-]+[.]gserviceaccount[.]com")


@dataclass(frozen=True, slots=True)
class Retry:
    """What Cloud Scheduler does when a launch is refused; all times in seconds.

    No retry is the default: a launch is refused with 409 while a job of its name is active,
    and the next run comes in its time.
    """

    count: int = 0
    max_duration_s: int = 0
    min_backoff_s: int = 5
    max_backoff_s: int = 3600
    max_doublings: int = 5


@dataclass(frozen=True, slots=True)
class Schedule:
    """One sync, launched again and again.

    Attributes:
        name: of the Cloud Scheduler job, and of the Dataflow job: always the same, so that
            Dataflow refuses a second one while the first is active. An execution of a Cloud Run
            job is told it, so that the run history knows whose launch it was.
        cron: five fields.
        time_zone: IANA name.
        project, region: where the Dataflow job runs, or the Cloud Run job lies.
        location: of the Cloud Scheduler job.
        template: gs:// path of the Flex Template's file; for Dataflow only.
        service_account: whose OAuth token Cloud Scheduler sends.
        parameters: of the template.
        environment: of the workers, by the names of `environment_of`.
        attempt_deadline_s: how long Cloud Scheduler waits for the host's answer.
        job_name: of the Dataflow job, where a hand-made job has another than the schedule's
            name; empty for all that are made here.
        host: where its syncs run.
        run_job: the Cloud Run job of which each sync is an execution; for Cloud Run only.
    """

    name: str
    cron: str
    project: str
    region: str
    location: str
    template: str
    service_account: str
    time_zone: str = "UTC"
    description: str = ""
    paused: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    retry: Retry = Retry()
    attempt_deadline_s: int = 180
    job_name: str = ""
    host: Host = Host.DATAFLOW
    run_job: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """Its name, its project, and Cloud Scheduler's location."""
        return self.name, self.project, self.location

    @property
    def is_of_many(self) -> bool:
        """Whether its launches are of a file of tables."""
        return bool(self.parameters.get("tables"))

    @property
    def destination(self) -> str:
        """`project.dataset.table`, as the run history writes it; of many tables, their file."""
        if self.is_of_many:
            return f"tables of {self.job_name or self.name}"
        names = ("project", "dataset", "table")
        return ".".join(self.parameters.get(f"destination_bigquery_{n}", "") for n in names)


def checked(
    schedule: Schedule, *, allow_plain_secrets: bool = False, is_once: bool = False
) -> Schedule:
    """The same schedule, its cron expression in five fields.

    Args:
        schedule: not yet checked.
        allow_plain_secrets: whether passwords may stand in it.
        is_once: it is one launch of a schedule, which is there and has been checked.

    Raises:
        ConfigError, ManyErrors: everything that is wrong with it.
    """
    faults = [
        *([] if is_once else _own_faults(schedule)),
        *_environment_faults(schedule),
        *_parameter_faults(schedule, is_once=is_once),
        *([] if allow_plain_secrets else _plain_secrets(schedule.parameters)),
    ]
    cron = schedule.cron
    try:
        cron = cron if is_once else expression(cron)
    except ConfigError as error:
        faults.append(error)
    raise_all([_of(schedule.name, fault) for fault in faults])
    fields: dict[str, Any] = {name: getattr(schedule, name) for name in schedule.__slots__}
    return Schedule(**fields | {"cron": cron})


def _of(name: str, fault: SyncError) -> ConfigError:
    """The fault, saying whose it is."""
    where = f"schedule {name}: {fault.where}" if fault.where else f"schedule {name}"
    return ConfigError(fault.what, where, fault.why, fault.fix)


def _own_faults(schedule: Schedule) -> list[SyncError]:
    faults = _place_faults(schedule)
    if not NAME.fullmatch(schedule.name):
        fix = "use lower-case letters, digits and '-', a letter first, such as"
        fix += " postgresql-orders-hourly-prod."
        faults.append(ConfigError("malformed name", "name", shown(schedule.name), fix))
    if schedule.time_zone not in zones.names():
        fix = nearest(schedule.time_zone, zones.names(), "use an IANA name such as Europe/Berlin.")
        faults.append(ConfigError("unknown time zone", "time_zone", shown(schedule.time_zone), fix))
    if schedule.template and not schedule.template.startswith("gs://"):
        fix = "give the path that `make template` printed, such as gs://bucket/templates/x.json."
        faults.append(ConfigError("malformed template", "template", shown(schedule.template), fix))
    account = schedule.service_account
    if account and not ACCOUNT.fullmatch(account):
        fix = "give one such as smart-sync-scheduler@my-project.iam.gserviceaccount.com."
        faults.append(ConfigError("malformed account", "service_account", shown(account), fix))
    return faults + _limit_faults(schedule)


def _place_faults(schedule: Schedule) -> list[SyncError]:
    """What its host needs of it, and what is another host's."""
    faults: list[SyncError] = []
    own = "template" if schedule.host is Host.DATAFLOW else "run_job"
    for name in ("project", "region", own, "service_account"):
        if not getattr(schedule, name):
            faults.append(ConfigError("missing", name, "", f"give {name}."))
    if schedule.run_job and not RUN_JOB.fullmatch(schedule.run_job):
        fix = "give the name alone of a Cloud Run job, such as smart-sync."
        faults.append(ConfigError("malformed name", "run_job", shown(schedule.run_job), fix))
    return faults


def _limit_faults(schedule: Schedule) -> list[SyncError]:
    faults: list[SyncError] = []
    if not SHORTEST_DEADLINE_S <= schedule.attempt_deadline_s <= LONGEST_DEADLINE_S:
        fix = f"give {SHORTEST_DEADLINE_S} to {LONGEST_DEADLINE_S} seconds."
        why = f"{schedule.attempt_deadline_s} s"
        faults.append(ConfigError("out of range", "attempt_deadline_s", why, fix))
    if not 0 <= schedule.retry.count <= 5:
        why = f"{schedule.retry.count}"
        faults.append(ConfigError("out of range", "retry.count", why, "give 0 to 5."))
    if len(schedule.description) > 500:
        faults.append(ConfigError("too long", "description", "", "use at most 500 characters."))
    values = [schedule.description, dict(schedule.parameters), dict(schedule.environment)]
    size = len(json.dumps(values, ensure_ascii=False, indent=4).encode()) + OWN_BYTES
    if size > MAX_JOB_BYTES:
        why = f"{size:,} bytes of parameters; Cloud Scheduler takes {MAX_JOB_BYTES:,} in all"
        fix = "keep long queries in a view of the source, and read that."
        faults.append(ConfigError("too large", "parameters", why, fix))
    return faults


def _environment_faults(schedule: Schedule) -> list[SyncError]:
    faults: list[SyncError] = []
    kinds = environment_of(schedule.host)
    for name, value in schedule.environment.items():
        where = f"environment.{name}"
        kind = kinds.get(name)
        if kind is None:
            faults.append(ConfigError("unknown", where, "", no_setting(name, schedule.host)))
        elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            fix = f"give a value of type {kind.__name__}."
            faults.append(ConfigError("malformed", where, shown(value), fix))
    seconds = schedule.environment.get(TIMEOUT, 1)
    if isinstance(seconds, int) and not 0 < seconds <= LONGEST_TIMEOUT_S:
        fix = f"give 1 to {LONGEST_TIMEOUT_S:,} seconds."
        faults.append(ConfigError("out of range", f"environment.{TIMEOUT}", f"{seconds} s", fix))
    if not str(schedule.environment.get(TEMP_LOCATION, "")).startswith("gs://"):
        fix = "give a folder such as gs://bucket/tmp."
        faults.append(ConfigError("missing", f"environment.{TEMP_LOCATION}", "", fix))
    return faults


def _parameter_faults(schedule: Schedule, *, is_once: bool) -> list[SyncError]:
    """The same checks as at a launch, by the same code."""
    known = {name: text for name, text in schedule.parameters.items() if name in BY_NAME}
    is_dataflow = schedule.host is Host.DATAFLOW
    image = {IMAGE} if is_dataflow else set[str]()
    faults: list[SyncError] = [
        ConfigError("unknown parameter", name, "", no_parameter(name, schedule.host))
        for name in sorted(schedule.parameters.keys() - known.keys() - image)
    ]
    launch = ["--temp_location=gs://b/t"]
    launch += ["--runner=DataflowRunner", "--sdk_container_image=i"] if is_dataflow else []
    faults += [*launch_faults(known, launch), *([] if is_once else only_once(known))]
    return [*faults, *_argument_faults(schedule)]


def _argument_faults(schedule: Schedule) -> Iterator[SyncError]:
    """Parameters that no program can be given.

    Both hosts start main.py with one word for each. Of Dataflow's launcher that is known by
    what others saw of it only, so that of it no query is refused that was taken before.
    """
    for name, text in schedule.parameters.items():
        size = len(f"--{name}={text}".encode())
        is_bounded = schedule.host is Host.CLOUD_RUN or name == "tables"
        if is_bounded and size > MAX_ARGUMENT_BYTES:
            why = f"{size:,} bytes; one word of a command line has at most {MAX_ARGUMENT_BYTES:,}"
            fix = "keep it in a view of the source, and read that."
            if name == "tables":
                fix = "put the file into a bucket (`gcloud storage cp`), and give its gs:// path."
            yield ConfigError("too large", name, why, fix)


def _plain_secrets(parameters: Mapping[str, str]) -> list[SyncError]:
    faults: list[SyncError] = []
    for name in options.plain_secrets(parameters):
        why = "everybody who may look at schedules could read it"
        fix = "store it in Secret Manager and give projects/P/secrets/S/versions/latest;"
        fix += " or say --allow-plain-secrets."
        faults.append(ConfigError("plain secret", name, why, fix))
    return faults
