"""Schemas of PostgreSQL from a seed: columns, keys, shapes, settings, and the query over them."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tests.hunt.contents import DRAWN, KEY_KINDS, KINDS, OTHERS
from tests.hunt.queries import JOINED, QUERIES, WITHOUT_CURSOR

NAMES = (
    "s", "t", "q", "k", "l", "n", "r", "x", "select", "from", "order", "Email", "MixedCase",
    "größe", "имя", "value", "row_number", "_newest", "expected", "staged", "partition", "date",
    "rows", "timestamp", "count", "a1", "user", "target", "source", "excluded", "first_name",
    "name", "iban", "x" * 63,
)  # fmt: skip
"""Legal in BigQuery, and beside the aliases and words of anybody's SQL."""
TABLES = ("orders", "t", "q", "s", "Order Items", 'say "x"', "select", "größe", "t__old")
SHAPES = ("plain", "plain", "plain", "child", "ranges", "hashes")
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "quote_all_identifiers": ("on",),
    "TimeZone": (
        "Asia/Tokyo", "America/Edmonton", "America/Winnipeg", "America/Havana", "Africa/Casablanca",
        "Europe/Berlin",
    ),
    "DateStyle": ("SQL, DMY", "German", "Postgres, MDY"),
    "IntervalStyle": ("iso_8601", "sql_standard", "postgres_verbose"),
    "bytea_output": ("escape",),
    "extra_float_digits": ("-10", "0"),
    "standard_conforming_strings": ("off",),
    "backslash_quote": ("on",),
    "array_nulls": ("off",),
    "transform_null_equals": ("on",),
    "default_transaction_isolation": ("serializable", "repeatable read"),
    "default_transaction_read_only": ("on",),
    "search_path": ("nowhere, public",),
    "xmlbinary": ("hex",),
    "xmloption": ("document",),
    "enable_seqscan": ("off",),
    "plan_cache_mode": ("force_generic_plan",),
    "lc_monetary": ("C.utf8", "ja_JP.utf8"),
}  # fmt: skip
"""What a role or a database may have set: nothing of it may change a value or a row.

A locale that the machine doesn't have stays unset.
"""
COLLATIONS = ('"C"', "ucs_basic", "sloppy", "backwards")
MAKE_COLLATION = (
    "DO $$ BEGIN CREATE COLLATION {name} (provider = icu, locale = '{locale}',"
    " deterministic = {same});"
    ' EXCEPTION WHEN feature_not_supported THEN CREATE COLLATION {name} FROM "C"; END $$'
)
"""The wheel's server has no ICU; one that SMART_SYNC_TEST_POSTGRESQL names may have."""
MAKE_COLLATIONS = (
    MAKE_COLLATION.format(name="sloppy", locale="und-u-ks-level1", same="false"),
    MAKE_COLLATION.format(name="backwards", locale="und-u-kf-upper", same="true"),
)


def quoted(name: str) -> str:
    """An identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `rest` is what follows its type: collation, constraints."""

    name: str
    kind: str
    rest: str = ""
    comment: int = 0
    """Words of its comment."""

    @property
    def sql(self) -> str:
        return f"{quoted(self.name)} {KINDS[self.kind].type} {self.rest}".rstrip()


@dataclass(frozen=True, slots=True)
class Schema:
    """A table, what it stands for, and the query that is synced.

    Attributes:
        rid: the column that tells rows apart, whatever the constraints say.
        cursor: the column that grows.
        key: a column with a key of some kind; often `rid`.
        constraints: of the table, and statements that come after its first rows.
        query: a form of QUERIES.
        settings: (`ROLE` or `DATABASE`, name, value).
        reader: runs read as a role with SELECT only, not as the superuser.
    """

    table: str
    columns: tuple[Column, ...]
    rid: str
    cursor: str
    key: str
    shape: str = "plain"
    constraints: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    query: str = "star"
    settings: tuple[tuple[str, str, str], ...] = ()
    reader: bool = False
    block: int = 1
    comment: int = 0

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    @property
    def identity(self) -> str:
        """The query's column that tells its rows apart."""
        return "serial_number" if self.query == "series" else self.rid

    @property
    def cursor_kind(self) -> str:
        found = self.column(self.cursor)
        return found.kind if found else ""

    def ddl(self) -> list[str]:
        """Everything before the first row."""
        table = quoted(self.table)
        made = [text for column in self.columns for text in KINDS[column.kind].made]
        texts = [*dict.fromkeys(made), *MAKE_COLLATIONS]
        parts = [column.sql for column in self.columns]
        if self.block > 1:
            texts.append(f"CREATE SEQUENCE numbers INCREMENT {self.block}")
        body = ", ".join([*parts, *self.constraints])
        texts.append(f"CREATE TABLE {table} ({body}){self._partitioning()}")
        if self.block > 1:
            default = f"ALTER COLUMN {quoted(self.rid)} SET DEFAULT nextval('numbers')"
            texts += [
                f"ALTER TABLE {table} {default}",
                f"ALTER SEQUENCE numbers OWNED BY {table}.{quoted(self.rid)}",
            ]
        return [*texts, *self._parts(), *self._comments(), *self._views()]

    def _partitioning(self) -> str:
        by = {"ranges": "RANGE", "hashes": "HASH"}.get(self.shape)
        return f" PARTITION BY {by} ({quoted(self.rid)})" if by else ""

    def _parts(self) -> list[str]:
        table = quoted(self.table)
        if self.shape == "child":
            return [f"CREATE TABLE child () INHERITS ({table})"]
        if self.shape == "ranges":
            return [
                f"CREATE TABLE low PARTITION OF {table} FOR VALUES FROM (MINVALUE) TO (11)",
                f"CREATE TABLE rest PARTITION OF {table} DEFAULT",
            ]
        if self.shape == "hashes":
            return [
                f"CREATE TABLE h{n} PARTITION OF {table} FOR VALUES WITH (MODULUS 2, REMAINDER {n})"
                for n in (0, 1)
            ]
        return []

    def _comments(self) -> list[str]:
        table = quoted(self.table)
        texts = [f"COMMENT ON TABLE {table} IS '{'long ' * self.comment}'"] if self.comment else []
        return texts + [
            f"COMMENT ON COLUMN {table}.{quoted(column.name)} IS '{'long ' * column.comment}'"
            for column in self.columns
            if column.comment
        ]

    def _views(self) -> list[str]:
        table = quoted(self.table)
        if self.query == "view":
            return [f"CREATE VIEW shown AS SELECT * FROM {table}"]
        if self.query == "matview":
            return [f"CREATE MATERIALIZED VIEW shown AS SELECT * FROM {table}"]
        return []

    @property
    def sql(self) -> str:
        """The query that is synced, without placeholders."""
        return QUERIES[self.query].format(
            t=quoted(self.table), rid=quoted(self.rid), key=quoted(self.key)
        )


