"""WRITE_TRUNCATE_DATA as BigQuery documents it: the rows are others, the table stays what it is.

`local-bigquery` makes the table anew from the rows, as for WRITE_TRUNCATE.
"""

import functools
from typing import Any

ROWS_ONLY = "WRITE_TRUNCATE_DATA"


def keep_what_is_emptied() -> None:
    """Let such a job delete all rows and append its own, in one transaction."""
    from local_bigquery.catalog import tables

    write = tables.write

    @functools.wraps(write)
    def written(
        cur: Any, query: str, params: Any, reference: Any, config: Any, *more: Any, **words: Any
    ) -> Any:
        if config.writeDisposition != ROWS_ONLY or not tables.exists(*reference):
            return write(cur, query, params, reference, config, *more, **words)
        appending = config.replace(writeDisposition="WRITE_APPEND")
        cur.execute("BEGIN TRANSACTION")
        try:
            cur.execute(f"DELETE FROM {tables.name(*reference)}")
            created = write(cur, query, params, reference, appending, *more, **words)
        except BaseException:
            cur.execute("ROLLBACK")
            raise
        cur.execute("COMMIT")
        return created

    tables.write = written
