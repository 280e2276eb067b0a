"""SQL that users wrote, before it stands between our parentheses: does it stay there? Pure.

Only what ends a token is looked at, as GoogleSQL's lexer ends it; all else BigQuery says itself.
https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

_TOKEN = re.compile(
    r"""
      (?P<passed> --[^\r\n]* | \#[^\r\n]* | /\*.*?\*/
        | '{3}(?:\\.|[^\\])*?'{3} | "{3}(?:\\.|[^\\])*?"{3}
        | '(?!'')(?:\\.|[^'\\\r\n])*' | "(?!"")(?:\\.|[^"\\\r\n])*" | `(?:\\.|[^`\\\r\n])*` )
    | (?P<opened> [(\[{] )
    | (?P<closed> [)\]}] )
    | (?P<ended> ; )
    | (?P<unclosed> /\* | ['"`] )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSES: Mapping[str, str] = MappingProxyType({"(": ")", "[": "]", "{": "}"})


def text_fault(sql: str) -> str:
    """Why a text is no expression by itself; empty: nothing in it ends what stands around it.

    >>> text_fault("a > 1) OR (TRUE"), text_fault("a IN (')', ';') -- (")
    ("its ')' closes what it doesn't open", '')
    """
    opened, is_empty = list[str](), True
    for token in _TOKEN.finditer(sql):
        text = token[0]
        if token["closed"]:
            if not opened or _CLOSES[opened.pop()] != text:
                return f"its {text!r} closes what it doesn't open"
        elif token["opened"]:
            opened.append(text)
        elif token["ended"]:
            return "it holds a ';'"
        elif token["unclosed"]:
            return f"its {text!r} is not closed"
        is_empty = is_empty and (text.isspace() or text.startswith(("--", "#", "/*")))
    if opened:
        return f"its {opened[-1]!r} is not closed"
    return "there is nothing in it" if is_empty else ""
