"""What must be true of a destination: each row once, as it was, and nothing else.

Pure: it is given what the observer saw of the source before, within and after each run, and the
destination's rows as BigQuery's client shows them.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.cloud import bigquery

from tests.hunt.case import Verdict
from tests.hunt.exact import arrives_exactly
from tests.hunt.expected import DEAD, expected, found, found_json
from tests.hunt.marks import resurrected, told_apart
from tests.hunt.parameters import renamed
from tests.hunt.world import Snapshot

MANY = 4
Identity = tuple[Any, Any]
"""Of a row's version: rid, and cursor where the query shows one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One run: its parameters, and what the source showed while it could read."""

    words: Mapping[str, str]
    snapshots: tuple[Snapshot, ...]
    code: int


@dataclass(frozen=True, slots=True)
class Destination:
    """What arrived: columns, rows in their order, and the dead letters' raw rows."""

    fields: tuple[bigquery.SchemaField, ...]
    rows: tuple[tuple[Any, ...], ...]
    letters: tuple[Mapping[str, Any], ...] = ()

    def values(self) -> list[tuple[Any, ...]]:
        forms = [found_json if field.field_type == "JSON" else found for field in self.fields]
        return [
            tuple(form(value) for form, value in zip(forms, row, strict=True)) for row in self.rows
        ]


