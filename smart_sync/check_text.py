"""SQL that users wrote, before it stands between our parentheses: does it stay there? Pure.

Only what ends a token is looked at, as GoogleSQL's lexer ends it; all else BigQuery says itself.
https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
    | (?P<word> [^\W\d]\w* )
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


@dataclass(frozen=True, slots=True)
class Token:
    """A part of a text that is no comment and no space; a quoted one comes with its quotes."""

    text: str
    is_word: bool

    @property
    def is_name(self) -> bool:
        """Whether it may be the name of something."""
        return self.is_word or self.text.startswith("`")


def tokens_of(sql: str) -> Iterator[Token]:
    """The parts of a text that has no fault.

    >>> [token.text for token in tokens_of("RAND() -- RAND()")]
    ['RAND', '(', ')']
    """
    for token in _TOKEN.finditer(sql):
        if not token[0].isspace() and not token[0].startswith(("--", "#", "/*")):
            yield Token(token[0], token["word"] is not None)
