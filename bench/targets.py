"""What speed is wanted: a target for each row of the table, beside its figure.

A target that isn't met fails nothing: speed is a claim of `make bench`, never of a test.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bench import backfill, compared, resumed, transformed
from bench.checked import ROW, UNCHECKED
from bench.many import SINGLE
from bench.mongodb import READERS
from bench.postgresql import FLOOR, OURS
from bench.record import Record

Figure = Callable[[Record], float | None]
MONGODB_RAW, MONGODB_FLAT, *_ = READERS
MONGODB_CPU_BEFORE = 2.20
"""CPU of our reader by that of find_raw_batches, before raw commands were read."""
FLAT = 1.2
"""The largest peak memory by the smallest that still counts as flat."""


@dataclass(frozen=True, slots=True)
class Target:
    """A figure, and what it should be.

    Attributes:
        what: in words.
        figure: of a record; None where it wasn't measured.
        wanted: the bound, which is included.
        unit: `×` of something else, `s`, `MB`, or a count.
        before: what it was before it was worked on.
        at_least: whether more is better.
    """

    what: str
    figure: Figure
    wanted: float
    unit: str
    before: str
    at_least: bool = False

    @property
    def bound(self) -> str:
        """The target as it is written.

        >>> Target("", lambda record: None, 1.4, "×", "").bound
        '≤ 1.40 ×'
        """
        return f"{'≥' if self.at_least else '≤'} {self.told(self.wanted)}"

    def told(self, figure: float) -> str:
        """A figure with its unit."""
        digits = {"×": 2, "s": 1}.get(self.unit, 0)
        return f"{figure:,.{digits}f} {self.unit}".strip()

    def is_met(self, figure: float) -> bool:
        """Whether a figure is as good as was wanted."""
        return figure >= self.wanted if self.at_least else figure <= self.wanted

    def verdict(self, figure: float) -> str:
        """In a word."""
        return "met" if self.is_met(figure) else "**not met**"


def of(row: str, figure: str, way: str = OURS) -> Figure:
    """A median."""
    return lambda record: record.median(row, way, figure)


def ratio(above: Figure, below: Figure) -> Figure:
    """One figure by another."""

    def divided(record: Record) -> float | None:
        first, second = above(record), below(record)
        return first / second if first is not None and second else None

    return divided


def megabytes(row: str) -> Figure:
    """Our peak memory."""
    return lambda record: _scaled(record.median(row, OURS, "memory"))


def _scaled(memory: float | None) -> float | None:
    return None if memory is None else memory / 1e6


def spread(*rows: str) -> Figure:
    """The largest of our peak memories by the smallest."""

    def found(record: Record) -> float | None:
        memories = [record.median(row, OURS, "memory") for row in rows]
        known = [memory for memory in memories if memory]
        return max(known) / min(known) if len(known) == len(rows) else None

    return found


def staged(row: str, way: str = FLOOR) -> Figure:
    """Our seconds until all is staged, by another way's whole process."""
    return ratio(of(row, "until_staged"), of(row, "seconds", way))


