"""Parameters that change between the runs of a trial, as a user edits them, and back again.

A run under others refuses and names the reason, or warns of what may be missing or doubled, or
everything is right in the end. What was warned of is mended in the end by the way that the warning
names, and rows are excused until then; without a warning none is.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

RATE = 0.6
"""Of runs before which something changes."""
ADVISED = 0.5
"""Of refusals after which a run does what they say; after the others the words of before are."""
NOTHING: Mapping[str, str] = MappingProxyType({})
ANEW: Mapping[str, str] = MappingProxyType({"delete_existing_table": "true"})
COLUMNS = """
ALTER TABLE orders
  ADD COLUMN code text UNIQUE GENERATED ALWAYS AS ('c' || id::text) STORED,
  ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now();
CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.seen_at := now(); RETURN NEW; END $$;
CREATE TRIGGER seen BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION seen();
"""
"""A second key, and a second cursor that each writer keeps."""
SLUG = re.compile(r"errors\.md#([\w-]+)")


@dataclass(frozen=True)
class Topic:
    """What a user may edit.

    Attributes:
        name: of it.
        choices: what it may be; the first is what it is in the end.
        refusals: slugs of the errors by which runs under another choice end.
        ways: what one run is told that does what such an error says.
        warnings: parts of what a run warns of.
    """

    name: str
    choices: tuple[Mapping[str, str], ...]
    refusals: tuple[str, ...] = ()
    ways: tuple[Mapping[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


def _config(text: str) -> dict[str, str]:
    return {"transformation_config": text}


LEFT_OUT = "what leaves rows out"
"""Told of any words, too, where a run that noted its own was undone, or died."""
ROWS = Topic(
    "rows",
    (
        NOTHING,
        _config('{"filter": [["writer", ">", 2]]}'),
        {"postgresql_query": "SELECT * FROM orders WHERE writer > 2"},
        {"transform_sql": "SELECT * FROM staged WHERE writer <> 4"},
    ),
    warnings=(LEFT_OUT,),
)
CURSOR = Topic(
    "cursor",
    (NOTHING, {"smart_sync_timestamp_column": "seen_at"}),
    ("another-cursor",),
    ({"repair": "true"},),
)
CURSOR_OF_VERSIONS = replace(CURSOR, ways=(ANEW,))
KEYS = Topic("keys", (NOTHING, {"merge_keys": "code"}), ("merge-key",))
FIELDS = Topic(
    "columns",
    (
        NOTHING,
        _config('{"exclude_fields": ["note"]}') | {"stale_columns": "keep"},
        _config('{"exclude_fields": ["note", "code"]}') | {"stale_columns": "keep"},
        _config('{"mask": {"note": "redact"}}') | {"stale_columns": "keep"},
        _config('{"mask": {"note": "sha256"}}') | {"stale_columns": "keep"},
    ),
    ("merge-key",),
    warnings=("mask or default_values are others", "keep NULL there until", LEFT_OUT),
)
DISPOSITION = Topic(
    "disposition",
    (
        NOTHING,
        {"write_disposition": "WRITE_MERGE", "merge_keys": "id"},
        {"write_disposition": "WRITE_HISTORY", "merge_keys": "id"},
    ),
    ("versions-of-rows", "bigquery-refused", "rows-of-the-destination-hide-rows"),
)
HARD = {"deleted_column": "deleted_at"}
SOFT = HARD | {"deleted_rows": "soft"}
MARKED = (
    "rows that a deleted_column marked",
    "that were marked before",
    "To mark them again later",
)
MARKS = Topic("marks", (HARD, NOTHING, SOFT), warnings=MARKED)
MARKS_KEPT = Topic("marks", (SOFT, NOTHING, HARD), warnings=MARKED)
MISSING = Topic(
    "missing",
    tuple(
        {"delete_missing": how, "max_deleted_percent": "100"} if how else {}
        for how in ("hard", "", "soft")
    ),
)
LAYOUT = Topic(
    "layout",
    (
        NOTHING,
        {"partition_field": "seen_at"},
        {"clustering_fields": "id"},
        {"partition_type": "HOUR"},
    ),
)
GUARDS = Topic(
    "guards",
    (
        NOTHING,
        {"smart_sync_margin": "7s"},
        {"late_commit_guard": "60s"},
        {"source_timezone": "Europe/Berlin"},
    ),
)
LOOKBACK = Topic("lookback", (NOTHING, {"smart_sync_lookback": "60s"}))
RESUME = Topic("resume", (NOTHING, {"resume": "false"}))
HEAL: Mapping[str, str] = MappingProxyType({"enable_smart_sync": "false"})


@dataclass
class Edits:
    """The words of a trial that change.

    Attributes:
        topics: what may change; of a usual trial nothing.
        once: what the next run is told beside.
        tally: changes, refusals and warnings, each by its name.
    """

    topics: Sequence[Topic]
    dice: random.Random
    once: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    tally: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._chosen = {topic.name: 0 for topic in self.topics}
        for topic in self.topics:  # the first run may be under any of them
            if self.dice.random() < RATE:
                self._chosen[topic.name] = self.dice.randrange(len(topic.choices))
        self._before = dict(self._chosen)

    @property
    def words(self) -> dict[str, str]:
        """Of the next run."""
        words = dict[str, str]()
        for topic in self.topics:
            words |= topic.choices[self._chosen[topic.name]]
        return words | dict(self.once)

    def perhaps(self) -> None:
        """Before a run: something changes, or nothing does."""
        if not self.topics or self.dice.random() >= RATE:
            return
        topic = self.dice.choice(list(self.topics))
        other = (self._chosen[topic.name] + self.dice.randrange(1, len(topic.choices))) % len(
            topic.choices
        )
        self._before, self.once = dict(self._chosen), NOTHING
        self._chosen[topic.name] = other
        self.tally[f"changed {topic.name}"] += 1

    def home(self) -> None:
        """All is as it is in the end."""
        self._chosen, self.once = dict.fromkeys(self._chosen, 0), NOTHING
        self._before = dict(self._chosen)

    def heard(self, code: int, output: str) -> bool:
        """What a run has told; whether it was refused for its words, and says so."""
        for phrase in self._warnings():
            if phrase in output:
                self.tally[f"told {phrase!r}"] += 1
        if code == 0:
            self.once = NOTHING
        named = SLUG.findall(output)
        slugs = {slug: topic for topic in self.topics for slug in topic.refusals}
        known = [slug for slug in named[-1:] if slug in slugs]
        if code in (0, -9) or not known:
            return False
        self.tally[f"refused {known[0]}"] += 1
        ways = slugs[known[0]].ways
        if ways and self.dice.random() < ADVISED:
            self.once = self.dice.choice(ways)
        else:
            self._chosen, self.once = dict(self._before), NOTHING
        return True

    @property
    def is_excused(self) -> bool:
        """Whether some run has warned."""
        return any(name.startswith("told ") for name in self.tally)

    def _warnings(self) -> Iterator[str]:
        for topic in self.topics:
            yield from topic.warnings
