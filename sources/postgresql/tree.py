"""What sqlglot's tree of a query says of it, together with its words."""

import logging

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sources.postgresql.query import QueryShape, lowered, words_reason


def parsed_shape(sql: str) -> QueryShape:
    """The shape of any query whose placeholders are bound; see `sources.postgresql.shape`.

    >>> parsed_shape("SELECT a FROM s.t ORDER BY a")
    QueryShape(split_reason='', tables=(('s', 't'),), has_order=True, single_table=True)
    """
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        statements = sqlglot.parse(sql, dialect="postgres")
    except (SqlglotError, RecursionError):
        return QueryShape("the query could not be parsed")
    if len(statements) != 1 or statements[0] is None:
        return QueryShape("the query is not one statement")
    tree = statements[0]
    reason = _tree_reason(tree) or words_reason(sql)
    has_order = not reason and tree.args.get("order") is not None
    single = not reason and len(list(tree.find_all(exp.Table))) == 1
    return QueryShape(reason, _tables(tree), has_order, single)


def _tables(tree: exp.Expr) -> tuple[tuple[str, str], ...]:
    named = {("", folded(cte.args["alias"].this)) for cte in tree.find_all(exp.CTE)}
    tables = {
        (folded(table.args.get("db")), folded(table.this))
        for table in tree.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier)
    }
    return tuple(sorted(tables - named))


def folded(name: object) -> str:
    """A name as PostgreSQL takes it: lower case unless it was quoted."""
    if not isinstance(name, exp.Identifier):
        return ""
    return name.name if name.quoted else lowered(name.name)


_KINDS: tuple[tuple[tuple[type[exp.Expr], ...], str], ...] = (
    ((exp.TableSample,), "the query has TABLESAMPLE"),
    ((exp.Lateral,), "the query has LATERAL"),
    ((exp.Window,), "the query has a window function"),
    ((exp.AggFunc,), "the query has an aggregate"),
    ((exp.Unnest, exp.Explode, exp.GenerateSeries), "the query has a set-returning function"),
)


def _tree_reason(tree: exp.Expr) -> str:
    if isinstance(tree, exp.SetOperation):
        return "the query is a set operation (UNION, INTERSECT, EXCEPT)"
    if not isinstance(tree, exp.Select):
        return "the query is not a SELECT"
    reasons = (why for kinds, why in _KINDS if tree.find(*kinds))
    if not all(_is_rows(clause.this) for clause in tree.find_all(exp.From, exp.Join)):
        return next(reasons, "the query's FROM holds more than tables and plain sub-selects")
    return next(reasons, "")


def _is_rows(source: object) -> bool:
    """Whether something in FROM is a table or a sub-select."""
    while isinstance(source, exp.Subquery):
        source = source.this
    if isinstance(source, exp.Table):
        return isinstance(source.this, exp.Identifier) and not source.args.get("rows_from")
    return isinstance(source, exp.Select)
