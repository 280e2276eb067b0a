"""What `ripening` asks of a query's tree: conditions that rows come to meet as time goes by."""

from collections.abc import Iterator

from sqlglot import exp

from sources.query_tree import trees_of

_NOW = (exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentDatetime, exp.Localtimestamp)
_BELOW, _ABOVE = (exp.LT, exp.LTE), (exp.GT, exp.GTE)


def condition_of(sql: str, cursor: str, dialect: str) -> str:
    """See `sources.ripening.ripening`; of a query that can't be parsed nothing is known."""
    wheres = (where for tree in trees_of(sql, dialect) for where in tree.find_all(exp.Where))
    shown = (one.sql(dialect=dialect) for where in wheres for one in _ripening(where, cursor))
    return next(shown, "")


def _ripening(where: exp.Expr, cursor: str) -> Iterator[exp.Expr]:
    """Comparisons that say: a column other than the cursor is earlier than now."""
    for one in where.find_all(*_BELOW, *_ABOVE):
        earlier, later = (one.left, one.right) if isinstance(one, _BELOW) else (one.right, one.left)
        columns = {column.name.casefold() for column in earlier.find_all(exp.Column)}
        if columns - {cursor.casefold()} and later.find(*_NOW) and not earlier.find(*_NOW):
            yield one
