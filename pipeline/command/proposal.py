"""What a first config file proposes: the cursor of each table and why, its keys, its layout. Pure.

What is proposed loses no row: a table whose changes no column tells is replaced as a whole.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from auto_schema.warehouse_types import MAX_CLUSTERING
from smart_sync.cursor import CURSOR_KINDS
from sources.profile import SourceProfile
from sources.tables import SourceTable

_CHANGES = re.compile(r"(updat|modif|chang|upd_|_upd|mtime|last_edit|lastmod)", re.IGNORECASE)
_BIRTH = re.compile(r"(creat|insert|added|born|ctime|logged)", re.IGNORECASE)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./@:-]*")
_WORDS = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
_TIMES = ("TIMESTAMP", "DATETIME", "DATE")
SHOWN_OTHERS = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    """A column by which new rows may be told.

    Attributes:
        name: of the column.
        tells_changes: whether its name says that updates move it.
        is_time: whether it holds dates or times.
        reasons: what speaks for and against it.
    """

    name: str
    tells_changes: bool
    is_time: bool
    reasons: tuple[str, ...]

    @property
    def text(self) -> str:
        """Name and reasons.

        >>> Candidate("updated_at", True, True, ("timestamptz", "indexed")).text
        'updated_at (timestamptz, indexed)'
        """
        return f"{self.name} ({', '.join(self.reasons)})"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed for one table.

    Attributes:
        table: as the source's catalog shows it.
        parameters: by name, as YAML takes them.
        reasons: for who reads the file.
    """

    table: SourceTable
    parameters: Mapping[str, object]
    reasons: tuple[str, ...]


def candidates(profile: SourceProfile, keys: Sequence[str]) -> tuple[Candidate, ...]:
    """The columns by which new rows may be told, the best first."""
    ranked = [
        (_rank(column.name, column.type.cursor_type, profile), _candidate(profile, position, keys))
        for position, column in enumerate(profile.columns)
        if column.type.cursor_type in CURSOR_KINDS and column.type.cursor_type != "objectId"
    ]
    return tuple(candidate for _, candidate in sorted(ranked, key=lambda pair: pair[0]))


def _rank(name: str, kind: str, profile: SourceProfile) -> tuple[bool, bool, bool, bool]:
    is_time = CURSOR_KINDS[kind] in _TIMES
    return (
        not (is_time and _CHANGES.search(name)),
        not is_time,
        name not in profile.cuts.indexed,
        kind == "date",
    )


def _candidate(profile: SourceProfile, position: int, keys: Sequence[str]) -> Candidate:
    column = profile.columns[position]
    is_time = CURSOR_KINDS[column.type.cursor_type] in _TIMES
    tells_changes = is_time and bool(_CHANGES.search(column.name))
    reasons = [column.type.display]
    if tells_changes:
        reasons.append("by its name each change moves it")
    elif is_time and _BIRTH.search(column.name):
        reasons.append("by its name it stays when a row changes")
    elif column.name in keys:
        reasons.append("of the primary key: it stays when a row changes")
    reasons.append("an index serves it" if column.name in profile.cuts.indexed else "no index")
    return Candidate(column.name, tells_changes, is_time, tuple(reasons))


def propose(table: SourceTable, profile: SourceProfile) -> Proposal:
    """How a table is best synced, as far as its columns tell."""
    keys = table.keys or profile.keys or ()
    fit = candidates(profile, keys)
    best = next((one for one in fit if one.tells_changes), None)
    others = [one for one in fit if one is not best][:SHOWN_OTHERS]
    parameters: dict[str, object] = {}
    if best is not None and keys:
        reasons = [f"cursor: {best.text}", f"merge keys: {', '.join(keys)}, the primary key"]
        parameters |= {"enable_smart_sync": True}
        if best.name != "updated_at":
            parameters |= {"smart_sync_timestamp_column": best.name}
        parameters |= {"write_disposition": "WRITE_MERGE", "merge_keys": list(keys)}
        parameters |= _layout(profile, best, keys, reasons)
    else:
        why = "no primary key" if best else "no column whose name says that each change moves it"
        reasons = [f"replaced as a whole each time: {why}"]
        parameters |= {"write_disposition": "WRITE_TRUNCATE"}
    if others:
        reasons.append("other cursors: " + "; ".join(one.text for one in others))
    return Proposal(table, parameters, tuple(reasons))


def _layout(
    profile: SourceProfile, cursor: Candidate, keys: Sequence[str], reasons: list[str]
) -> dict[str, object]:
    """Partitions by a column that stays, and clusters by key: what a merge reads least of."""
    stays = next(
        (
            column.name
            for column in profile.columns
            if CURSOR_KINDS.get(column.type.cursor_type) in _TIMES
            and column.name != cursor.name
            and _BIRTH.search(column.name)
        ),
        None,
    )
    by = stays or cursor.name
    reasons.append(
        f"partitions: {by}, which stays where a row is updated"
        if stays
        else f"partitions: {by}; a column that stays when rows change would merge cheaper"
    )
    return {"partition_field": by, "clustering_fields": list(keys[:MAX_CLUSTERING])}


def config_text(
    head: Iterable[str],
    common: Mapping[str, object],
    proposals: Iterable[Proposal],
    unseen: Iterable[SourceTable] = (),
) -> str:
    """The file.

    Args:
        head: lines of comment at its beginning.
        common: the launch's parameters; no secret is among them.
        proposals: a table each.
        unseen: tables that were not looked at, which are named as comments.
    """
    lines = [f"# {line}" for line in head]
    lines += ["parameters:", *(f"  {name}: {yaml_of(value)}" for name, value in common.items())]
    lines.append("tables:")
    for proposal in proposals:
        lines += ["", *(f"  # {reason}" for reason in proposal.reasons)]
        lines += [f"  {yaml_of(proposal.table.full_name)}:", *_entry(proposal.parameters)]
    rest = [f"  # {yaml_of(table.full_name)}: {{}}" for table in unseen]
    if rest:
        lines += ["", "  # not looked at; take the # away, and say how:", *rest]
    return "\n".join(lines) + "\n"


def _entry(parameters: Mapping[str, object]) -> Iterator[str]:
    for name, value in parameters.items():
        yield f"    {name}: {yaml_of(value)}"


def yaml_of(value: object) -> str:
    """A value as YAML takes it on one line.

    >>> yaml_of(True), yaml_of(["id", "a b"]), yaml_of("public.orders"), yaml_of("no")
    ('true', '[id, "a b"]', 'public.orders', '"no"')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(yaml_of(item) for item in value) + "]"
    text = str(value)
    is_plain = _PLAIN.fullmatch(text) and not text.endswith(":") and text.lower() not in _WORDS
    return text if is_plain else json.dumps(text, ensure_ascii=False)
