"""I/O. The file of many tables as a launch reads it, once, and what it says of the launch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from auto_schema.errors import ConfigError, SyncError, raise_all
from pipeline.launch.document_text import document_text
from pipeline.parameters.connections import settled
from pipeline.parameters.launch_names import TABLES
from pipeline.parameters.options import split_argv
from pipeline.parameters.origins import Origins, faults_of, layered, of_flags, words_of
from pipeline.parameters.request_of import endpoints_of
from pipeline.parameters.table import BY_NAME
from pipeline.tables.entries import TablesFile
from pipeline.tables.file import read_launch_part, read_tables

SOURCE = "data_source"
LAST = 9
"""The rank of what only this file says, behind flags, environment and the config file."""
NO_TABLES = 'name at least one, such as tables: {"public.*": {}}; for one table by itself call'
NO_TABLES += " smart-sync run --config=FILE."


@dataclass(frozen=True, slots=True)
class Document:
    """The file.

    Attributes:
        text, name: of it.
        faults: of what it says of the launch; once the source is known, of all.
        is_read: whether all that it says of the launch is known.
        tables: what it says of tables; None: the source isn't known yet, or it is wrong.
    """

    text: str = ""
    name: str = ""
    faults: tuple[SyncError, ...] = ()
    is_read: bool = False
    tables: TablesFile | None = None

    def of_source(self, source: str) -> "Document":
        """The same with its tables, of a source that is known."""
        if not (self.is_read and self.text) or source not in BY_NAME[SOURCE].choices:
            return self
        try:
            return replace(self, tables=read_tables(self.text, self.name, source))
        except SyncError as error:
            return replace(self, faults=(*self.faults, *faults_of(error)))

    def whole(self) -> TablesFile:
        """What it says of tables.

        Raises:
            SyncError: all that is wrong with the file.
        """
        raise_all(self.faults)
        if self.tables is None:
            raise AssertionError(self)
        return self.tables


def completed(
    argv: list[str], origins: Origins, environ: Mapping[str, str]
) -> tuple[Document, Origins]:
    """Complete a command line by what the file says of the launch, where no flag says it.

    Args:
        argv: the command line, which gets the file's parameters behind its own.
        origins: what said each value of it, where not all are flags.
        environ: the process's environment.

    Returns:
        The file, and what said each value then.
    """
    given, rest, _ = split_argv(argv)
    try:
        text, name = document_text(given[TABLES], TABLES, endpoints_of(environ))
    except SyncError as error:
        return Document(faults=(error,)), origins
    part, faults = read_launch_part(text, name)
    if part is None:
        return Document(faults=tuple(faults)), origins
    if not part.is_of_many:
        faults.append(ConfigError("a file without tables", name, "", NO_TABLES))
        text = ""
    flags, said = of_flags(given, rest), part.origins
    whole = settled(flags, said)
    argv += words_of({name: origin for name, origin in whole.items() if name not in flags})
    if origins:
        origins = layered(origins, {n: replace(one, rank=LAST) for n, one in whole.items()})
    elif said:
        origins = whole
    return Document(text, name, tuple(faults), is_read=True), origins
