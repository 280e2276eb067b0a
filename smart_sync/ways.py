"""The ways of rows into the destination, one value each, and who counts them there.

A way says all that differs between them: where rows lie before they are published, which
job publishes them, and what the plan tells of it.
"""

from dataclasses import dataclass
from enum import Enum


class Count(Enum):
    """Who says a number of rows: expected in the destination, or published into it."""

    STAGED = "the files that were staged"
    TOLD = "the last statement of the publishing script"
    TABLE = "the table, all of whose rows the job has put there"
    CHANGED = "the publishing statement, or those of its script that insert or merge"
    LOADED = "the load job"
    COPIED = "the copy job"


@dataclass(frozen=True, slots=True, repr=False)
class Way:
    """How rows get into the destination: of staged files, or of the source itself.

    Attributes:
        name: in the plan and its fingerprint.
        told: what the plan tells of it, line by line; `{why}` stands for the reason, `{table}`
            for the staging table.
        is_staged: whether rows are staged before they are published.
        has_table: whether that is in a table, where they can be queried.
        has_statement: whether the mode's statement publishes them.
        copies: whether a copy job does.
        shortly: which job publishes, for the plan's third line.
    """

    name: str
    told: tuple[str, ...]
    is_staged: bool = False
    has_table: bool = False
    has_statement: bool = False
    copies: bool = False
    shortly: str = "one statement"

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Way({self.name})"

    def lines(self, why: str, table: str) -> tuple[str, ...]:
        """What the plan tells of it.

        >>> COPY.lines("the source is taken whole", "_sync_staging_1")
        ('one copy job of the table (free): the source is taken whole',)
        """
        return tuple(line.format(why=why, table=table) for line in self.told)


LOAD = Way(
    "load",
    ("{why}, straight into the table (free)",),
    is_staged=True,
    shortly="one load job (free)",
)
"""More files than one job takes are loaded into the staging table after all."""
STATEMENT = Way(
    "statement",
    (
        "load into {table}, then one statement",
        "because {why}",
        "the load is free, the statement bills the bytes of the staged rows",
    ),
    is_staged=True,
    has_table=True,
    has_statement=True,
)
STATEMENT_IN_PLACE = Way(
    "statement",
    ("one job into {table}, then one statement", "because {why}"),
    is_staged=True,
    has_table=True,
    has_statement=True,
)
"""Of a source in BigQuery: no row leaves it."""
QUERY = Way("query", ("{why}",), has_statement=True)
COPY = Way(
    "copy", ("one copy job of the table (free): {why}",), copies=True, shortly="one copy job (free)"
)
