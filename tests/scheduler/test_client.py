"""The client against a Cloud Scheduler in memory, over REST and over gRPC."""

import dataclasses
import socket

import pytest

from auto_schema.errors import ConfigError, SyncError, TargetError
from scheduler import client as client_module
from scheduler.client import Schedules, make_client
from scheduler.job import job_of
from scheduler.schedule import Retry
from tests.scheduler.conftest import LOCATION, PROJECT, a_schedule
from tests.scheduler.stand_in import Refusal


def test_what_is_created_is_what_is_found(schedules, both):
    wanted = a_schedule(
        description="ünïcode ✓",
        time_zone="Europe/Berlin",
        retry=Retry(2, 60, 7, 70, 3),
        attempt_deadline_s=1800,
        parameters={"postgresql_query": "SELECT 1\n-- 'a', \"b\"", "enable_smart_sync": ""},
    )
    schedules.create(wanted)
    found, job = schedules.get("orders")
    assert found == wanted
    assert job["state"] == "ENABLED"


def test_a_paused_schedule_is_made_paused(schedules, both):
    schedules.create(a_schedule(paused=True))
    assert schedules.get("orders")[0].paused
    assert both.changed() == ["create orders", "pause orders"]


def test_a_paused_schedule_that_cannot_be_paused_is_not_made(schedules, both):
    both.refusals["pause"] = Refusal("PERMISSION_DENIED")
    with pytest.raises(TargetError, match=r"roles/cloudscheduler\.admin"):
        schedules.create(a_schedule(paused=True))
    assert both.names() == []


def test_all_schedules_are_found_on_all_pages_in_order(schedules, both):
    names = ["c", "a", "e", "b", "d"]
    for name in names:
        schedules.create(a_schedule(name))
    assert [each.name for each in schedules.all()] == sorted(names)


def test_jobs_of_another_kind_and_place_are_left_out(schedules, both):
    schedules.create(a_schedule())
    parent = f"projects/{PROJECT}/locations/{LOCATION}/jobs"
    both.put({"name": f"{parent}/ping", "httpTarget": {"uri": "https://example.com"}})
    both.put({"name": f"{parent}/topic", "pubsubTarget": {"topicName": "projects/p/topics/t"}})
    both.put(job_of(a_schedule("elsewhere", location="us-east1")))
    assert [each.name for each in schedules.all()] == ["orders"]
    with pytest.raises(ConfigError, match="not a schedule of a sync"):
        schedules.get("ping")


def test_an_update_sends_what_differs_and_nothing_else(schedules, both):
    old = a_schedule()
    schedules.create(old)
    new = dataclasses.replace(old, cron="8 * * * *", attempt_deadline_s=60)
    schedules.update(old, new)
    assert both.calls[-1].paths == ("schedule", "attempt_deadline")
    assert schedules.get("orders")[0] == new


def test_an_update_without_a_difference_sends_nothing(schedules, both):
    schedules.create(a_schedule())
    schedules.update(a_schedule(), a_schedule())
    assert both.changed() == ["create orders"]


def test_an_empty_description_is_sent(schedules, both):
    old = a_schedule(description="old")
    schedules.create(old)
    schedules.update(old, a_schedule())
    assert schedules.get("orders")[0].description == ""


@pytest.mark.parametrize("paused", [True, False])
def test_pausing_comes_before_an_update_and_resuming_after_it(schedules, both, paused):
    old = a_schedule(paused=not paused)
    schedules.create(old)
    both.calls.clear()
    new = dataclasses.replace(old, paused=paused, cron="8 * * * *")
    schedules.update(old, new)
    calls = ["pause orders", "update orders"] if paused else ["update orders", "resume orders"]
    assert both.changed() == calls
    assert schedules.get("orders")[0] == new


def test_a_job_that_launches_elsewhere_is_updated_where_it_is(schedules, both):
    """A hand-made job may launch in another project than its own."""
    job = job_of(a_schedule())
    job["httpTarget"]["uri"] = job["httpTarget"]["uri"].replace(PROJECT, "other")
    both.put(job)
    old, _ = schedules.get("orders")
    assert old.project == "other"
    schedules.update(old, dataclasses.replace(old, cron="8 * * * *"))
    assert both.job("orders")["schedule"] == "8 * * * *"


def test_pause_resume_run_and_delete(schedules, both):
    schedules.create(a_schedule())
    schedules.pause("orders")
    assert both.job("orders")["state"] == "PAUSED"
    schedules.resume("orders")
    assert both.job("orders")["state"] == "ENABLED"
    schedules.run("orders")
    schedules.delete("orders")
    assert both.names() == []
    assert both.changed()[-2:] == ["run orders", "delete orders"]


def test_a_schedule_that_exists_is_not_made_again(schedules, both):
    schedules.create(a_schedule())
    with pytest.raises(
        ConfigError, match=r"schedule exists \(schedule orders, project my-proj.*use"
    ):
        schedules.create(a_schedule(cron="9 * * * *"))
    assert both.job("orders")["schedule"] == "7 * * * *"


