"""What is made from tables is fresh, and the metadata is what Dataflow reads."""

import ast

import pytest

from pipeline.parameter_docs import ROOT, files, metadata
from pipeline.parameters import PARAMETERS
from pipeline.version import VERSION
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


def test_the_package_holds_what_workers_import_and_carries_the_version():
    words = {
        keyword.arg: ast.literal_eval(keyword.value)
        for node in ast.walk(ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
    }
    packages = {"auto_schema", "sources", "smart_sync", "pipeline", "scheduler"}
    assert set(words["packages"]) == packages
    assert words["version"] == VERSION
