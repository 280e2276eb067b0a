"""Where in a query's text its only table stands, so that a part of its rows can be read.

Each row of such a query is made of one row of the table. A part is said where the table
stands, below all that the query computes, so that nothing is computed of the other rows.
"""

from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from sources.query import folded, shape
from sources.sql import quote


@dataclass(frozen=True, slots=True)
class OneTable:
    """A query of one plain SELECT over one table.

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
        rows = f"(SELECT * FROM {self.quoted} WHERE {predicate}){self.alias}"
        return self.sql[: self.start] + rows + self.sql[self.end :]


def one_table(sql: str) -> OneTable | str:
    """Find the table of a query, or say why it has none that all rows come from."""
    look = shape(sql)
    if look.split_reason or not look.single_table:
        return look.split_reason or "the query reads more than one table"
    table = next(sqlglot.parse_one(sql, dialect="postgres").find_all(exp.Table))
    parts = [part for part in (table.args.get("db"), table.this) if part is not None]
    if table.args.get("only") or table.args.get("catalog") or not _all_stand(sql, parts):
        return "the query names its table in an unusual way"
    name = (folded(table.args.get("db")), folded(table.this))
    alias = "" if table.args.get("alias") else f" AS {quote(name[1])}"
    return OneTable(sql, name, parts[0].meta["start"], parts[-1].meta["end"] + 1, alias)


def _all_stand(sql: str, parts: list[exp.Expr]) -> bool:
    """Whether each identifier stands in the text where the parser has seen it."""
    return all(
        isinstance(part, exp.Identifier)
        and "start" in part.meta
        and sql[part.meta["start"] : part.meta["end"] + 1]
        == (quote(part.name) if part.quoted else part.name)
        for part in parts
    )