@pytest.mark.parametrize("method", ["update", "pause", "run"])
def test_a_change_at_the_same_time_is_no_schedule_that_exists(schedules, both, method):
    schedules.create(a_schedule())
    both.refusals[method] = Refusal("ABORTED", "Conflicting change.")
    with pytest.raises(TargetError, match=r"changed at the same time .*Conflicting change"):
        call(schedules, method)


@pytest.mark.parametrize("method", ["get", "pause", "resume", "run", "delete"])
def test_a_schedule_that_does_not_exist_is_told_with_its_nearest(schedules, both, method):
    schedules.create(a_schedule())
    with pytest.raises(ConfigError, match=r"no such schedule .*did you mean orders\?"):
        getattr(schedules, method)("order")


@pytest.mark.parametrize("method", ["list", "create"])
def test_a_location_that_does_not_exist_is_told_once(schedules, both, method):
    both.refusals |= {name: Refusal("NOT_FOUND", "Location x") for name in ("list", "create")}
    with pytest.raises(ConfigError, match=r"no such project or location .*Location x"):
        schedules.create(a_schedule()) if method == "create" else schedules.all()
    assert len(both.calls) == 1


ROLES = [
    ("list", "roles/cloudscheduler.viewer (cloudscheduler.jobs.list)"),
    ("get", "roles/cloudscheduler.viewer (cloudscheduler.jobs.get)"),
    ("create", "roles/cloudscheduler.admin (cloudscheduler.jobs.create)"),
    ("update", "roles/cloudscheduler.admin (cloudscheduler.jobs.update)"),
    ("pause", "roles/cloudscheduler.admin (cloudscheduler.jobs.pause)"),
    ("resume", "roles/cloudscheduler.admin (cloudscheduler.jobs.enable)"),
    ("run", "roles/cloudscheduler.jobRunner (cloudscheduler.jobs.run)"),
    ("delete", "roles/cloudscheduler.admin (cloudscheduler.jobs.delete)"),
]


def call(schedules: Schedules, method: str) -> None:
    if method == "list":
        schedules.all()
    elif method == "create":
        schedules.create(a_schedule("new"))
    elif method == "update":
        schedules.update(a_schedule(), a_schedule(cron="1 1 1 1 1"))
    else:
        getattr(schedules, method)("orders")


@pytest.mark.parametrize(("method", "role"), ROLES)
def test_a_missing_permission_names_its_role(schedules, both, method, role):
    schedules.create(a_schedule())
    both.refusals[method] = Refusal("PERMISSION_DENIED", "lacks IAM permission")
    with pytest.raises(TargetError) as caught:
        call(schedules, method)
    assert caught.value.what == "not allowed"
    assert role in caught.value.fix


def test_a_service_that_is_off_names_the_command_that_enables_it(schedules, both):
    both.refusals["create"] = Refusal("PERMISSION_DENIED", "It is off.", "SERVICE_DISABLED")
    with pytest.raises(TargetError, match="gcloud services enable cloudscheduler"):
        schedules.create(a_schedule())


def test_a_missing_right_on_the_service_account_names_its_role(schedules, both):
    text = "The principal lacks iam.serviceAccounts.actAs on x."
    both.refusals["create"] = Refusal("PERMISSION_DENIED", text)
    with pytest.raises(TargetError, match=r"roles/iam\.serviceAccountUser"):
        schedules.create(a_schedule())


def test_credentials_that_are_not_taken_are_told(schedules, both):
    both.refusals["list"] = Refusal("UNAUTHENTICATED", "Invalid credentials")
    with pytest.raises(TargetError, match="gcloud auth application-default login"):
        schedules.all()


def test_what_google_finds_malformed_is_told_in_its_words(schedules, both):
    both.refusals["create"] = Refusal("INVALID_ARGUMENT", "Schedule is malformed.")
    with pytest.raises(TargetError, match=r"refused \(schedule orders.*Schedule is malformed\."):
        schedules.create(a_schedule())


def test_a_service_that_is_down_is_told(schedules, both, monkeypatch):
    monkeypatch.setattr(client_module, "TIMEOUT_S", 1.0)
    both.refusals |= {name: Refusal("UNAVAILABLE") for name in ("list", "create")}
    for method in ("list", "create"):
        with pytest.raises(TargetError, match="can't be reached"):
            call(schedules, method)


@pytest.mark.parametrize("scheme", ["http://", ""])
@pytest.mark.parametrize("method", ["list", "create"])
def test_an_address_where_nobody_answers_is_told(scheme, method, monkeypatch):
    monkeypatch.setattr(client_module, "TIMEOUT_S", 1.0)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"{scheme}127.0.0.1:{bound.getsockname()[1]}"
        schedules = Schedules(make_client(address), PROJECT, LOCATION)
        with pytest.raises(TargetError, match=r"can't be reached") as caught:
            call(schedules, method)
    assert "\n" not in str(caught.value)


def test_missing_credentials_are_told(monkeypatch, tmp_path):
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "CLOUD_SCHEDULER_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(SyncError, match="gcloud auth application-default login"):
        make_client()
