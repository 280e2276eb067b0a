"""What commands of gcloud and bq did, remembered by a hash of all that goes into them.

Each takes a second or more of the processor's time to start, and its answer depends on nothing but
its inputs. So a script runs once on a machine for each content of its inputs: its words, the files
and variables that it sees, the stand-in's code, Google's descriptions and the programs' versions.
What it asked, and what it said, is then given to the test again, which judges it anew each time.
Kept under the user's cache folder, only by tests that held.
"""

import base64
import dataclasses
import functools
import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.cache import cache_folder
from tests import discovery
from tests.deploy import cloud as stand_in
from tests.deploy import documents

CODE = (stand_in, documents, discovery)
"""Modules that run a script or answer it, this one besides."""
Outcome = tuple[int, str]
"""Exit code, and all that was printed."""


@functools.cache
def versions(program: str) -> str:
    """What gcloud says of the versions of its parts, bq's among them."""
    with tempfile.TemporaryDirectory() as settings:
        environ = {**os.environ, "CLOUDSDK_CONFIG": settings, stand_in.NO_UPDATES: "1"}
        words = [program, "--version"]
        done = subprocess.run(words, env=environ, capture_output=True, text=True, check=True)
    return done.stdout


def code_of(files: Iterable[Path], apis: Iterable[str]) -> str:
    """A hash of a stand-in's code, of this one, and of the descriptions that it is made of."""
    total = hashlib.sha256()
    for file in (Path(__file__), *files):
        total.update(hashlib.sha256(file.read_bytes()).digest())
    for api in apis:
        total.update(json.dumps(discovery.document(api)).encode())
    return total.hexdigest()


@functools.cache
def _code() -> str:
    files = [Path(str(module.__file__)) for module in CODE]
    return code_of(files, stand_in.APIS.values())


def contents(folder: Path) -> Iterable[tuple[str, str]]:
    """Each file of a folder: its name, its hash and whether it is a program."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        hashed = hashlib.sha256(file.read_bytes()).hexdigest()
        yield f"{file.relative_to(folder)}", f"{hashed} {os.access(file, os.X_OK)}"


def key_of(*inputs: Any) -> str:
    """A hash of what can be told as JSON."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


@dataclass(slots=True)
class Memory:
    """What one test ran, by the hash of its inputs; other tests' too, of those that held."""

    folder: Path = field(default_factory=cache_folder)
    _new: dict[Path, str] = field(default_factory=dict)

    def get(self, key: str) -> Any:
        """What was put there, as JSON; None where nothing was."""
        path = self._path(key)
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    def put(self, key: str, told: Any) -> None:
        """For others once this test has held."""
        self._new[self._path(key)] = json.dumps(told)

    def _path(self, key: str) -> Path:
        return self.folder / f"gcloud-{key}.json"

    def keep(self) -> None:
        """Write down what ran: the test that ran it held."""
        for path, text in self._new.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            half = path.with_suffix(f".{os.getpid()}")
            half.write_text(text, encoding="utf-8")
            half.replace(path)


@dataclass(slots=True)
class Remembered:
    """The scripts of one test; each begins where the one before it ended.

    Attributes:
        gcloud: the program.
        cloud: what is asked of it is noted there, whether now or at another time.
        place: the folder where scripts run.
    """

    gcloud: str
    cloud: stand_in.Cloud
    place: Path
    memory: Memory
    _before: str = ""
    _left_out: list[Callable[[], Outcome]] = field(default_factory=list)

    def __call__(
        self, script: str, variables: Mapping[str, str], run: Callable[[], Outcome]
    ) -> Outcome:
        """What `run` gives, or gave for the same inputs."""
        self._before = key_of(
            self._before, script, dict(variables), list(contents(self.place)),
            _code(), versions(self.gcloud),
        )  # fmt: skip
        if told := self.memory.get(self._before):
            self._left_out.append(run)
            return self._again(told)
        self._catch_up()
        seen = len(self.cloud.requests), len(self.cloud.faults)
        uploads = dict(self.cloud.uploads)
        ended, said = run()
        new = {k: v for k, v in self.cloud.uploads.items() if uploads.get(k) != v}
        told = {
            "code": ended,
            "said": said,
            "requests": [dataclasses.asdict(each) for each in self.cloud.requests[seen[0] :]],
            "faults": self.cloud.faults[seen[1] :],
            "uploads": {name: base64.b64encode(data).decode() for name, data in new.items()},
        }
        self.memory.put(self._before, told)
        return ended, said

    def _catch_up(self) -> None:
        """Run what wasn't run so far: a script may need what those before it left behind."""
        seen = len(self.cloud.requests), len(self.cloud.faults)
        for run in self._left_out:
            run()
        self._left_out.clear()
        del self.cloud.requests[seen[0] :], self.cloud.faults[seen[1] :]

    def _again(self, told: dict[str, Any]) -> Outcome:
        """Note in the stand-in what was asked of it then."""
        self.cloud.requests += [stand_in.Request(**request) for request in told["requests"]]
        self.cloud.faults += told["faults"]
        for name, text in told["uploads"].items():
            self.cloud.uploads[name] = base64.b64decode(text)
        return told["code"], told["said"]
