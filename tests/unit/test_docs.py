"""What is made from tables is fresh, and the metadata is what Dataflow reads."""

import re

import pytest

from pipeline.parameter_docs import files, metadata
from pipeline.parameters import PARAMETERS
from tests.discovery import errors


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_a_made_file_is_not_stale(path):
    assert path.read_text(encoding="utf-8") == files()[path], "run `make docs`"


def test_metadata_fits_googles_own_description():
    assert errors("dataflow.v1b3", "TemplateMetadata", metadata()) == []


def test_every_parameter_has_what_the_template_needs():
    for entry in metadata()["parameters"]:
        assert {"name", "label", "helpText", "isOptional"} <= entry.keys()
        for pattern in entry.get("regexes", ()):
            re.compile(pattern)


def test_metadata_defaults_are_the_parsers_defaults():
    defaults = {p.name: p.default for p in PARAMETERS}
    for entry in metadata()["parameters"]:
        assert entry.get("defaultValue", "") == defaults[entry["name"]]
