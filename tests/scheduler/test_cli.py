"""The command as it is called: what it asks, prints, does, and ends with."""

import json
import os
import subprocess
import sys
from datetime import datetime

import pytest
import yaml

from scheduler import app, looks
from scheduler.job import job_of, schedule_of
from tests.scheduler.conftest import (
    LOCATION,
    PARAMETERS,
    PLANTED,
    PROJECT,
    a_run,
    a_schedule,
    words_of,
)
from tests.scheduler.stand_in import Refusal

AT = f"--location={LOCATION}"
READS = {
    "list": ["list"],
    "describe": ["describe", "orders"],
    "next": ["next", "orders"],
    "export": ["export", "orders"],
    "pause": ["pause", "orders"],
    "resume": ["resume", "orders"],
    "run": ["run", "orders"],
    "update": ["update", "orders", "--cron=daily", "-y"],
    "delete": ["delete", "orders", "-y"],
}


@pytest.fixture
def file(tmp_path):
    """Write schedules.yaml of names and what differs in each."""

    def write(**entries):
        defaults = {
            "project": PROJECT,
            "region": LOCATION,
            "template": "gs://my-bucket/templates/smart-sync.json",
            "service_account": "launcher@my-project.iam.gserviceaccount.com",
            "parameters": PARAMETERS,
            "environment": {"temp_location": "gs://my-bucket/tmp"},
        }
        path = tmp_path / "schedules.yaml"
        path.write_text(yaml.safe_dump({"defaults": defaults, "schedules": entries}))
        return f"-f{path}"

    return write


HOURLY = {"cron": "hourly"}


def test_create_shows_the_next_runs_asks_and_makes_it(command, scheduler):
    done = command("create", *words_of(a_schedule()), answer="y\n")
    assert (done.code, done.err) == (0, "")
    assert "Create orders? [y/N]" in done.out
    assert done.out.endswith("created orders\n")
    assert scheduler.launch("orders")["parameters"] == PARAMETERS
    assert scheduler.launch("orders")["environment"]["maxWorkers"] == 2


def test_create_for_cloud_run_posts_to_the_job_that_is_deployed(command, scheduler):
    wanted = a_run(environment={"temp_location": "gs://my-bucket/tmp"})
    assert command("create", *words_of(wanted), "-y").code == 0
    assert schedule_of(scheduler.job("orders")) == wanted
    done = command("describe", "orders", AT)
    assert "cloud_run" in done.out
    assert "smart-sync" in done.out
    for words in READS.values():
        assert command(*words, AT).code == 0, words


def test_a_schedule_moves_to_another_host_and_back(command, scheduler):
    scheduler.put(job_of(a_schedule()))
    done = command("update", "orders", "--host=cloud_run", "-etimeout_s=600", AT, "-y")
    assert (done.code, done.err) == (0, "")
    assert "    host: dataflow → cloud_run" in done.out
    environment = {"temp_location": "gs://my-bucket/tmp", "timeout_s": 600}
    assert schedule_of(scheduler.job("orders")) == a_run(environment=environment)
    done = command("update", "orders", "--host=dataflow", AT, "-y")
    assert (done.code, "give template." in done.err) == (2, True)
    back = ["--host=dataflow", "--template=gs://my-bucket/templates/smart-sync.json"]
    assert command("update", "orders", *back, "-emax_workers=2", AT, "-y").code == 0
    assert schedule_of(scheduler.job("orders")) == a_schedule()
    done = command("update", "orders", "--run-job=smart-sync", AT)
    assert (done.code, "(schedule orders: run_job): its host is dataflow" in done.err) == (2, True)
    done = command("update", "orders", "--host=cloud-run", AT)
    assert (done.code, "give one of dataflow, cloud_run." in done.err) == (2, True)


def test_the_image_of_workers_stays_behind_when_a_schedule_moves_to_cloud_run(command, scheduler):
    scheduler.put(job_of(a_schedule(parameters={"sdk_container_image": "i"})))
    assert command("update", "orders", "--host=cloud_run", AT, "-y").code == 0
    moved = schedule_of(scheduler.job("orders"))
    assert moved == a_run(environment={"temp_location": "gs://my-bucket/tmp"})


