"""I/O. verify_only: a past window of source and destination, compared without moving rows.

Sums by bucket first; only the rows of buckets that differ are fetched, as digests. The
source is asked last: what it moved on meanwhile must not look lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from google.cloud import bigquery

from auto_schema.canonical import (
    bigquery_buckets,
    bigquery_digest,
    bigquery_in_buckets,
    bigquery_told_apart,
    excluded,
)
from auto_schema.errors import ConfigError, SyncError, raise_all
from auto_schema.names import quoted
from auto_schema.row_sums import RowSums
from auto_schema.schema import Column, TableSchema
from auto_schema.told import told
from auto_schema.transform import PARAMETER, Transformation
from pipeline.destination.target import read_target, read_watermark
from pipeline.launch.wall_clock import read_wall_clock
from smart_sync.cursor import Cursor, now_as_cursor
from smart_sync.cursor_plan import find_cursor
from smart_sync.facts import Target
from smart_sync.hand_window import bigquery_literal, half_open, parse_end
from smart_sync.marks import left_out
from smart_sync.renaming import with_new_names
from smart_sync.request import SyncRequest
from smart_sync.schema_plan import staged_columns
from smart_sync.verdict import Verdict, differing, judge
from sources.protocol import Inspector, ProvingInspector, Source
from sources.values import DigestRow, Evidence, Extract, Window, is_after
from warehouse.errors import as_target_errors

JSON_WHY = "BigQuery stores JSON parsed, the source as it was written"
MISSING_WHY = "the destination has no such column"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A window of both sides: how each is read, and what is left out."""

    request: SyncRequest
    client: bigquery.Client
    inspector: ProvingInspector
    source: Source
    cursor: Cursor
    window: Window
    columns: tuple[Column, ...]
    keys: tuple[Column, ...]
    left_out: tuple[tuple[str, str], ...]

    def verdict(self) -> Verdict:
        """Compare the window.

        Raises:
            SyncError: one of the sides can't be read.
        """
        theirs = self.inspector.buckets(self.source)
        ours = self._buckets()
        totals = (_rows(theirs), _rows(ours))
        parts = differing(theirs, ours)
        if not parts:
            return Verdict(*totals)
        target = self._digests(parts)
        source = self.inspector.digests(self.source, self.keys, parts)
        return judge(totals, self._told(source), self._told(target))

    def _told(self, rows: Sequence[DigestRow]) -> list[DigestRow]:
        shows = self.request.publishing.show_values
        if shows:
            return list(rows)
        return [replace(row, key=row.key and told(row.key, shows=False)) for row in rows]

    def _buckets(self) -> Mapping[str, RowSums]:
        sql = bigquery_buckets(self._select(f"{bigquery_digest(self.columns)} AS digest"))
        return {row[0]: RowSums.of(tuple(row)[1:]) for row in self._ask(sql)}

    def _digests(self, parts: Sequence[str]) -> list[DigestRow]:
        cursor = [c for c in self.columns if c.name == self.cursor.name]
        rows = self._select(bigquery_told_apart(self.columns, self.keys, cursor))
        sql = bigquery_in_buckets(rows, parts)
        return [DigestRow(*tuple(row)) for row in self._ask(sql)]

    def _select(self, selected: str) -> str:
        column = f"s.{quoted(self.cursor.name)}"
        high = bigquery_literal(self.window.high, self.cursor)
        where = f"{column} <= {high}"
        if self.window.low is not None:
            where = f"{column} > {bigquery_literal(self.window.low, self.cursor)} AND {where}"
        return f"SELECT {selected}\nFROM {self.request.destination.sql} AS s\nWHERE {where}"

    def _ask(self, sql: str) -> list[bigquery.Row]:
        with as_target_errors(f"table {self.request.destination}"):
            return list(self.client.query(sql).result())


def comparison(
    request: SyncRequest, client: bigquery.Client, inspector: Inspector, run_id: str
) -> Comparison:
    """What verify_only compares.

    Raises:
        SyncError: a side is missing, the source hashes no rows, or the window isn't one that
            was synced.
    """
    if not isinstance(inspector, ProvingInspector):
        why = "it hashes no rows that BigQuery's could be compared with"
        raise ConfigError("a source without proof", "verify_only", why, "leave it out.")
    target = read_target(client, request.destination)
    request = with_new_names(request, inspector.profile, target.by_name())
    there = target.by_name()
    columns, _, faults = staged_columns(request, inspector.profile, there, Evidence())
    raise_all([*faults, *_filter_faults(request.schema.transformation)])
    cursor = find_cursor(request, inspector.profile, target.by_name())
    window = _window(request, client, inspector, target, cursor)
    compared, apart = _comparable(columns, target)
    marked = left_out(request, TableSchema(columns))
    source = inspector.source(Extract(cursor.source_name, window, run_id=run_id, without=marked))
    return Comparison(
        request,
        client,
        inspector,
        source.with_columns(compared),
        cursor,
        window,
        compared,
        _keys(request, inspector, compared),
        apart,
    )


