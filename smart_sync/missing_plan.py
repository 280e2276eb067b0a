"""What becomes of keys that the table has and the source lacks, and what forbids it. Pure."""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from auto_schema.errors import ConfigError, DeletesRefusedError, SyncError
from auto_schema.schema import Column
from auto_schema.told import told
from smart_sync.deletes import DELETED_AT, SOFT
from smart_sync.facts import Facts
from smart_sync.healing import PARAMETER as HEALS
from smart_sync.history_plan import IS_CURRENT
from smart_sync.missing_keys import INVALIDATE, MOST, OFF, SAMPLE, ComparedKeys
from smart_sync.request import SyncRequest
from smart_sync.value_text import counted
from sources.values import CursorValue

MOST_BYTES = 500_000
"""Of keys as they travel in the plan, which each step of a job is given: some 100,000 integers,
or 25,000 UUIDs."""
MOST_SENT, MOST_SENT_BYTES = 5_000, 200_000
"""Keys, and bytes of them in JSON, that go with the script itself, as parameters. BigQuery takes
10 MB with a query, and repeats them in each answer that describes the job or one of its parts:
https://cloud.google.com/bigquery/quotas#query_jobs"""
GONE_KEYS, BACK_KEYS = "gone_keys", "back_keys"
"""Names of those parameters."""
_FIELDS: list[tuple[str, pa.DataType]] = [("key_text", pa.string()), ("is_back", pa.bool_())]
KEYS = pa.schema(_FIELDS)
"""Of the file that says which keys are meant: those that are missing, or are there again."""


@dataclass(frozen=True, slots=True)
class MissingPlan:
    """What a run does about keys that are missing at the source.

    Attributes:
        rows: `hard`, `soft` or `invalidate`.
        keys: the columns that tell rows apart.
        where: which rows were looked at, in words; empty: all.
        most_percent: so many may go.
        up_to: rows with a later cursor stay as they are; None: there is no cursor.
        compared: rows of the table and of the source, ranges, those that differed, keys moved.
        missing, returned, lacking: how many keys.
        sample: of the missing, as they are told.
        lacking_sample: of those that the table lacks.
        file: the keys themselves, as Parquet; empty: there is none.
        is_sent: whether they go with the script, and need no table.
    """

    rows: str
    keys: tuple[Column, ...]
    where: str
    most_percent: Decimal
    up_to: CursorValue | None
    compared: tuple[int, int, int, int, int]
    missing: int
    returned: int
    lacking: int
    sample: tuple[str, ...] = ()
    lacking_sample: tuple[str, ...] = ()
    file: bytes = field(default=b"", repr=False)
    is_sent: bool = False

    @property
    def is_needed(self) -> bool:
        """Whether rows have to go, or marks, also when none was staged."""
        return bool(self.file)

    @property
    def marks(self) -> bool:
        """Whether rows are marked, and not removed."""
        return self.rows == SOFT

    @property
    def ends(self) -> bool:
        """Whether current versions end."""
        return self.rows == INVALIDATE

    @property
    def needs_table(self) -> bool:
        """Whether the keys are too many to come with the script."""
        return self.is_needed and not self.is_sent

    def sent_in(self, sql: str) -> dict[str, list[str]]:
        """The keys that a statement asks for by the name of a parameter."""
        if not self.is_sent or f"@{GONE_KEYS}" not in sql:
            return {}
        texts, are_back = pq.read_table(pa.BufferReader(self.file)).to_pydict().values()
        told = list(zip(texts, are_back, strict=True))
        return {
            GONE_KEYS: [text for text, is_back in told if not is_back],
            BACK_KEYS: [text for text, is_back in told if is_back],
        }


