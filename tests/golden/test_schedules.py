"""What the command of schedules prints, on a terminal and piped."""

import re
from pathlib import Path

import pytest

from scheduler.job import job_of
from tests.golden.transcripts import HERE, check_transcript, on_terminal
from tests.scheduler.conftest import LOCATION, PROJECT, a_run, a_schedule
from tests.scheduler.stand_in import Scheduler, rest

AT = f"--location={LOCATION}"
EXAMPLE = Path("examples/schedules.yaml")
APPLIED = "schedules_apply_dry"
LONG = "postgresql-orders-of-all-shops-and-their-lines-hourly-prod"
PRINTED = {
    "schedules_list": ["list", AT],
    "schedules_list_json": ["list", AT, "--json"],
    "schedules_describe": ["describe", "orders", AT],
    "schedules_export": ["export", "orders", AT],
    "schedules_pause": ["pause", "orders", AT],
    "schedules_resume": ["resume", "orders", AT],
    "schedules_run": ["run", "orders", AT],
    "schedules_unknown": ["describe", "order", AT],
    "schedules_update_json": ["update", "orders", "--cron=daily", "-y", AT, "--json"],
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
}


@pytest.fixture
def environ():
    """A Cloud Scheduler with two schedules of syncs."""
    with rest(Scheduler()) as scheduler:
        scheduler.put(job_of(a_schedule(description="every hour")))
        scheduler.put(job_of(a_run(LONG, cron="30 2 * * *", time_zone="Europe/Berlin")))
        yield {
            "CLOUD_SCHEDULER_EMULATOR_HOST": scheduler.address,
            "GOOGLE_CLOUD_PROJECT": PROJECT,
        }
    assert scheduler.faults == []


@pytest.mark.parametrize("name", PRINTED)
def test_the_command_of_schedules_prints_what_the_file_says(name, environ):
    words = ["smart-sync-schedules", *PRINTED[name]]
    check_transcript(name, words, environ, masks=MASKS)


def test_an_apply_is_told_before_it_is_done_and_json_for_programs(environ):
    words = ["apply", f"-f{EXAMPLE}", "--dry-run"]
    check_transcript(APPLIED, ["smart-sync", "schedules", *words], environ, masks=MASKS)


@pytest.mark.parametrize("how", [["--no-color"], []], ids=["flag", "variable"])
def test_no_color_holds_on_a_terminal_wherever_it_is_said(environ, how):
    more = {} if how else {"NO_COLOR": "1"}
    words = ["smart-sync-schedules", "apply", f"-f{EXAMPLE}", "--dry-run"]
    text = on_terminal([*words, *how], environ | more).stdout
    assert "‹32m›create" in (HERE / f"{APPLIED}.txt").read_text()  # where it isn't said
    assert "create" in text
    assert not re.search("\x1b\\[3[0-9]", text)
