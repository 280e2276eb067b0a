"""A kind of source as a launch knows it: a value per folder, listed in `sources.registry`."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module

from auto_schema.errors import SyncError
from sources.parameters import Values
from sources.protocol import Inspector
from warehouse.names import Endpoints


@dataclass(frozen=True, slots=True)
class SourceKind:
    """What a launch asks of a source before it opens it.

    Attributes:
        name: the `data_source` that chooses it.
        faults: everything that contradicts itself in its parameters, in order.
        query: what to read; empty: what the connection names, or source_table_for_schema.
        connection: where the source is, as a value; its secrets unread.
        inspector: the module whose `inspecting(connection, query, table, cursor)` opens an
            Inspector. It is named, and not imported, since drivers stand behind it: they are
            loaded for the source that is read only.
    """

    name: str
    faults: Callable[[Values], Iterable[SyncError]]
    query: Callable[[Values], str]
    connection: Callable[[Values, Endpoints], object]
    inspector: str

    def inspecting(
        self, connection: object, query: str, table: str, cursor: str
    ) -> AbstractContextManager[Inspector]:
        """An Inspector that is open within the block.

        Args:
            connection: of this kind.
            query: the operator's, placeholders and all; empty: all of what is named elsewhere.
            table: source_table_for_schema; empty: none.
            cursor: the cursor column; empty: none.

        Raises:
            SourceUnreachableError, SourceRefusedError: on entering, with what the server said.
        """
        opened: AbstractContextManager[Inspector] = import_module(self.inspector).inspecting(
            connection, query, table, cursor
        )
        return opened
