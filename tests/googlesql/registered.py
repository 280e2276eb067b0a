"""Catalogs that GoogleSQL was told of once: three quarters of an analysis go into making one.

A catalog holds many tables, each under a name that stands for its columns. So a statement meets
one that was made for others, and two statements over equal tables become the same.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.proto.simple_catalog_pb2 import SimpleCatalogProto

from tests.googlesql.catalog import Table, add_numbered_table, add_table, contents
from tests.googlesql.wasm import Module

FEW = 50
"""Tables with which a catalog may still be made anew for one more."""
MOST = 100
"""Kinds of catalogs that the module holds at once, those of late, and catalogs of a kind."""

MOST_FILLED = 8
"""Catalogs with rows."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """One that the module knows by its number."""

    number: int
    names: frozenset[str]


class Registered:
    """Catalogs by what is in them beside tables, and the tables by their columns."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._names: dict[tuple[tuple[str, str, bool], ...], str] = {}
        self._tables: dict[str, Table] = {}
        self._expected: frozenset[str] = frozenset()
        self._known: OrderedDict[bytes, list[Catalog]] = OrderedDict()
        self._filled: OrderedDict[Any, tuple[Catalog, tuple[Table, ...]]] = OrderedDict()
        self._known_in = 0

    def name(self, table: Table) -> str:
        """What a table is called in all catalogs; no statement of ours has such a name."""
        key = tuple((column.name, column.sql, column.is_pseudo) for column in table.columns)
        name = self._names.setdefault(key, f"~{len(self._names) + 1}")
        self._tables.setdefault(name, table.with_rows(()))
        return name

    def expect(self, tables: Iterable[Table]) -> None:
        """Have the next catalog hold these as well: it is cheaper than one for each statement."""
        self._expected |= {self.name(table) for table in tables}

    def number(self, root: SimpleCatalogProto, names: Collection[str] = ()) -> int:
        """The module's number of a catalog: `root`, and tables by the names that they have here.

        Raises:
            GoogleSqlError: The catalog is refused.
        """
        self._begin_anew_after_a_crash()
        known = self._of(root.SerializeToString(deterministic=True))
        for catalog in reversed(known):
            if catalog.names.issuperset(names):
                return catalog.number
        wanted = self._expected.union(names)
        self._expected = frozenset()
        if known and len(known[-1].names) < FEW:
            wanted |= known[-1].names
            self._forget(known.pop())
        if len(known) == MOST:
            self._forget(known.pop(0))
        known.append(self._made(root, wanted))
        return known[-1].number

    def filled(
        self, root: SimpleCatalogProto, tables: Mapping[str, Table], numbered: str = ""
    ) -> int:
        """The module's number of a catalog with rows: `root`, and tables by their names in it.

        It is kept while the very same tables are asked: making one is four fifths of a query.

        Args:
            numbered: The name of a table whose rows have their numbers with them.
        """
        self._begin_anew_after_a_crash()
        places = tuple((name, id(table)) for name, table in tables.items())
        key = root.SerializeToString(deterministic=True), numbered, places
        if key not in self._filled:
            if len(self._filled) == MOST_FILLED:
                self._forget(self._filled.popitem(last=False)[1][0])
            request = service.RegisterCatalogRequest(simple_catalog=root)
            for name, table in tables.items():
                add = add_numbered_table if name == numbered else add_table
                add(request.simple_catalog, name, table)
                rows = contents(table, is_numbered=name == numbered)
                request.table_content[name].CopyFrom(rows)
            answer = self._module.call("RegisterCatalog", request, service.RegisterResponse)
            catalog = Catalog(answer.registered_id, frozenset(tables))
            self._filled[key] = catalog, tuple(tables.values())
        self._filled.move_to_end(key)
        return self._filled[key][0].number

    def _begin_anew_after_a_crash(self) -> None:
        if self._known_in != self._module.starts:
            self._known.clear()
            self._filled.clear()
            self._known_in = self._module.starts

    def _of(self, root: bytes) -> list[Catalog]:
        if root not in self._known and len(self._known) == MOST:
            for catalog in self._known.popitem(last=False)[1]:
                self._forget(catalog)
        known = self._known.setdefault(root, [])
        self._known.move_to_end(root)
        return known

    def _made(self, root: SimpleCatalogProto, names: frozenset[str]) -> Catalog:
        request = service.RegisterCatalogRequest(simple_catalog=root)
        for name in sorted(names):
            add_table(request.simple_catalog, name, self._tables[name])
        answer = self._module.call("RegisterCatalog", request, service.RegisterResponse)
        return Catalog(answer.registered_id, names)

    def _forget(self, catalog: Catalog) -> None:
        request = service.UnregisterRequest(registered_id=catalog.number)
        self._module.call("UnregisterCatalog", request, service.UnregisterRequest)
