"""A text of checks, of whatever format → the checks of one table. Pure."""

from collections.abc import Sequence

from auto_schema.errors import raise_all
from pipeline.checks.dbt import read_dbt
from pipeline.parameters.document import read_document
from smart_sync.check import Check


def read_checks(text: str, name: str, table: str) -> tuple[tuple[Check, ...], Sequence[str]]:
    """The checks of a table, and the tables of which the text has any.

    Args:
        text: YAML or JSON.
        name: of the file, or `checks` where the parameter holds the text itself.
        table: the destination's name.

    Raises:
        ConfigError, ManyErrors: everything that is wrong with it.
    """
    root, faults = read_document(text, name)
    raise_all(faults)
    checks, tables, faults = read_dbt(root, name, table)
    raise_all(faults)
    return checks, tables
