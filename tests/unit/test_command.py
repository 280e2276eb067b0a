"""The command's words, and which of the program it imports for them."""

import argparse
import json
import logging
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from auto_schema.errors import ConfigError
from pipeline.command import launch as launches
from pipeline.command import main as program
from pipeline.command.help import groups, page, pages, topic
from pipeline.command.logs import set_up
from pipeline.command.said import read_words
from pipeline.command.table import BY_COMMAND, COMMANDS
from pipeline.launch.program_end import TerminatedError, print_failed
from pipeline.parameters.docs import ROOT
from pipeline.parameters.log_lines import JsonLines, is_json, is_quiet
from pipeline.parameters.table import BY_NAME, PARAMETERS
from pipeline.parameters.version import VERSION

HEAVY = (
    "apache_beam",
    "pyarrow",
    "pymongo",
    "psycopg2",
    "google.cloud.bigquery",
    "rich",
    "yaml",
    "typer",
)
LIGHT = f"""
import sys
from pipeline.command.main import main
WORDS = ["--help"], ["--version"], ["run", "--help"], ["--help=all"], ["no-such"]
for words in (*WORDS, ["completion", "bash"]):
    main(words)
print("imported:", *sorted({{*{HEAVY}}} & {{*sys.modules}}))
"""
AS_MAIN = """
import gc
import pipeline.command.main as command
command.main(["run"])
import pyarrow
print(gc.isenabled(), gc.get_freeze_count() > 100_000, pyarrow.default_memory_pool().backend_name)
"""


def launch_of(*words):
    return read_words(["run", *words]).launch


@pytest.mark.parametrize(
    ("words", "launch"),
    [
        (["--fallback-days=3"], ["--fallback_days=3"]),
        (["--fallback_days", "3"], ["--fallback_days=3"]),
        (["--verify", "--fallback-days", "3"], ["--verify=true", "--fallback_days=3"]),
        (["--verify", "false"], ["--verify=false"]),
        (["--verify=x"], ["--verify=x"]),
        (["--no-verify"], ["--verify=false"]),
        (["--no_enable-smart_sync"], ["--enable_smart_sync=false"]),
        (["--no_use_public_ips"], ["--no_use_public_ips"]),
        (["--temp-location", "/tmp/a", "--runner=x"], ["--temp_location", "/tmp/a", "--runner=x"]),
        (["--postgresql-query=SELECT a-b"], ["--postgresql_query=SELECT a-b"]),
        (["--postgresql-password", "--secret"], ["--postgresql_password", "--secret"]),
    ],
)
def test_flags_are_passed_on_as_main_takes_them(words, launch):
    assert list(launch_of(*words)) == launch


def test_the_place_is_the_word_that_is_no_flags_value():
    words = ["replay", "--fallback_days", "3", "--runner", "Direct", "--verify", "R", "--region=x"]
    said = read_words(words)
    assert (said.place, said.command) == ("R", BY_COMMAND["replay"])


def test_flags_of_the_command_stand_before_and_behind_the_subcommand():
    assert read_words(["--json", "plan"]) == read_words(["plan", "--json"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["rnu"], "did you mean run?"),
        (["xxxxxx"], "use one of run, plan,"),
        (["--verify", "run"], "name a command first"),
        (["run", "orders"], "a word out of place"),
        (["replay"], "replay of nothing"),
        (["replay", "A", "B"], "a word out of place"),
        (["plan", "--json=yes"], "leave the value out"),
        (["run", "--no-verify=true"], "write --verify=true"),
        (["run", "--plan="], "write --plan=FILE, or leave it out"),
        (["run", "--plan", ""], "a variable which isn't set"),
        (["plan", "--save="], "write --save=FILE, or leave it out"),
        (["--config=", "run"], "write --config=FILE, or leave it out"),
        (["run", "--config=a", "--config=b"], "a flag given twice"),
    ],
)
def test_words_that_say_nothing_end_with_the_mend(words, told):
    with pytest.raises(ConfigError, match=told):
        read_words(words)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_line_of_the_table_has_its_module(command):
    assert callable(program._imported(command.module or command.name))


