"""The steps of a history, as values: what others write, and the runs between and around it."""

from dataclasses import dataclass, replace

from tests.hunt.bench import Moment
from tests.hunt.schemas import Schema, quoted

Row = tuple[tuple[str, str], ...]
"""Column → SQL of its value."""


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement; in a named session it stays in that session's transaction."""

    text: str
    session: str = ""

    def sql(self, schema: Schema) -> list[str]:
        return [self.text]


@dataclass(frozen=True, slots=True)
class Insert:
    """Rows, into the table or, by name, into a part of it."""

    rows: tuple[Row, ...]
    session: str = ""
    into: str = ""

    def sql(self, schema: Schema) -> list[str]:
        """One statement a row, without the columns that the schema doesn't have (any more)."""
        there = {column.name for column in schema.columns}
        texts = []
        for row in self.rows:
            pairs = [(name, value) for name, value in row if name in there]
            names = ", ".join(quoted(name) for name, _ in pairs)
            values = ", ".join(value for _, value in pairs)
            table = quoted(self.into or schema.table)
            texts.append(f"INSERT INTO {table} ({names}) VALUES ({values})")
        return texts


@dataclass(frozen=True, slots=True)
class Call:
    """A statement that a session of its own works on while the history goes on."""

    text: str
    session: str

    def sql(self, schema: Schema) -> list[str]:
        return [self.text]


@dataclass(frozen=True, slots=True)
class Later:
    """A session's transaction is committed by itself after a while."""

    session: str
    seconds: float

    def sql(self, schema: Schema) -> list[str]:
        return ["COMMIT"]


@dataclass(frozen=True, slots=True)
class Pause:
    """Time goes by."""

    seconds: float

    def sql(self, schema: Schema) -> list[str]:
        return [f"SELECT pg_sleep({self.seconds})"]


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Ctrl-C; only within a run."""

    def sql(self, schema: Schema) -> list[str]:
        return []


Step = Sql | Insert | Call | Later | Pause | Interrupt


@dataclass(frozen=True, slots=True)
class Run:
    """The program, with parameters of its own and what happens meanwhile."""

    parameters: tuple[tuple[str, str], ...] = ()
    during: tuple[tuple[Moment, tuple[Step, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Repair:
    """What the last runs did is undone, replayed, or loaded once more in slices."""

    kind: str


History = tuple[Step | Run | Repair, ...]


def without_half(history: History, *, last: bool) -> History:
    """A history without its first or its last half."""
    middle = (len(history) + 1) // 2
    return history[:middle] if last else history[middle:]


def smaller_histories(history: History) -> list[History]:
    """Histories with one thing less: a run's acts, a step, half of an insert's rows."""
    found: list[History] = []
    for index, step in enumerate(history):
        before, after = history[:index], history[index + 1 :]
        found.append(before + after)
        for less in _smaller_step(step):
            found.append((*before, less, *after))
    return found


def _smaller_step(step: Step | Run | Repair) -> list[Step | Run]:
    if isinstance(step, Run):
        during = step.during
        return [
            replace(step, during=during[:index] + during[index + 1 :])
            for index in range(len(during))
        ] + ([replace(step, parameters=())] if step.parameters else [])
    if isinstance(step, Insert) and len(step.rows) > 1:
        middle = len(step.rows) // 2
        return [replace(step, rows=step.rows[:middle]), replace(step, rows=step.rows[middle:])]
    return []
