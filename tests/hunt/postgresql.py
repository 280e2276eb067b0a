"""One case of PostgreSQL: schema, history and parameters from a seed; made smaller, and told."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from tests.hunt.bench import Bench
from tests.hunt.case import Verdict
from tests.hunt.histories import a_history
from tests.hunt.marks import with_marks
from tests.hunt.missing import with_missing
from tests.hunt.parameters import Pairs, Parameters, some_parameters
from tests.hunt.repairs import with_repairs
from tests.hunt.schemas import Schema, a_schema, quoted, with_others
from tests.hunt.steps import History, Interrupt, Repair, Run, Step, smaller_histories, without_half
from tests.hunt.trial import Trial
from tests.hunt.versions import as_history
from tests.hunt.world import a_world, other_server, without_end

MODES = ("append", "merge", "replace", "once")
WEIGHTS = (4, 6, 5, 1)


def make_case(seed: int) -> "PostgresqlCase":
    """The case of a seed."""
    dice = random.Random(seed)
    mode = dice.choices(MODES, WEIGHTS)[0]
    schema = a_schema(dice, smart=mode in ("append", "merge"))
    schema = with_others(random.Random(f"others {seed}"), schema)
    parameters = as_history(some_parameters(dice, schema, mode), seed)
    history = with_repairs(a_history(dice, schema, parameters.runs), schema, parameters)
    parameters = with_marks(parameters, schema, history)
    history = with_missing(history, schema, parameters)
    return PostgresqlCase(seed, schema, parameters, history, shard=dice.random() < 0.2)


@dataclass(frozen=True, slots=True)
class PostgresqlCase:
    """See `tests.hunt.case.Case`."""

    seed: int
    schema: Schema
    parameters: Parameters
    history: History
    shard: bool = False
    """Whether a database of the same name, on another server, comes with the same parameters."""

    def run(self, bench: Bench) -> Verdict:
        with bench.dataset() as dataset, a_world(bench, self.schema) as world:
            trial = Trial(self.parameters, self.reading(), bench, dataset, world)
            verdict = trial.run(self.history)
            if self.shard and trial.may_go_on:
                place = (other_server(), world.database.database)
                with a_world(bench, self.schema, place) as other:
                    trial.run_shard(other, self.history)
            return verdict

    def reading(self) -> dict[str, str]:
        """The parameters that say what is read."""
        if not self.parameters.placeholders:
            return {"postgresql_query": self.schema.sql}
        cursor = quoted(self.schema.cursor)
        within = f"{cursor} > '{{start_timestamp}}' AND {cursor} <= '{{end_timestamp}}'"
        query = f"SELECT * FROM (\n{without_end(self.schema.sql)}\n) AS p WHERE {within}"
        return {"postgresql_base_query": query}

    def smaller(self) -> Iterator[Self]:
        yield from self._much_smaller()
        for history in smaller_histories(self.history):
            yield replace(self, history=history)
        for at in range(len(self.schema.settings)):
            kept = self.schema.settings[:at] + self.schema.settings[at + 1 :]
            yield replace(self, schema=replace(self.schema, settings=kept))
        for words in _without_one(self.parameters.common):
            yield replace(self, parameters=replace(self.parameters, common=words))
        schema = self.schema
        for column in schema.columns:
            if column.name not in (schema.rid, schema.cursor, schema.key):
                left = tuple(c for c in schema.columns if c != column)
                yield replace(self, schema=replace(schema, columns=left))
        if schema.query != "star":
            yield replace(self, schema=replace(schema, query="star"))
        if schema.shape != "plain":
            yield replace(self, schema=replace(schema, shape="plain"))
        if schema.reader or schema.comment:
            yield replace(self, schema=replace(schema, reader=False, comment=0))

    def _much_smaller(self) -> Iterator[Self]:
        """The large cuts: most faults need little of a case."""
        schema, parameters = self.schema, self.parameters
        if self.shard:
            yield replace(self, shard=False)
        yield replace(self, history=without_half(self.history, last=False))
        yield replace(self, history=without_half(self.history, last=True))
        if schema.settings:
            yield replace(self, schema=replace(schema, settings=()))
        needed = tuple(pair for pair in parameters.common if pair[0] in NEEDED)
        if needed != parameters.common:
            yield replace(self, parameters=replace(parameters, common=needed))
        kept = (schema.rid, schema.cursor, schema.key)
        free = [column for column in schema.columns if column.name not in kept]
        for some in (free[: len(free) // 2], free[len(free) // 2 :]):
            if some:
                left = tuple(column for column in schema.columns if column not in some)
                yield replace(self, schema=replace(schema, columns=left))

    def script(self) -> str:
        return "\n".join(_script(self))


NEEDED = (
    "smart_sync_timestamp_column", "enable_smart_sync", "write_disposition", "merge_keys",
    "max_dead_letters", "smart_sync_margin",
)  # fmt: skip
"""What a case isn't itself without."""


def _without_one(words: Pairs) -> Iterator[Pairs]:
    for at, (name, _) in enumerate(words):
        if name not in NEEDED:
            yield words[:at] + words[at + 1 :]


def _script(case: PostgresqlCase) -> Iterator[str]:
    """SQL, and command lines without the parameters that are about places."""
    for scope, name, value in case.schema.settings:
        yield f"ALTER {scope} … SET {name} = '{value}';"
    yield from (f"{_short(text)};" for text in case.schema.ddl())
    for step in case.history:
        if isinstance(step, Repair):
            yield f"-- here somebody repairs: {step.kind}"
        else:
            yield from (
                _run_lines(case, step) if isinstance(step, Run) else _lines(step, case.schema)
            )
    yield "-- now all transactions end, and then comes the last run (again):"
    last = next((step for step in reversed(case.history) if isinstance(step, Run)), Run())
    yield from _run_lines(case, replace(last, during=()))
    if case.shard:
        yield "-- then all of it again on another server, whose run must be refused"


def _run_lines(case: PostgresqlCase, run: Run) -> Iterator[str]:
    words = case.reading() | dict(case.parameters.common) | dict(run.parameters)
    environ = "".join(f"{name}={value} " for name, value in case.parameters.environ)
    role = "a role with SELECT" if case.schema.reader else "a superuser"
    yield f"$ {environ}main.py {' '.join(f'--{n}={v!r}' for n, v in words.items())}  # as {role}"
    for moment, steps in run.during:
        yield f"    -- meanwhile, at {moment.what} {moment.number}:"
        for step in steps:
            yield from (f"    {line}" for line in _lines(step, case.schema))


def _lines(step: Step, schema: Schema) -> Iterator[str]:
    session = getattr(step, "session", "")
    if isinstance(step, Interrupt):
        yield "Ctrl-C"
    for text in step.sql(schema):
        yield f"{_short(text)};" + (
            f"  -- {type(step).__name__} in session {session!r}" if session else ""
        )


def _short(text: str) -> str:
    return text if len(text) < 1000 else f"{text[:500]} … {text[-100:]}"
