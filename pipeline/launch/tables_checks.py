"""I/O. The texts that tables of a launch name by a path; one that many name is read once."""

import functools
from collections.abc import Sequence
from dataclasses import replace

from auto_schema.errors import ManyErrors, SyncError, raise_all
from pipeline.launch.checks_of import document_of, with_checks
from pipeline.launch.sql_of import text_of as sql_of_path
from pipeline.launch.sql_of import with_sql
from pipeline.launch.transformation_of import text_of, with_transformation
from pipeline.tables.requests import TableOptions


def tables_with_checks(tables: Sequence[TableOptions]) -> tuple[TableOptions, ...]:
    """The tables of a launch with transformation, checks and transform_sql of each.

    Raises:
        ConfigError, ManyErrors: what is wrong with their texts.
        TargetError: Cloud Storage couldn't be reached.
    """
    document, sql = functools.cache(document_of), functools.cache(sql_of_path)
    text, faults = functools.cache(text_of), list[SyncError]()

    def checked(table: TableOptions) -> TableOptions:
        without = checked(table.without) if table.without else None
        if table.options is None:
            return replace(table, without=without)
        options = with_checks(with_transformation(table.options, text), document)
        return replace(table, options=with_sql(options, sql), without=without)

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
