"""What `stamp_zone` asks of a query's tree: the zone to which a value is brought at last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlglot import exp

from sources.coarse_stamps_tree import Noting, first_noted

Zone = tuple[str, str]
_OF_CALL = 2
"""Arguments of timezone(zone, stamp)."""


def zone_of(sql: str, name: str, dialect: str, behind: Mapping[str, str]) -> Zone | None:
    """See `stamp_zone`: the SQL, and the zone that it names."""
    return first_noted(_ZoneLook(dialect, False, behind, {}), sql, name)


@dataclass(frozen=True, slots=True)
class _ZoneLook(Noting):
    """The same way down; it ends where a zone is named."""

    def unit_of(self, value: exp.Expr) -> timedelta | None:
        """Zero: a zone is named, and what lies beneath is brought to it; None: go on."""
        zone = _zone_in(value)
        bare = zone.this if isinstance(zone, exp.Cast) else zone
        if not isinstance(bare, exp.Literal) or not bare.is_string:
            return None
        self.noted.append((value.sql(dialect=self.dialect), str(bare.this)))
        return timedelta()


def _zone_in(value: exp.Expr) -> exp.Expr | None:
    """What stands where a call names a zone to which it brings a stamp."""
    if isinstance(value, exp.Extract):  # EXTRACT(DATE FROM c AT TIME ZONE z)
        value = value.expression
    if isinstance(value, (exp.AtTimeZone, exp.Date)):
        return value.args.get("zone")
    if isinstance(value, exp.Datetime):
        return value.args.get("expression")  # or a time of day, which is no text
    if isinstance(value, (exp.CurrentDate, exp.CurrentDatetime)):
        return value.args.get("this")
    return _of_call(value)


def _of_call(value: exp.Expr) -> exp.Expr | None:
    is_call = isinstance(value, exp.Anonymous) and str(value.this).lower() == "timezone"
    given = value.expressions if is_call else []
    return given[0] if len(given) == _OF_CALL else None
