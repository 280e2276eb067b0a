"""docs/scheduling.md: its table is fresh and true, its file and its commands are taken."""

import re
import shlex
from datetime import UTC, datetime, timedelta
from itertools import takewhile

import pytest
import typer

from pipeline.parameters import options
from pipeline.parameters.docs import ROOT
from scheduler import docs
from scheduler.cli import APP
from scheduler.cron import PATTERNS, expression, runs_after
from scheduler.files import make_schedule, schedules_in
from scheduler.hosts import ENVIRONMENT
from scheduler.schedule import Retry, Schedule, checked
from scheduler.words import pairs
from tests.deploy.documents import blocks, shown_files

START = datetime(2024, 1, 1, tzinfo=UTC)
END = START + timedelta(days=62)
"""Two months, the second with a 29th of February."""
TIME = re.compile(r"(\d\d):(\d\d)")
COMMAND = typer.main.get_command(APP)


def test_the_table_of_patterns_is_not_stale():
    assert docs.PAGE.read_text(encoding="utf-8") == docs.page(), "run `make docs`"
    assert docs.patterns_table() in docs.page()


def test_make_docs_writes_the_page(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{docs.BEGIN}\nold\n{docs.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(docs, "PAGE", page)
    docs.main()
    made = page.read_text(encoding="utf-8")
    assert (made[:7], made[-7:], "old" in made) == ("before\n", "\nafter\n", False)
    docs.main()
    assert page.read_text(encoding="utf-8") == made


def minutes(text):
    """The minutes of a day that a «runs» column names; `…` goes on as the two before it did."""
    found = []
    for word in re.findall(r"\d\d:\d\d|…", text):
        if word != "…":
            hour, minute = TIME.fullmatch(word).groups()
            found.append(60 * int(hour) + int(minute))
            continue
        step = found[-1] - found[-2]
        rest = text.partition("…")[2]
        last = TIME.search(rest)
        end = 60 * int(last[1]) + int(last[2]) if last else 24 * 60
        found += range(found[-1] + step, end, step)
    return found


def days(text):
    """Whether a day is one of those that a «runs» column names; without words it is every day."""
    words = re.sub(r"^[\d:,…\s]+", "", text)
    return {
        "": lambda day: True,
        "every day": lambda day: True,
        "Monday to Friday": lambda day: day.weekday() < 5,
        "every Sunday": lambda day: day.weekday() == 6,
        "on the 1st of each month": lambda day: day.day == 1,
    }[words]


def told(text):
    """All runs of the two months that a «runs» column tells."""
    is_day, found = days(text), minutes(text)
    dates = [START + timedelta(days=n) for n in range((END - START).days)]
    return [day + timedelta(minutes=minute) for day in dates if is_day(day) for minute in found]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_a_pattern_runs_when_its_table_says(pattern):
    assert expression(pattern.name) == pattern.cron
    runs = runs_after(pattern.cron, "UTC", START - timedelta(seconds=1))
    assert list(takewhile(lambda at: at < END, runs)) == told(pattern.runs)


def test_the_file_that_is_shown_is_taken():
    text = shown_files(docs.PAGE)["schedules.yaml"]
    names = [each.name for each in schedules_in(text, "schedules.yaml")]
    assert names == ["mongodb-carts-hourly-prod", "mongodb-customers-daily-prod"]


def commands():
    """Each command line of `python -m scheduler` that the page shows, as words."""
    found = []
    for script in blocks(docs.PAGE, "bash"):
        for line in script.replace("\\\n", " ").splitlines():
            words = shlex.split(line)
            if words[:3] == ["python", "-m", "scheduler"]:
                ends = [n for n, word in enumerate(words) if word in ("||", "&&", "|")]
                found.append(words[3 : ends[0] if ends else None])
    return found


def parsed(words):
    """What the command understands: the parameters of the subcommand, by name."""
    with COMMAND.make_context("scheduler", list(words), resilient_parsing=False) as context:
        name, command, rest = COMMAND.resolve_command(context, list(words))
        with command.make_context(name, rest, parent=context) as inner:
            return name, inner.params


@pytest.mark.parametrize("words", commands(), ids=lambda words: words[0])
def test_a_command_that_is_shown_is_understood(words):
    name, given = parsed(words)
    assert name == words[0]
    assert given


def test_every_command_is_shown():
    assert {words[0] for words in commands()} == set(COMMAND.commands)


def test_a_command_with_an_option_that_is_not_there_would_be_found():
    with pytest.raises(Exception, match="No such option"):
        parsed(["status", "--verbose"])


def test_the_schedule_that_is_created_first_is_one():
    words = next(words for words in commands() if words[0] == "create")
    _, given = parsed(words)
    values = {
        "cron": given["cron"],
        "project": "my-project",
        "region": given["location"],
        "location": given["location"],
        "template": given["template"],
        "service_account": given["service_account"],
        "parameters": pairs(given["parameter"], "parameter"),
        "environment": pairs(given["environment"], "environment"),
    }
    schedule = checked(make_schedule(given["name"], values))
    assert schedule.destination == "my-project.shop.orders"
    assert schedule.environment["max_workers"] == 2


def test_the_table_of_retries_has_the_defaults_of_the_code():
    rows = re.findall(r"^\| (`retry\.\S+`.*?|`attempt_deadline_s`) \| ([\d, ]+) \|", page(), re.M)
    told = {}
    for names, values in rows:
        keys = [name.removeprefix("retry.") for name in re.findall(r"`([\w.]+)`", names)]
        told |= dict(zip(keys, map(int, values.split(",")), strict=True))
    least = Schedule("n", "0 * * * *", "p", "r", "l", "gs://b/t", "a")
    wanted = {name: getattr(Retry(), name) for name in Retry.__slots__}
    assert told == wanted | {"attempt_deadline_s": least.attempt_deadline_s}


def page():
    return docs.PAGE.read_text(encoding="utf-8")


def test_the_right_names_of_the_trap_are_names_of_the_environment():
    (text,) = re.findall(r"Here: (.+)\.$", page(), re.M)
    assert set(re.findall(r"`(\w+)`", text)) <= set(ENVIRONMENT)


def test_the_command_of_the_crontab_is_one_that_main_takes():
    (script,) = blocks(docs.PAGE, "sh")
    words = shlex.split(script.replace("\\\n", " "), comments=True)
    request = options.parse(words[words.index("main.py") + 1 :], {}).request
    assert request.run.is_local
    assert str(request.destination) == "my-project.shop.orders"


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page()):
        assert target.startswith("http") or (docs.PAGE.parent / target).exists(), target
    assert docs.PAGE == ROOT / "docs" / "scheduling.md"
