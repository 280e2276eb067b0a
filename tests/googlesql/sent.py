"""What tests sent to their local BigQuery, judged by GoogleSQL; `tests/local_bigquery` kept it.

The local one forgives much, so a statement that it took may be none. One that it refused as well
tells nothing new: the test saw the refusal. Statements of one shape are judged once. What is right
is written down by its shape, for all checkouts on the machine, and analyzed again only when what
judges is another.
"""

import hashlib
import json
import os
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from zetasql.wasi._pb2.zetasql.public.type_pb2 import TYPE_RANGE, TYPE_STRUCT, TypeProto

from tests.googlesql.catalog import Table, Tables
from tests.googlesql.engine import Given, GoogleSql
from tests.googlesql.errors import CrashError, Finding
from tests.googlesql.rehearsal import Rehearsal
from tests.googlesql.shape import shape
from tests.googlesql.syntax import Text
from tests.googlesql.types import array_of, simple
from tests.googlesql.wasm import CACHE
from tests.local_bigquery import record

FORGIVEN: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        (
            "tests/bigquery/test_ways.py::test_placeholders_take_the_window_in_any_quotes[DATE]",
            'Could not cast literal "',
        ): "a dry run finds out which form of the window's ends the query takes: the local one"
        " takes a time of day for a DATE, so here the form that BigQuery refuses is kept",
        (
            "tests/googlesql/test_differences.py::test_each_difference_is_there",
            "Invalid ",
        ): "it shows which literals the local one takes and GoogleSQL refuses",
    }
)
"""Findings that are no news, by the test and how they begin, and why the test sends them."""
FORGIVING = frozenset(test for test, _ in FORGIVEN)
EXECUTED = re.compile(r"\bEXECUTE\s+IMMEDIATE\b", re.IGNORECASE)
ABSENT = ("Table not found: ", "Not found: Table ")


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement, the tables that it met, and the test that sent it first.

    Attributes:
        refusal: What the local BigQuery said against it.
        ran: Texts that EXECUTE IMMEDIATE ran there, which may depend on rows.
    """

    test: str
    sql: str
    parameters: tuple[Given, ...] = ()
    tables: Tables = field(default_factory=dict)
    refusal: str | None = None
    ran: tuple[str, ...] = ()

    def is_forgiven(self, finding: Finding) -> bool:
        """Whether it is known that the test sends what gives this finding."""
        return any(
            self.test == test and finding.message.startswith(start) for test, start in FORGIVEN
        )

    @property
    def shape(self) -> str:
        """What it has in common with others."""
        parameters = [(given.name, given.type) for given in self.parameters]
        return shape("\n".join([self.sql, *self.ran]), parameters, self.tables)

    @property
    def is_judged(self) -> bool:
        """Whether a finding would be news: a script that raises an error itself was taken."""
        return self.refusal is None or "RAISE" in self.sql


@dataclass(frozen=True, slots=True)
class Refused:
    """A finding, and where it comes from."""

    sent: Sent
    finding: Finding

    def __str__(self) -> str:
        found = self.finding
        place = f" (line {found.line}, column {found.column})" if found.line else ""
        tables = (f"{name}: {table.columns}" for name, table in self.sent.tables.items())
        indented = "\n    ".join([*self.sent.sql.splitlines(), *tables])
        return (
            f"{self.sent.test} sent what GoogleSQL refuses: {found.message}{place}\n    {indented}"
        )


def read(lines: Iterable[str]) -> Iterator[Sent]:
    """Statements as the local BigQuery wrote them down, a line each."""
    for line in lines:
        kept: dict[str, Any] = json.loads(line)
        yield Sent(
            kept["test"],
            kept["sql"],
            tuple(Given(one["name"] or "", _type(one["type"])) for one in kept["parameters"]),
            {
                name: Table.of(table["fields"], is_ingestion_time=table["is_ingestion_time"])
                for name, table in kept["tables"].items()
            },
            kept["refusal"],
            tuple(kept["ran"]),
        )


def _type(of: Mapping[str, Any]) -> TypeProto:
    """A parameter's type of the API's QueryParameterType."""
    name = of["type"]
    if name == "ARRAY":
        return array_of(_type(of["arrayType"]))
    if name == "RANGE":
        made = TypeProto(type_kind=TYPE_RANGE)
        made.range_type.element_type.CopyFrom(_type(of["rangeElementType"]))
        return made
    if name != "STRUCT":
        return simple(name)
    made = TypeProto(type_kind=TYPE_STRUCT)
    made.struct_type.SetInParent()
    for part in of["structTypes"]:
        added = made.struct_type.field.add(field_name=part.get("name", ""))
        added.field_type.CopyFrom(_type(part["type"]))
    return made


class Right:
    """Shapes of statements that are right, in a file that workers share."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._added = file.open("a", encoding="ascii")
        self._read = file.open(encoding="ascii")
        self._known = set[str]()

    def __contains__(self, shape: str) -> bool:
        self._known.update(self._read.read().split())
        return shape in self._known

    def add(self, shape: str) -> None:
        """Tell it to all, at once."""
        self._added.write(f"{shape}\n")
        self._added.flush()

    def close(self) -> None:
        """Close the file."""
        self._added.close()
        self._read.close()


