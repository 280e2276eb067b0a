"""python -m bench.pages: docs/speed.md and bench/results/speed.svg, of latest.json.

A whole run of `make bench` and `make docs` do it.
"""

from collections.abc import Callable, Iterator, Sequence

from bench import (
    backfill,
    checked,
    compared,
    counting,
    cpu_parts,
    drawing,
    many,
    mongodb,
    resumed,
    transformed,
)
from bench.postgresql import FLOOR, OURS, PEERS
from bench.record import LATEST, Record
from bench.tables import TABLES
from bench.targets import TARGETS
from demo.servers import ROOT

PAGE = ROOT / "docs" / "speed.md"
PICTURE = LATEST.parent / "speed.svg"
BEGIN, END = "<!-- speed: made by `make docs` -->", "<!-- end of speed -->"
COUNTED = ("requests", "own_requests", "query_jobs", "load_jobs", "reading_statements", "rows")
NOT_YET = "not measured"
WAYS = {FLOOR: "`COPY … (FORMAT binary)` to /dev/null: the floor"} | PEERS
PROFILE = "profile"


def shown(figure: str, value: float | None) -> str:
    """A figure with its unit's digits; empty where it wasn't measured.

    >>> shown("memory", 345_276_416), shown("requests", 15), shown("cpu", 5.7203)
    ('345 MB', '15', '5.72')
    """
    if value is None:
        return ""
    if figure == "memory" or figure.endswith("_bytes"):
        return f"{value / 1e6:,.0f} MB"
    return f"{value:,.0f}" if figure in COUNTED else f"{value:,.2f}"


def block(record: Record) -> str:
    """All that is made of a record."""
    parts = [_measured(record), _table(_targets(record))]
    for row in TABLES:
        if row in record.samples:
            title = TABLES[row].title(int(record.content["rows"]))
            parts += [f"### {title}", _table(_ways(record, row))]
    if mongodb_lines := list(_documents(record)):
        rows = int(record.content["rows"] * mongodb.SHARE)
        parts += [f"### {rows:,} documents of MongoDB", _table(mongodb_lines)]
    if any(row in record.samples for row in counting.ROWS):
        parts += ["### What an hourly run asks BigQuery for", _table(_counts(record))]
    for row, heading, lines in BESIDE:
        if row in record.samples:
            parts += [f"### {heading}", _table(lines(record))]
    if any(row in record.samples for row in many.TOLD):
        parts += ["### Many tables in one launch", _table(_many(record))]
    parts += ["### Where the CPU goes", _table(_parts(record))]
    return "\n\n".join(parts)


def _measured(record: Record) -> str:
    content = record.content
    machine, used = content["machine"], content["versions"]
    told = ", ".join(f"{name} {there}" for name, there in used.get("peers", {}).items())
    beside = f" Beside it: {told}." if told else ""
    return (
        f"Measured on {content['measured']} with {machine['cores']} cores"
        f" ({machine.get('cpu') or 'unknown'}), {machine['memory'] / 1e9:.0f} GB and Python"
        f" {machine['python']}, on which the source and the local BigQuery ran too; medians"
        f" of {content['times']}.{beside}"
    )


