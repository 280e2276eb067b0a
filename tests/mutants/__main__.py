"""make mutants: break each promise in a copy of the tree, and run the test that guards it."""

import argparse
import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants import promises
from tests.mutants.promises import Promise


def _all() -> tuple[Promise, ...]:
    """The shared promises first, then those of each `…_promises.py`, by its name."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*_promises.py"))
    parts = [importlib.import_module(f"tests.mutants.{name}").PROMISES for name in names]
    return (*promises.PROMISES, *(promise for part in parts for promise in part))


PROMISES = _all()
ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = (".venv", ".venv-bigquery")
NOT_COPIED = (
    ".git",
    ".cache",
    ".demo",
    ".venv-bench",
    *ENVIRONMENTS,
    "__pycache__",
    ".hypothesis",
    "build",
)
DOCUMENT = ROOT / "docs" / "invariants.md"
DECODER = "compiled.abi3.so"
"""Beside the C of which it is made."""
BUILD = (sys.executable, "setup.py", "-q", "build_ext", "--inplace", "--force")
"""What compiles the decoders of rows."""
TIMEOUT_S = 300.0

HEAD = """# The promises, and the tests that guard them

Made by `python -m tests.mutants --docs`. `make mutants` breaks each of them once in a copy
of the tree and shows that its test fails.

"""


def document() -> str:
    """docs/invariants.md."""
    text, part = HEAD, ""
    for promise in PROMISES:
        if promise.part != part:
            part = promise.part
            text += f"## {part}\n\n| promise | test | broken in |\n|---|---|---|\n"
        path, _, name = promise.test.partition("::")
        text += f"| {promise.claim} | `{name}` in `{path}` | `{promise.file}` |\n"
        following = PROMISES.index(promise) + 1
        if following < len(PROMISES) and PROMISES[following].part != part:
            text += "\n"
    return text


def broken(text: str, promise: Promise) -> str:
    """The file's text with the promise broken.

    Raises:
        ValueError: what is to be replaced isn't there exactly once.
    """
    if text.count(promise.old) != 1:
        raise ValueError(f"{promise.file}: found {text.count(promise.old)} times: {promise.old}")
    return text.replace(promise.old, promise.new)


def copy_tree(folder: Path) -> None:
    """The tree without what is made; the environments by link."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_COPIED), dirs_exist_ok=True)
    for name in ENVIRONMENTS:
        (folder / name).symlink_to(ROOT / name)


NOTICED, ENDLESS, SURVIVED = "noticed", "no end", "SURVIVED"
"""What became of a broken promise. A test may rightly wait for ever, or a slow machine may hide
that it would pass: so these are told by themselves."""


def run_test(folder: Path, tests: Sequence[str], timeout_s: float) -> tuple[str, str]:
    """What tests make of a copy, and the end of what they said."""
    words = [sys.executable, "-m", "pytest", "-n", "0", "-q", "-x", "-p", "no:randomly", *tests]
    environ = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "SAME_EXAMPLES": "1"}
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=folder, env=environ, stdout=pipe, text=True) as running:
        try:
            said, _ = running.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGINT)  # so that it stops its servers
            return ENDLESS, f"no end within {timeout_s:g} s:\n{running.communicate()[0][-2000:]}"
    if running.returncode not in (0, 1):
        raise RuntimeError(f"pytest ended with {running.returncode}:\n{said[-2000:]}")
    return (NOTICED if running.returncode else SURVIVED), said[-2000:]


def kill(promise: Promise) -> tuple[Promise, str, float]:
    """What the promise's test says when it is broken."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as made:
        folder = Path(made) / "tree"
        copy_tree(folder)
        file = folder / promise.file
        file.write_text(broken(file.read_text(), promise))
        if file.suffix in (".c", ".h"):
            file.with_name(DECODER).unlink()
            subprocess.run(BUILD, cwd=folder, check=True, capture_output=True)
            file.with_name(DECODER).stat()  # a compiler's refusal ends no build
        verdict, _ = run_test(folder, [promise.test], TIMEOUT_S)
    return promise, verdict, time.monotonic() - began


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--docs", action="store_true", help="only write docs/invariants.md")
    parser.add_argument("--only", default="", help="part of a claim or file")
    parser.add_argument("--parallel", type=int, default=2)
    given = parser.parse_args()
    if given.docs:
        DOCUMENT.write_text(document(), encoding="utf-8")
        return 0
    chosen = [p for p in PROMISES if given.only in f"{p.claim} {p.file} {p.test}"]
    if not chosen:
        print(f"no promise, file or test has {given.only!r} in it")
        return 2
    with tempfile.TemporaryDirectory(prefix="mutant-") as made:
        copy_tree(Path(made) / "tree")
        tests = sorted({p.test for p in chosen})
        verdict, said = run_test(Path(made) / "tree", tests, TIMEOUT_S * len(tests))
    if verdict != SURVIVED:
        print(f"the tests fail already with nothing broken:\n{said}")
        return 1
    print(f"{len(chosen)} promises; with nothing broken all their tests pass", flush=True)
    found: Counter[str] = Counter()
    with ThreadPoolExecutor(given.parallel) as pool:
        for promise, verdict, seconds in pool.map(kill, chosen):
            found[verdict] += 1
            print(f"{verdict:<9} {seconds:5.0f} s  {promise.claim}", flush=True)
    print(f"{len(chosen) - found[SURVIVED]} of {len(chosen)} broken promises were noticed")
    if found[ENDLESS]:
        print(f"{found[ENDLESS]} of them by no end within {TIMEOUT_S:g} s: look why")
    return 1 if found[SURVIVED] else 0


if __name__ == "__main__":
    sys.exit(main())
