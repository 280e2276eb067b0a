"""The local BigQuery for a long run of small tests, which it would slow down more and more.

DuckDB hands the work of a statement to threads, which for a few rows costs more than it wins; and
each look into the catalog walks over the results of all queries so far. It also forgets the
OPTIONS of ADD COLUMN, which BigQuery keeps. Run by the local BigQuery's own Python, so nothing of
the project is imported.
"""

import functools
import gc
import threading
import time
from typing import Any

RESULTS_LIVE_S = 60
"""At least so long can the rows of a query be fetched; real BigQuery keeps them for a day."""


def serve() -> None:
    """What `local-bigquery` does, one thread a statement, descriptions kept, no old results."""
    import duckdb  # of the other environment
    from local_bigquery.cli import main

    connect = duckdb.connect

    @functools.wraps(connect)
    def with_one_thread(*args: Any, config: Any = None, **words: Any) -> Any:
        return connect(*args, config={"threads": 1, **(config or {})}, **words)

    duckdb.connect = with_one_thread
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    threading.Thread(target=forget_results, daemon=True).start()
    keep_descriptions()
    main()


def keep_descriptions() -> None:
    """Give an added column the description that ADD COLUMN says, unless it has one."""
    from local_bigquery.catalog import ddl
    from sqlglot import exp

    altered = ddl._alteration

    @functools.wraps(altered)
    def described(stored: Any, action: Any, reference: Any, evaluate: Any) -> Any:
        if not isinstance(action, exp.ColumnDef):
            return altered(stored, action, reference, evaluate)
        said = ddl.options(action.find(exp.Properties), ddl.COLUMN_OPTIONS, evaluate)
        fields = [
            field.replace(**said)
            if field.name.casefold() == action.name.casefold() and not field.description
            else field
            for field in ddl.tables.fields(stored)
        ]
        return {"schema": {"fields": fields}} if said else {}

    ddl._alteration = described


def forget_results() -> None:
    """Drop, for ever, the results that were there at the last look."""
    import duckdb
    from local_bigquery.engine import database

    old = set[str]()
    while True:
        time.sleep(RESULTS_LIVE_S)
        found = {name for name, *_ in database.objects("emulator", "_results")}
        for name in old & found:
            try:
                database.execute(f"DROP TABLE {database.quote('emulator', '_results', name)}")
            except duckdb.Error:
                continue  # just deleted
        old = found


if __name__ == "__main__":
    serve()
