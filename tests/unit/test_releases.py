"""docs/releases.md: the version stands in one place, and names by which versions meet are told."""

import hashlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import typer

from pipeline.destination.attempts import PUBLISH, job_id_of
from pipeline.parameters.docs import ROOT
from pipeline.parameters.version import VERSION
from pipeline.runs.history import FINAL, event_job_id
from pipeline.runs.lock import lock_table
from scheduler.cli import APP
from smart_sync.staging import staging_of
from tests.deploy.documents import blocks
from warehouse.names import TableRef

PAGE = ROOT / "docs" / "releases.md"
PLACE = ROOT / "pipeline" / "parameters" / "version.py"
STATED = re.compile(
    r"""(?<![\w.])_?version\s*[=:]\s*["']?\d+[.]\d+[.]\d+|smart.sync( version|:) ?\d+[.]\d+""", re.I
)
"""A version that a file states by itself: an assignment, a substitution, an image's tag, words."""
OTHERS = ("findings", "requirements", "tests")
"""Folders and files with versions of other people's packages."""


def texts():
    """Every text file of the repository, without what is made or installed."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not name.startswith((".", "__", "build"))]
        for path in (Path(folder, name) for name in names):
            if not str(path.relative_to(ROOT)).startswith(OTHERS):
                yield path, path.read_text(encoding="utf-8", errors="replace")


def test_no_other_file_states_a_version():
    stating = {path: STATED.search(text) for path, text in texts()}
    assert [path for path, stated in stating.items() if stated] == [PLACE]


def setup_says(*words):
    command = [sys.executable, "setup.py", *words]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.split("\n")[-2]


def test_the_package_takes_its_version_and_licence_from_their_places():
    assert setup_says("--version") == VERSION
    assert setup_says("--license") == "Apache-2.0"


def test_the_newest_version_of_the_changelog_is_the_one_that_is_released_next_or_now():
    sections = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    released = [name for name in sections if name != "Unreleased"]
    assert sections[0] in ("Unreleased", VERSION)
    assert not released or released[0] == VERSION


def test_the_licence_is_whole_and_named():
    text = (ROOT / "LICENSE").read_bytes()
    apache = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
    assert hashlib.sha256(text).hexdigest() == apache
    assert "[Apache License 2.0](LICENSE)" in (ROOT / "README.md").read_text(encoding="utf-8")
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert 'org.opencontainers.image.licenses="Apache-2.0"' in image


def test_names_by_which_versions_see_each_other_are_those_that_the_page_tells():
    orders = TableRef("my-project", "shop", "orders")
    staging = staging_of("", orders, "RUN")
    told = re.findall(r"^\| [^|]+ \| (`.+?) \| [^|]+ \|$", PAGE.read_text(encoding="utf-8"), re.M)
    names = [name for text in told for name in re.findall(r"`(_?sync_\w+)`", text)]
    assert names == [
        lock_table(orders).table,
        job_id_of("RUN", PUBLISH, 1),
        event_job_id("RUN", FINAL, 1),
        staging.table.table,
        staging.result_table.table,
        staging.dead_table.table,
        "sync_source",
        "sync_server",
        "sync_rows",
        "sync_made",
        "sync_keys",
        "sync_zone",
    ]


def test_a_schedule_is_led_to_a_template_by_the_command_that_is_shown():
    script = "\n".join(blocks(PAGE, "bash"))
    (line,) = [line for line in script.splitlines() if line.startswith("python -m scheduler")]
    command = typer.main.get_command(APP)
    words = shlex.split(line)[3:]
    with command.make_context("scheduler", words) as context:
        name, update, rest = command.resolve_command(context, words)
        with update.make_context(name, rest, parent=context) as inner:
            assert inner.params["template"] == "gs://$BUCKET/templates/smart-sync-$TAG.json"
            assert (name, inner.params["name"]) == ("update", "postgresql-orders-hourly-prod")
