"""I/O. The keys of a BigQuery source at one moment, as `RowSnapshot` asks for them.

One query over the source puts all its keys into its result, and a hash of each row where rows are
compared. BigQuery keeps that for about a day; what is asked then is asked of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from google.cloud import bigquery

from auto_schema.canonical import bigquery_row
from auto_schema.condition_sql import bigquery_condition
from auto_schema.key_places import (
    Place,
    Places,
    Summed,
    bigquery_key_sums,
    bigquery_keys,
    bigquery_row_number,
    bigquery_text_number,
    is_ranged,
    summed,
)
from auto_schema.names import OURS, quoted
from sources.bigquery.jobs import ask
from sources.bigquery.statement import BigqueryStatement, literal
from sources.questions import KeysQuestion
from sources.values import LETTER_DEAD, LETTER_OTHER, LETTER_READ
from warehouse.jobs import JobLabels, reading_config

CURSOR = f"{OURS}cursor"
STEP = "keys"


@dataclass(frozen=True, slots=True)
class BigqueryKeys:
    """The result: `key_text`, `number` of an integer key, `told`, and `counts` of each row.

    Of a row without a key, which is none that is asked for, `told` is NULL.
    Where rows are compared also `row_number`, and whether it `is_compared`.
    """

    client: bigquery.Client
    source: BigqueryStatement
    table: str

    def ends(self) -> tuple[int, int] | None:
        """See `KeySnapshot.ends`."""
        (row,) = self._ask(
            "SELECT MIN(number) AS low, MAX(number) AS high"
            f" FROM {self.table} WHERE told IS NOT NULL"
        )
        return None if row["low"] is None else (row["low"], row["high"])

    def sums(self, places: Places, within: Sequence[Place] = ()) -> Summed:
        """See `KeySnapshot.sums`."""
        rows = f"SELECT {_key(places)} AS k FROM {self.table} WHERE counts"
        (row,) = self._ask(bigquery_key_sums(places, rows, within))
        return summed(row["row_count"], row["sums"])

    def row_sums(self, places: Places, within: Sequence[Place] = ()) -> Summed:
        """See `RowSnapshot.row_sums`: also of rows without a key, which no table has."""
        rows = f"SELECT {_key(places)} AS k, row_number AS v FROM {self.table} WHERE is_compared"
        (row,) = self._ask(bigquery_key_sums(places, rows, within, of_rows=True))
        return summed(row["row_count"], row["sums"])

    def keys(self, places: Places, within: Sequence[Place]) -> Iterator[str]:
        """See `KeySnapshot.keys`."""
        rows = f"SELECT {_key(places)} AS k, key_text, told FROM {self.table}"
        rows += " WHERE told IS NOT NULL"
        for row in self._ask(bigquery_keys(places, rows, within)):
            yield from row["key_texts"]

    def _ask(self, sql: str) -> list[bigquery.Row]:
        return ask(self.client, self.source, sql, STEP)


def _key(places: Places) -> str:
    return "number" if places.width else bigquery_text_number("key_text")


def comparing(
    client: bigquery.Client, source: BigqueryStatement, asked: KeysQuestion
) -> BigqueryKeys:
    """See `ComparingInspector.comparing`: the result with the keys as they are now."""
    labels = JobLabels(source.extract.run_id or "plan", STEP)
    config = reading_config(labels, source.default_dataset, source.max_bytes_billed)
    job = client.query(keys_statement(source, asked), config)
    job.result(max_results=0)
    result = job.destination
    table = quoted(result.project, result.dataset_id, result.table_id)
    return BigqueryKeys(client, source, table)


def keys_statement(source: BigqueryStatement, asked: KeysQuestion) -> str:
    """The query over the source, whatever the cursors of its rows."""
    every = (*asked.keys, *asked.tested, *asked.columns)
    rows = source.with_columns(tuple({column.name: column for column in every}.values())).in_place()
    items = rows.items()
    is_read = is_compared = "FALSE"
    scope = bigquery_condition(asked.scope) if asked.scope else "TRUE"
    dead = bigquery_condition(asked.dead) if asked.dead else "FALSE"
    if asked.cursor is not None:
        items = (*items, f"q.{quoted(asked.cursor)} AS {CURSOR}")
        if asked.read_up_to is not None:
            is_read = f"s.{CURSOR} <= {literal(asked.read_up_to)} AND {scope}"
        if asked.up_to is not None:
            is_compared = f"s.{CURSOR} <= {literal(asked.up_to)}"
    if not asked.compares_dead:
        is_compared += f" AND NOT {dead}"
    compared = (
        f"  {bigquery_row_number(asked.columns)} AS row_number, {is_compared} AS is_compared,\n"
        if asked.columns
        else ""
    )
    number = f"IFNULL(s.{quoted(asked.keys[0].name)}, 0)" if is_ranged(asked.keys) else "0"
    there = " AND ".join(f"s.{quoted(key.name)} IS NOT NULL" for key in asked.keys)
    return (
        f"SELECT {bigquery_row(asked.keys)} AS key_text, {number} AS number,\n"
        f"{compared}  {there} AND {scope} AND NOT {dead} AS counts,\n  CASE"
        f" WHEN NOT ({there}) THEN NULL"
        f" WHEN {dead} THEN '{LETTER_DEAD}' WHEN {is_read} THEN '{LETTER_READ}'"
        f" ELSE '{LETTER_OTHER}' END AS told\n"
        f"FROM (\n{rows.selecting(items)}\n) AS s"
    )
