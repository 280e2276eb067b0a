"""What is made from tables is fresh, and the metadata is what Dataflow reads."""

import subprocess
import sys

import pytest

from pipeline.parameters.docs import ROOT, files, metadata
from pipeline.parameters.table import PARAMETERS
from pipeline.parameters.version import VERSION
from tests import rooms
from tests.discovery import errors


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_a_made_file_is_not_stale(path):
    assert path.read_text(encoding="utf-8") == files()[path], "run `make docs`"


def test_metadata_fits_googles_own_description():
    assert errors("dataflow.v1b3", "TemplateMetadata", metadata()) == []


def test_metadata_defaults_are_the_parsers_defaults():
    defaults = {p.name: p.default for p in PARAMETERS}
    for entry in metadata()["parameters"]:
        assert entry.get("defaultValue", "") == defaults[entry["name"]]


def test_the_package_holds_every_module_and_carries_the_version(tmp_path):
    build = ["setup.py", "-q", "build", "--build-base", tmp_path / "base"]
    installed = tmp_path / "installed"
    command = [sys.executable, *build, "--build-lib", installed]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    rooms = ("auto_schema", "warehouse", "sources", "smart_sync", "pipeline", "scheduler")
    written = {path.relative_to(ROOT) for room in rooms for path in (ROOT / room).rglob("*.py")}
    assert {path.relative_to(installed) for path in installed.rglob("*.py")} == written
    told = subprocess.run(
        [sys.executable, "setup.py", "--version"], cwd=ROOT, check=True, capture_output=True
    )
    assert told.stdout.decode().split()[-1] == VERSION


def test_the_picture_of_the_rooms_is_not_stale():
    assert rooms.PAGE.read_text(encoding="utf-8") == rooms.page(), "run `make docs`"


def test_every_module_has_a_room_below_those_that_import_it():
    assert (rooms.circles(), rooms.upward()) == ([], [])
    assert {rooms.room_of(module) for module in rooms.modules()} == set(rooms.LAYERS)