def _filter_faults(transformation: Transformation) -> list[SyncError]:
    if not transformation.row_filter:
        return []
    why = "rows that it leaves out would look like lost ones"
    fix = "verify runs as they happen with verify=true, or compare without the filter."
    return [ConfigError("verify_only with a filter", PARAMETER, why, fix)]


def _window(
    request: SyncRequest,
    client: bigquery.Client,
    inspector: Inspector,
    target: Target,
    cursor: Cursor,
) -> Window:
    start, end = request.run.verify_window or ("", "")
    window = half_open(
        parse_end(start, cursor, "verify_start"), parse_end(end, cursor, "verify_end")
    )
    where = f"verify_start {start!r}, verify_end {end!r}"
    if window is None:
        fix = "write verify_start before verify_end."
        raise ConfigError("empty window to verify", where, "it holds nothing", fix)
    clock = inspector.clock(guard=False)
    wall = read_wall_clock(inspector, request.window, cursor, clock)
    now = now_as_cursor(clock, cursor, wall)
    latest = read_watermark(client, request.destination, target, cursor, now).value
    if latest is None or is_after(window.high, latest):
        synced = f"up to {latest}" if latest is not None else "nothing yet"
        fix = "choose an earlier verify_end, or sync first."
        why = f"the destination holds {synced}"
        raise ConfigError("window to verify is not synced yet", where, why, fix)
    return window


def _comparable(
    columns: tuple[Column, ...], target: Target
) -> tuple[tuple[Column, ...], tuple[tuple[str, str], ...]]:
    there = target.by_name()
    left_out = dict(excluded(columns))
    left_out |= {c.name: JSON_WHY for c in columns if c.is_json}
    left_out |= {c.name: MISSING_WHY for c in columns if c.name.casefold() not in there}
    compared = tuple(c for c in columns if c.name not in left_out)
    return compared, tuple(sorted(left_out.items()))


def _keys(
    request: SyncRequest, inspector: Inspector, columns: tuple[Column, ...]
) -> tuple[Column, ...]:
    """What tells rows apart: merge_keys, else a unique column of the source."""
    if request.publishing.merge_keys:
        names = {name.casefold() for name in request.publishing.merge_keys}
        return tuple(c for c in columns if c.name.casefold() in names)
    unique = inspector.profile.cuts.key
    return tuple(c for c in columns if c.source_name == unique)


def _rows(buckets: Mapping[str, RowSums]) -> int:
    return sum(sums.rows for sums in buckets.values())


def verify_headline(compared: Comparison) -> str:
    """What will be compared, before it is: two lines for the log."""
    destination = compared.request.destination
    return (
        f"Compares {destination.dataset}.{destination.table} with {compared.source.place}:"
        f" {compared.cursor.name} {_within(compared)}, rows by their hashes\n"
        f"Nothing is changed; the verdict goes into {compared.request.history_table}"
    )


def _within(compared: Comparison) -> str:
    low, high = compared.window.low, compared.window.high
    return f"up to {high}" if low is None else f"in ({low}, {high}]"


def verdict_text(compared: Comparison, verdict: Verdict) -> str:
    """The verdict for people, some lines."""
    lines = [
        f"verified {compared.request.destination}, {compared.cursor.name} {_within(compared)}",
        f"  source {verdict.source_rows:,} rows, BigQuery {verdict.target_rows:,} rows",
        f"  lacking in BigQuery, or there in another version: {verdict.lacking:,}",
        f"  doubled in BigQuery: {verdict.doubled:,}",
        f"  moved on or deleted at the source since: {verdict.moved_on:,}",
        *(f"  {name} is left out: {why}" for name, why in compared.left_out),
        *(f"    {example}" for example in verdict.examples),
    ]
    return "\n".join(lines)


def verdict_figures(compared: Comparison, verdict: Verdict) -> dict[str, object]:
    """The verdict for the run history."""
    low = compared.window.low
    return {
        "verify_start": None if low is None else str(low),
        "verify_end": str(compared.window.high),
        "source_rows": verdict.source_rows,
        "target_rows": verdict.target_rows,
        "lacking": verdict.lacking,
        "doubled": verdict.doubled,
        "moved_on": verdict.moved_on,
        "left_out": [name for name, _ in compared.left_out],
    }