@cache
def judge() -> str:
    """A digest of all that judges: this package, what finds shapes, and GoogleSQL."""
    modules = sorted(Path(__file__).parent.glob("*.py"))
    texts = [path.read_bytes() for path in modules if not path.name.startswith("test_")]
    texts.append(Path(record.__file__).read_bytes())
    words = [*texts, version("zetasql").encode()]
    return hashlib.sha256(b"\0".join(words)).hexdigest()[:16]


@dataclass(slots=True)
class Judgement:
    """What came of the statements of a session.

    Attributes:
        shapes: Those that could be wrong, however often sent.
        analyzed: How many of them weren't known to be right.
    """

    shapes: set[str] = field(default_factory=set)
    analyzed: int = 0
    refused: list[Refused] = field(default_factory=list)


def judged(
    statements: Iterable[Sent], engine: Callable[[], GoogleSql], folder: Path = CACHE
) -> Judgement:
    """Findings against statements that aren't known to be right.

    Workers do this at the same time, each in an order of its own, so each does about a part. What
    is forgiven to one test is not to another that sends the same.

    Args:
        engine: Gives GoogleSQL; asked only if there is something to analyze.
    """
    done = Judgement()
    right = Right(folder / f"right-{judge()}")
    chosen = {
        (sent.shape, sent.test if sent.test in FORGIVING else ""): sent
        for sent in statements
        if sent.is_judged
    }
    done.shapes.update(shape for shape, _ in chosen)
    new = [(shape, sent) for (shape, _), sent in chosen.items() if shape not in right]
    random.Random(os.getpid()).shuffle(new)
    try:
        if new:
            tables = (table for _, sent in new for table in sent.tables.values())
            engine().registered.expect(tables)
        for shape, sent in new:
            if shape in right:  # by now
                continue
            done.analyzed += 1
            findings = found(engine(), sent)
            if not findings:
                right.add(shape)
            done.refused += [Refused(sent, one) for one in findings if not sent.is_forgiven(one)]
    finally:
        right.close()
    return done


class Ran(Rehearsal):
    """A script that the local BigQuery ran: it knows which tables there are as well as any.

    A branch that wasn't taken may name some that are not; so here it isn't told. Where a script has
    one EXECUTE IMMEDIATE, what it ran is looked at as well.
    """

    def __init__(self, engine: GoogleSql, sent: Sent) -> None:
        super().__init__(engine, sent.tables, sent.parameters)
        self._ran = sent.ran if len(EXECUTED.findall(sent.sql)) == 1 else ()

    def _texts(self, node: Any, text: Text) -> list[str]:
        return list(dict.fromkeys([*super()._texts(node, text), *self._ran]))

    def _if(self, node: Any, text: Text) -> None:
        before = len(self.findings)
        super()._if(node, text)
        inside = self.findings[before:]
        self.findings[before:] = [one for one in inside if not one.message.startswith(ABSENT)]


def found(engine: GoogleSql, sent: Sent) -> list[Finding]:
    """What GoogleSQL says against a statement or a script.

    DDL that is right and does what no statement of ours leans on ends the look at a script.
    """
    rehearsal = Ran(engine, sent)
    try:
        return rehearsal.look(sent.sql)
    except NotImplementedError:
        return rehearsal.findings
    except CrashError as crash:
        return [Finding(f"GoogleSQL's module ended: {crash}")]