TARGETS = (
    Target("2M × 13: staged, by the floor", staged("rows-2m"), 1.4, "×", "1.87"),
    Target("8M × 13: staged, by the floor", staged("rows-8m"), 1.15, "×", "2.05"),
    Target(
        "8M × 13: staged, by DuckDB's whole process", staged("rows-8m", "duckdb"), 1.05, "×", "1.9"
    ),
    Target("200 columns × 100k: staged, by the floor", staged("columns-200"), 2.0, "×", "3.5"),
    Target("2M × 13: CPU of the whole process", of("rows-2m", "cpu"), 3.0, "s", "5.6"),
    Target("500k × 13: peak memory", megabytes("rows-500k"), 400, "MB", "333–459"),
    Target("2M × 13: peak memory", megabytes("rows-2m"), 400, "MB", "333–459"),
    Target("8M × 13: peak memory", megabytes("rows-8m"), 400, "MB", "333–459"),
    Target("texts of 4 KB: peak memory", megabytes("texts-4kb"), 400, "MB", "333–459"),
    Target(
        "500k, 2M, 8M: most memory by least",
        spread("rows-500k", "rows-2m", "rows-8m"),
        FLAT,
        "×",
        "",
    ),
    Target("nothing new: whole process", of("nothing-new", "seconds"), 2.2, "s", "4.15"),
    Target("nothing new: requests", of("nothing-new", "requests"), 14, "", "32–34"),
    Target("nothing new: jobs", of("nothing-new", "query_jobs"), 3, "", "6"),
    Target("append of 1,000: requests", of("append", "requests"), 20, "", "41"),
    Target("append of 1,000: query jobs", of("append", "query_jobs"), 4, "", "8"),
    Target("append of 1,000: load jobs", of("append", "load_jobs"), 1, "", "1"),
    Target("merge of 1,000: query jobs", of("merge", "query_jobs"), 5, "", "8"),
    Target("merge of 1,000: load jobs", of("merge", "load_jobs"), 1, "", "1"),
    Target(
        "merge of 1,000: statements of its script that read",
        of("merge", "reading_statements"),
        4,
        "",
        "8",
    ),
    Target(
        "2M × 13: with ten checks, by without",
        ratio(of(ROW, "seconds"), of(ROW, "seconds", UNCHECKED)),
        1.15,
        "×",
        "",
    ),
    Target(
        "2M × 13: selected, cast, masked and filtered, by without, until staged",
        ratio(
            of(transformed.ROW, "until_staged"),
            of(transformed.ROW, "until_staged", transformed.PLAIN),
        ),
        1.10,
        "×",
        "",
    ),
    Target(
        "2M × 13 of twelve months: in slices of a month, by one run",
        ratio(of(backfill.ROW, "seconds"), of(backfill.ROW, "seconds", backfill.AT_ONCE)),
        1.25,
        "×",
        "",
    ),
    Target(
        "2M × 13 of which 1,000 are gone: found and removed, by reading the table whole",
        ratio(of(compared.DELETES, "seconds"), of(compared.DELETES, "seconds", compared.WHOLE)),
        0.35,
        "×",
        "",
    ),
    Target(
        "2M × 13 of which 1,000 are gone: keys brought, by rows",
        of(compared.DELETES, "keys_share"),
        0.05,
        "×",
        "",
    ),
    Target(
        "2M × 13: a repair that finds nothing, by reading the table whole",
        ratio(of(compared.HEALED, "seconds"), of(compared.HEALED, "seconds", compared.WHOLE)),
        0.35,
        "×",
        "",
    ),
    Target(
        "8M × 13: killed at 80 % and resumed, by a fresh load, until staged",
        ratio(
            of(resumed.ROW, "until_staged"),
            of(resumed.ROW, "until_staged", resumed.FRESH),
        ),
        0.35,
        "×",
        "",
    ),
    Target(
        "40 tables × 1,000 new rows: forty launches by one of all",
        ratio(of("tables-new", "seconds", SINGLE), of("tables-new", "seconds")),
        8.0,
        "×",
        "",
        at_least=True,
    ),
    Target(
        "40 tables × 1,000 new rows: requests by those that publishing each needs",
        ratio(of("tables-new", "requests"), of("tables-new", "own_requests", SINGLE)),
        1.5,
        "×",
        "1.93",
    ),
    Target("nothing new in 40 tables", of("tables-nothing", "seconds"), 15.0, "s", ""),
    Target("500 tables planned", of("tables-planned", "seconds"), 60.0, "s", ""),
    Target("40 tables synced: peak memory", megabytes("tables-new"), 600, "MB", "255"),
    Target("500 tables planned: peak memory", megabytes("tables-planned"), 600, "MB", ""),
    Target(
        "MongoDB 1M, all fields: rate by find_arrow_all's of 6 flat ones",
        ratio(of("mongodb", "seconds", MONGODB_FLAT), of("mongodb", "seconds")),
        1.2,
        "×",
        "0.65",
        at_least=True,
    ),
    Target(
        "MongoDB 1M, all fields: CPU by find_raw_batches' own",
        ratio(of("mongodb", "cpu"), of("mongodb", "cpu", MONGODB_RAW)),
        round(MONGODB_CPU_BEFORE * (1 - 0.45), 2),
        "×",
        f"{MONGODB_CPU_BEFORE:.2f}",
    ),
)
"""As they were set when this was measured for the first time, whose figures are `before`."""
