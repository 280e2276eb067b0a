"""The commands on schedules that the documents show, run as they stand.

Of a file that lies in a bucket, and of BigQuery's run history, nothing is asked but by `status`.
"""

import os
import subprocess
import sys

import pytest

from pipeline.parameters.docs import ROOT
from tests.deploy.documents import shown_files
from tests.scheduler.conftest import PROJECT
from tests.shown import replaced, run_by
from tests.sync import this_test

FILES = ("docs/scheduling.md", "docs/tables.md")
VALUES = {"$BUCKET": "my-project-smart-sync", "$TAG": "1.2.3"}
ASKS = ("create", "update", "apply", "run", "delete")
"""What asks before it does anything."""
TOLD = ("status",)
"""What ends with another code where a sync isn't well, which these aren't: none has run."""


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The files that the pages show lie where commands look for them."""
    monkeypatch.chdir(tmp_path)
    for page in FILES:
        for name, text in shown_files(ROOT / page).items():
            (tmp_path / name).write_text(text)


def test_commands_of_schedules_end_well(command, scheduler, emulated, files):
    for shown in run_by(this_test()):
        program = 2 if shown.words[0] == "smart-sync" else 3
        words = replaced(shown.words[program:], VALUES)
        done = command(*words, answer="y\n" if words[0] in ASKS else "")
        assert done.code == 0 or (words[0] in TOLD and done.code == 1), (words, done)
        assert done.out, words
    assert [name for name in scheduler.names() if "postgresql-orders" in name] == []
    assert {call.method for call in scheduler.calls} >= {
        *("create", "update", "pause", "resume", "run", "delete", "list", "get"),
    }
    assert scheduler.launches == []


def test_a_script_reads_what_apply_has_changed(scheduler, files, tmp_path):
    (shown,) = run_by(this_test())
    stub = tmp_path / "smart-sync"
    stub.write_text(f'#!/bin/sh\nexec {sys.executable} -m pipeline.command "$@"\n')
    stub.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "GOOGLE_CLOUD_PROJECT": PROJECT}
    done = subprocess.run(
        ["bash", "-c", shown.block.text], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    assert done.stdout.split() == scheduler.names()
