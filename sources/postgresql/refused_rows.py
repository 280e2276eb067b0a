"""I/O. A split around the rows that the server refuses: each of them by itself, as a dead letter.

A byte without a form in UTF-8, a division by zero or a cast that fails ends COPY, and says
nothing of the row. So ranges of the table are asked for, smaller and smaller, until each
refused row stands alone. Then all others are read as ever. All of it is one snapshot.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

import psycopg2

from auto_schema.errors import RowRefusedError, SourceRefusedError
from auto_schema.row_sums import RowSums
from sources.postgresql.divided import divided, pages_of
from sources.postgresql.errors import source_error, state_of, value_fix
from sources.postgresql.one_table import OneTable
from sources.postgresql.read import Item, items, open_reading, read_ahead, session
from sources.postgresql.refused_values import (
    Letter,
    Refusal,
    letter,
    letters_batch,
    reason_of,
    refusal,
    refused_column,
)
from sources.postgresql.statement import PostgresqlStatement, of_split
from sources.postgresql.watch import Watch
from sources.values import Split

Place = tuple[int, str]
"""A row of a table, or of a child or partition of it: the OID of that, and its ctid."""
Part = TypeVar("Part", int, Place)
"""A page of all these, by its number, or a row."""


def read_around(source: PostgresqlStatement, split: Split, most: int) -> Iterator[Item]:
    """Yield the split's rows, and those that the server refuses as rows with hidden columns.

    Args:
        source: what is read.
        split: the part of it.
        most: refused rows that may be; with more of them no others are read.

    Raises:
        SourceRefusedError: the query's rows can't be read apart, or what is refused is
            not a value.
        SourceChangedError, SourceUnreachableError: as for any read.
    """
    yield from read_ahead(source, lambda watch: _around(source, split, most, watch))


def _around(
    source: PostgresqlStatement, split: Split, most: int, watch: Watch
) -> Generator[Item, None, None]:
    with _looking(source, watch) as cursor:
        refused = refusal(cursor, source.statement(split))
        letters, rest, rows = list[Letter](), source, None
        if refused is not None:
            table = divided(cursor, source)
            if isinstance(table, str):
                raise _undivided(source, refused, refused_column(cursor, source, split), table)
            look = _Look(cursor, source, split, table)
            rows = look.count(source)
            places = look.places(refused, most + 1)
            letters = [look.letter(place) for place in places]
            rest = look.without(places)
            yield letters_batch(letters, source)
        if len(letters) <= most:
            yield from _rest(cursor, rest, split, watch, letters, expected=rows)


@contextmanager
def _looking(source: PostgresqlStatement, watch: Watch) -> Iterator[Any]:
    """A cursor in a reading transaction of one snapshot; its errors have their SQLSTATE."""
    try:
        with session(source, watch) as opened, opened.cursor() as cursor:
            watch.pid = open_reading(cursor, source, snapshot=True)
            watch.answers_once = True
            yield cursor
    except psycopg2.Error as error:
        raise source_error(error, source.place) from error


def _rest(
    cursor: Any,
    source: PostgresqlStatement,
    split: Split,
    watch: Watch,
    letters: list[Letter],
    *,
    expected: int | None,
) -> Iterator[Item]:
    """The rows that the server gives, over COPY and of the same snapshot; then their sums."""
    cursor.execute("SELECT pg_catalog.pg_export_snapshot()")
    snapshot, rows = str(cursor.fetchone()[0]), len(letters)
    watch.answers_once = False
    try:
        for item in items(source, split, watch, snapshot):
            if isinstance(item, RowSums):
                yield item + RowSums.of_digests(dead.digest for dead in letters)
            else:
                rows += item.num_rows
                yield item
    except RowRefusedError as error:
        raise SourceRefusedError(*error.args) from error
    if expected not in (None, rows):
        raise SourceRefusedError(
            "rows around refused ones don't add up",
            f"{source.place}, split {split.index}",
            f"{rows} of {expected} were read",
            "run again; nothing was published. If it repeats, report it as a bug.",
        )


class _Look:
    """Asks for parts of the query's only table until each refused row is found."""

    def __init__(
        self, cursor: Any, source: PostgresqlStatement, split: Split, table: OneTable
    ) -> None:
        self._cursor, self._source, self._split, self._table = cursor, source, split, table

    def count(self, source: PostgresqlStatement) -> int:
        """Rows of the split in a source, none of whose values is computed.

        Raises:
            SourceRefusedError: whether a row is one of them can't be said.
        """
        rows = of_split(source, "1", self._split)
        try:
            self._cursor.execute(f"SELECT pg_catalog.count(*) FROM (\n{rows}\n) AS r")
        except Refusal as error:
            reason = "it is a condition of the query or of the window that fails"
            raise _undivided(source, error, "", reason) from error
        return int(self._cursor.fetchone()[0])

    def places(self, refused: Refusal, most: int) -> list[Place]:
        """Where the refused rows are, up to so many of them.

        Raises:
            SourceRefusedError: none is refused when it is asked for by itself.
        """
        pages = self._narrowed(range(pages_of(self._cursor, self._table)), _pages)
        rows = (row for page in pages for row in self._narrowed(self._rows(page), _one_of))
        places = list(islice(rows, most))
        if not places:
            raise _undivided(self._source, refused, "", "none of them is refused by itself")
        return places

    def _narrowed(
        self, parts: Sequence[Part], predicate: Callable[[Sequence[Part]], str]
    ) -> Iterator[Part]:
        """Those of pages or rows that hold a refused row, as at least one of them does."""
        if len(parts) < 2:
            yield from parts
            return
        left, right = parts[: len(parts) // 2], parts[len(parts) // 2 :]
        is_left = self._refuses(predicate(left))
        if is_left:
            yield from self._narrowed(left, predicate)
        if not is_left or self._refuses(predicate(right)):
            yield from self._narrowed(right, predicate)

    def _rows(self, page: int) -> list[Place]:
        self._cursor.execute(
            f"SELECT tableoid::int8, ctid::text FROM {self._table.quoted} WHERE {_pages([page])}"
        )
        return [(int(table), str(row)) for table, row in self._cursor.fetchall()]

    def _refuses(self, predicate: str) -> bool:
        return refusal(self._cursor, self._only(predicate).statement(self._split)) is not None

    def _only(self, predicate: str) -> PostgresqlStatement:
        return replace(self._source, query=self._table.where(predicate))

    def without(self, places: list[Place]) -> PostgresqlStatement:
        """The source less these rows; its sums are less them, too."""
        return self._only(f"(tableoid, ctid) NOT IN (VALUES {_listed(places)})")

    def letter(self, place: Place) -> Letter:
        """The dead letter of a row.

        Raises:
            SourceRefusedError: it is no single row, or each of its columns can be read.
        """
        row = self._only(_one_of([place]))
        rows = self.count(row)
        culprit = letter(self._cursor, row, self._split) if rows == 1 else None
        if culprit is None:
            reason = f"a row of {self._table.quoted} makes {rows} of the query"
            if rows == 1:
                reason = "no column of such a row is refused by itself"
            refused = refusal(self._cursor, row.statement(self._split))
            column = refused_column(self._cursor, row, self._split)
            raise _undivided(self._source, refused, column, reason)
        return culprit


def _pages(pages: Sequence[int]) -> str:
    return f"ctid >= '({pages[0]},0)' AND ctid < '({pages[-1] + 1},0)'"


def _one_of(places: Sequence[Place]) -> str:
    rows = ", ".join(f"'{row}'" for _, row in places)
    return f"ctid = ANY (ARRAY[{rows}]::tid[]) AND (tableoid, ctid) IN (VALUES {_listed(places)})"


def _listed(places: Sequence[Place]) -> str:
    return ", ".join(f"({table}::oid, '{row}'::tid)" for table, row in places)


def _undivided(
    source: PostgresqlStatement, refused: Refusal | None, column: str, reason: str
) -> SourceRefusedError:
    where = source.place + (f", column {column!r}" if column else "")
    what = reason_of(refused, hides=source.hides) if refused else "it is given now"
    why = f"{what}; its rows can't be told apart, since {reason}"
    fix = value_fix(state_of(refused) if refused else "")
    return SourceRefusedError("source refused a value", where, why, fix)