def plan_missing(request: SyncRequest, facts: Facts) -> tuple[MissingPlan | None, list[SyncError]]:
    """What the comparison leads to; None: there was none."""
    compared, asked, shows = facts.keys, request.missing, request.publishing.show_values
    if asked.is_asked and facts.profile.some:
        return None, [_of_some(request, facts.profile.some)]
    if compared is None:
        return None, []
    sample = tuple(told(key, shows=shows) for key in compared.missing[:SAMPLE])
    if asked.deletes and compared.is_too_much(asked.most_percent):
        return None, [_too_much(request, compared, sample)]
    marks = compared.returned if asked.marks or asked.ends else ()
    file = _file(compared.missing, marks) if asked.deletes else b""
    faults: list[SyncError] = [_too_large(request, compared)] if len(file) > MOST_BYTES else []
    plan = MissingPlan(
        asked.rows,
        facts.key_columns,
        asked.told,
        asked.most_percent,
        facts.window.window.high if facts.window else None,
        (compared.rows, compared.source_rows, compared.ranges, compared.differing, compared.moved),
        compared.count,
        len(marks),
        compared.lacking,
        sample,
        tuple(told(key, shows=shows) for key in compared.lacking_sample),
        file,
        _can_be_sent((*compared.missing, *marks)),
    )
    return plan, faults


def _can_be_sent(texts: tuple[str, ...]) -> bool:
    """Whether so few keys are meant."""
    return len(texts) <= MOST_SENT and sum(len(json.dumps(t)) for t in texts) <= MOST_SENT_BYTES


def _file(missing: tuple[str, ...], returned: tuple[str, ...]) -> bytes:
    """Ascending, so that the same keys are the same bytes; empty without any."""
    if not missing and not returned:
        return b""
    texts = pa.array([*sorted(missing), *sorted(returned)], pa.string())
    are_back = pa.array([False] * len(missing) + [True] * len(returned), pa.bool_())
    out = io.BytesIO()
    table = pa.table([texts, are_back], schema=KEYS)
    pq.write_table(
        table,
        out,
        compression="zstd",
        use_dictionary=False,
        column_encoding={"key_text": "DELTA_BYTE_ARRAY", "is_back": "PLAIN"},
    )
    return out.getvalue()


def _of_some(request: SyncRequest, some: str) -> ConfigError:
    asked = request.missing.asked if request.missing.deletes else f"{HEALS}=true"
    return ConfigError(
        f"{asked} of a query that gives only some rows",
        asked,
        f"it has {some}: rows that it leaves out another time would look deleted",
        "leave that out, or say which rows are meant by conditions on their columns.",
    )


def _too_much(
    request: SyncRequest, compared: ComparedKeys, sample: tuple[str, ...]
) -> DeletesRefusedError:
    asked = request.missing
    least = "" if compared.is_whole else "at least "
    where = f"{asked.asked}, table {request.destination}"
    some = f"; some of their keys: {', '.join(sample)}" if sample else ""
    if compared.source_rows == 0 and compared.count >= compared.rows:
        why = f"the source has no row, and the table has {compared.rows:,}{some}"
        fix = (
            "see why the source is empty. If it is to be: empty the table yourself, or sync with"
            " write_disposition=WRITE_TRUNCATE."
        )
        return DeletesRefusedError("every row would be deleted", where, why, fix)
    if compared.has_more:
        return _doubled(request, compared)
    why = (
        f"{least}{compared.count:,} of the table's {compared.rows:,} rows are missing at the"
        f" source, which are {compared.percent:.2f} %, and {MOST}={asked.most_percent}{some}"
    )
    fix = (
        "see whether the source lacks rows that it should have (another database, a query that"
        f" leaves rows out). If they are to go, run once with a higher {MOST}."
    )
    return DeletesRefusedError("too many rows would be deleted", where, why, fix)


def _doubled(request: SyncRequest, compared: ComparedKeys) -> DeletesRefusedError:
    keys = ", ".join(request.publishing.merge_keys)
    shows = request.publishing.show_values
    some = f", such as {_some(compared.doubled, shows=shows)}" if compared.doubled else ""
    there = f"WHERE {IS_CURRENT} " if request.missing.ends else ""
    return DeletesRefusedError(
        "keys in several rows of the destination",
        f"{request.missing.asked}, table {request.destination}",
        f"it has at least {compared.fewest:,} of its {compared.rows:,} rows more than the source"
        f" has of their keys, since it holds keys more than once{some}: nothing shows which of them"
        " are missing at the source",
        f"leave one row of each key: SELECT {keys}, COUNT(*) FROM {request.destination.sql}"
        f" {there}GROUP BY {keys} HAVING COUNT(*) > 1 shows them. Or load the table anew with"
        " delete_existing_table=true.",
    )


