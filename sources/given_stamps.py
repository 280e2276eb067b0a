"""Stamps of a cursor that a query gives to rows which have none of their own.

A row without one is in no window, and counted. With one that the query makes up it is in no
window either, and nothing counts it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

_WORDS = re.compile(
    r"\b(coalesce|ifnull|nvl|case|if|greatest|now|\w+_timestamp|localtimestamp|current_\w+)\b",
    re.IGNORECASE,
)
"""Without any of them sqlglot isn't imported."""


@dataclass(frozen=True, slots=True)
class GivenStamps:
    """What a query gives.

    Attributes:
        by: its SQL.
        is_now: whether it is the time of each query; else it is one stamp for ever.
    """

    by: str
    is_now: bool


def given_stamps(
    sql: str, name: str, dialect: str, behind: Mapping[str, str]
) -> GivenStamps | None:
    """The stamp that a query gives as its cursor's; None: nothing shows that it does.

    Args:
        sql: the query.
        name: of its column.
        dialect: its name in sqlglot.
        behind: queries that stand for views, by their names without a schema.

    >>> given_stamps("SELECT coalesce(c, now()) AS c FROM t", "c", "postgres", {})
    GivenStamps(by='CURRENT_TIMESTAMP', is_now=True)
    >>> given_stamps("SELECT coalesce(c, 'epoch'::timestamptz) AS c FROM t", "c", "postgres", {})
    GivenStamps(by="'epoch'", is_now=False)
    >>> given_stamps("SELECT coalesce(c, d) AS c FROM t", "c", "postgres", {})
    """
    if not any(_WORDS.search(text) for text in (sql, *behind.values())):
        return None
    given: tuple[str, bool] | None = import_module("sources.given_stamps_tree").given_of(
        sql, name, dialect, behind
    )
    return None if given is None else GivenStamps(*given)
