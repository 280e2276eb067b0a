"""Kinds of trials: what each run is told, who writes beside the usual, and what has to be so.

The usual three add, update and stamp late. Those of `ALL` also delete in the source: rows that it
marks, and rows that are gone.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from smart_sync.deletes import DELETED_AT
from tests.chaos import deletes, edits
from tests.chaos.writers import Work

Row = tuple[Any, ...]
NOTHING: Mapping[str, str] = MappingProxyType({})
MERGE = {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
MARKED = MERGE | {"deleted_column": "deleted_at"}
MISSING = MERGE | {"delete_missing": "hard", "max_deleted_percent": "100"}
OF_SYNCS = ("delete_missing", "max_deleted_percent")
"""Parameters that runs of another kind, such as slices of a backfill, don't take."""
STAMP, GONE = 3, 5
"""Where a row of the source has its cursor, and its mark."""


@dataclass(frozen=True)
class Found:
    """What the verdict is made of: rows of each sort.

    Attributes:
        lost: of the source that the destination lacks, or has otherwise.
        doubled: that are there more than once.
        resurrected: that the source has deleted, and that are there as if it hadn't.
        wrongly_deleted: that the source has, and that were removed or say that they are deleted.
    """

    lost: int = 0
    doubled: int = 0
    resurrected: int = 0
    wrongly_deleted: int = 0


def appended(source: Sequence[Row], rows: Sequence[Row]) -> Found:
    """Each version once, the newest of each key among them."""
    versions, newest = Counter((row[0], row[1]) for row in rows), newest_of(rows)
    lost = sum(newest.get(row[0]) != row for row in source)
    return Found(lost, versions.total() - len(versions), len(newest.keys() - keys_of(source)))


def merged(source: Sequence[Row], rows: Sequence[Row]) -> Found:
    """The rows of the source, and no other."""
    newest = newest_of(rows)
    lost = sum(newest.get(row[0]) != row for row in source)
    return Found(lost, len(rows) - len(newest), len(newest.keys() - keys_of(source)))


def without_deleted(source: Sequence[Row], rows: Sequence[Row]) -> Found:
    """The same, of a source whose rows are removed: one that is not there may have been, too."""
    found, removed = merged(source, rows), len(keys_of(source) - keys_of(rows))
    return replace(found, lost=found.lost - removed, wrongly_deleted=removed)


def without_marked(source: Sequence[Row], rows: Sequence[Row]) -> Found:
    """The rows of the source that it has not marked."""
    return without_deleted([row for row in source if row[GONE] is None], rows)


def with_marks(source: Sequence[Row], rows: Sequence[Row]) -> Found:
    """The rows of the source; those that it has marked say since when they are deleted."""
    found = merged(source, [row[:-1] for row in rows])
    stamps = {row[0]: row[-1] for row in rows}
    both = [(row[GONE], stamps[row[0]]) for row in source if row[0] in stamps]
    lives = sum(mark is not None and stamp is None for mark, stamp in both)
    dead = sum(mark is None and stamp is not None for mark, stamp in both)
    other = sum(mark is not None and stamp not in (None, mark) for mark, stamp in both)
    return Found(
        found.lost + other,
        found.doubled,
        found.resurrected + lives,
        found.wrongly_deleted + dead,
    )


def with_missing(source: Sequence[Row], rows: Sequence[Row]) -> Found:
    """The rows of the source, and others that say that they are deleted."""
    known, stamps = keys_of(source), {row[0]: row[-1] for row in rows}
    there = [row[:-1] for row in rows if row[0] in known]
    found = without_deleted(source, there)
    doubled = len(rows) - len(stamps)
    lives = sum(key not in known and stamp is None for key, stamp in stamps.items())
    dead = sum(key in known and stamp is not None for key, stamp in stamps.items())
    return Found(found.lost, doubled, lives, found.wrongly_deleted + dead)


def each_version(source: Sequence[Row], rows: Sequence[Row]) -> Found:
    """Each version once, in its place among those of its row; the source's is the current one."""
    versions = Counter((row[0], row[STAMP]) for row in rows)
    by_key: dict[Any, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row[STAMP]):
        by_key.setdefault(row[0], []).append(row)
    current = {key: some[-1] for key, some in by_key.items()}
    lost = sum(row[0] not in current or current[row[0]][:-3] != row for row in source)
    misplaced = 0
    for some in by_key.values():
        ends = [*(row[STAMP] for row in some[1:]), None]
        placed = [(row[STAMP], end, end is None) for row, end in zip(some, ends, strict=True)]
        misplaced += sum(row[-3:] != place for row, place in zip(some, placed, strict=True))
    ghosts = len(by_key.keys() - keys_of(source))
    return Found(lost + misplaced, versions.total() - len(versions), ghosts)


def newest_of(rows: Sequence[Row]) -> dict[Any, Row]:
    """The newest version of each key."""
    newest: dict[Any, Row] = {}
    for row in rows:
        if row[0] not in newest or row[STAMP] >= newest[row[0]][STAMP]:
            newest[row[0]] = row
    return newest


def keys_of(rows: Sequence[Row]) -> set[Any]:
    """Their keys."""
    return {row[0] for row in rows}


