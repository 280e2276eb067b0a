"""main.py as the Flex launcher runs it, and what Dataflow then sees."""

import json
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.servers import ROOT
from tests.sync import PASSWORD, Sync

LONGEST_S = 60
SMART = {"enable_smart_sync": "true", "source_table_for_schema": "orders"}
HEARING = ("env", "--default-signal=INT")
"""A shell's background jobs, and what they start, are deaf to Ctrl-C."""


@dataclass(frozen=True)
class Launch:
    """What Dataflow sees of a launch."""

    code: int
    output: str

    @property
    def last(self) -> str:
        """The last line that says anything."""
        return self.output.rstrip().rpartition("\n")[2]


@dataclass
class Launcher:
    """Runs main.py with the launcher's flags, all that it prints in one stream."""

    sync: Sync
    folder: Path
    bucket: str
    begun: list["subprocess.Popen[str]"] = field(default_factory=list)

    def _words(self, parameters: dict[str, Any]) -> dict[str, Any]:
        flags = {
            "runner": "DataflowRunner",
            "project": "my-project",
            "region": "us-central1",
            "dataflow_endpoint": "http://localhost:1",
            "staging_location": str(self.folder),
            "temp_location": f"gs://bkt/{self.sync.dataset}/tmp",
            "template_location": str(self.folder / "job_object"),
            "job_name": "orders",
            "labels": '{"team": "data"}',
            "sdk_container_image": "image:1",
        }
        return SMART | flags | parameters

    def begin(
        self, *flags: str, program: tuple[str | Path, ...] = (ROOT / "main.py",), **parameters: Any
    ) -> "subprocess.Popen[str]":
        argv = self.sync.argv(**self._words(parameters))
        process = subprocess.Popen(
            [*HEARING, sys.executable, *program, *argv, "--no_auth", *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
        )
        self.begun.append(process)
        return process

    def end(self, process: "subprocess.Popen[str]") -> Launch:
        output, _ = process.communicate(timeout=LONGEST_S)
        assert PASSWORD not in output
        return Launch(process.returncode, output)

    def __call__(self, *flags: str, **parameters: Any) -> Launch:
        """As a process, like the launcher's."""
        return self.end(self.begin(*flags, **parameters))

    def here(self, *flags: str, **parameters: Any) -> Launch:
        """In this process."""
        result = self.sync("--no_auth", *flags, **self._words(parameters))
        return Launch(result.code, result.out + result.err)

    def staged(self) -> list[str]:
        """Objects of this test in the bucket, and files in the launcher's folder."""
        url = f"{self.bucket}/storage/v1/b/bkt/o?prefix={self.sync.dataset}/"
        with urllib.request.urlopen(url) as told:
            objects = [item["name"] for item in json.load(told).get("items", [])]
        return objects + [path.name for path in self.folder.iterdir()]
