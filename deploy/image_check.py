"""`make image-check`: build the image and show that it does its work.

What was checked is remembered by a hash of all that goes in, so that nothing is built
twice: under the user's cache folder, never in the repository.
"""

import argparse
import ast
import contextlib
import functools
import hashlib
import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from demo.cache import cache_folder
from demo.run import CONSOLE
from deploy.image import ROOT, ImageError, build, install_tools, make_parts, store
from deploy.once import once
from pipeline.parameters.version import VERSION

IMAGE = "localhost/smart-sync:check"
INPUTS = (
    "Dockerfile",
    ".dockerignore",
    "requirements.txt",
    "requirements-build.txt",
    "setup.py",
    "pyproject.toml",
    "main.py",
    "LICENSE",
    "auto_schema",
    "warehouse",
    "sources",
    "smart_sync",
    "pipeline",
    "scheduler",
    "deploy/image.py",
    "deploy/image_check.py",
    "deploy/image_inside.py",
    "deploy/run_graph.py",
)
"""What goes into the image, and what checks it."""


def fingerprint(root: Path = ROOT, inputs: Sequence[str] = INPUTS) -> str:
    """A hash of every input's content; of the packages' modules only of names and imports.

    What modules do is tested from the folder, with the same locked packages: it doesn't change
    whether the image can be built, holds all that it needs, and is launched and entered right.
    """
    total = hashlib.sha256()
    for name in inputs:
        path = root / name
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_dir() or file.suffix in (".pyc", ".so"):
                continue
            is_module = path.is_dir() and file.suffix == ".py"
            content = _imports(file.read_bytes()) if is_module else _content(file)
            total.update(f"{file.relative_to(root)}\0{len(content)}\0".encode() + content)
    return total.hexdigest()


@functools.cache
def _imports(module: bytes) -> bytes:
    """The absolute imports of a module's text, late ones too, by their top names, one a line."""
    names = set[str]()
    for node in ast.walk(ast.parse(module)):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return "\n".join(sorted(names)).encode()


def _content(file: Path) -> bytes:
    """A file's bytes; of pyproject.toml what setuptools reads, not how we lint and test."""
    if file.name != "pyproject.toml":
        return file.read_bytes()
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    read = {name: tables.get(name) for name in ("build-system", "project")}
    return json.dumps(read | {"setuptools": tables.get("tool", {}).get("setuptools")}).encode()


def stamp() -> Path:
    """The file that stands when these inputs were checked on this machine."""
    return cache_folder() / f"image-{fingerprint()}.checked"


def check() -> None:
    """Build, then check without a network."""
    with store() as place:
        with _timed("a base of Debian's packages, and stand-ins for Google's and Beam's images"):
            make_parts(place)
        with _timed("the image"):
            build(place, IMAGE, VERSION)
        words = [sys.executable, "-m", "deploy.image_inside", str(place.folder), IMAGE, VERSION]
        done = subprocess.run(["unshare", "--net", *words], cwd=ROOT, check=False)
        if done.returncode:
            raise ImageError("the image was built, but isn't what it should be: see above")


@contextlib.contextmanager
def _timed(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    CONSOLE.print(f"built {what} in {time.monotonic() - began:.0f} s")


def _with_tools() -> None:
    install_tools()
    check()


def main() -> int:
    """Exit code 0 when every check held, or need not be repeated."""
    parser = argparse.ArgumentParser(prog="make image-check", description=__doc__)
    parser.add_argument("--if-changed", action="store_true")
    only_if_changed = parser.parse_args().if_changed
    try:
        once("image", stamp(), _with_tools, only_if_changed=only_if_changed)
    except ImageError as error:
        if only_if_changed and not os.environ.get("CI") and os.geteuid() != 0:
            CONSOLE.print(f"image: not checked here: {error}")
            return 0
        CONSOLE.print(f"image: {error}", style="red", markup=False)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