def test_a_template_means_nothing_on_cloud_run(command, scheduler):
    words = [*words_of(a_run()), "--template=gs://b/t.json", "-psdk_container_image=i"]
    done = command("create", *words, "-y")
    assert (done.code, scheduler.calls) == (2, [])
    assert "of another host (schedule orders: template): its host is cloud_run" in done.err


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_no_makes_nothing(command, scheduler, answer):
    assert command("create", *words_of(a_schedule()), answer=answer).code == 1
    assert scheduler.names() == []


BAD = {
    "--cron=0 * * * * *": "Cloud Scheduler knows no seconds",
    "--cron=99 * * * *": "minute '99': give 0 to 59",
    "--time-zone=Europe/Berlim": "did you mean Europe/Berlin?",
    "-ppostgresql_hots=h": "did you mean postgresql_host?",
    "-pdata_source=oracle": "data_source",
    "-emax_workrs=3": "did you mean max_workers?",
    "-emax_workers=many": "give a value of type int",
    f"-ppostgresql_password={PLANTED}": "--allow-plain-secrets",
    f"-p{PLANTED}": "--parameter number",
    "--template=/tmp/x": "gs://",
    "--service-account=me@example.com": "iam.gserviceaccount.com",
    "-ppostgresql_query=" + "x" * 1_000_000: "Cloud Scheduler takes",
}


@pytest.mark.parametrize("word", BAD, ids=lambda word: word[:24])
def test_bad_input_is_one_clear_message_and_nothing_is_made(command, scheduler, word):
    done = command("create", *words_of(a_schedule()), word, "-y")
    assert (done.code, done.out) == (2, "")
    assert BAD[word] in done.err
    assert "Traceback" not in done.err
    assert scheduler.calls == []


def test_a_plain_secret_that_is_allowed_is_never_printed(command, scheduler):
    secret = f"-ppostgresql_password={PLANTED}"
    assert (
        command("create", *words_of(a_schedule()), secret, "--allow-plain-secrets", "-y").code == 0
    )
    assert scheduler.launch("orders")["parameters"]["postgresql_password"] == PLANTED
    for words in READS.values():
        done = command(*words, *(["--allow-plain-secrets"] if "update" in words else []), AT)
        assert done.code == (2 if "export" in words else 0), done.err


def test_a_changed_plain_secret_is_shown_as_changed_only(command, scheduler):
    scheduler.put(job_of(a_schedule(parameters={"postgresql_password": "old" + PLANTED})))
    word = f"-ppostgresql_password={PLANTED}"
    done = command("update", "orders", word, "--allow-plain-secrets", AT, "-y")
    assert "postgresql_password: (not shown) → (not shown), another one" in done.out
    assert scheduler.launch("orders")["parameters"]["postgresql_password"] == PLANTED


def test_update_shows_what_differs_and_changes_that_only(command, scheduler):
    scheduler.put(job_of(a_schedule(description="old")))
    words = [
        "--cron=daily",
        "-psource_table_for_schema=public.o",
        "-emax_workers=",
        "--description=",
    ]
    done = command("update", "orders", *words, AT, answer="y\n")
    assert done.out.splitlines()[:4] == [
        "    cron: 7 * * * * → 0 0 * * *",
        "    description: old → ",
        "    environment.max_workers: 2 → (none)",
        "    parameters.source_table_for_schema: public.orders → public.o",
    ]
    assert scheduler.calls[-1].paths == ("description", "schedule", "http_target")
    assert "nothing changes" in command("update", "orders", "--cron=daily", AT).out


def test_an_update_keeps_a_parameter_that_is_empty_on_purpose(command, scheduler):
    """An empty partition_field says: no partitioning."""
    scheduler.put(job_of(a_schedule(parameters={"partition_field": ""})))
    assert command("update", "orders", "--cron=daily", AT, "-y").code == 0
    assert scheduler.launch("orders")["parameters"]["partition_field"] == ""


