"""`make wheel-check`: the wheel, installed into an empty environment, syncs each source from there.

The environment has nothing of the repository's, and the runs begin in a folder of their own. First
it has no extra, and each source is refused; then those of all sources. The servers are those of the
tests, and the flights are few: what is looked for is what an installation lacks. What was checked
is remembered by a hash of all that goes in, as of the image. At the end the source distribution
takes the wheel's place, built where there is no C compiler, as on a platform that no wheel is for.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from rich.markup import escape

from demo.cache import cache_folder
from demo.run import CONSOLE, ONE_IN, demo
from demo.servers import bigquery_server
from demo.sides import SIDES
from deploy.image_check import fingerprint
from deploy.manylinux import tag_here
from deploy.once import once
from deploy.wheel import ROOT, TOP, WheelError, build, build_source

INPUTS = (
    "requirements.txt",
    "setup.py",
    "pyproject.toml",
    "LICENSE",
    "auto_schema",
    "warehouse",
    "sources",
    "smart_sync",
    "pipeline",
    "scheduler",
    "deploy/manylinux.py",
    "deploy/wheel.py",
    "deploy/wheel_check.py",
)
"""What goes into the wheel, and what checks it."""
SERVER = ROOT / "tests" / "local_bigquery"
"""The local BigQuery by which tests are told: the package's own needs minutes of a busy machine."""
NO_COMPILER = {"CC": "/bin/false", "CXX": "/bin/false"}
SLOW = f"from {TOP}.sources.postgresql.wire.decoder import warn_if_slow; warn_if_slow()"
WITHOUT_BEAM = (
    "import importlib.util as u; raise SystemExit(u.find_spec('apache_beam') is not None)"
)


def stamp() -> Path:
    """The file that stands when these inputs were checked on this machine."""
    return cache_folder() / f"wheel-{fingerprint(ROOT, INPUTS)}.checked"


def expect(holds: bool, claim: str) -> None:
    """Say a claim that holds.

    Raises:
        WheelError: it doesn't.
    """
    if not holds:
        raise WheelError(f"not so: {claim}")
    CONSOLE.print(f"[green]✓[/] {escape(claim)}")


