"""The demo's environment: what the program needs, at the versions that are tested."""

import re

import pytest

from demo.servers import ROOT

NAMED = re.compile(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)", re.MULTILINE)
LIST = r'"([a-z0-9-]+)(?:\[\w+\])?>='


def versions(*names):
    """Package → version, of lock files."""
    return dict(pair for name in names for pair in NAMED.findall((ROOT / name).read_text()))


def test_a_version_of_the_demo_is_the_one_that_is_tested():
    demo, tested = versions("requirements-demo.txt"), versions("requirements.txt")
    tested |= versions("requirements-dev.txt")
    assert len(demo) > 40
    assert {name: tested.get(name) for name in demo} == demo


@pytest.mark.parametrize("part", ["NEEDS = (", '"postgresql": (', '"mongodb": (', '"bigquery": ('])
def test_the_demo_has_all_that_the_program_and_its_sources_need(part):
    _, _, rest = (ROOT / "setup.py").read_text().partition(part)
    needed = set(re.findall(LIST, rest.partition(")")[0]))
    assert needed
    assert needed <= set(versions("requirements-demo.txt"))


def test_the_demo_has_neither_beam_nor_tools():
    assert not {"apache-beam", "pytest", "mypy", "ruff"} & set(versions("requirements-demo.txt"))