def test_an_update_leaves_a_paused_schedule_paused(command, scheduler):
    scheduler.put(job_of(a_schedule()) | {"state": "PAUSED"})
    assert command("update", "orders", "--cron=daily", AT, "-y").code == 0
    assert scheduler.changed() == ["update orders"]


def test_apply_creates_updates_and_keeps_orphans_until_told(command, scheduler, file):
    for name in ("changed", "orphan"):
        scheduler.put(job_of(a_schedule(name)))
    path = file(new=HOURLY, changed={"cron": "daily"})
    done = command("apply", path, answer="y\n")
    assert done.code == 0, done.err
    assert "orphan  orphan (not in the file; --delete-orphans removes it)" in done.out
    assert sorted(scheduler.changed()) == ["create new", "update changed"]
    assert "nothing to change" in command("apply", path, "-y").out
    assert "deleted orphan" in command("apply", path, "--delete-orphans", "-y").out
    assert scheduler.names() == ["changed", "new"]


def test_apply_keeps_from_when_failures_are_counted(command, scheduler, file):
    counted = {"pause_after_failures": "3", "failures_counted_from": "2026-01-01T00:00:00Z"}
    scheduler.put(job_of(a_schedule("a", counted, cron="0 * * * *")))
    entry = {"cron": "daily", "parameters": {"pause_after_failures": "3"}}
    done = command("apply", file(a=entry), "-y")
    assert (done.code, "failures_counted_from" in done.out) == (0, False)
    told = scheduler.launch("a")["parameters"]
    assert told["failures_counted_from"] == "2026-01-01T00:00:00Z"
    none = {"cron": "daily", "parameters": {}}
    assert command("apply", file(a=none), "-y").code == 0
    assert "failures_counted_from" not in scheduler.launch("a")["parameters"]


def test_resume_without_a_limit_changes_nothing_but_the_state(command, scheduler):
    scheduler.put(job_of(a_schedule()) | {"state": "PAUSED"})
    assert command("resume", "orders", AT).code == 0
    assert scheduler.changed() == ["resume orders"]


def test_apply_with_one_bad_schedule_makes_none(command, scheduler, file):
    done = command("apply", file(good=HOURLY, bad={"cron": "61 * * * *"}), "-y")
    assert done.code == 2
    assert "schedule bad" in done.err
    assert scheduler.calls == []


def test_a_fault_of_twelve_schedules_is_told_once_with_its_places(command, scheduler, file):
    wrong = {"cron": "hourly", "parameters": {"postgresql_port": "x"}}
    done = command("apply", file(**{f"s{n:02}": wrong for n in range(12)}), "-y")
    assert done.code == 2
    assert done.err[: done.err.index("smart-sync-schedules: ")].count("postgresql_port") == 10
    first, *places = done.err.splitlines()
    assert "(12 places): " in first
    assert places[0] == "   schedule s00: postgresql_port"
    assert places[10] == "   … and 2 more"
    assert places[11].startswith("smart-sync-schedules: ConfigError: 12 faults: ")
    assert len(places) == 12
    assert scheduler.calls == []


def test_an_empty_file_is_told(command, scheduler, file):
    done = command("apply", file(), "-y", "--delete-orphans")
    assert (done.code, done.err.count("no schedules")) == (2, 1)


def test_a_schedule_in_a_second_location_is_made_there(command, scheduler, file):
    scheduler.put(job_of(a_schedule("a")))
    path = file(a={"cron": "7 * * * *", "location": "us-east1"}, b=HOURLY)
    done = command("apply", path, "-y")
    assert done.code == 0
    assert "orphan  a (not in the file" in done.out  # what it leaves behind is shown
    assert sorted(scheduler.changed()) == ["create a", "create b"]
    assert "deleted a" in command("apply", path, "--delete-orphans", "-y").out
    assert {name.split("/")[3] for name in scheduler.jobs if name.endswith("/a")} == {"us-east1"}


def test_a_dry_run_and_a_no_change_nothing(command, scheduler, file):
    assert "nothing was changed" in command("apply", file(a=HOURLY), "--dry-run").out
    assert command("apply", file(a=HOURLY), answer="n\n").code == 1
    assert scheduler.names() == []


