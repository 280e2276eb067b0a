"""`make bench`: all rows of the table in docs/speed.md, measured side by side in one run.

In turns (the floor, ours, a peer, …), each TIMES times; every sample is kept, and medians are
shown. Machines differ: quote the ratios. A whole run on 2,000,000 rows, whatever it measures
beside, goes to bench/results/latest.json, and into the pages and the picture made of it.

    ROWS=50000            tables of another size; the others are multiples of it
    ONLY=append,merge     some rows of the table, by the names in ALL below
    SOURCE=requests       those that are counts only; tables: many tables in one launch;
                          postgresql, mongodb: those of a source
    TIMES=1               how often each is measured; 3, and counts alone once
"""

import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from google.cloud import bigquery
from rich.console import Console
from rich.table import Table

from bench import (
    backfill,
    checked,
    compared,
    counting,
    many,
    mongodb,
    pages,
    postgresql,
    resumed,
    transformed,
)
from bench.measure import measured
from bench.record import LATEST, PARTIAL, ROWS, Record, Sample, Samples, versions
from bench.syncs import DATASET, FOLDER, in_parts, of_postgresql
from bench.tables import TABLES
from bench.targets import TARGETS
from demo.mongodb_servers import mongodb_server
from demo.servers import (
    ROOT,
    BigQueryServer,
    PostgresqlServer,
    bigquery_server,
    postgresql_server,
)
from demo.sides import PROJECT, make_client

PROFILE, MONGODB = "profile", "mongodb"
AS_IT_IS = ROOT / "tests" / "local_bigquery" / "as_it_is.py"
"""The package on its disk, but for what it refuses: MERGE in a transaction, by which rows go."""
Ways = Mapping[str, Callable[[], Sample]]
WaysOf = Callable[[PostgresqlServer, BigQueryServer, bigquery.Client, str], Ways]
OF_2M: Mapping[str, WaysOf] = {
    checked.ROW: checked.ways,
    transformed.ROW: transformed.ways,
    **{row: partial(compared.ways, row) for row in (compared.HEALED, compared.DELETES)},
}
"""Those that change the table's rows come last."""
BOTH: Mapping[str, WaysOf] = {**OF_2M, resumed.ROW: resumed.ways}
"""Runs of a table beside the same without what they are about."""
ALL = (*TABLES, PROFILE, *BOTH, backfill.ROW, *counting.ROWS, *many.TOLD, MONGODB)
USUAL = tuple(row for row in ALL if row not in compared.TOLD)
"""Without those that take minutes, or that the local BigQuery as it is refuses."""
WITHIN: Mapping[str, tuple[str, ...]] = {
    "rows-2m": (PROFILE, *OF_2M),
    "rows-8m": (resumed.ROW,),
}
"""What else is measured on a row's table."""
OF_SOURCE: Mapping[str, tuple[str, ...]] = {
    "postgresql": tuple(r for r in (*TABLES, PROFILE, *BOTH, backfill.ROW) if r in USUAL),
    "requests": tuple(counting.ROWS),
    "tables": tuple(many.TOLD),
    "mongodb": (MONGODB,),
}
CONSOLE = Console()


def in_turns(ways: Ways, times: int, once: Sequence[str] = ()) -> dict[str, list[Sample]]:
    """Each way so often, one after the other and round again; some only in the first round."""
    taken: dict[str, list[Sample]] = {name: [] for name in ways}
    for turn in range(times):
        for name, way in ways.items():
            if turn == 0 or name not in once:
                taken[name].append(way())
    return taken


