"""What kind of query is read: may it be split, and which tables does it read.

Two looks that have to agree: sqlglot's tree, and the words themselves, wherever they stand.
A query that sqlglot can't parse is not split. To import it takes a tenth of the CPU of a run
that finds nothing new, and of a table by itself, whose query is our own, it has nothing to say:
then it is not imported.
"""

import re
from importlib import import_module

from sources.postgresql.query import QueryShape

_WHOLE_TABLE = re.compile(r'SELECT \* FROM ("(?:[^"]|"")+")\.("(?:[^"]|"")+")')


def shape(sql: str) -> QueryShape:
    """Look at a query whose placeholders are bound.

    >>> shape('SELECT * FROM "s"."t"')
    QueryShape(split_reason='', tables=(('s', 't'),), has_order=False, single_table=True)
    >>> shape("SELECT a FROM t WHERE b = (SELECT b FROM u LIMIT 1)").split_reason
    'the query has LIMIT'
    """
    whole = _WHOLE_TABLE.fullmatch(sql)
    if whole:
        schema, name = (part[1:-1].replace('""', '"') for part in whole.groups())
        return QueryShape("", ((schema, name),), single_table=True)
    parsed: QueryShape = import_module("sources.postgresql.tree").parsed_shape(sql)
    return parsed
