"""What happens to a source from a seed: rows, transactions of all kinds, DDL, and the runs."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.hunt.bench import Moment
from tests.hunt.contents import CURSOR_EDGES, DRAWN, KINDS, a_value, key_value
from tests.hunt.schemas import Column, Schema, quoted
from tests.hunt.steps import Call, History, Insert, Interrupt, Later, Pause, Row, Run, Sql, Step

LIKE_OURS = "bigquery-smart-sync nightly"
"""An application of somebody's whose name begins as the program's own sessions'."""
NOW = {"timestamptz": "now()", "timestamp": "now()::timestamp", "date": "current_date"}


@dataclass
class Writer:
    """Makes steps; knows which numbers, sessions and columns there are."""

    dice: random.Random
    schema: Schema
    odd: float
    number: int = 0
    sessions: int = 0
    open: list[str] = field(default_factory=list)
    prepared: list[str] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    has_run: bool = False

    def __post_init__(self) -> None:
        self.columns = list(self.schema.columns)

    @property
    def now(self) -> str:
        return NOW.get(self.schema.cursor_kind, "0")

    def next_number(self) -> int:
        """A new rid; of several writers with blocks of ids each takes from its own."""
        if self.schema.block == 1 or self.number < self.schema.block:
            self.number += 1
            return self.number
        while len(self.blocks) < 2:
            self.blocks.append(self.schema.block * (2 + len(self.blocks)))
        chosen = self.dice.randrange(2)
        self.blocks[chosen] += 1
        return self.blocks[chosen]

    def row(self, stamp: str, null: float = 0.15) -> Row:
        number = self.next_number()
        return tuple(
            (column.name, self._value(column, number, stamp, null)) for column in self.columns
        )

    def _value(self, column: Column, number: int, stamp: str, null: float) -> str:
        if column.name == self.schema.rid:
            return str(number)
        if column.name == self.schema.cursor:
            return stamp
        if column.name == self.schema.key:
            free = not any("PRIMARY" in text for text in self.schema.constraints)
            seems = bool(self.schema.later) or self.schema.shape == "child"
            if free and seems and self.number < 40 and self.dice.random() < 0.2:
                return "NULL"
            return key_value(column.kind, number)
        return a_value(self.dice, column.kind, odd=self.odd, null=null)

    def first_rows(self) -> list[Step]:
        """What is there before the first run: stamps of the past, ties, sentinels."""
        edges = CURSOR_EDGES.get(self.schema.cursor_kind, ())
        sentinels = edges and self.dice.random() < 0.25
        rows = []
        for number in range(self.dice.choice((3, 12, 30, 45))):
            stamp = f"{self.now} - {number // 3} * interval '1 minute'"
            if self.schema.cursor_kind == "date":
                stamp = f"current_date - {1 + number // 3}"
            if sentinels and self.dice.random() < 0.1:
                stamp = self.dice.choice(edges)
            rows.append(self.row(stamp))
        cut = len(rows) // 2 if self.schema.shape == "child" else len(rows)
        steps: list[Step] = [Insert(tuple(rows[:cut]))]
        if cut < len(rows):
            steps.append(Insert(tuple(rows[cut:]), into="child"))
        table = quoted(self.schema.table)
        steps += [Sql(f"ALTER TABLE {table} {text}") for text in self.schema.later]
        if self.dice.random() < 0.4:
            steps.append(Sql("ANALYZE"))
        return steps

    # What others do

    def insert(self) -> list[Step]:
        return [Insert(tuple(self.row(self.now) for _ in range(self.dice.randint(1, 3))))]

    def update(self) -> list[Step]:
        table, rid = quoted(self.schema.table), quoted(self.schema.rid)
        sets = (
            []
            if self.schema.cursor == self.schema.rid
            else [f"{quoted(self.schema.cursor)} = {self.now}"]
        )
        plain = [
            c
            for c in self.columns
            if c.name not in (self.schema.rid, self.schema.cursor, self.schema.key)
        ]
        if plain:
            column = self.dice.choice(plain)
            value = a_value(self.dice, column.kind, odd=self.odd, null=0.1)
            sets.append(f"{quoted(column.name)} = {value}")
        first = self.dice.randint(1, max(1, min(self.number, 30)))
        where = f"{rid} BETWEEN {first} AND {first + self.dice.randint(0, 4)}"
        return [Sql(f"UPDATE {table} SET {', '.join(sets)} WHERE {where}")] if sets else []

    def delete(self) -> list[Step]:
        rid = quoted(self.schema.rid)
        return [
            Sql(f"DELETE FROM {quoted(self.schema.table)} WHERE {rid} = {self.dice.randint(1, 12)}")
        ]

    def begin(self) -> list[Step]:
        """A transaction that stays open, and a younger one that is committed at once."""
        self.sessions += 1
        name = self.dice.choice(("billing", "billing", LIKE_OURS)) + f" {self.sessions}"
        self.open.append(name)
        return [Sql("BEGIN", name), Insert((self.row(self.now),), name), *self.insert()]

    def end(self) -> list[Step]:
        """An open or prepared transaction is committed, sometimes after a younger row."""
        if self.prepared and (not self.open or self.dice.random() < 0.5):
            return [Sql(f"COMMIT PREPARED '{self.prepared.pop(0)}'")]
        if not self.open:
            return self.insert()
        return [Sql(self.dice.choice(("COMMIT", "COMMIT", "ROLLBACK")), self.open.pop(0))]

    def prepare(self) -> list[Step]:
        """A transaction that began a while before it was prepared, then nobody holds it.

        None began before a run that is over: that run would have seen it and waited.
        """
        self.sessions += 1
        name = f"tx{self.sessions}"
        self.prepared.append(name)
        ago = self.dice.choice((0, 0, 30))
        ago = 0 if self.has_run else ago
        stamp = (
            f"{self.now} - interval '{ago} minutes'"
            if self.schema.cursor_kind.startswith("time")
            else self.now
        )
        steps = [Sql("BEGIN", name), Insert((self.row(stamp),), name)]
        return [*steps, Sql(f"PREPARE TRANSACTION '{name}'", name), *self.insert()]

    def future(self) -> list[Step]:
        """A stamp whose time comes soon, then rows that lie between."""
        if not self.schema.cursor_kind.startswith("time"):
            return self.insert()
        return [Insert((self.row(f"{self.now} + interval '6 seconds'"),))]

    def procedure(self) -> list[Step]:
        """It commits inside and goes on, stamping with the start of its call."""
        self.sessions += 1
        name, schema = f"procedure {self.sessions}", self.schema
        one, two = (Insert((self.row(self.now),)).sql(schema)[0] for _ in range(2))
        body = f"BEGIN {one}; COMMIT; PERFORM pg_sleep(4); {two}; COMMIT; END"
        made = Sql(f"CREATE PROCEDURE p{self.sessions}() LANGUAGE plpgsql AS $p$ {body} $p$")
        return [made, Call(f"CALL p{self.sessions}()", name), Pause(0.3)]

    def refresh(self) -> list[Step]:
        return [Sql("REFRESH MATERIALIZED VIEW shown")] if self.schema.query == "matview" else []

    def locked(self) -> list[Step]:
        """Somebody's DDL holds the table for a while."""
        self.sessions += 1
        name, table = f"migration {self.sessions}", quoted(self.schema.table)
        return [
            Sql("BEGIN", name),
            Sql(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", name),
            Later(name, 13.0),
        ]

    def ddl(self) -> list[Step]:
        table, schema = quoted(self.schema.table), self.schema
        free = [c for c in self.columns if c.name not in (schema.rid, schema.cursor, schema.key)]
        made = Column(f"new_{len(self.columns)}", self.dice.choice(DRAWN))
        add = f"ADD COLUMN {made.sql}"
        choice = self.dice.choice(("swap", "swap", "add", "drop", "rename", "type", "default"))
        if not free or choice == "add":
            self.columns.append(made)
            return [Sql(text) for text in KINDS[made.kind].made] + [
                Sql(f"ALTER TABLE {table} {add}")
            ]
        column = self.dice.choice(free)
        name, at = quoted(column.name), self.columns.index(column)
        if choice == "default":
            return [Sql(f"ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT NULL")]
        if choice == "type":
            self.columns[at] = Column(column.name, "text")
            return [Sql(f"ALTER TABLE {table} ALTER COLUMN {name} TYPE text USING {name}::text")]
        if choice == "rename":
            self.columns[at] = Column(f"was_{at}", column.kind)
            return [Sql(f"ALTER TABLE {table} RENAME COLUMN {name} TO was_{at}")]
        self.columns.remove(column)
        if choice == "drop":
            return [Sql(f"ALTER TABLE {table} DROP COLUMN {name}")]
        alike = Column(f"new_{len(self.columns)}", column.kind)
        self.columns.append(alike)
        return [Sql(f"ALTER TABLE {table} DROP COLUMN {name}, ADD COLUMN {alike.sql}")]


WORKS: tuple[tuple[Callable[[Writer], list[Step]], float], ...] = (
    (Writer.insert, 6), (Writer.update, 5), (Writer.delete, 1), (Writer.begin, 4), (Writer.end, 3),
    (Writer.prepare, 1.5), (Writer.future, 1.5), (Writer.procedure, 1), (Writer.refresh, 2),
    (Writer.ddl, 2), (Writer.locked, 0.3),
)  # fmt: skip


def a_history(
    dice: random.Random, schema: Schema, runs: tuple[tuple[tuple[str, str], ...], ...]
) -> History:
    """First rows, then writes and a run for each of `runs`, which are their parameters."""
    writer = Writer(dice, schema, odd=dice.choice((0.0, 0.0, 0.0, 0.3)))
    steps: list[Step | Run] = [*writer.first_rows(), *writer.refresh()]
    for parameters in runs:
        for _ in range(dice.randint(0, 3)):
            steps += _work(writer)
        writer.has_run = True
        steps.append(Run(parameters, _during(writer)))
    return tuple(steps)


def _work(writer: Writer) -> list[Step]:
    return writer.dice.choices([work for work, _ in WORKS], [weight for _, weight in WORKS])[0](
        writer
    )


def _during(writer: Writer) -> tuple[tuple[Moment, tuple[Step, ...]], ...]:
    """What happens within a run: between plan and read, between splits, before publishing."""
    dice = writer.dice
    found: dict[Moment, tuple[Step, ...]] = {}
    for _ in range(dice.choice((0, 1, 1, 2))):
        what = dice.choices(("split", "publish", "request"), (5, 2, 1))[0]
        number = {"split": dice.choice((0, 0, 1, 2)), "publish": 0}.get(what, dice.randint(0, 30))
        steps = writer.ddl() if dice.random() < 0.3 else _work(writer)
        safe = [step for step in steps if not isinstance(step, Pause | Call)]
        found[Moment(what, number)] = tuple(safe)
    if dice.random() < 0.06:
        found[Moment("request", dice.randint(5, 30))] = (Interrupt(),)
    return tuple(found.items())
