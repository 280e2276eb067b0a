"""What is remembered of a script is given again for the same inputs, and for no others."""

from pathlib import Path

import pytest

from tests.deploy import remembered as module
from tests.deploy.cloud import Cloud, Request
from tests.deploy.remembered import Memory, Remembered

ASKED = Request("storage.buckets.list", "/storage/b", {"project": "p"}, {"a": [1]})
SCRIPT, VARIABLES = "gcloud storage buckets list", {"PROJECT": "p"}


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "clone"
    folder.mkdir()
    (folder / "flags.yaml").write_text("a: 1")
    return folder


def a_gcloud(tmp_path, version):
    program = tmp_path / f"gcloud-{version}"
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    return str(program)


@pytest.fixture
def scripts(tmp_path, place):
    """Begin a test's memory; scripts that really run are noted in `ran`."""

    def begin(version="528.0.0"):
        cloud = Cloud()
        memory = Memory(tmp_path / "cache")
        remembered = Remembered(a_gcloud(tmp_path, version), cloud, place, memory)

        def run(script=SCRIPT, variables=VARIABLES):
            def now():
                begin.ran.append(script)
                cloud.requests.append(ASKED)
                cloud.faults.append("no such field")
                cloud.uploads["o"] = b"\0\xff"
                return 3, "said"

            return remembered(script, variables, now)

        run.cloud, run.keep = cloud, memory.keep
        return run

    begin.ran = []
    return begin


@pytest.fixture
def held(scripts):
    """A test that ran the script and held."""
    first = scripts()
    assert first() == (3, "said")
    first.keep()
    return first


def test_the_same_inputs_give_what_they_gave_without_being_run(scripts, held):
    again = scripts()
    assert again() == (3, "said")
    assert again.cloud == held.cloud
    assert again.cloud.requests == [ASKED]
    assert scripts.ran == [SCRIPT]


def test_what_a_test_ran_that_did_not_hold_is_run_again(scripts):
    scripts()()
    scripts()()
    assert len(scripts.ran) == 2


@pytest.mark.parametrize(
    ("version", "script", "variables"),
    [
        ("529.0.0", SCRIPT, VARIABLES),
        ("528.0.0", f"{SCRIPT} ", VARIABLES),
        ("528.0.0", SCRIPT, {"PROJECT": "q"}),
    ],
    ids=["version", "script", "variable"],
)
def test_another_tool_script_or_variable_is_run(scripts, held, version, script, variables):
    scripts(version)(script, variables)
    assert len(scripts.ran) == 2


@pytest.mark.parametrize("change", ["content", "name", "more", "program"])
def test_another_file_in_the_place_is_run(scripts, held, place, change):
    file = place / "flags.yaml"
    if change == "content":
        file.write_text("a: 2")
    elif change == "name":
        file.rename(place / "other.yaml")
    elif change == "more":
        (place / "new.yaml").write_text("")
    else:
        file.chmod(0o755)
    scripts()()
    assert len(scripts.ran) == 2


def test_a_script_after_another_one_is_not_the_same_as_alone(scripts, held):
    after = scripts()
    after("gcloud config set project q")
    after()
    assert len(scripts.ran) == 3


def test_a_new_script_finds_what_those_before_it_left(scripts, held):
    again = scripts()
    again()
    again("gcloud config list")
    assert scripts.ran == [SCRIPT, SCRIPT, "gcloud config list"]
    assert again.cloud.requests == [ASKED, ASKED]


def test_another_code_of_the_stand_in_is_run(scripts, held, tmp_path, monkeypatch):
    changed = Path(tmp_path / "cloud.py")
    changed.write_text(Path(module.stand_in.__file__).read_text() + "\n")
    monkeypatch.setattr(module.stand_in, "__file__", str(changed))
    module._code.cache_clear()
    scripts()()
    module._code.cache_clear()
    assert len(scripts.ran) == 2
