"""What becomes of rows that the source has deleted: what is asked for, and our column for it."""

from dataclasses import dataclass

DELETED_AT = "_sync_deleted_at"
"""When a row was deleted in the source, of tables that keep such rows; NULL: it wasn't."""
HARD, SOFT = "hard", "soft"


@dataclass(frozen=True, slots=True)
class DeletesRequest:
    """What the parameters say of deleted rows.

    Attributes:
        deleted_column: of the source, which marks them; empty: nothing does.
        deleted_rows: `hard`: rows that are marked are removed; `soft`: they are kept and say when.
    """

    deleted_column: str = ""
    deleted_rows: str = HARD

    @property
    def removes(self) -> bool:
        """Whether a mark removes its row."""
        return bool(self.deleted_column) and self.deleted_rows == HARD

    @property
    def keeps(self) -> bool:
        """Whether deleted rows are kept, with the time in `DELETED_AT`."""
        return bool(self.deleted_column) and self.deleted_rows == SOFT