@dataclass
class Versions:
    """All that a row may look like at the destination."""

    fields: Sequence[bigquery.SchemaField]
    identity: str
    cursor: str
    by_identity: dict[Identity, list[tuple[Any, ...]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _known: dict[Any, tuple[Identity, tuple[Any, ...]]] = field(default_factory=dict)

    def add(self, seen: Seen) -> None:
        for snapshot in seen.snapshots:
            for identity, row in self.of(snapshot, seen.words).items():
                if row not in self.by_identity[identity]:
                    self.by_identity[identity].append(row)

    def of(self, snapshot: Snapshot, words: Mapping[str, str]) -> dict[Identity, tuple[Any, ...]]:
        """Each row of a snapshot as a run with these parameters would write it."""
        config = words.get("transformation_config", "")
        targets = {
            (renamed(name, words) or "").casefold(): at for at, name in enumerate(snapshot.names)
        }
        places = [targets.get(field.name.casefold()) for field in self.fields]
        keys = [
            next((n for n, f in enumerate(self.fields) if f.name == renamed(column, words)), None)
            for column in (self.identity, self.cursor)
        ]
        made = {}
        for row in snapshot.rows:
            key = (snapshot.names, snapshot.kinds, row, config)
            if key not in self._known:
                values = tuple(
                    arrival(row[at], snapshot.kinds[at], field, words)
                    if at is not None
                    else expected(None, "", field)
                    for at, field in zip(places, self.fields, strict=True)
                )
                rid, cursor = (None if at is None else _hashable(values[at]) for at in keys)
                self._known[key] = (rid, cursor), values
            identity, values = self._known[key]
            made[identity] = values
        return made


def arrival(
    text: str | None, kind: str, field: bigquery.SchemaField, words: Mapping[str, str]
) -> Any:
    """What must stand in a field of a value, by a run's parameters."""
    is_exact = words.get("json_numbers") == "exact" and field.field_type == "JSON"
    if is_exact and text is not None and not arrives_exactly(text, kind):
        return DEAD
    return expected(text, kind, field)


def _hashable(value: Any) -> Any:
    return str(value) if value is DEAD else value


def judge(
    verdict: Verdict,
    arrived: Destination,
    runs: Sequence[Seen],
    *,
    columns: tuple[str, str],
    mode: str,
    promised: set[str] | None,
) -> None:
    """Compare value by value.

    Args:
        verdict: gets the faults.
        arrived: the destination.
        runs: all runs, the last one at the end; nothing wrote after it.
        columns: those of rid and cursor.
        mode: of `Parameters`.
        promised: rids that lie in a window that was published; None: every row.
    """
    identity, cursor = columns
    versions = Versions(arrived.fields, identity, cursor)
    counted = runs if promised is not None else runs[-1:]
    for seen in counted:
        versions.add(seen)
    rows = arrived.values()
    verdict.rows += len(rows)
    verdict.values += len(rows) * len(arrived.fields)
    keys = [_identity(row, arrived.fields, columns, runs[-1].words) for row in rows]
    _judge_rows(verdict, versions, rows, keys)
    _judge_counts(verdict, keys, once=mode != "append")
    last = runs[-1]
    standing = [versions.of(snapshot, last.words) for snapshot in last.snapshots]
    due = set(standing[-1]) if promised is not None else set.intersection(*map(set, standing))
    if promised is not None:
        due = {key for key in due if str(key[0]) in promised}
    names = [field.name for field in arrived.fields]
    marked, living = told_apart(versions.by_identity, names, last.words)
    dead = {str(letter.get(columns[0])) for letter in arrived.letters}
    if again := {rid for rid in resurrected(marked, due, keys) if str(rid) not in dead}:
        some = sorted(again, key=repr)[:MANY]
        verdict.fault("resurrected", f"{len(again)} rows are there though marked, e.g. {some}")
    _judge_missing(verdict, versions, (due & living) - set(keys), arrived.letters, columns)


def _identity(
    row: tuple[Any, ...],
    fields: Sequence[bigquery.SchemaField],
    columns: tuple[str, str],
    words: Mapping[str, str],
) -> Identity:
    by_name = {field.name: value for field, value in zip(fields, row, strict=True)}
    rid, cursor = (by_name.get(renamed(column, words) or "") for column in columns)
    return rid, cursor


def _judge_rows(
    verdict: Verdict, versions: Versions, rows: Sequence[tuple[Any, ...]], keys: Sequence[Identity]
) -> None:
    ghosts, changed = [], []
    for row, key in zip(rows, keys, strict=True):
        allowed = versions.by_identity.get(key)
        if not allowed:
            ghosts.append(key)
        elif row not in allowed:
            changed.append(_difference(row, allowed, versions.fields))
    if ghosts:
        verdict.fault(
            "ghost", f"{len(ghosts)} rows that the source never had, e.g. {ghosts[:MANY]}"
        )
    for column in sorted({column for column, _ in changed}):
        texts = [text for name, text in changed if name == column]
        verdict.fault("changed value", f"{len(texts)} rows: {'; '.join(texts[:MANY])}")


def _difference(
    row: tuple[Any, ...], allowed: Sequence[tuple[Any, ...]], fields: Sequence[bigquery.SchemaField]
) -> tuple[str, str]:
    """The first column in which a row differs from what is nearest to it."""
    nearest = min(allowed, key=lambda other: sum(a != b for a, b in zip(row, other, strict=True)))
    at = next(n for n, (a, b) in enumerate(zip(row, nearest, strict=True)) if a != b)
    name = fields[at].name
    return name, f"{name!r} {fields[at].field_type} is {row[at]!r:.200}, not {nearest[at]!r:.200}"


def _judge_counts(verdict: Verdict, keys: Sequence[Identity], *, once: bool) -> None:
    """A version stands once; where old ones are replaced, a row stands once."""
    counted = Counter(key[0] for key in keys) if once else Counter(keys)
    doubled = [(key, n) for key, n in counted.items() if n > 1]
    if doubled:
        verdict.fault("doubled", f"{len(doubled)} rows stand more than once, e.g. {doubled[:MANY]}")


def _judge_missing(
    verdict: Verdict,
    versions: Versions,
    missing: set[Identity],
    letters: Sequence[Mapping[str, Any]],
    columns: tuple[str, str],
) -> None:
    dead = {str(letter.get(columns[0])) for letter in letters}
    lost, needless = [], []
    for key in missing:
        living = [row for row in versions.by_identity[key] if not any(v is DEAD for v in row)]
        named = str(key[0]) in dead
        if not named:
            lost.append(key)
        elif living and len(living) == len(versions.by_identity[key]) and not _odd(living):
            needless.append(key)
    if lost:
        some = sorted(lost, key=repr)[:MANY]
        verdict.fault("missing", f"{len(lost)} rows are not there, nor dead letters, e.g. {some}")
    if needless:
        verdict.fault(
            "needless dead letter", f"{len(needless)} rows could arrive, e.g. {needless[:MANY]}"
        )


def _odd(rows: Sequence[tuple[Any, ...]]) -> bool:
    """Whether a row holds what may be refused, though BigQuery could hold it."""
    return any("\\x00" in repr(row) for row in rows)
