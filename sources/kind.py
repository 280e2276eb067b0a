"""A kind of source as a launch knows it: a value per folder, listed in `sources.registry`."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module

from auto_schema.errors import SyncError
from sources.health import Told
from sources.parameters import Values
from sources.protocol import Inspector
from sources.secrets import Secret
from sources.tables import SourceTable
from sources.uri import Said, Uri
from warehouse.names import Endpoints


@dataclass(frozen=True, slots=True)
class Listing:
    """How a launch of many tables learns which there are.

    Attributes:
        parameters: those that name one table, which a launch of many leaves to it.
        naming: their texts for one table.
        module: its `tables(connection, schemas)` asks the source, and is imported when it does.
        has_schemas: its tables are named with what they lie in: PostgreSQL's schemas, datasets.
    """

    parameters: tuple[str, ...]
    naming: Callable[[SourceTable], Mapping[str, str]]
    module: str
    has_schemas: bool = True

    def tables(self, connection: object, schemas: Iterable[str]) -> tuple[SourceTable, ...]:
        """What the source shows the role, by schema and name; also what it may not read, if told.

        Args:
            connection: of the kind; the table that it names, if any, doesn't matter.
            schemas: globs; the tables of other schemas may be left out.

        Raises:
            SourceUnreachableError, SourceRefusedError: with what the server said.
        """
        listed: tuple[SourceTable, ...] = import_module(self.module).tables(
            connection, tuple(schemas)
        )
        return listed


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
        listing: for launches of many tables; None: this source has none.
        lanes: over how many connections one process reads a table of it at once.
        uri: what a URI says, taken apart and as it is written; None: this source has none.
        stand_ins: texts for the parameters of a URI that can't be read where parameters are
            only checked.
        home: the module of what its users keep on their machine; empty: nothing.
        health: the module that looks at its server and our role there; empty: nothing is looked at.
    """

    name: str
    faults: Callable[[Values], Iterable[SyncError]]
    query: Callable[[Values], str]
    connection: Callable[[Values, Endpoints], object]
    inspector: str
    listing: Listing | None = None
    lanes: int = 1
    uri: Callable[[Uri, str], Said] | None = None
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    home: str = ""
    health: str = ""

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

    def with_service(self, said: Said, environ: Mapping[str, str]) -> Said:
        """What a URI says, with what it names of this machine.

        Raises:
            ConfigError: it isn't there, or can't be read.
        """
        if not self.home:
            return said
        completed: Said = import_module(self.home).with_service(said, environ)
        return completed

    def password_of(
        self, given: Mapping[str, str], passfile: str, environ: Mapping[str, str]
    ) -> Secret | None:
        """The password that a file of this machine has for these parameters; None: none.

        Raises:
            ConfigError: the file can't be read.
        """
        password: Secret | None = import_module(self.home).password_of(given, passfile, environ)
        return password

    def look(self, connection: object) -> tuple[Told, ...]:
        """What its server and our role there are like.

        Raises:
            SourceUnreachableError, SourceRefusedError: with what the server said.
        """
        if not self.health:
            return ()
        told: tuple[Told, ...] = import_module(self.health).look(connection)
        return told
