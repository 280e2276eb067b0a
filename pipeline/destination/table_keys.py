"""I/O. The keys of the destination, as `KeySnapshot` asks for them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from google.cloud import bigquery

from auto_schema.canonical import bigquery_row
from auto_schema.key_places import (
    Place,
    Places,
    Summed,
    bigquery_key,
    bigquery_key_sums,
    bigquery_keys,
    bigquery_row_number,
    summed,
)
from auto_schema.names import in_any_partition, quoted
from auto_schema.schema import Column
from sources.values import LETTER_APART, LETTER_HERE, LETTER_MARKED
from warehouse.errors import as_target_errors
from warehouse.names import TableRef


@dataclass(frozen=True, slots=True)
class TableKeys:
    """The destination's rows, and which of them count.

    Attributes:
        client: of the job project.
        table: the destination.
        keys: the columns that tell its rows apart.
        counts: whether a row is looked at, as SQL over rows named `s`; never NULL.
        marked: whether a row is marked as deleted, likewise.
        partition_field: which the table may want to see in every filter; None: it is not
            partitioned by one.
        columns, cursor: what rows are compared by, where they are.
        compared: which rows are, as SQL over rows named `s`; never NULL.
        repeats: whether a key may have several rows.
    """

    client: bigquery.Client
    table: TableRef
    keys_of: tuple[Column, ...]
    counts: str
    marked: str
    partition_field: str | None = None
    columns: tuple[Column, ...] = ()
    cursor: str = ""
    compared: str = "TRUE"
    repeats: bool = False

    def sums(self, places: Places, within: Sequence[Place] = ()) -> Summed:
        """See `KeySnapshot.sums`; a row that is marked doesn't count."""
        rows = self._rows(
            f"{bigquery_key(places)} AS k", f" AND {self.counts} AND NOT {self.marked}"
        )
        (row,) = self._ask(bigquery_key_sums(places, rows, within))
        return summed(row["row_count"], row["sums"])

    def row_sums(self, places: Places, within: Sequence[Place] = ()) -> Summed:
        """See `KeySnapshot.row_sums`: of the compared rows that have a cursor."""
        rows = self._rows(
            f"{bigquery_key(places)} AS k, {bigquery_row_number(self.columns)} AS v",
            f" AND {self.compared} AND s.{quoted(self.cursor)} IS NOT NULL",
        )
        (row,) = self._ask(bigquery_key_sums(places, rows, within, of_rows=True))
        return summed(row["row_count"], row["sums"])

    def keys(self, places: Places, within: Sequence[Place]) -> Iterator[str]:
        """See `KeySnapshot.keys`."""
        letters = (
            f"CASE WHEN NOT {self.counts} THEN '{LETTER_APART}'"
            f" WHEN {self.marked} THEN '{LETTER_MARKED}' ELSE '{LETTER_HERE}' END"
        )
        distinct = "DISTINCT " if self.repeats else ""
        rows = self._rows(
            f"{distinct}{bigquery_key(places)} AS k, {bigquery_row(self.keys_of)} AS key_text,"
            f" {letters} AS told"
        )
        for row in self._ask(bigquery_keys(places, rows, within)):
            yield from row["key_texts"]

    def _rows(self, selected: str, more: str = "") -> str:
        """The rows that have a key."""
        there = " AND ".join(f"s.{quoted(key.name)} IS NOT NULL" for key in self.keys_of)
        if self.partition_field is not None:
            column = f"s.{quoted(self.partition_field)}"
            there += f" AND ({in_any_partition(column)})"
        return f"SELECT {selected}\nFROM {self.table.sql} AS s\nWHERE {there}{more}"

    def _ask(self, sql: str) -> Any:
        with as_target_errors(f"keys of {self.table}"):
            return list(self.client.query_and_wait(sql))
