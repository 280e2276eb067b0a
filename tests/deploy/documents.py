"""The shell blocks and files that the documents show."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pipeline.parameters.docs import ROOT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.S | re.M)
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")])


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of a page in one language, in its order."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [text for name, text in found if name == language]


def shown_files(page: Path) -> dict[str, str]:
    """Files that a page shows as YAML, each named in its first line as a comment."""
    named = (re.match(r"# (\S+\.yaml)\n", text) for text in blocks(page, "yaml"))
    return {found.group(1): found.string for found in named if found}


def bash(
    script: str, folder: Path, environ: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run a script in a folder; it stops at the first command that fails."""
    command = ["bash", "-euo", "pipefail", "-c", script]
    return subprocess.run(
        command, cwd=folder, env=dict(environ), text=True, capture_output=True, check=False
    )
