"""Where in a query's text its table stands, so that a part of its rows can be read.

Each row of such a query is made of one row of the table, or of one and what is joined
to it. A part is said where the table stands, below all that the query computes, so that
nothing is computed of the other rows.
"""

from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from sources.postgresql.shape import shape
from sources.postgresql.sql import quote
from sources.postgresql.tree import folded


@dataclass(frozen=True, slots=True)
class OneTable:
    """A query of one plain SELECT over one table, or over one that others are joined to.

    Attributes:
        sql: the query, placeholders bound.
        name: of the table, (schema or "", name).
        start, end: where it stands in the query.
        alias: what has to stand behind what takes its place; empty: its own alias does.
    """

    sql: str
    name: tuple[str, str]
    start: int
    end: int
    alias: str

    @property
    def quoted(self) -> str:
        """The table's name as SQL."""
        return ".".join(quote(part) for part in self.name if part)

    def where(self, predicate: str) -> str:
        """The query over the table's rows for which the predicate is true.

        >>> one_table("SELECT a FROM s.t WHERE b").where("c")
        'SELECT a FROM (SELECT * FROM "s"."t" WHERE c) AS "t" WHERE b'
        """
        return self.instead(f"SELECT * FROM {self.quoted} WHERE {predicate}")

    def instead(self, rows: str) -> str:
        """The query over a SELECT in place of the table: the definition of a view."""
        return f"{self.sql[: self.start]}({rows}){self.alias}{self.sql[self.end :]}"


def one_table(sql: str) -> OneTable | str:
    """Find the table of which each row of a query has one row, or say why there is none."""
    look = shape(sql)
    if look.split_reason:
        return look.split_reason
    table = _first(sqlglot.parse_one(sql, dialect="postgres"))
    if table is None:
        return "the query has more than one table, and not by plain joins to the first"
    parts = [part for part in (table.args.get("db"), table.this) if part is not None]
    if table.args.get("only") or table.args.get("catalog") or not _all_stand(sql, parts):
        return "the query names its table in an unusual way"
    name = (folded(table.args.get("db")), folded(table.this))
    alias = "" if table.args.get("alias") else f" AS {quote(name[1])}"
    return OneTable(sql, name, parts[0].meta["start"], parts[-1].meta["end"] + 1, alias)


def _first(tree: exp.Expr) -> exp.Table | None:
    """The table of which each row has one row: the only one, or the first of plain joins.

    What is joined has no sub-select: it might compute values that no row of the result has.
    """
    first, joins = _from(tree)
    while isinstance(first, exp.Subquery) and not joins:
        first, joins = _from(first.this)
    tables = [first, *(join.this for join in joins)]
    plain = (isinstance(table, exp.Table) and not table.args.get("joins") for table in tables)
    if not isinstance(first, exp.Table) or not all(plain):
        return None
    if joins and (_count(tree, exp.Select) > 1 or any(j.side not in ("", "LEFT") for j in joins)):
        return None
    return first if _count(tree, exp.Table) == len(tables) else None


def _from(tree: exp.Expr) -> tuple[object, list[exp.Join]]:
    clause = tree.args.get("from_")
    return (clause.this if clause else None), tree.args.get("joins") or []


def _count(tree: exp.Expr, kind: type[exp.Expr]) -> int:
    return len(list(tree.find_all(kind)))


def _all_stand(sql: str, parts: list[exp.Expr]) -> bool:
    """Whether each identifier stands in the text where the parser has seen it."""
    return all(
        isinstance(part, exp.Identifier)
        and "start" in part.meta
        and sql[part.meta["start"] : part.meta["end"] + 1]
        == (quote(part.name) if part.quoted else part.name)
        for part in parts
    )
