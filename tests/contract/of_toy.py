"""The harness of the toy: a source that needs no server, and nothing in the product either."""

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from auto_schema.errors import ConfigError
from smart_sync.request import SyncRequest
from tests.contract.harness import LAST, Harness, Values, not_yet
from tests.contract.planning import a_request
from tests.contract.toy import memory
from tests.contract.toy.column_rules import STAMP
from tests.contract.toy.parameters import TOY
from warehouse.names import Endpoints

LINES = itertools.count(1)


@dataclass(frozen=True)
class ToyProxy:
    """A line that can be cut."""

    port: int

    def cut(self) -> None:
        memory.cuts[self.port] += 1


class OfToy(Harness):
    """A table in memory."""

    data_source = "toy"
    tick = timedelta(microseconds=1)
    hostile_tables = ('quo"te', "dot.ted", "", "Ünïcode 日本 😀")
    hostile_columns = ('quo"te', "dot.ted", "Ünïcode 日本 😀", "select", "new\nline")
    gaps = MappingProxyType(
        {"its rows can be proven": not_yet("it hashes nothing", ConfigError, "without proof")}
    )
    extremes = MappingProxyType(
        {
            "int64": [(number, number) for number in (-(2**63), 2**63 - 1)],
            "double": [(number, number) for number in (float("inf"), 5e-324, 0.1)],
            "bool": [(True, True), (False, False)],
            "string": [(text, text) for text in ("", "😀 ß", "a\0b")],
            "timestamp": [
                (at, at) for at in (datetime(1, 1, 1, tzinfo=UTC), LAST.replace(tzinfo=UTC))
            ],
        }
    )

    def __init__(self) -> None:
        self._lines = [next(LINES)]
        memory.TABLES.clear()

    def _keep(self, columns: dict[str, tuple[pa.DataType, list[Any]]]) -> None:
        arrays = [pa.array(values, kind) for kind, values in columns.values()]
        memory.TABLES[self.table] = pa.Table.from_arrays(arrays, names=list(columns))

    def _change(self, rows: list[Values]) -> None:
        kinds = {"key": pa.int64(), "value": pa.int64(), "at": STAMP}
        self._keep(
            {self.names[r]: (kind, [row.get(r) for row in rows]) for r, kind in kinds.items()}
        )

    def _all(self) -> list[Values]:
        roles = {name: role for role, name in self.names.items()}
        listed = memory.TABLES[self.table].to_pylist()
        return [{roles[name]: value for name, value in row.items()} for row in listed]

    def create(self, table: str = "things", **names: str) -> None:
        self.table, self.names = table, dict(type(self).names) | names
        self._change([])

    def insert(self, rows: Sequence[Values]) -> None:
        self._change([*self._all(), *rows])

    def update(self, key: int, value: int) -> None:
        self._change([row | {"value": value} if row["key"] == key else row for row in self._all()])

    def delete(self, key: int) -> None:
        self._change([row for row in self._all() if row["key"] != key])

    def insert_extremes(self, kind: str) -> None:
        values = [value for value, _ in self.extremes[kind]]
        arrow = STAMP if kind == "timestamp" else pa.type_for_alias(kind)
        self._keep({"id": (pa.int64(), list(range(len(values)))), "x": (arrow, values)})

    def fill(self, rows: int, width: int) -> None:
        del width  # a batch is an answer of its own
        self.create()
        self.insert([{"key": n, "value": n} for n in range(rows)])

    def sessions(self) -> int:
        return sum(memory.readers[line] for line in self._lines)

    def request(self, *, port: int = 0, **words: Any) -> SyncRequest:
        line = str(port or self._lines[0])
        values = {"toy_table": self.table, "toy_key": self.names["key"], "toy_line": line}
        connection = TOY.connection(values, Endpoints())
        return a_request("toy", connection, **{"is_local": True} | words)

    @contextlib.contextmanager
    def proxied(self) -> Iterator[ToyProxy]:
        self._lines.append(next(LINES))
        yield ToyProxy(self._lines[-1])