class Bench:
    """The local BigQuery, and the sources as they are needed."""

    def __init__(self, target: BigQueryServer, rows: int, times: int) -> None:
        self.rows, self.times, self.target = rows, times, target
        self.client: bigquery.Client = make_client(target)
        self.client.create_dataset(f"{PROJECT}.{DATASET}")

    def measure(self, wanted: Sequence[str]) -> Iterator[tuple[str, dict[str, list[Sample]]]]:
        """(row, its samples), each as soon as it is measured."""
        tables = [row for row in TABLES if {row, *WITHIN.get(row, ())} & set(wanted)]
        counted = [row for row in wanted if row in counting.ROWS]
        if tables or counted or backfill.ROW in wanted:
            with postgresql_server() as server:
                if backfill.ROW in wanted:
                    with backfill.ways(server, self.rows) as ways:
                        yield backfill.ROW, in_turns(ways, self.times)
                for row in tables:
                    yield from self._of_table(server, row, wanted)
                for row in counted:
                    with counting.hourly(server, self.target, self.client, row) as again:
                        yield row, in_turns({postgresql.OURS: again}, self.times)
        if of_many := [row for row in wanted if row in many.TOLD]:
            with postgresql_server() as server, many.ways(server) as ways:
                for row in of_many:
                    yield row, in_turns(ways[row], self.times)
        if MONGODB in wanted:
            yield MONGODB, self._of_mongodb()

    def _of_table(
        self, server: PostgresqlServer, row: str, wanted: Sequence[str]
    ) -> Iterator[tuple[str, dict[str, list[Sample]]]]:
        """What is wanted of a row's table, which is filled once."""
        with postgresql.filled(server, row, self.rows) as table:
            postgresql.floor(server, table)  # so that the table lies in memory for all
            if row in wanted:
                ways = postgresql.ways(server, self.target, self.client, row)
                once = [peer for at, peer in postgresql.ONCE if at == row]
                yield row, in_turns(ways, self.times, once)
            if PROFILE in WITHIN.get(row, ()) and PROFILE in wanted:
                source = of_postgresql(server, table)
                parts = partial(in_parts, source, self.target, self.client)
                yield PROFILE, in_turns({postgresql.OURS: parts}, self.times)
            for other, ways_of in BOTH.items():
                if other in WITHIN.get(row, ()) and other in wanted:
                    both = ways_of(server, self.target, self.client, table)
                    yield other, in_turns(both, self.times)

    def _of_mongodb(self) -> dict[str, list[Sample]]:
        with mongodb_server() as server:
            mongodb.fill(server, int(self.rows * mongodb.SHARE))
            mongodb.raw_bytes(server.url)  # so that the server's cache is warm for all
            ways = mongodb.ways(server, self.target, self.client)
            return in_turns(ways, self.times, mongodb.ONCE)


def show(row: str, rows: int, taken: Mapping[str, Sequence[Sample]]) -> None:
    """A row's medians: a line for each way, or for each figure where there is one way only."""
    title = TABLES[row].title(rows) if row in TABLES else row
    figures = list(dict.fromkeys(f for samples in taken.values() for s in samples for f in s))
    table = Table(title=f"{title}, medians")
    cells = {
        way: [_median(figure, samples) for figure in figures] for way, samples in taken.items()
    }
    if len(taken) == 1:
        (column,) = cells.values()
        table.add_column("figure")
        table.add_column(next(iter(taken)), justify="right")
        for figure, cell in zip(figures, column, strict=True):
            table.add_row(figure, cell)
    else:
        table.add_column("way")
        for figure in figures:
            table.add_column(figure.replace("_", " "), justify="right")
        for way, line in cells.items():
            table.add_row(way, *line)
    CONSOLE.print(table)


def _median(figure: str, samples: Sequence[Sample]) -> str:
    values = [sample[figure] for sample in samples if figure in sample]
    return pages.shown(figure, statistics.median(values)) if values else ""


def show_targets(record: Record, rows: int) -> None:
    """Each target beside its figure: met, or not."""
    table = Table(title=f"Targets: they speak of ROWS={ROWS}, this run had {rows}")
    for heading in ("what", "figure", "target", ""):
        table.add_column(heading)
    for target in TARGETS:
        figure = target.figure(record)
        if figure is not None:
            table.add_row(target.what, target.told(figure), target.bound, target.verdict(figure))
    CONSOLE.print(table)


def wanted_rows() -> tuple[str, ...]:
    """What ONLY= and SOURCE= ask for.

    Raises:
        SystemExit: they name nothing that there is.
    """
    source, only = os.environ.get("SOURCE", ""), os.environ.get("ONLY", "")
    names = tuple(filter(None, only.split(","))) or OF_SOURCE.get(source, USUAL)
    if strangers := set(names) - set(ALL):
        raise SystemExit(f"ONLY={','.join(sorted(strangers))}: there is {', '.join(ALL)}")
    return tuple(name for name in ALL if name in names)


@contextmanager
def _bench(rows: int, times: int) -> Iterator[Bench]:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, FOLDER, ignore_errors=True)
        target = stack.enter_context(bigquery_server(FOLDER / "bigquery", AS_IT_IS))
        yield Bench(target, rows, times)


def main() -> int:
    """Measure, show, and write what was measured."""
    wanted, began = wanted_rows(), time.monotonic()
    usual = 1 if set(wanted) <= set(counting.ROWS) else 3
    rows, times = int(os.environ.get("ROWS") or ROWS), int(os.environ.get("TIMES") or usual)
    samples: Samples = {}
    with _bench(rows, times) as bench:
        for row, taken in bench.measure(wanted):
            samples[row] = taken
            show(row, rows, taken)
    used = versions(postgresql.PEERS_PYTHON.parent.parent)
    record = Record.of(rows, times, time.monotonic() - began, samples, used)
    show_targets(record, rows)
    is_whole = set(USUAL) <= set(wanted) and rows == ROWS
    path = LATEST if is_whole else PARTIAL
    record.write(path)
    CONSOLE.print(f"every sample: {path}, after {record.content['seconds']} s")
    if is_whole:
        pages.rewrite(record)
        measured([sys.executable, "-m", "tests.scaling"])  # docs/scaling.md
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