def test_an_apply_that_fails_in_the_middle_says_what_is_left_and_can_be_repeated(
    command, scheduler, file
):
    path = file(a=HOURLY, b=HOURLY, c=HOURLY)
    scheduler.refusals["create b"] = Refusal("PERMISSION_DENIED")
    done = command("apply", path, "-y")
    assert done.code == 5
    assert "created a" in done.out
    assert "left to do: create b, create c" in done.err
    assert "roles/cloudscheduler.admin" in done.err
    scheduler.refusals.clear()
    assert command("apply", path, "-y").code == 0
    assert scheduler.names() == ["a", "b", "c"]
    assert scheduler.changed() == ["create a", "create b", "create b", "create c"]


def test_a_full_minute_is_warned_of_and_stagger_spreads_it(command, scheduler, file):
    path = file(**{f"s{number}": HOURLY for number in range(6)})
    assert "6 schedules fire at" in command("apply", path, "--dry-run").out
    done = command("apply", path, "--stagger", "-y")
    assert "warning" not in done.out
    minutes = {scheduler.job(name)["schedule"] for name in scheduler.names()}
    assert minutes == {f"{minute} * * * *" for minute in range(0, 60, 10)}


NAMES = [f"postgresql-a-table-with-quite-a-long-name-{n}-hourly-prod" for n in range(3)]


@pytest.mark.parametrize("width", [80, 20])
def test_names_are_never_broken_or_cut_when_piped(scheduler, width):
    """As `list | grep -c name` sees them, by the very command."""
    for name in NAMES:
        parameters = {"destination_bigquery_table": f"table_of_{name}".replace("-", "_")}
        scheduler.put(job_of(a_schedule(name, parameters)))
    words = [sys.executable, "-m", "scheduler", "list", AT]
    environ = {**os.environ, "COLUMNS": str(width), "GOOGLE_CLOUD_PROJECT": PROJECT}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environ)
    rows = [line.split() for line in done.stdout.splitlines() if "hourly-prod" in line]
    assert [row[0] for row in rows] == NAMES
    for name, row in zip(NAMES, rows, strict=True):
        assert row[-1] == f"my-project.shop.table_of_{name}".replace("-", "_").replace(
            "my_project", "my-project"
        )


JSONS = {
    "list": ["list"],
    "describe": ["describe", "orders"],
    "next": ["next", "orders", "-n3"],
    "export": ["export", "orders"],
}


@pytest.mark.parametrize("words", JSONS.values(), ids=JSONS)
def test_what_is_shown_is_json_for_programs(command, scheduler, words):
    scheduler.put(job_of(a_schedule(cron="30 2 * * *", time_zone="Europe/Berlin")))
    told = json.loads(command(*words, "--json", AT).out)
    one = told[0] if words == ["list"] else told
    assert one["schedule"] == "orders"
    if words[0] in ("list", "describe"):
        assert (one["state"], one["destination"]) == ("enabled", "my-project.shop.orders")
        assert one["next_run"].endswith(":30:00+00:00")
    if words[0] == "describe":
        assert one["parameters"] == PARAMETERS
        assert one["retry"]["min_backoff_s"] == 5
    if words[0] == "next":
        local = [datetime.fromisoformat(run["local"]) for run in one["runs"]]
        assert [(at.hour, at.minute) for at in local] == [(2, 30)] * 3
        assert [datetime.fromisoformat(run["utc"]) for run in one["runs"]] == local
    if words[0] == "export":
        assert one["text"].startswith("gcloud scheduler jobs create http orders")


def test_no_plain_secret_stands_in_json(command, scheduler):
    scheduler.put(job_of(a_schedule(parameters={"postgresql_password": PLANTED})))
    told = json.loads(command("describe", "orders", "--json", AT).out)
    assert told["parameters"]["postgresql_password"] == "(not shown)"


