"""What a statement is to the analyzer, whatever its tables and their columns are called.

Two statements of one shape differ by names only, one to one, in the text and in the tables that
they meet, and by what is another one each time. A name counts as it is where it could be more than
a name: where the text has it without backticks too, or before a bracket, and where strings are run.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator

from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from tests.googlesql.catalog import VIEWS, Tables
from tests.googlesql.scripts import ASSIGNED
from tests.local_bigquery.record import Lasting

TOKEN = re.compile(
    r"""(?P<string>(?:br?|rb?)?(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"
                                 |'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"))
      |`(?P<quoted>[^`\\]*)`(?!\()
      |(?P<comment>(?:--|\#)[^\n]*|/\*.*?\*/)
      |(?P<word>[^\W\d]\w*)
      |(?P<other>\s+|.)""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)


FIXED = ("INFORMATION_SCHEMA", *VIEWS, ASSIGNED)
"""Names that mean something to the analysis itself."""


class Names:
    """Numbers for names that are free to be others; those that differ by case only say so."""

    def __init__(self, free: Iterable[str], bound: Iterable[str]) -> None:
        self._free = {name.casefold() for name in free} - {name.casefold() for name in bound}
        self._numbers: dict[str, int] = {}
        self._spellings: dict[str, int] = {}

    def written(self, path: str) -> str:
        """A path with its names' numbers."""
        return ".".join(map(self._written, path.split(".")))

    def _written(self, name: str) -> str:
        folded = name.casefold()
        if folded not in self._free:
            return name
        number = self._numbers.setdefault(folded, len(self._numbers))
        return f"\0{number}:{self._spellings.setdefault(name, len(self._spellings))}"

    def renamed(self, of: TypeProto) -> TypeProto:
        """A type with the numbers of its fields' names."""
        renamed = TypeProto()
        renamed.CopyFrom(of)
        if of.HasField("array_type"):
            renamed.array_type.element_type.CopyFrom(self.renamed(of.array_type.element_type))
        for field in renamed.struct_type.field if of.HasField("struct_type") else ():
            field.field_name = self._written(field.field_name)
            field.field_type.CopyFrom(self.renamed(field.field_type))
        return renamed


def shape(sql: str, parameters: Iterable[tuple[str, TypeProto]], tables: Tables) -> str:
    """A digest that statements share which GoogleSQL takes or refuses alike."""
    words = [match["word"] for match in TOKEN.finditer(sql) if match["word"]]
    is_read = "execute" in map(str.lower, words) or "*`" in sql
    names, lasting = Names(() if is_read else _given(tables), (*words, *FIXED)), Lasting()
    text = lasting(TOKEN.sub(lambda match: _token(match, names), sql))
    met = [(lasting(names.written(name)), table) for name, table in tables.items()]
    columns = [
        (
            path,
            [
                (
                    names.written(column.name),
                    names.renamed(column.type).SerializeToString(deterministic=True),
                    column.is_pseudo,
                    column.name in table.required,
                )
                for column in table.columns
            ],
        )
        for path, table in sorted(met, key=lambda one: one[0])
    ]
    given = [(name, of.SerializeToString(deterministic=True)) for name, of in parameters]
    return hashlib.sha256(repr((text, given, columns)).encode()).hexdigest()[:32]


def _token(match: re.Match[str], names: Names) -> str:
    quoted = match["quoted"]
    return match[0] if quoted is None else f"`{names.written(quoted)}`"


def _given(tables: Tables) -> Iterator[str]:
    """Names that come with the tables: of each, of its folders, its columns and their parts."""
    for name, table in tables.items():
        yield from name.split(".")
        for column in table.columns:
            if not column.is_pseudo:
                yield column.name
                yield from _parts(column.type)


def _parts(of: TypeProto) -> Iterator[str]:
    if of.HasField("array_type"):
        yield from _parts(of.array_type.element_type)
    for field in of.struct_type.field if of.HasField("struct_type") else ():
        yield field.field_name
        yield from _parts(field.field_type)
