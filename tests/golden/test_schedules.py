"""What the command of schedules prints, on a terminal and piped."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from scheduler.files import read_schedules
from scheduler.job import job_of
from tests.golden.transcripts import HERE, check_transcript, on_terminal
from tests.scheduler.conftest import LOCATION, PARAMETERS, PROJECT, a_run, a_schedule
from tests.scheduler.stand_in import Scheduler, rest

AT = f"--location={LOCATION}"
ITEMS = {"source_table_for_schema": "public.items", "destination_bigquery_table": "items"}
EXAMPLE = Path("examples/schedules.yaml")
APPLIED = "schedules_apply_dry"
LONG = "postgresql-orders-of-all-shops-and-their-lines-hourly-prod"
NEW = [
    "create",
    "items",
    "--cron=hourly",
    "--template=gs://my-bucket/templates/smart-sync.json",
    "--service-account=launcher@my-project.iam.gserviceaccount.com",
    "-etemp_location=gs://my-bucket/tmp",
    *(f"-p{name}={text}" for name, text in (PARAMETERS | ITEMS).items()),
    AT,
]
MARGIN = ["-psmart_sync_margin=2m", "-emax_workers=4"]
WRONG = ["--sync_strt=2026-01-01", "--checks=schema.yml", "--source_table_for_schema=public.items"]
PRINTED = {
    "schedules_list": ["list", AT],
    "schedules_list_json": ["list", AT, "--json"],
    "schedules_describe": ["describe", "orders", AT],
    "schedules_export": ["export", "orders", AT],
    "schedules_pause": ["pause", "orders", AT],
    "schedules_resume": ["resume", "orders", AT],
    "schedules_run": ["run", "orders", AT],
    "schedules_export_json": ["export", "orders", AT, "--json"],
    "schedules_pause_json": ["pause", "orders", AT, "--json"],
    "schedules_resume_json": ["resume", "orders", AT, "--json"],
    "schedules_create_json": [*NEW, "-y", "--json"],
    "schedules_delete_json": ["delete", LONG, "-y", AT, "--json"],
    "schedules_unknown": ["describe", "order", AT],
    "schedules_create": [*NEW, "-y"],
    "schedules_update": ["update", "orders", "--cron=daily", *MARGIN, "-y", AT],
    "schedules_update_json": ["update", "orders", "--cron=daily", "-y", AT, "--json"],
    "schedules_delete": ["delete", LONG, "-y", AT],
    "schedules_describe_json": ["describe", "orders", AT, "--json"],
    "schedules_export_terraform": ["export", "orders", "--as=terraform", AT],
    "schedules_next_json": ["next", "orders", "-n3", AT, "--json"],
    "schedules_help": ["--help"],
    "schedules_run_help": ["run", "--help"],
    "schedules_run_json": ["run", "orders", "--verify", AT, "--json"],
    "schedules_run_refused": ["run", "orders", *WRONG, AT],
    "schedules_refused": ["pause", "order", AT],
    "schedules_refused_json": ["pause", "order", AT, "--json", "--log_format=json"],
    "schedules_unknown_flag": ["list", "--locatoin=europe-west1"],
    "schedules_next": ["next", "orders", "-n3", AT],
    "schedules_run_dry": [
        "run",
        "orders",
        "--write_disposition=WRITE_MERGE",
        "--merge_keys=id",
        "--sync_start=2026-01-01",
        "--sync_end=2026-02-01",
        "--dry-run",
        AT,
    ],
}
MASKS = {
    r"at most \d+ of": "at most N of",
    r"\d{4}-\d\d-\d\d \d\d:\d\d": "DATE AND TIME.. ",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00": "TIMESTAMP",
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?=DATE)": "DAY ",
    r'"time": "[^"]*"': '"time": "TIME"',
    r"tzdata 20\d\d[a-z]": "tzdata VERS.",
    r'"tzdata": "20\d\d[a-z]"': '"tzdata": "VERS."',
    r"(?<![\d-])\d\d-\d\d \d\d:\d\d\b": "DATE, HOURS",
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d\d:\d\d": "DAY HH:MM",
    r"and \d{3} more": "and NNN more",
}


@pytest.fixture
def scheduler():
    """A Cloud Scheduler, and where launches go."""
    with rest(Scheduler()) as served:
        yield served
    assert served.faults == []


@pytest.fixture
def environ(scheduler):
    """Leads there."""
    return {
        "CLOUD_SCHEDULER_EMULATOR_HOST": scheduler.address,
        "LAUNCH_EMULATOR_HOST": scheduler.address,
        "GOOGLE_CLOUD_PROJECT": PROJECT,
    }


@pytest.fixture
def two(scheduler):
    """Make the schedules those of two syncs, whatever they were."""

    def made():
        scheduler.jobs.clear()
        scheduler.put(job_of(a_schedule(description="every hour")))
        scheduler.put(job_of(a_run(LONG, cron="30 2 * * *", time_zone="Asia/Kolkata")))
        return ()

    return made


@pytest.mark.parametrize("name", PRINTED)
def test_the_command_of_schedules_prints_what_the_file_says(name, environ, two):
    words = ["smart-sync-schedules", *PRINTED[name]]
    check_transcript(name, words, environ, masks=MASKS, before=two)


STATUS = {
    "schedules_status_new": [],
    "schedules_status_json_new": ["--json"],
    "schedules_status_no_color_new": ["--no-color"],
}


@pytest.mark.parametrize("name", STATUS)
def test_schedules_that_never_ran_are_told_as_such(name, environ, two, target):
    words = ["smart-sync", "schedules", "status", AT, *STATUS[name]]
    check_transcript(name, words, environ | target.environ, masks=MASKS, before=two)


APPLY = ["apply", f"-f{EXAMPLE}"]
APPLIES = {
    APPLIED: [*APPLY, "--dry-run"],
    "schedules_apply_dry_no_color": [*APPLY, "--dry-run", "--no-color"],
    "schedules_apply": [*APPLY, "-y"],
    "schedules_apply_dry_json": [*APPLY, "--dry-run", "--json"],
    "schedules_apply_over": [*APPLY, "--dry-run", "--dataflow-jobs=1"],
}
CHANGED = "postgresql-orders-hourly-prod"


@pytest.mark.parametrize("name", APPLIES)
def test_an_apply_is_told_before_and_when_it_is_done(name, environ, scheduler):
    """One schedule is new, one differs, one is as the file says, one isn't in the file."""

    def three():
        scheduler.jobs.clear()
        new, changed, kept = sorted(read_schedules(EXAMPLE), key=lambda one: one.name)
        assert (new.name, changed.name[:9]) == ("bigquery-exchange-rates-daily-prod", "mongodb-c")
        there = [replace(changed, cron="30 3 * * *"), kept, a_schedule("by-hand")]
        for schedule in there:
            place = {"location": "us-central1", "project": "my-project"}
            scheduler.put(job_of(replace(schedule, **place)))
        return ()

    words = ["smart-sync", "schedules", *APPLIES[name]]
    check_transcript(name, words, environ, masks=MASKS, before=three)