def _some(keys: tuple[str, ...], *, shows: bool) -> str:
    return ", ".join(told(key, shows=shows) for key in keys)


def _too_large(request: SyncRequest, compared: ComparedKeys) -> DeletesRefusedError:
    where = f"{request.missing.asked}, table {request.destination}"
    why = f"{len(compared.missing):,} keys are missing, and so many can't travel in a plan"
    fix = (
        "delete them in parts by delete_missing_where, or load the table anew with"
        " write_disposition=WRITE_TRUNCATE."
    )
    return DeletesRefusedError("more keys than a run deletes", where, why, fix)


_DONE = {
    "hard": ("removed", ""),
    SOFT: (f"marked in {DELETED_AT}", "marked keys are there again, and lose their marks"),
    INVALIDATE: (
        "their current versions end in _sync_valid_to",
        "keys whose last version has ended are there again with it: it is open again",
    ),
}


def missing_lines(plan: MissingPlan | None) -> Iterator[str]:
    """What a plan says of it."""
    if plan is None:
        return
    rows, source_rows, ranges, differing, moved = plan.compared
    where = f" where {plan.where}" if plan.where else ""
    yield f"  compared     {rows:,} rows of the table with {source_rows:,} of the source{where}"
    yield f"               {ranges:,} ranges, {differing:,} differ, {moved:,} keys were brought"
    percent = Decimal(100 * plan.missing) / rows if rows else Decimal(0)
    if plan.rows == OFF:
        yield f"  missing      {plan.missing:,} keys at the source ({percent:.2f} %)"
        yield "               their rows stay: delete_missing=off"
        return
    does, loses = _DONE[plan.rows]
    yield (
        f"  missing      {plan.missing:,} keys at the source ({percent:.2f} %, at most"
        f" {plan.most_percent} %): {does}"
    )
    if plan.sample:
        yield f"               such as {', '.join(plan.sample)}"
    if plan.returned:
        yield f"               {plan.returned:,} {loses}"


def lacking_warnings(request: SyncRequest, facts: Facts) -> Iterator[str]:
    """That comparing has shown keys which this run doesn't read, and no later one will.

    And keys that the table has in several rows: these aren't compared by what they hold.
    """
    compared, shows = facts.keys, request.publishing.show_values
    if compared is not None and compared.doubled:
        yield (
            f"the table holds keys in several rows, such as {_some(compared.doubled, shows=shows)}:"
            " runs that bring such a row are refused. Leave one row of each"
        )
    if compared is None or facts.rows is not None or not compared.lacking:
        return
    is_healed = not (request.missing.ends or facts.profile.is_open)  # documents never are
    repair = "repair=true or " if is_healed else ""
    filtered = request.schema.transformation.row_filter
    others = " or that the filter leaves out" if filtered else ""
    yield (
        f"the table lacks {counted(compared.lacking, 'key')} that the source has had since before"
        f" this window, such as {_some(compared.lacking_sample, shows=shows)}: but for those"
        f" that wait as dead letters{others}, no window reads their rows any more."
        f" {repair}sync_start and sync_end bring them"
    )


def missing_dict(plan: MissingPlan | None) -> dict[str, object] | None:
    """The same as JSON-ready values."""
    if plan is None:
        return None
    return {
        "rows": plan.rows,
        "where": plan.where or None,
        "max_percent": str(plan.most_percent),
        "missing_sample": list(plan.sample),
        "lacking_sample": list(plan.lacking_sample),
        **compared_figures(plan),
    }


def compared_text(plan: MissingPlan | None, more: Mapping[str, int]) -> str:
    """What the run history keeps of it, as JSON; empty: nobody looked."""
    return json.dumps({**compared_figures(plan), **more}, sort_keys=True) if plan else ""


def compared_figures(plan: MissingPlan) -> dict[str, int]:
    """What the run history keeps of it."""
    rows, source_rows, ranges, differing, moved = plan.compared
    return {
        "rows": rows,
        "source_rows": source_rows,
        "ranges": ranges,
        "ranges_differing": differing,
        "keys_moved": moved,
        "missing": plan.missing,
        "returned": plan.returned,
        "lacking": plan.lacking,
    }
