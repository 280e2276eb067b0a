"""A Cloud Scheduler in memory, the command led to it, and schedules to put there."""

import io
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from scheduler.cli import main
from scheduler.client import Schedules, make_client
from scheduler.hosts import Host
from scheduler.schedule import Schedule
from tests.scheduler.stand_in import TRANSPORTS, Scheduler, rest

PROJECT, LOCATION = "my-project", "europe-west1"
SECRET = "projects/my-project/secrets/pg/versions/latest"
PLANTED = "pl4nted-s3cret"
"""A password; no command may print it."""
PARAMETERS = {
    "data_source": "postgresql",
    "postgresql_host": "10.0.0.5",
    "postgresql_database": "shop",
    "postgresql_username": "reader",
    "postgresql_password": SECRET,
    "source_table_for_schema": "public.orders",
    "enable_smart_sync": "true",
    "destination_bigquery_project": PROJECT,
    "destination_bigquery_dataset": "shop",
    "destination_bigquery_table": "orders",
}
TEMPLATE = "gs://my-bucket/templates/smart-sync.json"
ACCOUNT = "launcher@my-project.iam.gserviceaccount.com"


def a_schedule(name: str = "orders", parameters: Any = None, **values: Any) -> Schedule:
    """A good schedule, but for what is said of it."""
    given: dict[str, Any] = {
        "cron": "7 * * * *",
        "project": PROJECT,
        "region": LOCATION,
        "location": LOCATION,
        "template": TEMPLATE,
        "service_account": ACCOUNT,
        "environment": {"temp_location": "gs://my-bucket/tmp", "max_workers": 2},
    }
    return Schedule(name=name, parameters={**PARAMETERS, **(parameters or {})}, **given | values)


def a_run(name: str = "orders", parameters: Any = None, **values: Any) -> Schedule:
    """The same, whose syncs run as executions of a Cloud Run job."""
    there = {
        "host": Host.CLOUD_RUN,
        "template": "",
        "run_job": "smart-sync",
        "environment": {"temp_location": "gs://my-bucket/tmp", "timeout_s": 3600},
    }
    return a_schedule(name, parameters, **there | values)


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scheduler]:
    """Over REST; nothing that it got may have been malformed."""
    with rest(Scheduler()) as served:
        monkeypatch.setenv("CLOUD_SCHEDULER_EMULATOR_HOST", served.address)
        monkeypatch.setenv("LAUNCH_EMULATOR_HOST", served.address)
        yield served
    assert served.faults == []


@pytest.fixture(params=TRANSPORTS)
def both(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scheduler]:
    """Over REST, and over gRPC."""
    with TRANSPORTS[request.param](Scheduler()) as served:
        monkeypatch.setenv("CLOUD_SCHEDULER_EMULATOR_HOST", served.address)
        yield served
    assert served.faults == []


@pytest.fixture
def schedules(both: Scheduler) -> Schedules:
    return Schedules(make_client(both.address), PROJECT, LOCATION)


@dataclass(frozen=True)
class Result:
    """Exit code and what was printed."""

    code: int
    out: str
    err: str


Command = Callable[..., Result]


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], scheduler: Scheduler
) -> Command:
    """Run the command in this process, 80 columns wide, and never see the password."""
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", PROJECT)
    monkeypatch.setenv("COLUMNS", "80")
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", root.handlers[:])

    def run(*words: str, answer: str = "") -> Result:
        monkeypatch.setattr(sys, "argv", ["smart-sync-schedules", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        code = main()
        captured = capsys.readouterr()
        assert PLANTED not in captured.out + captured.err
        return Result(code, captured.out, captured.err)

    return run


def words_of(schedule: Schedule) -> list[str]:
    """What `create` must be told to make a schedule."""
    given = [
        schedule.name,
        f"--cron={schedule.cron}",
        f"--template={schedule.template}",
        f"--service-account={schedule.service_account}",
        f"--location={schedule.location}",
        f"--time-zone={schedule.time_zone}",
    ]
    if schedule.host is Host.CLOUD_RUN:
        given[2] = "--host=cloud_run"
    given += [f"-p{name}={value}" for name, value in schedule.parameters.items()]
    return given + [f"-e{name}={value}" for name, value in schedule.environment.items()]