def contents(wheel: Path) -> None:
    """What is in it, and what isn't."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    expect(
        {top for top in tops if not top.endswith(".dist-info")} == {TOP},
        f"it brings one name into an environment: {TOP}",
    )
    expect("-cp311-abi3-" in wheel.name, "one wheel for every Python from 3.11 on")
    expect(wheel.stem.endswith(tag_here()), f"its tag says where it runs: {tag_here()}")
    expect(f"{TOP}/py.typed" in names, "its types are there for type checkers")
    expect(any(name.endswith("/licenses/LICENSE") for name in names), "it holds the LICENSE")


def locked(lock: str) -> str:
    r"""The versions of a lock file, as constraints without hashes.

    >>> locked('rich==15.0.0 \\\n    --hash=sha256:00\ntzdata==1 ; platform == "x" \\\n')
    'rich==15.0.0\ntzdata==1 ; platform == "x"\n'
    """
    lines = re.findall(r"^([a-zA-Z0-9].*?)(?: \\)?$", lock, re.MULTILINE)
    return "".join(f"{line}\n" for line in lines)


class Environment:
    """An environment of its own, with nothing in it but the wheel and what it needs.

    Args:
        folder: empty, where it is made.
        wheel: what is installed.
    """

    def __init__(self, folder: Path, wheel: Path) -> None:
        self._folder, self._wheel = folder, wheel
        self._constraints = folder / "constraints.txt"
        lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
        self._constraints.write_text(locked(lock), encoding="utf-8")
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        self._run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")])

    def program(self, name: str) -> str:
        """The path of a program in it."""
        return str(self._folder / "venv" / "bin" / name)

    def install(self, *extras: str) -> None:
        """Install the wheel, with extras; versions are those of the lock."""
        what = f"{self._wheel}[{','.join(extras)}]" if extras else str(self._wheel)
        words = ["--quiet", "--no-compile", "--constraint", str(self._constraints), what]
        self._pip("install", *words)

    def install_without_compiler(self, source: Path) -> None:
        """Put the source distribution into the wheel's place."""
        words = ["--quiet", "--no-compile", "--no-deps", "--force-reinstall", "--no-cache-dir"]
        self._pip("install", *words, str(source), environ=NO_COMPILER)

    def says_that_it_is_slow(self) -> bool:
        """Whether a process that reads rows warns that nothing is compiled."""
        words = [self.program("python"), "-c", SLOW]
        done = subprocess.run(
            words, cwd=self.elsewhere, capture_output=True, text=True, check=False
        )
        return done.returncode == 0 and "decoded by Python" in done.stderr

    def check(self) -> None:
        """Whether what is installed fits together."""
        self._pip("check")

    def words(self, environ: Mapping[str, str]) -> list[str]:
        """The words that start the program, elsewhere and with these variables."""
        pairs = [f"{name}={value}" for name, value in environ.items()]
        here = ["env", "-u", "PYTHONPATH", "-C", str(self.elsewhere), *pairs]
        return [*here, self.program("smart-sync"), "run"]

    def said(self, words: Sequence[str]) -> tuple[int, str]:
        """The exit code of a run, and what it said."""
        command = [*self.words({}), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    def holds_no_beam(self) -> bool:
        """Whether Beam isn't installed."""
        words = [self.program("python"), "-c", WITHOUT_BEAM]
        return subprocess.run(words, check=False).returncode == 0

    def _pip(self, *words: str, environ: Mapping[str, str] | None = None) -> None:
        """The pip of here, at work there."""
        command = [sys.executable, "-m", "pip", "--python", self.program("python"), *words]
        self._run(command, environ or {})

    def _run(self, words: Sequence[str], more: Mapping[str, str] = MappingProxyType({})) -> None:
        environ = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
        environ.update(more)
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environ)
        if done.returncode:
            raise WheelError(done.stdout + done.stderr)


def refused(environment: Environment, words: Sequence[str], extra: str, claim: str) -> None:
    """What needs an extra that isn't there is refused, with the line that installs it."""
    code, said = environment.said(words)
    pip = f"pip install 'bigquery-smart-sync[{extra}]'"
    expect(code == 2 and pip in said, f"{claim} is refused, naming: {pip}")


def sync(environment: Environment, folder: Path, source: str) -> None:
    """One source, synced as the demo does, from an installation that has its extra."""
    with (
        bigquery_server(folder / "bigquery" / source, SERVER) as target,
        SIDES[source](target, ONE_IN) as side,
    ):
        agree = demo(side, target, environment.words, str(folder / "temp" / source))
    expect(agree, f"{source}: both sides have the same rows")


def check() -> None:
    """Build, install, and sync each source.

    Raises:
        WheelError: the first claim that doesn't hold.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        wheel = build(folder)
        contents(wheel)
        environment = Environment(folder, wheel)
        environment.install()
        for source in SIDES:
            claim = f"without its extra {source}"
            refused(environment, [f"--data_source={source}"], source, claim)
        environment.install(*SIDES)
        for source in SIDES:
            sync(environment, folder, source)
        expect(environment.holds_no_beam(), "no source needed Beam")
        words = ["--data_source=postgresql", "--runner=DirectRunner"]
        refused(environment, words, "dataflow", "without Beam a runner")
        environment.check()
        environment.install_without_compiler(build_source(folder))
        expect(environment.says_that_it_is_slow(), "built without a compiler, it says so")
        sync(environment, folder / "source", "postgresql")
        environment.check()


def main() -> int:
    """Exit code 0 when every check held, or need not be repeated."""
    parser = argparse.ArgumentParser(prog="make wheel-check", description=__doc__)
    parser.add_argument("--if-changed", action="store_true")
    only_if_changed = parser.parse_args().if_changed
    try:
        once("wheel", stamp(), check, only_if_changed=only_if_changed)
    except (WheelError, SystemExit) as error:
        CONSOLE.print(f"wheel: {error}", style="red", markup=False)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
