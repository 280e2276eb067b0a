"""How rows get into the destination, and who counts them there."""

from enum import Enum, StrEnum


class Count(Enum):
    """Who says a number of rows: expected in the destination, or published into it."""

    STAGED = "the files that were staged"
    TOLD = "the last statement of the publishing script"
    TABLE = "the table, all of whose rows the job has put there"
    CHANGED = "the publishing statement, or those of its script that insert or merge"
    LOADED = "the load job"
    COPIED = "the copy job"


class Way(StrEnum):
    """How rows get into the destination: of staged files, or of the source itself."""

    LOAD = "load"
    STATEMENT = "statement"
    QUERY = "query"
    COPY = "copy"

    @property
    def is_staged(self) -> bool:
        """Whether rows are staged before they are published."""
        return self in (Way.LOAD, Way.STATEMENT)

    @property
    def has_statement(self) -> bool:
        """Whether the mode's statement publishes, or may."""
        return self in (Way.STATEMENT, Way.QUERY)
