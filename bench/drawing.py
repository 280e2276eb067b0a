"""bench/results/speed.svg: bars of how long each way takes, drawn of a record.

It has a ground of its own, so that it can be read on light and dark pages alike.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from bench import mongodb
from bench.postgresql import FLOOR, OURS
from bench.record import Record
from bench.tables import TABLES

WIDTH, LEFT, RIGHT = 880, 330, 170
LINE, BAR, HEAD, MARGIN = 24, 15, 44, 16
STYLE = """
  .ground { fill: #ffffff } text { fill: #1f2328; font: 13px system-ui, sans-serif }
  .head { font-weight: 600; font-size: 14px } .note { fill: #59636e; font-size: 12px }
  .floor { fill: #c8d1da } .ours { fill: #0969da } .whole { fill: #80ccff } .peer { fill: #8c959f }
  .line { stroke: #59636e; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } text { fill: #e6edf3 } .note { fill: #9198a1 }
    .floor { fill: #3d444d } .ours { fill: #58a6ff } .whole { fill: #1f4f8f }
    .peer { fill: #6e7681 } .line { stroke: #9198a1 }
  }
"""
FLOORS = "COPY BINARY to /dev/null: the floor"
OURS_STAGED = "Smart Sync: all staged, zstd Parquet"
OURS_WHOLE = "Smart Sync: whole run, published"
NAMES = {
    "duckdb": "DuckDB → zstd Parquet",
    "adbc": "bare ADBC → zstd Parquet",
    "polars": "polars over ADBC → zstd Parquet",
    "connectorx": "connectorx → zstd Parquet",
    "dlt": "dlt over connectorx → Parquet",
}
DOCUMENTS = {
    "find_raw_batches": "find_raw_batches, thrown away: 1 ×",
    "find_arrow_all, 6 flat fields": "find_arrow_all, 6 flat fields only",
    "ours, the same 6 fields": "Smart Sync: the same 6 fields",
    "ours": "Smart Sync: all fields, nested too",
    "dicts": "pymongo's find, thrown away",
}
DRAWN = ("rows-2m", "rows-8m")


@dataclass(frozen=True, slots=True)
class Bar:
    """One way: its name, its seconds, and whose it is (a class of STYLE)."""

    name: str
    seconds: float
    kind: str


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars of one table, the floor among them."""

    title: str
    bars: tuple[Bar, ...]

    @property
    def floor(self) -> float:
        """Seconds of the floor."""
        return next(bar.seconds for bar in self.bars if bar.kind == "floor")

    @property
    def height(self) -> int:
        """In pixels."""
        return HEAD + LINE * len(self.bars)


def panels(record: Record) -> list[Panel]:
    """What a record holds of what is drawn; the fastest first."""
    rows = int(record.content["rows"])
    drawn = [
        Panel(f"PostgreSQL: {TABLES[row].title(rows)}", tuple(_table_bars(record, row)))
        for row in DRAWN
    ]
    title = f"MongoDB: {int(rows * mongodb.SHARE):,} nested documents"
    drawn.append(Panel(title, tuple(_document_bars(record))))
    return [
        Panel(panel.title, tuple(sorted(panel.bars, key=lambda bar: bar.seconds)))
        for panel in drawn
        if any(bar.kind == "floor" for bar in panel.bars)
    ]


def _table_bars(record: Record, row: str) -> Iterator[Bar]:
    measured = [
        (FLOORS, record.median(row, FLOOR, "seconds"), "floor"),
        (OURS_STAGED, record.median(row, OURS, "until_staged"), "ours"),
        (OURS_WHOLE, record.median(row, OURS, "seconds"), "whole"),
        *((name, record.median(row, peer, "seconds"), "peer") for peer, name in NAMES.items()),
    ]
    return (Bar(name, seconds, kind) for name, seconds, kind in measured if seconds is not None)


def _document_bars(record: Record) -> Iterator[Bar]:
    kinds = dict.fromkeys(DOCUMENTS, "peer") | {
        "find_raw_batches": "floor",
        "ours": "ours",
        "ours, the same 6 fields": "ours",
    }
    for way, name in DOCUMENTS.items():
        seconds = record.median("mongodb", way, "seconds")
        if seconds is not None:
            yield Bar(name, seconds, kinds[way])


def svg(record: Record) -> str:
    """The whole picture."""
    drawn, top = panels(record), MARGIN
    parts: list[str] = []
    for panel in drawn:
        parts += _panel(panel, top)
        top += panel.height + MARGIN
    machine = record.content["machine"]
    note = (
        f"Medians, {record.content['measured']}, {machine['cores']} cores which the source"
        " shares; × is the floor's time. Shorter is better."
    )
    parts.append(f'<text class="note" x="{MARGIN}" y="{top + 8}">{escape(note)}</text>')
    size = f'width="{WIDTH}" height="{top + 24}" viewBox="0 0 {WIDTH} {top + 24}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="t d">',
            '<title id="t">How long each way takes to read the same rows</title>',
            f'<desc id="d">{escape(description(drawn))}</desc>',
            f"<style>{STYLE}</style>",
            f'<rect class="ground" width="{WIDTH}" height="{top + 24}" rx="6"/>',
            *parts,
            "</svg>\n",
        ]
    )


def description(drawn: Sequence[Panel]) -> str:
    """All bars in words, for whoever can't see them."""
    return " ".join(
        f"{panel.title}: "
        + ", ".join(
            f"{bar.name} {bar.seconds:.2f} s ({bar.seconds / panel.floor:.2f} ×)"
            for bar in panel.bars
        )
        + "."
        for panel in drawn
    )


def _panel(panel: Panel, top: int) -> Iterator[str]:
    room = WIDTH - LEFT - RIGHT
    longest = max(bar.seconds for bar in panel.bars)
    line = room * panel.floor / longest
    yield f'<text class="head" x="{MARGIN}" y="{top + 22}">{escape(panel.title)}</text>'
    for number, bar in enumerate(panel.bars):
        y = top + HEAD + number * LINE
        width = max(room * bar.seconds / longest, 1)
        told = f"{bar.seconds:.2f} s · {bar.seconds / panel.floor:.2f} ×"
        yield f'<text x="{LEFT - 10}" y="{y}" text-anchor="end">{escape(bar.name)}</text>'
        yield (
            f'<rect class="{bar.kind}" x="{LEFT}" y="{y - BAR + 3}" width="{width:.1f}"'
            f' height="{BAR}" rx="2"/>'
        )
        yield f'<text x="{LEFT + max(width, line) + 8:.1f}" y="{y}">{told}</text>'
    x = LEFT + line
    bottom = top + HEAD + (len(panel.bars) - 1) * LINE + 8
    yield f'<line class="line" x1="{x:.1f}" x2="{x:.1f}" y1="{top + HEAD - 16}" y2="{bottom}"/>'
