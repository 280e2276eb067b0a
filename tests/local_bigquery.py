"""The local BigQuery for many small statements: a third less processor time for each.

DuckDB hands the work of a statement to threads, which for a few rows costs more than it wins.
Run by the local BigQuery's own Python, so nothing of the project is imported.
"""

import functools
import gc
from typing import Any


def serve() -> None:
    """What `local-bigquery` does, with one thread for each of DuckDB's statements."""
    import duckdb  # of the other environment
    from local_bigquery.cli import main

    connect = duckdb.connect

    @functools.wraps(connect)
    def with_one_thread(*args: Any, config: Any = None, **words: Any) -> Any:
        return connect(*args, config={"threads": 1, **(config or {})}, **words)

    duckdb.connect = with_one_thread
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    main()


if __name__ == "__main__":
    serve()