def test_a_fault_of_twelve_schedules_is_told_once_with_its_places(environ, tmp_path):
    entry = {"parameters": {"destination_bigquery_table": "t", "source_table_for_schema": "a.t"}}
    whole = yaml.safe_load(EXAMPLE.read_text())
    defaults = whole["defaults"] | {"cron": "hourly", "template": "not-a-bucket"}
    defaults["parameters"] |= {"data_source": "postgresql", "postgresql_hots": "db"}
    made = {"defaults": defaults, "schedules": {f"table-{n}": entry for n in range(12)}}
    (tmp_path / "schedules.yaml").write_text(yaml.safe_dump(made))
    words = ["smart-sync", "schedules", "apply", "-fschedules.yaml", "--dry-run"]
    check_transcript("schedules_apply_faults", words, environ, tmp_path, masks=MASKS)


@pytest.mark.parametrize("how", [["--no-color"], []], ids=["flag", "variable"])
def test_no_color_holds_on_a_terminal_wherever_it_is_said(environ, how):
    more = {} if how else {"NO_COLOR": "1"}
    words = ["smart-sync-schedules", "apply", f"-f{EXAMPLE}", "--dry-run"]
    text = on_terminal([*words, *how], environ | more).stdout
    assert "‹32m›create" in (HERE / f"{APPLIED}.txt").read_text()  # where it isn't said
    assert "create" in text
    assert not re.search("\x1b\\[3[0-9]", text)
