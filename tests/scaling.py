"""docs/scaling.md: 1 TB and 100 workers on paper, of what was measured and simulated.

python -m tests.scaling     rewrites what is made of figures (`make docs` does)

Simulated is a plan of 5,000 splits: the real graph is built of it and serialized as for the
service, and the real publisher loads what its splits would have staged, before a BigQuery
of this process. What a core reads in a second is of bench/results/latest.json.
"""

import json
import math
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

from apache_beam.coders import FastPrimitivesCoder, TupleCoder

from bench.postgresql import FLOOR, OURS
from bench.record import Record
from demo.servers import ROOT
from pipeline.destination.elements import StagedFile, StagedSplit
from pipeline.publish.publisher import Publisher
from smart_sync.explain import explain
from smart_sync.plan import SyncPlan
from smart_sync.splits import MAX_SPLITS, SPLIT_BYTES, lanes
from tests.graph.test_graph import a_plan, built, proto
from tests.seam.service import Job, Service, client_of

PAGE = ROOT / "docs" / "scaling.md"
BEGIN, END = "<!-- {}: made by `make docs` -->", "<!-- end of {} -->"
TB = 10**12


@dataclass(frozen=True, slots=True)
class Simulated:
    """A plan of many splits, and what it makes.

    Attributes:
        splits: of the plan.
        parts: files that each split stages.
        steps: of the graph.
        graph_bytes: of the graph, serialized.
        listed_bytes: of the splits as elements, which are shuffled once, into lanes.
        staged_bytes: of what the staged splits tell the publisher: its side input.
        header_bytes: of the plan as each step holds it.
        text_bytes: of the plan as it is shown and logged.
        load_jobs: that load the files.
        load_bytes: of the largest request that starts one.
    """

    splits: int
    parts: int
    steps: int
    graph_bytes: int
    listed_bytes: int
    staged_bytes: int
    header_bytes: int
    text_bytes: int
    load_jobs: int
    load_bytes: int


@cache
def simulated(splits: int = MAX_SPLITS, parts: int = 1) -> Simulated:
    """Plan, build and publish; no row is read."""
    plan = a_plan(splits)
    graph = proto(built(plan))
    elements = TupleCoder((FastPrimitivesCoder(), FastPrimitivesCoder()))
    staged = list(staged_splits(plan, parts))
    jobs = load_bodies(plan, staged)
    return Simulated(
        plan.reading.split_total,
        parts,
        len(graph.components.transforms),
        len(graph.SerializeToString()),
        sum(len(elements.encode(each)) for each in lanes(plan.reading.splits, 100)),
        sum(len(FastPrimitivesCoder().encode(split)) for split in staged),
        len(pickle.dumps(plan.header())),
        len(explain(plan).encode()),
        len(jobs),
        max(len(json.dumps(body)) for body in jobs),
    )


