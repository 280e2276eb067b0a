"""A stand-in for Google's APIs, and the environment that leads the real gcloud to it."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.parameters.docs import ROOT
from tests.deploy.cloud import Cloud, cloud_stand_in
from tests.deploy.documents import bash


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
    for name in ("deploy", "pipeline"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def shell(gcloud: str, cloud: Cloud, place: Path, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Run a script as a user would, in the clone; its exit code and all that it printed."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    environ = kept | cloud.environ(tmp_path) | {"HOME": str(tmp_path)}

    def run(script: str, **variables: str) -> tuple[int, str]:
        project = {"CLOUDSDK_CORE_PROJECT": "my-project"}
        done = bash(script, place, environ | project | variables)
        return done.returncode, done.stdout + done.stderr

    return run
