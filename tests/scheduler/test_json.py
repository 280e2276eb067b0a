"""`--json` and `--log_format=json` of the command: one document on stdout, objects on stderr."""

import json
import os
import subprocess
import sys

import pytest

from scheduler import cli, looks
from scheduler.job import job_of
from tests.scheduler.conftest import LOCATION, PLANTED, PROJECT, a_schedule, words_of
from tests.scheduler.stand_in import Refusal
from tests.scheduler.test_cli import HOURLY, file

__all__ = ["file"]

AT = f"--location={LOCATION}"
CHANGE = {"schedule", "project", "location", "change", "made", "differences", "error"}
PARTS = {"class", "what", "where", "why", "fix", "exit_code", "slug", "see"}
DOES = {
    "update": ["update", "orders", "--cron=daily", "-y"],
    "pause": ["pause", "orders"],
    "resume": ["resume", "orders"],
    "launch": ["run", "orders"],
    "delete": ["delete", "orders", "-y"],
}
LOOKS = {"list": ["list"], "describe": ["describe", "orders"], "next": ["next", "orders"]}


@pytest.fixture
def told(command):
    """Calls the command with --json; its document and its exit code."""

    def call(*words):
        done = command(*words, "--json")
        return json.loads(done.out), done.code

    return call


@pytest.mark.parametrize("change", DOES)
def test_what_a_command_did_is_a_document_of_one_shape(told, scheduler, change):
    scheduler.put(job_of(a_schedule()))
    document, code = told(*DOES[change], AT)
    assert set(document) >= CHANGE
    place = [document[name] for name in ("schedule", "project", "location")]
    assert place == ["orders", PROJECT, LOCATION]
    assert (code, document["change"], document["made"]) == (0, change, True)
    assert document["error"] is None
    assert scheduler.changed() == [f"{DOES[change][0]} orders"]


def test_a_schedule_that_is_made_is_told_with_its_next_runs(told, scheduler):
    wanted = a_schedule(parameters={"postgresql_password": PLANTED})
    document, code = told("create", *words_of(wanted), "--allow-plain-secrets", "-y")
    assert (code, document["change"], document["made"]) == (0, "create", True)
    assert len(document["next"]["runs"]) == 3
    assert scheduler.names() == ["orders"]


def test_what_changes_is_told_value_by_value_and_nothing_is_told_as_that(told, scheduler):
    scheduler.put(job_of(a_schedule()))
    document, _ = told(*DOES["update"], AT)
    assert document["differences"] == [{"path": "cron", "old": "7 * * * *", "new": "0 0 * * *"}]
    again, code = told(*DOES["update"], AT)
    assert (code, again["change"], again["made"]) == (0, "unchanged", False)


@pytest.mark.parametrize("words", [["create", *words_of(a_schedule())], [*DOES["update"][:-1], AT]])
def test_a_question_has_no_place_in_json(told, scheduler, words):
    scheduler.put(job_of(a_schedule("other")))
    document, code = told(*words)
    assert (code, document["error"]["fix"]) == (2, "add -y.")
    assert scheduler.changed() == []


@pytest.mark.parametrize("words", [*DOES.values(), *LOOKS.values()], ids=[*DOES, *LOOKS])
def test_what_google_refuses_is_a_document_too(told, scheduler, words):
    scheduler.put(job_of(a_schedule()))
    scheduler.refusals |= dict.fromkeys(
        ("list", "get", "update", "pause", "resume", "run", "delete"), Refusal("PERMISSION_DENIED")
    )
    document, code = told(*words, AT)
    assert set(document) == {"error"}
    assert set(document["error"]) == PARTS
    assert (code, document["error"]["exit_code"]) == (5, 5)
    assert "roles/cloudscheduler" in document["error"]["fix"]


WRONG = {
    "no-such": ["nope"],
    "no-flag": ["list", "--nope"],
    "no-name": ["next"],
    "no-number": ["next", "orders", "-nx"],
    "none": [],
}


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG)
def test_words_that_cant_be_read_are_a_document_and_one_line(told, command, words):
    document, code = told(*words)
    assert (code, document["error"]["class"]) == (2, "ConfigError")
    assert "--help` " in document["error"]["fix"]
    if words:
        done = command(*words)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


def test_an_apply_that_fails_in_the_middle_says_what_it_has_done(told, scheduler, file):
    scheduler.refusals["create b"] = Refusal("PERMISSION_DENIED")
    document, code = told("apply", file(a=HOURLY, b=HOURLY, c=HOURLY), "-y")
    made = {one["schedule"]: one["made"] for one in document["changes"]}
    assert made == {"a": True, "b": False, "c": False}
    assert (code, document["error"]["exit_code"]) == (5, 5)
    assert "left to do: create b, create c" in document["error"]["fix"]


@pytest.mark.parametrize("where", [0, 2])
@pytest.mark.parametrize("flag", [["--log_format=json"], ["--log-format", "json"]])
def test_a_log_in_json_ends_with_the_error_in_parts(command, scheduler, flag, where):
    words = ["pause", "nobody"]
    words[where:where] = flag
    done = command(*words, AT)
    (line,) = done.err.splitlines()
    last = json.loads(line)
    assert (done.code, last["severity"], last["exit_code"]) == (2, "ERROR", 2)
    assert set(last["error"]) == PARTS
    assert "nobody" in last["error"]["where"]
    assert command("list", "--log_format=xml").code == 2


@pytest.mark.parametrize(("fault", "code"), [(KeyboardInterrupt, 130), (RuntimeError, 70)])
def test_an_interruption_and_our_own_fault_are_documents(told, monkeypatch, fault, code):
    def fail(*_):
        raise fault

    monkeypatch.setattr(looks, "schedules_of", fail)
    document, ended = told("list")
    assert (ended, document["error"]["exit_code"]) == (code, code)


def test_the_plan_is_part_of_the_document(told, scheduler, monkeypatch):
    """Its own JSON, which a process of its own prints."""
    scheduler.put(job_of(a_schedule(parameters={"postgresql_password": PLANTED})))
    program = "import json; print(json.dumps({'headline': ['x']}))"
    run = subprocess.run

    def instead(words, **how):
        told = json.loads(how["input"])
        assert {"--plan_format=json", f"--postgresql_password={PLANTED}"} <= set(told)
        assert PLANTED not in "".join(words), "for all of the machine to see"
        return run([sys.executable, "-c", program], **how)

    monkeypatch.setattr("scheduler.rehearsal.subprocess.run", instead)
    document, _ = told("run", "orders", "--plan", "--dry-run", AT)
    assert (document["plan"], document["made"]) == ({"headline": ["x"]}, False)


def test_a_reader_that_is_gone_ends_it_as_other_commands(scheduler):
    scheduler.put(job_of(a_schedule()))
    words = [sys.executable, "-m", "scheduler", "list", AT]
    environ = {**os.environ, "GOOGLE_CLOUD_PROJECT": PROJECT}
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(words, stdout=writes, stderr=subprocess.PIPE, env=environ, check=False)
    os.close(writes)
    assert (done.returncode, done.stderr) == (141, b"")


def test_each_command_has_json():
    commands = {info.name or info.callback.__name__ for info in cli.APP.registered_commands}
    assert commands == {*LOOKS, "export", "status", "create", "update", "apply"} | {
        *("pause", "resume", "run", "delete")
    }
    for info in cli.APP.registered_commands:
        assert "json" in info.callback.__annotations__, info