def staged_splits(plan: SyncPlan, parts: int) -> Iterator[StagedSplit]:
    """What the splits would have staged, each a million rows in so many files."""
    moment = datetime(2025, 7, 22, 14, 59, 59, 123456, tzinfo=UTC)
    for index in range(plan.reading.split_total):
        stem = f"{plan.run.staging.folder}/rows-{index:05}-00-1854a3b2c1d0e9f8"
        files = tuple(
            StagedFile(f"{stem}-{part:03}.parquet", 1_000_000 // parts, 90_000_000)
            for part in range(parts)
        )
        rows = sum(file.rows for file in files)
        ends = moment - timedelta(days=index), moment
        yield StagedSplit(index, 0, rows, files, (), *ends, 12.345678)


def load_bodies(plan: SyncPlan, staged: Sequence[StagedSplit]) -> list[dict[str, Any]]:
    """The load jobs that the publisher sends: straight, or into the staging table."""
    service = Service()
    rows = {file.uri: file.rows for split in staged for file in split.files}

    def load(job: Job) -> None:
        uris = job.body["configuration"]["load"]["sourceUris"]
        job.output_rows = sum(rows.pop(uri) for uri in uris)

    service.effects |= dict.fromkeys(("publish", *(f"stage_{n}" for n in range(10))), load)
    straight = replace(plan, publishing=replace(plan.publishing, sets_label=False))
    lock: Any = SimpleNamespace(check=lambda: None)
    folder: Any = None  # there are rows, so no empty file is asked for
    outcome = Publisher(straight, client_of(service.request), folder, lock).publish(staged, [])
    assert not rows, f"files that no job has loaded; {outcome.message}"
    bodies = (job.body for job in service.jobs.values())
    return [body for body in bodies if "load" in body["configuration"]]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one core does, of the benchmark's largest table of 13 columns.

    Attributes:
        cpu_rate: bytes of the source's table by a CPU second of our whole process.
        source_rate: bytes by a second of a bare COPY over one connection.
        staged: bytes of staged files by a byte of the table.
        row_bytes: of the table.
        rows: that were read.
    """

    cpu_rate: float
    source_rate: float
    staged: float
    row_bytes: float
    rows: int

    @classmethod
    def of(cls, record: Record) -> "Measured":
        """The largest table that a record has."""
        row = "rows-8m" if "rows-8m" in record.samples else "rows-2m"

        def median(way: str, figure: str) -> float:
            value = record.median(row, way, figure)
            assert value, f"{row} of the record lacks {figure}"
            return value

        size, rows = median(FLOOR, "table_bytes"), int(median(OURS, "rows"))
        return cls(
            size / median(OURS, "cpu"),
            size / median(FLOOR, "seconds"),
            median(OURS, "staged_bytes") / size,
            size / rows,
            rows,
        )

    @property
    def lane_rate(self) -> float:
        """Bytes that one connection brings in a second, on a worker with one core."""
        return min(self.cpu_rate * WORKING, self.source_rate)


WORKING = 0.5
"""Of a worker's core; the rest is left to Beam's harness, TLS and waiting: an assumption."""
MEMORY_GB, DISK_GB, START_MINUTES = 3.75, 25, 4
"""Of a worker (n1-standard-1, Dataflow's default for batch), and before the first row."""
CONNECTIONS = (8, 32, 100)
PRICES = {
    "vCPU hour": 0.056,
    "GB of memory, hour": 0.003557,
    "GB of disk, hour": 0.000054,
    "GB shuffled": 0.011,
    "1,000 writes or lists": 0.005,
    "1,000 reads": 0.0004,
    "GB stored, month": 0.020,
    "TiB read by a query": 6.25,
}
"""US dollars, us-central1."""


@dataclass(frozen=True, slots=True)
class Terabyte:
    """1 TB over so many connections, each on a worker of its own."""

    measured: Measured
    connections: int

    @property
    def splits(self) -> int:
        """As a plan chooses them."""
        return min(max(math.ceil(TB / SPLIT_BYTES), 2 * self.connections), MAX_SPLITS)

    @property
    def rate(self) -> float:
        """Bytes in a second, all connections together."""
        return self.connections * self.measured.lane_rate

    @property
    def hours(self) -> float:
        """Of reading and staging."""
        return TB / self.rate / 3600

    @property
    def worker_hours(self) -> float:
        """With the start of each worker."""
        return self.connections * (self.hours + START_MINUTES / 60)

    @property
    def files_gb(self) -> float:
        """All staged files."""
        return TB * self.measured.staged / 1e9

    def dollars(self) -> dict[str, float]:
        """What each part costs."""
        hour = (
            PRICES["vCPU hour"]
            + MEMORY_GB * PRICES["GB of memory, hour"]
            + DISK_GB * PRICES["GB of disk, hour"]
        )
        shuffled = simulated().listed_bytes / 1e9 * PRICES["GB shuffled"]
        writes = (self.splits + self.splits / 1000) / 1000 * PRICES["1,000 writes or lists"]
        reads = 2 * self.splits / 1000 * PRICES["1,000 reads"]
        stored = self.files_gb * PRICES["GB stored, month"] / 30 / 24 * (self.hours + 1)
        return {
            "Dataflow": self.worker_hours * hour + shuffled,
            "Cloud Storage": writes + reads + stored,
        }


def whole_read() -> float:
    """Dollars of a query that reads 1 TB."""
    return TB / 2**40 * PRICES["TiB read by a query"]


def limits_table() -> str:
    """What 5,000 splits make, beside what it may be."""
    one, three = simulated(), simulated(parts=3)
    lines = [
        ("what", "one file a split", "three files a split", "limit"),
        ("---", "--:", "--:", "---"),
        ("splits", *(f"{s.splits:,}" for s in (one, three)), f"{MAX_SPLITS:,}, ours"),
        ("steps of the graph", *(f"{s.steps}" for s in (one, three)), "the same for any table"),
        ("graph, serialized", *(kb(s.graph_bytes) for s in (one, three)), f"10 MB {GRAPH}"),
        ("plan within each step", *(kb(s.header_bytes) for s in (one, three)), ""),
        ("plan in the log", *(kb(s.text_bytes) for s in (one, three)), f"256 kB {LOG}"),
        ("splits as elements, shuffled", *(kb(s.listed_bytes) for s in (one, three)), ""),
        (
            "staged splits, the publisher's side input",
            *(kb(s.staged_bytes) for s in (one, three)),
            "memory of one worker",
        ),
        ("files", *(f"{s.splits * s.parts:,}" for s in (one, three)), f"10,000 a job {LOADS}"),
        ("load jobs", *(f"{s.load_jobs}" for s in (one, three)), f"1,500 a table and day {LOADS}"),
        ("largest request", *(kb(s.load_bytes) for s in (one, three)), "10,000 addresses"),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


GRAPH = "([its page](https://cloud.google.com/dataflow/docs/request-quotas))"
LOADS = "([its page](https://cloud.google.com/bigquery/quotas#load_jobs))"
LOG = "([its page](https://cloud.google.com/logging/quotas))"


def kb(size: int) -> str:
    """Bytes as kB.

    >>> kb(74_500), kb(1_565)
    ('74 kB', '1.6 kB')
    """
    return f"{size / 1000:,.1f} kB" if size < 10_000 else f"{size / 1000:,.0f} kB"


def terabyte_table(measured: Measured) -> str:
    """1 TB by the number of connections."""
    ways = [Terabyte(measured, connections) for connections in CONNECTIONS]
    lines = [
        ("1 TB", *(f"{way.connections} connections" for way in ways)),
        ("---", *("--:" for _ in ways)),
        ("splits of 256 MiB", *(f"{way.splits:,}" for way in ways)),
        ("splits that each worker reads in turn", *_each(ways, lambda w: w.splits / w.connections)),
        ("the source delivers, MB/s", *_each(ways, lambda w: w.rate / 1e6)),
        (
            "cores of the source that this keeps busy",
            *_each(ways, lambda w: w.rate / measured.source_rate),
        ),
        ("**minutes** of reading and staging", *_each(ways, lambda w: w.hours * 60)),
        ("staged files", *(f"{way.splits:,}" for way in ways)),
        ("MB a file", *_each(ways, lambda w: w.files_gb * 1000 / w.splits)),
        ("GB of files", *_each(ways, lambda w: w.files_gb)),
        ("load jobs", *("1" for _ in ways)),
        (
            "GB read again when a worker is lost, at most",
            *_each(ways, lambda w: 1e3 / w.connections),
        ),
        ("worker hours, a start of 4 minutes each", *_each(ways, lambda w: w.worker_hours)),
        *(
            (f"dollars, {part}", *(f"{way.dollars()[part]:.2f}" for way in ways))
            for part in ways[0].dollars()
        ),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _each(ways: Sequence[Terabyte], figure: Any) -> list[str]:
    return [f"{figure(way):,.0f}" for way in ways]


def ways_table() -> str:
    """What publishing 1 TB costs in BigQuery, by its way."""
    once = whole_read()
    lines = [
        ("way", "what bills", "dollars per TB"),
        ("---", "---", "--:"),
        ("one load job, straight into the table", "nothing: loads are free", "0.00"),
        ("a copy job (BigQuery in place)", "nothing", "0.00"),
        ("staging table, then one statement", "the staged rows, once", f"{once:.2f}"),
        (
            "WRITE_MERGE",
            "the staged rows, up to three times, and of the destination the partitions that"
            " they touch",
            f"{3 * once:.2f} + {once:.2f} per TB of those",
        ),
        ("a query of a BigQuery source", "what it reads, once", f"{once:.2f}"),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def rates(measured: Measured) -> str:
    """The measured figures in words."""
    return (
        f"Measured on {measured.rows:,} rows × 13 columns of {measured.row_bytes:.0f} bytes each:"
        f" a CPU second of ours takes {measured.cpu_rate / 1e6:.0f} MB from PostgreSQL to staged"
        f" files, a bare COPY brings {measured.source_rate / 1e6:.0f} MB a second over one"
        f" connection, and a byte of the table becomes {measured.staged:.2f} bytes of zstd"
        f" Parquet. Half of a worker's core is taken for it, so one connection brings"
        f" {measured.lane_rate / 1e6:.0f} MB a second."
    )


def page(record: Record) -> str:
    """docs/scaling.md with what is made of figures."""
    measured, text = Measured.of(record), PAGE.read_text(encoding="utf-8")
    made = {
        "limits": limits_table(),
        "rates": rates(measured),
        "terabyte": terabyte_table(measured),
        "ways": ways_table(),
    }
    for name, block in made.items():
        begin, end = BEGIN.format(name), END.format(name)
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n{block}\n{end}{rest.partition(end)[2]}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(Record.read()), encoding="utf-8")
