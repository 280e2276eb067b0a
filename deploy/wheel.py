"""I/O. `make wheel`: what `pip install bigquery-smart-sync` installs, into dist/.

In the repository six rooms stand side by side. Into the environments of users only one name comes:
the others stand inside of `smart_sync`, since a `pipeline` of their own is what many have. So the
tree is laid out anew here, imports are written for it, and setuptools builds it as it is.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from deploy.manylinux import faults, tag_here

ROOT = Path(__file__).resolve().parent.parent
TOP = "smart_sync"
INSIDE = ("auto_schema", "warehouse", "sources", "pipeline", "scheduler")
"""The rooms that move into the first one."""
BESIDE = ("setup.py", "pyproject.toml", "README.md", "LICENSE")
COMPILED = 3
_ROOM = "|".join(INSIDE)
_IMPORT = re.compile(rf"^(\s*(?:from|import) )({_ROOM})\b", re.MULTILINE)
_NAMED = re.compile(rf'"((?:{_ROOM})(?:\.[a-z_]\w*)+)"')
"""A module that is imported at need is named in a text."""
_BUILT = re.compile(rf'(import_module\(\s*f")({_ROOM})\.')
"""Or in one that is put together."""


class WheelError(Exception):
    """The wheel could not be built, or isn't what it should be."""


def moved(text: str, root: Path = ROOT) -> str:
    """A module's text, with the rooms' names as they are inside of smart_sync.

    >>> moved("from pipeline.cli import main")
    'from smart_sync.pipeline.cli import main'
    >>> moved('import_module("pipeline.cli")'), moved('help("pipeline.nothing")')
    ('import_module("smart_sync.pipeline.cli")', 'help("pipeline.nothing")')
    """

    def of_text(found: re.Match[str]) -> str:
        name = found[1]
        path = root.joinpath(*name.split("."))
        is_module = path.is_dir() or path.with_suffix(".py").is_file()
        return f'"{TOP}.{name}"' if is_module else found[0]

    text = _IMPORT.sub(rf"\1{TOP}.\2", text)
    return _BUILT.sub(rf"\1{TOP}.\2.", _NAMED.sub(of_text, text))


def lay_out(tree: Path) -> None:
    """Write the tree that the wheel is built from, into an empty folder."""
    for name in BESIDE:
        shutil.copy(ROOT / name, tree / name)
    for room in (TOP, *INSIDE):
        at = tree / TOP if room == TOP else tree / TOP / room
        for path in sorted((ROOT / room).rglob("*")):
            if path.is_dir() or path.suffix in (".pyc", ".so"):
                continue
            written = at / path.relative_to(ROOT / room)
            written.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix in (".py", ".pyi"):
                written.write_text(moved(path.read_text(encoding="utf-8")), encoding="utf-8")
            else:
                shutil.copy(path, written)


def build(folder: Path) -> Path:
    """Build the wheel, offline and with the setuptools that is here; where it lies.

    Raises:
        WheelError: it can't be built, or holds no compiled decoders.
    """
    with tempfile.TemporaryDirectory() as place:
        tree = Path(place, "tree")
        tree.mkdir()
        lay_out(tree)
        words = ["wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
        if claimed := tag_here():
            words.append(f"--config-settings=--build-option=--plat-name={claimed}")
        _run(
            [sys.executable, "-m", "pip", *words, "--wheel-dir", str(folder.resolve()), str(tree)],
            tree,
        )
    (wheel,) = folder.glob("bigquery_smart_sync-*.whl")
    held = zipfile.ZipFile(wheel)
    modules = [name for name in held.namelist() if name.endswith("compiled.abi3.so")]
    if len(modules) != COMPILED:
        raise WheelError("it holds no compiled decoders: is there a C compiler?")
    if claimed and (
        found := [fault for name in modules for fault in faults(name, held.read(name))]
    ):
        mend = "build it with the C compiler and headers of an older distribution"
        raise WheelError(f"the tag {claimed} says more than is so: {'; '.join(found)}: {mend}")
    return wheel


def build_source(folder: Path) -> Path:
    """Build the source distribution, for where no wheel fits; where it lies.

    Raises:
        WheelError: it can't be built.
    """
    with tempfile.TemporaryDirectory() as place:
        tree = Path(place, "tree")
        tree.mkdir()
        lay_out(tree)
        words = ["setup.py", "-q", "sdist", "--formats=gztar", "--dist-dir", str(folder.resolve())]
        _run([sys.executable, *words], tree)
    (source,) = folder.glob("bigquery_smart_sync-*.tar.gz")
    return source


def _run(command: list[str], tree: Path) -> None:
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode:
        raise WheelError(done.stdout + done.stderr)


def main() -> int:
    """Build into dist/, and say what was built."""
    folder = ROOT / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    wheel = build(folder)
    for built in (wheel, build_source(folder)):
        print(f"{built.relative_to(ROOT)}: {built.stat().st_size / 1e6:.1f} MB")
    print(f"pip install '{wheel.relative_to(ROOT)}[postgresql]'")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
