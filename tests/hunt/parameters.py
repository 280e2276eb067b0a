"""Sets of parameters from a seed: how rows are read, written and named, and what changes."""

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.hunt.queries import NARROW
from tests.hunt.schemas import Schema

SECRET = "pl4nted@s3cret/%40"
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Parameters:
    """What all runs share, and what each has of its own.

    Attributes:
        mode: `append`, `merge` and `history` by a window; `replace`; `once`, a plain append.
        placeholders: the query has them, around the window's column.
    """

    mode: str
    common: Pairs
    runs: tuple[Pairs, ...]
    placeholders: bool = False
    environ: Pairs = ()

    @property
    def smart(self) -> bool:
        return self.mode in ("append", "merge", "history")

    @property
    def keyed(self) -> bool:
        """Whether keys tell rows apart."""
        return self.mode in ("merge", "history")


def some_parameters(dice: random.Random, schema: Schema, mode: str) -> Parameters:
    """Parameters that go with the schema."""
    words: dict[str, str] = {
        "num_splits": dice.choice(("0", "1", "3", "5")),
        "verify": dice.choice(("true", "false", "false")),
        "max_dead_letters": dice.choice(("0", "1000", "1000")),
    }
    if any(column.kind == "numeric" for column in schema.columns):
        words["verify"] = "false"  # the local BigQuery keeps a BIGNUMERIC as a double
    if dice.random() < 0.25:
        words["batch_size"] = dice.choice(("1", "7"))
    numbers = dice.random()  # one throw for both, so that other seeds stay what they were
    if numbers < 0.25:
        words["json_numbers"] = "text" if numbers < 0.15 else "exact"
    placeholders = False
    if mode in ("append", "merge"):
        words |= {"enable_smart_sync": "true", "smart_sync_timestamp_column": schema.cursor}
        words["smart_sync_margin"] = "0s"
        placeholders = schema.cursor_kind == "timestamptz" and dice.random() < 0.2
    if mode == "merge":
        words |= _merging(dice, schema)
    if mode == "replace":
        words["write_disposition"] = "WRITE_TRUNCATE"
    words |= _layout(dice, schema)
    runs: list[dict[str, str]] = [
        {} for _ in range(1 if mode == "once" else dice.choice((1, 2, 2, 3)))
    ]
    common = _transformation(dice, schema, placeholders)
    late = _transformation(dice, schema, placeholders) if dice.random() < 0.4 else common
    for number, run in enumerate(runs):
        chosen = late if number else common
        if chosen:
            run["transformation_config"] = json.dumps(chosen, ensure_ascii=False)
    if random.Random(str(words)).random() < 0.15:  # other seeds stay what they were
        words["transform_sql"] = "SELECT * FROM staged"
    environ = (("PGTZ", "Asia/Tokyo"),) if dice.random() < 0.06 else ()
    return Parameters(mode, pairs(words), tuple(pairs(run) for run in runs), placeholders, environ)


def pairs(words: Mapping[str, str]) -> Pairs:
    return tuple(words.items())


def _merging(dice: random.Random, schema: Schema) -> dict[str, str]:
    words = {"write_disposition": "WRITE_MERGE", "merge_keys": schema.rid}
    keyed = any("PRIMARY" in text for text in schema.constraints)
    if keyed and schema.key != schema.rid and dice.random() < 0.3:
        words["merge_keys"] = f"{schema.rid},{schema.key}"
    if dice.random() < 0.25:
        words["smart_sync_lookback"] = "1h" if schema.cursor != schema.rid else "1000"
    return words


def _layout(dice: random.Random, schema: Schema) -> dict[str, str]:
    """Auto schema with a partition column, sometimes one with far values."""
    if schema.query in NARROW or dice.random() < 0.5:
        return {"enable_auto_schema": dice.choice(("true", "false"))}
    words = {"enable_auto_schema": "true", "source_table_for_schema": _table(schema)}
    dated = [c.name for c in schema.columns if c.kind in ("date", "timestamp", "timestamptz")]
    if dated:
        words |= {
            "partition_field": dice.choice(dated),
            "partition_type": dice.choice(("MONTH", "YEAR")),
        }
    if dice.random() < 0.4:
        words["clustering_fields"] = schema.rid
    return {name: value for name, value in words.items() if value}


def _table(schema: Schema) -> str:
    """The table's name, where it needs no quotes."""
    return schema.table if schema.table.isascii() and schema.table.isidentifier() else ""


def _transformation(dice: random.Random, schema: Schema, placeholders: bool) -> dict[str, object]:
    """Fields that are left out or renamed; never those that tell rows and windows apart."""
    free = [] if schema.query in NARROW else _free(schema)
    made: dict[str, object] = {}
    if free and dice.random() < 0.35:
        made["exclude_fields"] = dice.sample(free, 1)
    left = [name for name in free if name not in _names(made)]
    if left and dice.random() < 0.25:
        made["field_mappings"] = {left[0]: dice.choice(("renamed", "s", "t", "Q"))}
    return made


def _free(schema: Schema) -> list[str]:
    fixed = (schema.rid, schema.cursor, schema.key)
    dated = ("date", "timestamp", "timestamptz")
    return [c.name for c in schema.columns if c.name not in fixed and c.kind not in dated]


def _names(made: Mapping[str, object]) -> Iterable[str]:
    found = made.get("exclude_fields", [])
    return found if isinstance(found, list) else []


def renamed(name: str, words: Mapping[str, str]) -> str | None:
    """The destination's name of a source column under a run's parameters; None: left out."""
    config = json.loads(words.get("transformation_config", "{}"))
    if name in config.get("exclude_fields", []):
        return None
    return str(config.get("field_mappings", {}).get(name, name))
