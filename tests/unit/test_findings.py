"""findings/: each has the form that its README asks for, and a line in its table."""

import os
import re

import pytest

from pipeline.parameters.docs import ROOT

FOLDER = ROOT / "findings"
FINDINGS = sorted(path for path in FOLDER.iterdir() if path.name != "README.md")
PACKAGES = "auto_schema|warehouse|sources|smart_sync|pipeline|scheduler|demo|tests"
OURS = re.compile(rf"(?:\b(?:from|import)|-m)\s+(?:{PACKAGES})\b|(?<![\w}}/])(?:{PACKAGES})/")
"""A package of the project as it is imported, run, or looked for as a folder."""


def test_the_table_names_each_finding_and_no_other():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `([^`]+)` \| \S.+ \|$", text, re.M)
    assert named == [path.name for path in FINDINGS]


def test_our_packages_are_told_from_words_and_names_of_others():
    assert OURS.search("from sources.sql import tokens")
    assert OURS.search("python -m pipeline.command run")
    assert OURS.search("cp tests/conftest.py .")
    assert not OURS.search('with beam.Pipeline() as pipeline: pipeline | "their own tests"')
    assert not OURS.search('warehouse=f"file://{place}/warehouse/data"')


@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: path.stem)
def test_a_finding_stands_alone_pinned_and_cleaned_up(path):
    text = path.read_text(encoding="utf-8")
    assert path.suffix == ".sh"
    assert os.access(path, os.X_OK)
    head, _, body = text.partition("\nset -eu\n")
    assert head.startswith("#!/bin/sh\n# ")
    assert head.endswith("\n# Fails when that changes.")
    assert "folder=$(mktemp -d)\ntrap 'rm -rf \"$folder\"' EXIT\n" in body
    assert body.endswith('\necho "as described"\n')
    assert OURS.search(text) is None
    packages = re.findall(r"pip install .*?(?=\n\s*\"?\$|\ncat|\ndone)", body, re.S)
    words = [word for command in packages for word in command.replace("\\\n", " ").split()[2:]]
    wanted = [word.strip("\"'") for word in words if not word.startswith("--")]
    assert wanted
    assert all(re.fullmatch(r"[\w.-]+(\[[\w,-]+\])?==[\w.$-]+", word) for word in wanted)