def a_schema(dice: random.Random, *, smart: bool) -> Schema:
    """A schema; `smart`: with a query that shows its cursor."""
    names = dice.sample(NAMES, 12)
    rid = Column(names[0], dice.choice(("int8", "int8", "int4")))
    cursor = _cursor(dice, names[1], rid) if smart else Column(names[1], "timestamptz")
    others = [_column(dice, name) for name in names[3 : 3 + dice.randint(2, 6)]]
    if dice.random() < 0.2 and not {"s", "t"} & set(names):
        others.append(_column(dice, dice.choice(("s", "t"))))
    key, constraints, later, shape = _key(dice, names[2], rid)
    columns = list(dict.fromkeys([rid, key, cursor, *others]))
    dice.shuffle(columns)
    forms = [form for form in QUERIES if not smart or form not in WITHOUT_CURSOR]
    weights = [3 if form in ("star", "matview", *JOINED) else 1 for form in forms]
    return Schema(
        table=dice.choice(TABLES),
        columns=tuple(columns),
        rid=rid.name,
        cursor=cursor.name,
        key=key.name,
        shape=shape,
        constraints=constraints,
        later=later,
        query=dice.choices(forms, weights)[0],
        settings=_settings(dice, naive=cursor.kind == "timestamp"),
        reader=dice.random() < 0.4,
        block=50 if cursor == rid and dice.random() < 0.6 else 1,
        comment=dice.choice((0, 0, 1, 4000)),
    )


def with_others(
    dice: random.Random, schema: Schema, kinds: Sequence[str] = tuple(OTHERS), chance: float = 0.3
) -> Schema:
    """The schema with types in it that users bring; most seeds stay what they were without.

    Args:
        dice: for what of it changes.
        schema: of usual types.
        kinds: those to take in their place.
        chance: that it has any.
    """
    kept = (schema.rid, schema.cursor, schema.key)
    free = [column for column in schema.columns if column.name not in kept]
    if not free or dice.random() > chance:
        return schema
    chosen = dice.sample(free, min(len(free), dice.choice((1, 1, 2))))
    columns = tuple(
        replace(column, kind=dice.choice(kinds), rest="") if column in chosen else column
        for column in schema.columns
    )
    return replace(schema, columns=columns)


def _cursor(dice: random.Random, name: str, rid: Column) -> Column:
    kinds = ("timestamptz", "timestamp", "date", "rid")
    kind = dice.choices(kinds, (6, 2, 1, 2))[0]
    name = dice.choice(("updated_at", name))
    return rid if kind == "rid" else Column(name, kind)


def _column(dice: random.Random, name: str) -> Column:
    kind = dice.choice(DRAWN)
    comment = dice.choice((0, 0, 0, 1, 300))
    return Column(name, kind, comment=comment)


def _key(
    dice: random.Random, name: str, rid: Column
) -> tuple[Column, tuple[str, ...], tuple[str, ...], str]:
    """The key's column, constraints, statements after the first rows, and the table's shape."""
    shape = dice.choice(SHAPES)
    column = rid
    if shape in ("plain", "child") and dice.random() < 0.6:
        kind = dice.choice(KEY_KINDS)
        collation = f"COLLATE {dice.choice(COLLATIONS)}" if kind in ("text", "varchar") else ""
        column = Column(name, kind, collation)
    constraints, later = _claims(dice, quoted(column.name), shape)
    return column, constraints, later, shape


def _claims(dice: random.Random, key: str, shape: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the catalog claims of the key, from the first row on and after it."""
    primary, unique = (f"PRIMARY KEY ({key})",), (f"UNIQUE ({key})",)
    if shape in ("ranges", "hashes"):
        return primary, ()
    if shape == "child":
        return dice.choice(((*unique, f"CONSTRAINT seems NOT NULL {key} NO INHERIT"), primary)), ()
    whole = dice.choices((primary, unique, ()), (5, 5, 1))[0]
    seems = whole == unique and dice.random() < 0.6
    return whole, (f"ADD CONSTRAINT seems NOT NULL {key} NOT VALID",) if seems else ()


def _settings(dice: random.Random, *, naive: bool) -> tuple[tuple[str, str, str], ...]:
    chosen = dice.sample(sorted(SETTINGS), dice.choice((0, 0, 1, 1, 2, 4)))
    if dice.random() < 0.1:
        chosen = sorted({*chosen, "quote_all_identifiers"})
    if naive and dice.random() < 0.5:
        chosen = sorted({*chosen, "TimeZone"})
    return tuple(
        (dice.choice(("ROLE", "DATABASE")), name, dice.choice(SETTINGS[name])) for name in chosen
    )
