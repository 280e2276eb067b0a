"""I/O. The checks and queries of all tables of a launch; a document that many name is read once."""

import functools
from collections.abc import Sequence
from dataclasses import replace

from auto_schema.errors import ManyErrors, SyncError, raise_all
from pipeline.launch.checks_of import document_of, with_checks
from pipeline.launch.sql_of import text_of, with_sql
from pipeline.tables.requests import TableOptions


def tables_with_checks(tables: Sequence[TableOptions]) -> tuple[TableOptions, ...]:
    """The tables of a launch with checks and transform_sql of each; a shared document is read once.

    Raises:
        ConfigError, ManyErrors: what is wrong with their texts.
        TargetError: Cloud Storage couldn't be reached.
    """
    document, text = functools.cache(document_of), functools.cache(text_of)
    faults = list[SyncError]()

    def checked(table: TableOptions) -> TableOptions:
        without = checked(table.without) if table.without else None
        options = with_sql(with_checks(table.options, document), text) if table.options else None
        return replace(table, options=options, without=without)

    told = list[TableOptions]()
    for table in tables:
        try:
            told.append(checked(table))
        except ManyErrors as error:
            faults += error.errors
        except SyncError as error:
            faults.append(error)
    raise_all(list({fault.args: fault for fault in faults}.values()))
    return tuple(told)
