"""Every set of parameters in docs/recipes.md is one that a launch takes."""

import re
from pathlib import Path

import pytest
import yaml

from pipeline.cli import parse
from pipeline.parameters.table import PARAMETERS
from pipeline.tables.file import read_tables

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
SECTIONS = [section for section in PAGE.split("\n## ")[1:] if "```yaml" in section]
NAMES = {parameter.name for parameter in PARAMETERS}


def blocks(section):
    return re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)


def words(parameters):
    """The flags that say the same."""
    told = {True: "true", False: "false"}
    return [f"--{name}={told.get(value, value)}" for name, value in parameters.items()]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda text: text.splitlines()[0])
def test_what_it_shows_is_taken(section):
    for text in blocks(section):
        block = yaml.safe_load(text)
        if "tables" in block:
            assert read_tables(text, "recipes.md", "postgresql").entries
        else:
            assert set(block["parameters"]) <= NAMES
            assert parse(words(block["parameters"])).warnings == ()
