"""Results of queries: written once, asked for by the job's own name, dropped when they are old.

A job's result is never altered, so its columns and its number of rows are known from when it was
written. As it was, each look at it searched the whole catalog, most of which are results. Of a
statement that came before, over tables that are as they were, they are known without planning it.
"""

import threading
import time
from dataclasses import dataclass
from typing import Any

from statements import Columns, Translation, Translator

RESULTS_LIVE_S = 20
"""At least so long can the rows of a query be fetched; real BigQuery keeps them for a day. DuckDB
looks at all of them to list the tables of a dataset."""


@dataclass(frozen=True)
class Result:
    """What is known of a job's result from its writing on."""

    columns: list[tuple[str, Any]]
    """Name and DuckDB's type."""
    fields: list[Any]
    """As BigQuery describes them."""
    rows: int


class Foreseen:
    """A cursor that tells the columns of a statement that came before without planning it."""

    def __init__(self, cursor: Any, known: Translation) -> None:
        self._cursor, self._known = cursor, known

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def sql(self, sql: str, *, params: Any) -> Columns:
        """The columns of the statement's rows."""
        if self._known.columns is None:
            relation = self._cursor.sql(sql, params=params)
            self._known.columns = Columns(relation.columns, relation.types)
        return self._known.columns


class Results:
    """What the queries of late have found, by project and job."""

    def __init__(self, translator: Translator) -> None:
        from local_bigquery.catalog import tabledata, tables
        from local_bigquery.engine import database, results, types
        from local_bigquery.jobs import query

        self._tables, self._database, self._results = tables, database, results
        self._types, self._list_rows, self._write = types, tabledata.list_rows, query._write
        self._translator = translator
        self._settings = (*tables.LAYOUT, "schemaUpdateOptions")
        self._kept = dict[tuple[str, str], Result | None]()
        """None: written as `local-bigquery` does."""

    def write(
        self, cursor: Any, sql: str, bound: Any, destination: Any, config: Any, isolated: bool
    ) -> None:
        """`jobs.query._write`; of what isn't a plain result, that itself."""
        project, dataset, job = self._tables.reference(destination)
        if dataset != self._tables.RESULTS:
            self._write(cursor, sql, bound, destination, config, isolated)
            return
        self._kept[project, job] = None
        if isolated or any(getattr(config, name) for name in self._settings):
            self._write(cursor, sql, bound, destination, config, isolated)
            return
        name = self._tables.name(project, dataset, job)
        known = self._translator.known(sql)
        planned = Foreseen(cursor, known) if known else cursor
        self._results.materialise(planned, sql, name, bound)
        rows = cursor.fetchone()[0]
        columns, fields = known.written if known and known.written else self._columns(cursor, name)
        if known:
            known.written = columns, fields
        self._kept[project, job] = Result(columns, fields, rows)

    def _columns(self, cursor: Any, table: str) -> tuple[list[tuple[str, Any]], list[Any]]:
        relation = cursor.table(table)
        columns = list(zip(relation.columns, relation.types, strict=True))
        return columns, [self._types.field(column, kind) for column, kind in columns]

    def list_rows(
        self,
        project: str,
        dataset: str,
        table: str,
        most: int | None,
        start: int,
        selected: str | None,
        int64: bool,
    ) -> Any:
        """`tabledata.list_rows`; of a kept result, by one statement."""
        result = self._kept.get((project, table)) if dataset == self._tables.RESULTS else None
        if result is None or selected:
            return self._list_rows(project, dataset, table, most, start, selected, int64)
        limit = self._results.DEFAULT_PAGE_SIZE if most is None else most
        with self._database.cursor() as cursor:
            rows = cursor.execute(
                f"SELECT {self._types.row(result.columns, int64)} "
                f"FROM (SELECT * FROM {self._tables.name(project, dataset, table)} "
                f"ORDER BY rowid LIMIT {limit} OFFSET {start})"
            ).fetchall()
        end = start + len(rows)
        following = str(end) if end < result.rows else None
        page = self._results.Page([row for (row,) in rows], result.rows, following)
        return page, result.fields

    def forget(self) -> None:
        """Drop, for ever, the results that were there at the last look."""
        import duckdb

        old = list[tuple[str, str]]()
        while True:
            time.sleep(RESULTS_LIVE_S)
            for project, job in old:
                self._kept.pop((project, job), None)
                name = self._tables.name(project, self._tables.RESULTS, job)
                try:
                    self._database.execute(f"DROP TABLE IF EXISTS {name}")
                except duckdb.Error:
                    continue  # is being read
            old = list(self._kept)


def keep_results(translator: Translator) -> None:
    """Write results, and read them, by what is known of them."""
    from local_bigquery.api import jobs as api
    from local_bigquery.catalog import tabledata
    from local_bigquery.jobs import query

    results = Results(translator)
    assert api.tabledata is tabledata  # asks by its name, so gets the new one
    query._write, tabledata.list_rows = results.write, results.list_rows
    threading.Thread(target=results.forget, daemon=True).start()