def _table(lines: Sequence[Sequence[str]] | Iterator[Sequence[str]]) -> str:
    head, *rest = lines
    rule = ["---", *("--:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rest))


def _targets(record: Record) -> Iterator[Sequence[str]]:
    yield "what", "before", "now", "target", ""
    for target in TARGETS:
        figure = target.figure(record)
        if figure is None:
            yield target.what, target.before, NOT_YET, target.bound, ""
        else:
            told, verdict = target.told(figure), target.verdict(figure)
            yield target.what, target.before, told, target.bound, verdict


def _ways(record: Record, row: str) -> Iterator[Sequence[str]]:
    yield "way", "seconds", "× floor", "CPU, s", "peak memory", "samples"
    base = record.median(row, FLOOR, "seconds")

    def line(what: str, way: str, figure: str) -> Sequence[str]:
        seconds = record.median(row, way, figure)
        times = shown("", seconds / base) if seconds and base else ""
        rest = ("", "")
        if figure == "seconds":
            rest = _of(record, row, way, "cpu"), _of(record, row, way, "memory")
        return what, shown(figure, seconds), times, *rest, str(len(record.of_way(row, way)))

    for way in record.samples[row]:
        if way == OURS:
            yield line("**ours**: until all is staged as zstd Parquet", way, "until_staged")
            yield line("ours: publishing, the local BigQuery's own time", way, "publish")
            yield line("**ours**: whole process, published", way, "seconds")
        else:
            yield line(WAYS[way], way, "seconds")


def _of(record: Record, row: str, way: str, figure: str) -> str:
    return shown(figure, record.median(row, way, figure))


def _documents(record: Record) -> Iterator[Sequence[str]]:
    row = "mongodb"
    if row not in record.samples:
        return
    yield "way", "seconds", "× find_raw_batches", "CPU, s", "peak memory", "samples"
    base = record.median(row, next(iter(mongodb.READERS)), "seconds")
    for way in record.samples[row]:
        seconds = record.median(row, way, "seconds")
        is_same = way not in ("ReadFromMongoDB", mongodb.SYNC)
        times = shown("", seconds / base) if seconds and base and is_same else ""
        told = mongodb.TOLD[way]
        rest = _of(record, row, way, "cpu"), _of(record, row, way, "memory")
        yield told, shown("", seconds), times, *rest, str(len(record.of_way(row, way)))


def _counts(record: Record) -> Iterator[Sequence[str]]:
    figures = ("requests", "query_jobs", "load_jobs", "reading_statements", "seconds", "cpu")
    heads = ("requests", "query jobs", "load jobs", "statements that read", "seconds", "CPU, s")
    yield "run", *heads
    for row, told in counting.TOLD.items():
        yield told, *(_of(record, row, OURS, figure) for figure in figures)


def _many(record: Record) -> Iterator[Sequence[str]]:
    yield "what", "how", "seconds", "CPU, s", "peak memory", "requests", "samples"
    for row, told in many.TOLD.items():
        for way in record.samples.get(row, ()):
            figures = ("seconds", "cpu", "memory", "requests")
            values = (_of(record, row, way, figure) for figure in figures)
            yield told, many.WAYS[way], *values, str(len(record.of_way(row, way)))


def _transformed(record: Record) -> Iterator[Sequence[str]]:
    yield "run", "until staged", "CPU", "samples"
    for way, told in transformed.TOLD.items():
        figures = (_of(record, transformed.ROW, way, name) for name in ("until_staged", "cpu"))
        yield told, *figures, str(len(record.of_way(transformed.ROW, way)))


def _checked(record: Record) -> Iterator[Sequence[str]]:
    yield "run", "seconds", "publishing", "samples"
    for way, told in checked.TOLD.items():
        figures = (_of(record, checked.ROW, way, figure) for figure in ("seconds", "publish"))
        yield told, *figures, str(len(record.of_way(checked.ROW, way)))


def _resumed(record: Record) -> Iterator[Sequence[str]]:
    yield "run", "until staged", "CPU", "samples"
    for way, told in resumed.TOLD.items():
        figures = (_of(record, resumed.ROW, way, name) for name in ("until_staged", "cpu"))
        yield told, *figures, str(len(record.of_way(resumed.ROW, way)))


def _backfilled(record: Record) -> Iterator[Sequence[str]]:
    yield "run", "seconds", "CPU", "samples"
    for way, told in backfill.TOLD.items():
        figures = (_of(record, backfill.ROW, way, name) for name in ("seconds", "cpu"))
        yield told, *figures, str(len(record.of_way(backfill.ROW, way)))


def _compared(row: str) -> Callable[[Record], Iterator[Sequence[str]]]:
    def lines(record: Record) -> Iterator[Sequence[str]]:
        yield "run", "seconds", "CPU", "samples"
        for way, told in compared.TOLD[row].items():
            figures = (_of(record, row, way, name) for name in ("seconds", "cpu"))
            yield told, *figures, str(len(record.of_way(row, way)))

    return lines


BESIDE = (
    (backfill.ROW, "Twelve months, 2,000,000 rows", _backfilled),
    (checked.ROW, "Checks before publishing, 2,000,000 rows", _checked),
    (transformed.ROW, "Transformations, 2,000,000 rows", _transformed),
    (compared.DELETES, "Keys compared, 2,000,000 rows", _compared(compared.DELETES)),
    (compared.HEALED, "Rows compared, 2,000,000 rows", _compared(compared.HEALED)),
    (resumed.ROW, "A load that was killed, 8,000,000 rows", _resumed),
)
"""Rows that are measured beside the same without what they are about: heading and lines."""


def _parts(record: Record) -> Iterator[Sequence[str]]:
    yield "part, 2,000,000 rows × 13 columns", "CPU before, s", "CPU now, s"
    for part, told in cpu_parts.TOLD.items():
        now = _of(record, PROFILE, OURS, part) or NOT_YET
        yield told, f"{cpu_parts.BEFORE[part]:.2f}", now
    whole = _of(record, PROFILE, OURS, "cpu") or NOT_YET
    yield "**whole process**", f"{cpu_parts.BEFORE_WHOLE:.2f}", whole


def page(record: Record) -> str:
    """docs/speed.md with what is made of a record."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{block(record)}\n\n{END}{after}"


def rewrite(record: Record) -> None:
    """Both files."""
    PAGE.write_text(page(record), encoding="utf-8")
    PICTURE.write_text(drawing.svg(record), encoding="utf-8")


if __name__ == "__main__":
    rewrite(Record.read())
