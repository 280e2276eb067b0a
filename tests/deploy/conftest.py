"""A stand-in for Google's APIs, and the environment that leads the real gcloud to it."""

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from pipeline.parameters.docs import ROOT
from tests.deploy.cloud import Cloud, cloud_stand_in
from tests.deploy.documents import bash
from tests.deploy.remembered import Memory, Outcome, Remembered

HELD = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a fixture know, when it ends, whether the test held."""
    report = yield
    if call.when == "call":
        item.stash[HELD] = report.passed
    return report


@pytest.fixture(scope="session")
def gcloud() -> str:
    """The real one."""
    found = shutil.which("gcloud")
    if found is None:
        pytest.fail("gcloud is not installed: https://cloud.google.com/sdk/docs/install")
    return found


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with cloud_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder that holds what the documents' commands take from a clone."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in ("Makefile", "cloudbuild.yaml", "metadata.json", "Dockerfile"):
        shutil.copy(ROOT / name, folder)
    leave_out = shutil.ignore_patterns("__pycache__", "*.py", ".terraform*")
    shutil.copytree(ROOT / "deploy", folder / "deploy", ignore=leave_out)
    version = Path("pipeline", "parameters", "version.py")
    (folder / version).parent.mkdir(parents=True)
    shutil.copy(ROOT / version, folder / version)
    return folder


@pytest.fixture
def memory(request: pytest.FixtureRequest) -> Iterator[Memory]:
    """What commands of tests that held did on this machine."""
    remembered = Memory()
    yield remembered
    if request.node.stash.get(HELD, False):
        remembered.keep()


@pytest.fixture
def shell(
    gcloud: str, cloud: Cloud, place: Path, tmp_path: Path, memory: Memory
) -> Callable[..., Outcome]:
    """Run a script as a user would, in the clone; its exit code and all that it printed.

    A script whose inputs are those of a test that held on this machine isn't run again.
    """
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    environ = kept | cloud.environ(tmp_path) | {"HOME": str(tmp_path)}
    remembered = Remembered(gcloud, cloud, place, memory)

    def run(script: str, **variables: str) -> Outcome:
        own = {"CLOUDSDK_CORE_PROJECT": "my-project"} | variables

        def now() -> Outcome:
            done = bash(script, place, environ | own)
            return done.returncode, done.stdout + done.stderr

        seen = {"LANG": environ.get("LANG", "")} | own
        return remembered(script, seen, now)

    return run