def test_what_apply_would_do_is_json_for_programs(command, scheduler, file):
    for name in ("changed", "orphan"):
        scheduler.put(job_of(a_schedule(name)))
    path = file(new=HOURLY, changed={"cron": "daily"})
    done = command("apply", path, "--json")
    assert (done.code, "add --dry-run or -y" in done.err) == (2, True)
    told = json.loads(command("apply", path, "--dry-run", "--json").out)
    assert {one["schedule"]: one["change"] for one in told["changes"]} == {
        "new": "create",
        "changed": "update",
        "orphan": "orphan",
    }
    (changed,) = (one for one in told["changes"] if one["schedule"] == "changed")
    assert {"path": "cron", "old": "7 * * * *", "new": "0 0 * * *"} in changed["differences"]
    (load,) = told["dataflow"]
    assert (load["project"], load["jobs_at_once"], load["quota"]) == (PROJECT, 3, 25)
    assert not any(one["made"] for one in told["changes"])
    assert scheduler.changed() == []
    told = json.loads(command("apply", path, "-y", "--json").out)
    assert {one["schedule"] for one in told["changes"] if one["made"]} == {"changed", "new"}


def test_lists_and_next_runs_are_readable_on_80_columns(command, scheduler, monkeypatch):
    monkeypatch.setattr(app, "is_terminal", lambda: True)
    scheduler.put(job_of(a_schedule(cron="30 2 * * *", time_zone="Europe/Berlin")))
    for words in (["list"], ["describe", "orders"], ["next", "orders", "-n400"]):
        done = command(*words, AT)
        assert done.code == 0
        assert max(map(len, done.out.splitlines())) <= 80
    flat = " ".join(done.out.split())
    assert "02:30 doesn't exist in Europe/Berlin: clocks go from 02:00 to 03:00" in flat
    assert "02:30 comes twice in Europe/Berlin" in flat


def test_values_in_brackets_are_shown_as_they_are(command, scheduler):
    scheduler.put(job_of(a_schedule(description="[/] [red]x[/red]", parameters={"x": "[bold]"})))
    out = command("describe", "orders", AT).out
    assert "[/] [red]x[/red]" in out
    assert "[bold]" in out


def test_a_hand_made_job_with_a_schedule_in_words_is_listed(command, scheduler):
    scheduler.put(job_of(a_schedule()) | {"schedule": "every day 09:00"})
    assert "?" in command("list", AT).out
    done = command("next", "orders", AT)
    assert (done.code, done.err.count("\n")) == (2, 1)


@pytest.mark.parametrize("words", READS.values(), ids=READS)
def test_a_schedule_that_is_not_there_is_told(command, scheduler, words):
    scheduler.put(job_of(a_schedule("order")))
    done = command(*words, AT)
    assert done.code == (0 if words == ["list"] else 2)
    assert words == ["list"] or "did you mean order?" in done.err


def test_a_schedule_that_is_there_is_not_made_again(command, scheduler):
    scheduler.put(job_of(a_schedule()))
    done = command("create", *words_of(a_schedule(cron="1 1 1 1 1")), "-y")
    assert done.code == 2
    assert "use update" in done.err


def test_what_google_refuses_ends_with_5_and_what_is_written_wrong_with_2(command, scheduler):
    scheduler.refusals["list"] = Refusal("PERMISSION_DENIED")
    assert command("list", AT).code == 5
    for words in (["nope"], ["list", "--nope"], ["next"], ["export", "x", "--as=word", AT]):
        assert command(*words).code == 2, words


@pytest.mark.parametrize("words", [["list", "--project="], ["apply", "-f/no/such.yaml"]])
def test_a_missing_project_or_file_is_told(command, words, monkeypatch):
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT")
    done = command(*words)
    assert (done.code, done.err.count("\n")) == (2, 1)


@pytest.mark.parametrize(("fault", "code"), [(KeyboardInterrupt, 130), (RuntimeError, 70)])
def test_an_interruption_ends_with_130_and_our_own_fault_with_70(command, monkeypatch, fault, code):
    def fail(*_):
        raise fault

    monkeypatch.setattr(looks, "schedules_of", fail)
    assert command("list").code == code


def test_the_module_is_the_command():
    words = [sys.executable, "-m", "scheduler", "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "status" in done.stdout