@pytest.fixture
def launched(monkeypatch):
    """The words that the template's own main is given."""
    given = []
    monkeypatch.setattr(launches, "run_template", lambda words, *_: given.append([*words]) or 0)
    return given


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["run", "--verify"], ["--verify=true"]),
        (["plan"], ["--plan_only=true"]),
        (["plan", "--json"], ["--plan_only=true", "--plan_format=json"]),
        (["plan", "--plan_only"], ["--plan_only=true"]),
        (["verify", "--verify_start=1"], ["--verify_start=1", "--verify_only=true"]),
        (["replay", "R"], ["--replay_dead_letters=R"]),
        (["rollback", "R"], ["--rollback_run=R"]),
        (["backfill", "--backfill-by=day"], ["--backfill_by=day"]),
    ],
)
def test_a_subcommand_says_a_parameter(launched, words, meant):
    assert program.main(words) == 0
    assert launched == [meant]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["plan", "--no-plan_only"], "smart-sync plan means true"),
        (["replay", "R", "--replay_dead_letters=S"], "smart-sync replay means R"),
        (["backfill"], "a backfill of nothing"),
        (["completion", "bash", "--json"], "nothing to print as JSON"),
    ],
)
def test_a_parameter_against_the_command_ends_it_before_anything_starts(
    launched, capsys, words, told
):
    assert program.main(words) == 2
    assert told in capsys.readouterr().err
    assert launched == []


def test_stdout_is_the_document_alone_whatever_is_printed(launched, capsys, monkeypatch):
    def noisy(words, files, brought):
        print("a library talks")
        brought.results.ran({"run_id": "r", "destination": "p.d.t", "status": "succeeded"})
        brought.at_end(0)
        return 0

    monkeypatch.setattr(launches, "run_template", noisy)
    assert program.main(["run", "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["run_id"] == "r"
    assert "a library talks" in printed.err


@pytest.mark.parametrize(
    ("raised", "code", "kind"),
    [
        (KeyboardInterrupt(), 130, "InterruptedRunError"),
        (TerminatedError("SIGTERM"), 143, "InterruptedRunError"),
        (ZeroDivisionError("with s3cret"), 70, "InternalError"),
    ],
)
def test_a_document_is_there_whatever_ends_a_launch(capsys, monkeypatch, raised, code, kind):
    def broken(*_):
        raise raised

    ended = []
    monkeypatch.setattr("pipeline.cli._main", broken)
    monkeypatch.setattr("pipeline.cli.exit_with_threads", lambda code: ended.append(code) or code)
    words = ["run", "--json", "--postgresql_password=s3cret"]
    assert program.main(words) == code
    printed = capsys.readouterr()
    error = json.loads(printed.out)["error"]
    assert (error["class"], error["exit_code"]) == (kind, code)
    assert ended == [code] * (code != 70)
    assert "s3cret" not in printed.out + printed.err


def test_words_that_cant_be_read_are_an_error_in_json_too(capsys):
    assert program.main(["run", "word", "--json"]) == 2
    printed = capsys.readouterr()
    assert json.loads(printed.out)["error"]["what"] == "a word out of place"
    assert "a word out of place" in printed.err


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("--quite", "--quiet"),
        ("--verbos", "--verbose"),
        ("--jsno", "--json"),
        ("--savee", "--save"),
    ],
)
def test_a_misspelt_flag_of_the_command_names_the_one_that_is_meant(misspelt, meant):
    for words in (["plan", misspelt], ["plan", misspelt, "x"], [misspelt, "plan"]):
        if meant != "--save" or words[0] == "plan":  # a flag of plan's own
            with pytest.raises(ConfigError, match=f"did you mean {meant}[?]"):
                read_words(words)


def test_no_flag_of_beams_and_no_misspelt_parameter_is_taken_for_one_of_the_command():
    names = [name for name in beam_flags() if name not in ("help", *BY_NAME)]
    assert len(names) > 100
    for command in COMMANDS:
        if not command.is_raw and not command.place:
            for name in (*names, "verfy", "num_split"):
                assert read_words([command.name, f"--{name}=x"]).launch == (f"--{name}=x",)


