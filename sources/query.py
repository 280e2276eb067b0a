"""What kind of query the user wrote: may it be split, and which tables does it read.

Parsed by sqlglot; a query that it can't parse is simply not split.
"""

import logging
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

_BLOCKERS: tuple[tuple[str, str], ...] = (
    ("limit", "LIMIT"),
    ("offset", "OFFSET"),
    ("fetch", "FETCH"),
    ("group", "GROUP BY"),
    ("having", "HAVING"),
    ("distinct", "DISTINCT"),
    ("windows", "a WINDOW clause"),
    ("locks", "FOR UPDATE or FOR SHARE"),
    ("with_", "a WITH clause"),
    ("with", "a WITH clause"),
)


@dataclass(frozen=True, slots=True)
class QueryShape:
    """What planning needs to know of a query.

    Attributes:
        split_reason: why it can't be split; empty for one plain SELECT.
        tables: names in FROM as written, (schema or "", name), sorted, without CTE names.
        has_order: an outermost ORDER BY stands in a plain SELECT.
    """

    split_reason: str
    tables: tuple[tuple[str, str], ...] = ()
    has_order: bool = False
    single_table: bool = False
    """FROM is one table, without a join."""


def shape(sql: str) -> QueryShape:
    """Look at a query whose placeholders are bound.

    >>> shape("SELECT a FROM s.t ORDER BY a")
    QueryShape(split_reason='', tables=(('s', 't'),), has_order=True, single_table=True)
    >>> shape("SELECT count(*) FROM t").split_reason
    'the query has an aggregate'
    """
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        statements = sqlglot.parse(sql, dialect="postgres")
    except (SqlglotError, RecursionError):
        return QueryShape("the query could not be parsed")
    if len(statements) != 1 or statements[0] is None:
        return QueryShape("the query is not one statement")
    tree = statements[0]
    tables = _tables(tree)
    reason = _split_reason(tree)
    has_order = not reason and tree.args.get("order") is not None
    single = not reason and len(tables) == 1 and not tree.args.get("joins")
    return QueryShape(reason, tables, has_order, single)


def _tables(tree: exp.Expr) -> tuple[tuple[str, str], ...]:
    named = {("", _folded(cte.args["alias"].this)) for cte in tree.find_all(exp.CTE)}
    found = {
        (_folded(table.args.get("db")), _folded(table.this))
        for table in tree.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier)
    }
    return tuple(sorted(found - named))


def _folded(name: object) -> str:
    """A name as PostgreSQL takes it: lower case unless it was quoted."""
    if not isinstance(name, exp.Identifier):
        return ""
    return name.name if name.quoted else name.name.lower()


def _split_reason(tree: exp.Expr) -> str:
    if isinstance(tree, exp.SetOperation):
        return "the query is a set operation (UNION, INTERSECT, EXCEPT)"
    if not isinstance(tree, exp.Select):
        return "the query is not a SELECT"
    for key, name in _BLOCKERS:
        if tree.args.get(key):
            return f"the query has {name}"
    if tree.find(exp.TableSample):
        return "the query has TABLESAMPLE"
    found = [_expression_reason(expression) for expression in tree.expressions]
    found += [_split_reason(derived.this) for derived in _derived_tables(tree)]
    return next((reason for reason in found if reason), "")


def _derived_tables(tree: exp.Select) -> list[exp.Subquery]:
    """Sub-selects in FROM and JOIN: what cuts their rows cuts ours, in each split anew."""
    clauses = [tree.args.get("from_") or tree.args.get("from"), *(tree.args.get("joins") or ())]
    sources = [clause.this for clause in clauses if clause is not None]
    return [source for source in sources if isinstance(source, exp.Subquery)]


_KINDS: tuple[tuple[tuple[type[exp.Expr], ...], str], ...] = (
    ((exp.Window,), "the query has a window function"),
    ((exp.AggFunc,), "the query has an aggregate"),
    (
        (exp.Unnest, exp.Explode, exp.GenerateSeries),
        "the query has a set-returning function",
    ),
)


def _expression_reason(expression: exp.Expr) -> str:
    found = (why for kinds, why in _KINDS if _outside_subqueries(expression, *kinds))
    return next(found, "")


def _outside_subqueries(tree: exp.Expr, *kinds: type[exp.Expr]) -> bool:
    for node in tree.find_all(*kinds):
        ancestor = node.find_ancestor(exp.Subquery, exp.Select)
        if ancestor is None or ancestor is tree.parent:
            return True
    return False
