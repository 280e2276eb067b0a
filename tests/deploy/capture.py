"""A check's command with every program replaced by one that notes how it was called."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.real_check import Check

STUB = """#!/bin/bash
{{
  printf '%s\\0' {name} "$@"
  for word in "$@"; do [ "$word" = @- ] && {{ printf 'STDIN\\0'; cat; printf '\\0'; }}; done
}} > {folder}/$$
echo '{answer}'
"""
ANSWERS = {"bq": "{}", "gcloud": "JOB_STATE_DONE", "curl": '{"etag": "e"}', "sleep": ""}
PLACE = {
    "PROJECT": "my-project",
    "LOCATION": "US",
    "REGION": "us-central1",
    "DATASET": "checks",
    "BUCKET": "my-bucket",
    "TEMPLATE": "gs://my-bucket/t.json",
    "JOB": "2025-07-22_00_00_00-1",
    "FILES": "/files",
}


@dataclass(frozen=True)
class Call:
    """One call of a program: its words, and the JSON that it was to send."""

    program: str
    words: tuple[str, ...]
    body: object = None


def make_stubs(folder: Path) -> Path:
    """Programs that do nothing but take notes in `calls` beside them."""
    programs, notes = folder / "programs", folder / "calls"
    programs.mkdir()
    notes.mkdir()
    for name, answer in ANSWERS.items():
        (programs / name).write_text(STUB.format(name=name, folder=notes, answer=answer))
        (programs / name).chmod(0o755)
    return programs


def calls(check: Check, programs: Path, place: Mapping[str, str] = PLACE) -> list[Call]:
    """Every call that the check's command makes, in no order."""
    subprocess.run(
        ["bash", "-u", "-c", check.command],
        env={"PATH": f"{programs}:{os.environ['PATH']}", **place},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    found = []
    for note in (programs.parent / "calls").iterdir():
        words, _, stdin = note.read_text().partition("\0STDIN\0")
        program, *rest = words.rstrip("\0").split("\0")
        found.append(Call(program, tuple(rest), json.loads(stdin.rstrip("\0")) if stdin else None))
        note.unlink()
    return found