def beam_flags():
    """The names of all of Beam's flags."""
    parser = argparse.ArgumentParser(add_help=False, conflict_handler="resolve")
    for options in PipelineOptions.__subclasses__():
        options._add_argparse_args(parser)
    texts = [text for action in parser._actions for text in action.option_strings]
    return [text.removeprefix("--").replace("-", "_") for text in texts if text[:2] == "--"]


def test_verbose_asks_for_the_whole_plan_where_nothing_else_is_said(launched, monkeypatch):
    assert program.main(["run", "--verbose"]) == 0
    assert program.main(["plan", "-v", "--plan-detail=short"]) == 0
    monkeypatch.setenv("SMART_SYNC_PLAN_DETAIL", "short")
    assert program.main(["run", "--verbose"]) == 0
    assert launched == [
        ["--plan_detail=full"],
        ["--plan_detail=short", "--plan_only=true"],
        ["--plan_detail=short"],
    ]


def said(text):
    words = [sys.executable, "-c", text]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_help_version_and_a_misspelt_command_import_nothing_of_the_program():
    assert said(LIGHT).splitlines()[-1] == "imported:"


def test_a_run_by_the_command_has_memory_and_garbage_as_one_by_main():
    assert said(AS_MAIN) == "True True system\n"


def test_a_page_of_help_has_all_of_its_group_and_fits_the_terminal():
    named = re.findall(r"^  --(\w+)", topic("all", 0), re.MULTILINE)
    assert sorted(named) == sorted(p.name for p in PARAMETERS)
    for width in (60, 80):
        lines = topic("smart-sync", width).split("\n")
        assert all(len(line) <= width or " " not in line.strip() for line in lines)
    assert topic("merge-keys", 0) == topic("merge_keys", 0)
    assert topic("rollback", 80) == page(BY_COMMAND["rollback"], 80)
    with pytest.raises(ConfigError, match="did you mean --help=writing"):
        topic("writting", 0)


def test_the_first_page_fits_two_screens_and_names_each_group():
    text = pages(80)
    assert text.count("\n") < 60
    assert all(f"\n  {key} " in text for key in groups())


@pytest.mark.parametrize("color", ["--no-color", "--no_color"])
def test_no_color_holds_for_all_that_is_called(monkeypatch, launched, color):
    monkeypatch.setenv("NO_COLOR", "")
    assert program.main([color, "run"]) == 0
    assert os.environ["NO_COLOR"] == "1"


@pytest.fixture
def root():
    """The root logger, which is given back as it was."""
    logger = logging.getLogger()
    before = (logger.handlers[:], logger.level)
    yield logger
    logger.handlers[:], logger.level = before
    logging.captureWarnings(capture=False)


@pytest.mark.parametrize(
    ("flags", "level", "handler", "json_lines"),
    [
        ({"quiet": "true"}, logging.WARNING, logging.WARNING, False),
        ({"verbose": "true"}, logging.INFO, logging.NOTSET, False),
        ({"log_format": "json"}, logging.WARNING, logging.NOTSET, True),
    ],
)
def test_flags_say_how_much_is_logged_and_how(root, flags, level, handler, json_lines):
    set_up(flags)
    assert (root.level, root.handlers[0].level) == (level, handler)
    assert (is_json(), is_quiet()) == (json_lines, "quiet" in flags)


def test_a_record_is_one_line_with_its_traceback():
    try:
        raise ValueError("a\nb")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 1, "it %s", ("broke",), sys.exc_info())
    (line,) = JsonLines().format(record).split("\n")
    told = json.loads(line)
    assert (told["severity"], told["logger"]) == ("ERROR", "x")
    assert told["message"].startswith("it broke\nTraceback")


