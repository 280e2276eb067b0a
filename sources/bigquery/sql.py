"""SQL text of BigQuery: how GoogleSQL is scanned."""

import re

from sources.sql import Dialect

DIALECT = Dialect(
    re.compile(
        r"""
      (?P<line>(?:--|\#)[^\n]*)
    | (?P<block>/\*)
    | (?P<string>[rRbB]{0,2}(?:\"\"\"(?:[^\\]|\\.)*?\"\"\" | \'\'\'(?:[^\\]|\\.)*?\'\'\'
                  | "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*'))
    | (?P<ident>`(?:[^`\\]|\\.)*`)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<other>.)
    """,
        re.VERBOSE | re.DOTALL,
    ),
    nests_comments=False,
)
"""https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical"""