@dataclass(frozen=True)
class Kind:
    """A kind of trial.

    Attributes:
        name: as the lines show it.
        words: parameters of each run beside those of all.
        verdict: what the source and the destination have to be to one another.
        works: who writes beside the usual.
        looks_back: whether each run reads again what lies behind the watermark.
        ends_empty: whether a run reads nothing once all is read.
        has_letters: whether checks put rows aside, and are replayed.
        fields: of the destination's columns of ours, those that the verdict looks at.
        topics: what changes between runs.
    """

    name: str
    words: Mapping[str, str]
    verdict: Callable[[Sequence[Row], Sequence[Row]], Found]
    works: tuple[Work, ...] = ()
    looks_back: bool = False
    ends_empty: bool = True
    has_letters: bool = True
    fields: tuple[str, ...] = ()
    topics: tuple[edits.Topic, ...] = ()

    @property
    def merges(self) -> bool:
        """Whether rows are merged by their keys."""
        return bool(self.words)

    @property
    def repairs(self) -> bool:
        """Whether rows of source and destination can be compared, and healed."""
        return self.words.get("write_disposition") == "WRITE_MERGE"

    @property
    def deletes(self) -> bool:
        """Whether the source's rows go, or say that they are gone."""
        return "delete_missing" in self.words or "deleted_column" in self.words

    @property
    def keeps_versions(self) -> bool:
        """Whether each version of a row is kept."""
        return self.words.get("write_disposition") == "WRITE_HISTORY"


def leaving_out(argv: list[str], names: Sequence[str] = OF_SYNCS) -> list[str]:
    """A command line without some parameters."""
    return [word for word in argv if word.partition("=")[0].removeprefix("--") not in names]


def _edited(
    name: str,
    words: Mapping[str, str],
    verdict: Callable[[Sequence[Row], Sequence[Row]], Found],
    *topics: edits.Topic,
    works: tuple[Work, ...] = (),
    fields: tuple[str, ...] = (),
) -> Kind:
    """A kind of trial whose words change between runs."""
    return Kind(
        f"~ {name}",
        words,
        verdict,
        works,
        ends_empty=not works,
        has_letters=False,
        fields=fields,
        topics=topics,
    )


USUAL = (
    Kind("append", NOTHING, appended),
    Kind("merge", MERGE, merged),
    Kind("merge+lookback", MERGE, merged, looks_back=True, ends_empty=False),
)
DELETING = (
    Kind(
        "marks removed",
        MARKED,
        without_marked,
        (deletes.marking, deletes.marking),
        ends_empty=False,  # MAX lies below a mark that is the newest row
        has_letters=False,  # a replay would bring back what was removed since
    ),
    Kind(
        "marks kept",
        MARKED | {"deleted_rows": "soft"},
        with_marks,
        (deletes.marking, deletes.marking),
        fields=(DELETED_AT,),
    ),
    Kind(
        "missing",
        MISSING,
        without_deleted,
        (deletes.removing, deletes.removing),
        has_letters=False,  # of a row that is gone it would bring one back
    ),
    Kind(
        "missing kept",
        MISSING | {"delete_missing": "soft"},
        with_missing,
        (deletes.removing, deletes.removing),
        has_letters=False,
        fields=(DELETED_AT,),
    ),
)
HISTORY = (
    Kind(
        "history",
        {"write_disposition": "WRITE_HISTORY", "merge_keys": "id"},
        each_version,
        fields=("_sync_valid_from", "_sync_valid_to", "_sync_is_current"),
    ),
)
VERSIONS = {"write_disposition": "WRITE_HISTORY", "merge_keys": "id"}
ALIKE = (edits.LAYOUT, edits.GUARDS, edits.RESUME)
"""What changes no row."""
WORDS = (
    _edited("rows", MERGE, merged, edits.ROWS, edits.RESUME),
    _edited("cursor", MERGE, merged, edits.CURSOR, edits.GUARDS),
    _edited("keys", MERGE, merged, edits.KEYS, edits.FIELDS),
    _edited("disposition", NOTHING, appended, edits.DISPOSITION, edits.GUARDS),
    _edited("marks", MERGE, without_marked, edits.MARKS, works=(deletes.marking,) * 2),
    _edited(
        "marks kept",
        MERGE,
        with_marks,
        edits.MARKS_KEPT,
        works=(deletes.marking,) * 2,
        fields=(DELETED_AT,),
    ),
    _edited("missing", MERGE, without_deleted, edits.MISSING, works=(deletes.removing,) * 2),
    _edited("alike", MERGE, merged, *ALIKE, edits.LOOKBACK),
    _edited("appended", NOTHING, appended, edits.ROWS, *ALIKE),
    _edited(
        "history",
        VERSIONS,
        each_version,
        edits.CURSOR_OF_VERSIONS,
        edits.ROWS,
        fields=HISTORY[0].fields,
    ),
    _edited("all", MERGE, merged, edits.ROWS, edits.CURSOR, edits.KEYS, *ALIKE, edits.LOOKBACK),
)
MODES: Mapping[str, tuple[Kind, ...]] = MappingProxyType(
    {
        "usual": USUAL,
        "deletes": DELETING,
        "history": HISTORY,
        "words": WORDS,
        "all": USUAL + DELETING + HISTORY,
    }
)
