"""What only a parser finds in transform_sql. Pure; imported at need, since the parser is large."""

from collections import Counter

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

ROWS = "staged"


def computes(sql: str, cursor: str) -> bool:
    """Whether a query makes the cursor of something, instead of letting each row's own pass.

    It may be another row's where the staged rows, or what is named of them, stand in the query
    twice; and of a query that can't be parsed nothing is known.

    >>> computes("SELECT s.id, s.at FROM staged AS s WHERE s.at > s.then", "at")
    False
    >>> computes("SELECT id, MIN(at) AS At FROM staged GROUP BY id", "at")
    True
    >>> computes("SELECT a.id, b.at FROM staged AS a, staged AS b", "at")
    True
    >>> computes("SELECT s.id, d.at FROM staged AS s JOIN shop.days AS d USING (id)", "at")
    True
    """
    try:
        tree = sqlglot.parse_one(sql, dialect="bigquery")
    except (SqlglotError, RecursionError):
        return True
    folded = cursor.casefold()
    named = (a for a in tree.find_all(exp.Alias) if a.alias.casefold() == folded)
    if any(not _is_column(alias.this, folded) for alias in named):
        return True
    rows = _of_rows(tree)
    if _meets_itself(tree, rows) or any(
        _is_of_others(select, folded, rows) for select in tree.find_all(exp.Select)
    ):
        return True
    if not tree.find(exp.SetOperation):
        return False
    return any(
        _is_column(column, folded)
        for call in tree.find_all(exp.AggFunc)
        for column in call.find_all(exp.Column)
    )


def _of_rows(tree: exp.Expr) -> set[str]:
    """The names under which a query has the staged rows, or something made of them."""
    return {ROWS, *(cte.alias.casefold() for cte in tree.find_all(exp.CTE))}


def _bare(table: exp.Table) -> str:
    """The name of a table that stands without its dataset, folded; else empty."""
    return "" if table.db else table.name.casefold()


def _meets_itself(tree: exp.Expr, rows: set[str]) -> bool:
    """Whether a row may be joined with another staged one."""
    uses = _uses(tree)
    return any(uses[name] > 1 for name in rows)


def _uses(tree: exp.Expr) -> Counter[str]:
    """How often each table stands where its rows may meet those of others.

    Rows of the parts of a UNION never do.
    """
    if isinstance(tree, exp.Table):
        return Counter([_bare(tree)]) + _of_parts(tree)
    if isinstance(tree, exp.SetOperation):
        parts = (tree.left, tree.right)
        others = (part for part in tree.iter_expressions() if part not in parts)
        return (_uses(parts[0]) | _uses(parts[1])) + sum(map(_uses, others), Counter[str]())
    return _of_parts(tree)


def _of_parts(tree: exp.Expr) -> Counter[str]:
    return sum(map(_uses, tree.iter_expressions()), Counter[str]())


def _is_of_others(select: exp.Select, folded: str, rows: set[str]) -> bool:
    """Whether a SELECT takes the cursor from a table that isn't made of the staged rows."""
    columns = (item.unalias() for item in select.expressions)
    asked = {c.table.casefold() for c in columns if _is_column(c, folded) and c.table}
    if not asked:
        return False
    from_ = select.args.get("from_") or select.args.get("from")
    sources = [from_, *(select.args.get("joins") or ())]
    for source in (part.this for part in sources if part is not None):
        name = source.alias_or_name.casefold()
        if name in asked and rows & {_bare(table) for table in source.find_all(exp.Table)}:
            asked.discard(name)
    return bool(asked)


def _is_column(expression: exp.Expression, folded: str) -> bool:
    return isinstance(expression, exp.Column) and expression.name.casefold() == folded
