"""A text of checks, of whatever format → the checks of one table. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from auto_schema.errors import raise_all
from pipeline.checks.contract import is_contract, read_contract
from pipeline.checks.dbt import read_dbt
from pipeline.parameters.document import read_document
from pipeline.parameters.nodes import Node
from smart_sync.check import Check


def read_checks(text: str, name: str, table: str) -> tuple[tuple[Check, ...], Sequence[str]]:
    """The checks of a table, and the tables of which the text has any.

    Args:
        text: YAML or JSON: a contract where its top says so, else a dbt properties file.
        name: of the file, or `checks` where the parameter holds the text itself.
        table: the destination's name.

    Raises:
        ConfigError, ManyErrors: everything that is wrong with it.
    """
    root, faults = read_document(text, name)
    raise_all(faults)
    return checks_in(root, name, table)


def checks_in(root: Node, name: str, table: str) -> tuple[tuple[Check, ...], Sequence[str]]:
    """The same of a document that was read.

    Raises:
        ConfigError, ManyErrors: everything that is wrong with what it says of the table.
    """
    read = read_contract if is_contract(root) else read_dbt
    checks, tables, faults = read(root, name, table)
    raise_all(faults)
    return tuple(_apart(checks)), tables


def _apart(checks: Sequence[Check]) -> Iterator[Check]:
    """The same with names that tell them apart."""
    seen = dict[str, int]()
    for check in checks:
        seen[check.name] = number = seen.get(check.name, 0) + 1
        yield check if number == 1 else replace(check, name=f"{check.name}_{number}")
