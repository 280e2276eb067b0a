"""Catalogs that GoogleSQL was told of once: three quarters of an analysis go into making one."""

from collections import OrderedDict
from collections.abc import Sequence

from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.proto.simple_catalog_pb2 import SimpleCatalogProto

from tests.googlesql.catalog import Table, add_table
from tests.googlesql.wasm import Module

MOST = 100
"""Catalogs that the module holds at once, those of late."""
Key = tuple[bytes, tuple[str, ...]]


class Registered:
    """Catalogs by what is in them, not by the tables' names: those are `numbered`."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._known: OrderedDict[Key, int] = OrderedDict()
        self._known_in = 0

    def number(self, root: SimpleCatalogProto, tables: Sequence[Table] = ()) -> int:
        """The module's number of a catalog: `root`, and each table under its place's name.

        Raises:
            GoogleSqlError: The catalog is refused.
        """
        if self._known_in != self._module.starts:
            self._known.clear()
            self._known_in = self._module.starts
        columns = (
            " ".join(f"{one!r}{'!' * one.is_pseudo}" for one in table.columns) for table in tables
        )
        key = root.SerializeToString(deterministic=True), tuple(columns)
        if key not in self._known:
            self._forget_oldest()
            request = service.RegisterCatalogRequest(simple_catalog=root)
            for place, table in enumerate(tables, 1):
                add_table(request.simple_catalog, numbered(place), table)
            answer = self._module.call("RegisterCatalog", request, service.RegisterResponse)
            self._known[key] = answer.registered_id
        self._known.move_to_end(key)
        return self._known[key]

    def _forget_oldest(self) -> None:
        if len(self._known) == MOST:
            _, number = self._known.popitem(last=False)
            request = service.UnregisterRequest(registered_id=number)
            self._module.call("UnregisterCatalog", request, service.UnregisterRequest)


def numbered(place: int) -> str:
    """A table's name by its place, from 1; no statement of ours has such a one."""
    return f"~{place}"
