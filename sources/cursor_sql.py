"""What the SQL behind a cursor makes of its stamps where they are read, or else where written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sources.coarse_stamps import CoarseStamps, coarse_stamps
from sources.stamp_zone import StampZone, stamp_zone
from sources.values import SourceColumn


@dataclass(frozen=True, slots=True)
class CursorSql:
    """Where the stamps of a cursor come from.

    Attributes:
        query: what is read, its placeholders bound.
        column: of it.
        dialect: of all SQL here, its name in sqlglot.
        read: queries that stand for the tables and views behind it, by names without a schema.
        written: the same of what writers get there, in columns that they leave out.
    """

    query: str
    column: SourceColumn
    dialect: str
    read: Mapping[str, str]
    written: Mapping[str, str]

    @property
    def is_naive(self) -> bool:
        """Whether stamps have no zone."""
        return self.column.type.cursor_type in ("timestamp", "date")

    def coarse(self) -> CoarseStamps | None:
        """What cuts them or moves them back; None: nothing shows it."""
        is_date = self.column.type.cursor_type == "date"
        for is_default, behind in ((False, self.read), (True, self.written)):
            cut = coarse_stamps(
                self.query,
                self.column.name,
                self.dialect,
                is_date=is_date,
                behind=behind,
                has_zone=not self.is_naive,
            )
            if cut is not None:
                return replace(cut, is_default=is_default)
        return None

    def zone(self) -> StampZone | None:
        """The zone to whose clock they are brought; None: nothing names one."""
        for is_written, behind in ((False, self.read), (True, self.written)):
            zone = stamp_zone(self.query, self.column.name, self.dialect, behind)
            if zone is not None:
                return replace(zone, is_written=is_written)
        return None
