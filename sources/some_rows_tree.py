"""What sqlglot's tree of a query says of rows that it leaves out by their number or by chance."""

from sqlglot import exp

from sources.query_tree import trees_of

_WHOLE = (exp.Select, exp.SetOperation, exp.Subquery, exp.From, exp.Join, exp.CTE, exp.With)
"""Through these a sub-query's rows are rows of the whole."""


def reason(sql: str, dialect: str) -> str:
    """See `sources.some_rows.gives_some`; of a query that can't be parsed nothing is known."""
    trees = trees_of(sql, dialect)
    if any(tree.find(exp.TableSample) for tree in trees):
        return "TABLESAMPLE"
    cuts = (cut for tree in trees for cut in tree.find_all(exp.Limit, exp.Fetch, exp.Offset))
    if any(map(_is_of_the_whole, cuts)):
        return "LIMIT"
    chosen = (where for tree in trees for where in tree.find_all(exp.Where))
    return "random()" if any(where.find(exp.Rand) for where in chosen) else ""


def _is_of_the_whole(cut: exp.Expr) -> bool:
    """Whether rows that it leaves out are not in the result: of LATERAL, or of a value, others."""
    node = cut
    while node.parent is not None:
        if isinstance(node, exp.Subquery) and node.arg_key == "expressions":
            return False
        node = node.parent
        if not isinstance(node, _WHOLE):
            return False
    return True