def test_an_output_that_nobody_takes_is_no_fault():
    """As `smart-sync --help=all | head -1`, whose head has ended."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "pipeline.command", "--help=all"]
    done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.stderr, done.returncode) == (b"", 141)


def test_the_version_is_json_where_that_is_asked_for(capsys):
    assert program.main(["--version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"version": VERSION}


@pytest.mark.parametrize(("name", "code"), [("run", 7), ("backfill", 0), ("status", 141)])
def test_a_launch_whose_reader_goes_after_its_last_line_ends_as_what_it_has_done(
    monkeypatch, name, code
):
    """As `smart-sync run | head -1`, whose head may go before the process ends, or after."""
    command = import_module(f"pipeline.command.{name}")
    monkeypatch.setattr(command, "main", lambda _: 0 if code == 141 else code)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as unread:
        monkeypatch.setattr(sys, "stdout", unread)
        assert program.main([name]) == code


def test_a_disk_that_is_full_is_told_with_its_mend():
    command = [sys.executable, "-m", "pipeline.command", "--help=all"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False)
    (line,) = done.stderr.decode().splitlines()
    assert (done.returncode, "stdout can't be written (stdout): No space left" in line) == (2, True)


OTHERS = ("init", "doctor", "status", "report", "import dlt x")


@pytest.mark.parametrize("words", OTHERS)
@pytest.mark.parametrize("log", [[], ["--log_format=json"]], ids=["text", "log"])
def test_our_own_fault_ends_with_70_and_shows_no_secret(words, log, capsys, monkeypatch, root):
    name, *more = words.split()
    module = import_module(f"pipeline.command.{'importing' if name == 'import' else name}")

    def broken(said):
        raise ZeroDivisionError("with s3cret and h1dden")

    monkeypatch.setattr(module, "main", broken)
    monkeypatch.setenv("SMART_SYNC_MONGODB_PASSWORD", "h1dden")
    assert program.main([name, *more, "--postgresql-password=s3cret", *log, "--json"]) == 70
    printed = capsys.readouterr()
    assert "Traceback" in printed.err
    assert not {"s3cret", "h1dden"} & set(re.findall(r"\w+", printed.out + printed.err))
    error = json.loads(printed.out)["error"]
    assert (error["class"], error["exit_code"]) == ("InternalError", 70)
    if log:
        *_, trace, last = map(json.loads, printed.err.splitlines())
        assert trace["severity"] == "CRITICAL"
        assert (last["exit_code"], last["error"]["class"]) == (70, "InternalError")
    else:
        assert "please report it with the traceback above" in printed.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("raised", "code"), [(KeyboardInterrupt(), 130), (TerminatedError("SIGTERM"), 143)]
)
def test_a_signal_ends_each_command_with_a_line_and_a_document(capsys, monkeypatch, raised, code):
    def interrupted(said):
        raise raised

    monkeypatch.setattr(import_module("pipeline.command.status"), "main", interrupted)
    assert program.main(["status", "--json"]) == code
    printed = capsys.readouterr()
    assert json.loads(printed.out)["error"]["class"] == "InterruptedRunError"
    assert printed.err.startswith("smart-sync: InterruptedRunError: interrupted (")


def test_a_failed_runs_message_is_an_error_in_parts_in_a_log_of_json(capsys, monkeypatch, root):
    message = "DeadLetterLimitError: too many (t): 2 rows. To mend: raise it."
    print_failed(message, 7, "p.d.t")
    assert capsys.readouterr().err == f"smart-sync: {message}\n"
    set_up({"log_format": "json"})
    print_failed(message, 7, "p.d.t")
    last = json.loads(capsys.readouterr().err)
    assert (last["message"], last["exit_code"]) == (message, 7)
    assert last["error"] == {
        "class": "DeadLetterLimitError",
        "what": "too many",
        "where": "t",
        "why": "2 rows",
        "fix": "raise it.",
        "exit_code": 7,
        "slug": "",
        "see": "",
    }


def test_a_terminal_is_not_shown_the_report_that_is_for_machines(monkeypatch, root):
    told = logging.getLogger("smart_sync")
    monkeypatch.setattr(told, "filters", [])
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    set_up({"verbose": "true"})
    assert told.filters == []
    set_up({})
    record = logging.LogRecord("smart_sync", logging.INFO, "", 1, "run_report %s", ("{}",), None)
    assert not told.filter(record)
    record.msg = "read %s"
    assert told.filter(record)
