r"""The text of a `.env` file → the variables in it that are ours. Pure.

A small part of what shells read, so that every reader of such a file agrees on it:

    NAME=VALUE, or export NAME=VALUE; lines that begin with #; empty lines
    VALUE           to the end of the line, or to a # behind white space; spaces around it are none
    'VALUE'         as it stands
    "VALUE"         with \n, \t, \", \\ and \$

Variables within values (`${NAME}`) are not followed, but refused. Lines of other names are for
other programs, and left alone.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auto_schema.errors import ConfigError, SyncError

LINE = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=(?P<rest>.*)", re.DOTALL)
SINGLE = re.compile(r"'([^']*)'\s*(?:#.*)?")
DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?')
COMMENT = re.compile(r"\s#.*")
ESCAPED = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "$": "$"}
FOLLOWED = re.compile(r"(?<!\\)\$\{")


@dataclass(frozen=True, slots=True)
class Line:
    """A variable of the file; `line` counts from 1."""

    text: str
    line: int


def read_dotenv(text: str, name: str, prefix: str) -> tuple[Mapping[str, Line], list[SyncError]]:
    """The variables whose names begin with a prefix, and what is wrong with their lines.

    Args:
        text: of the file.
        name: of the file, for messages, which show no value.
        prefix: of the names that are read.
    """
    variables: dict[str, Line] = {}
    faults: list[SyncError] = []
    for number, variable, rest in _lines(text, prefix):
        where = f"{name}, line {number}"
        if not variable:
            why = f"names are in capitals from {prefix} on, and = stands behind them"
            fix = "write NAME=VALUE, or begin the line with #."
            faults.append(ConfigError("a line that says nothing", where, why, fix))
            continue
        value, why = _value(rest)
        if why:
            fix = "write NAME=VALUE on one line; put a value with other signs in '…'."
            faults.append(ConfigError("a value that can't be read", where, why, fix))
        elif variable in variables:
            why = f"{variable} stands in line {variables[variable].line} already"
            faults.append(ConfigError("a variable stands twice", where, why, "write it once."))
        else:
            variables[variable] = Line(value, number)
    return variables, faults


def _lines(text: str, prefix: str) -> Iterator[tuple[int, str, str]]:
    """Each line of ours by its number, name and value; no name: it only seems to be one."""
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        match = LINE.fullmatch(line)
        if match and match["name"].startswith(prefix):
            yield number, match["name"], match["rest"]
        elif line.strip().removeprefix("export").lstrip().casefold().startswith(prefix.casefold()):
            yield number, "", ""


def _value(rest: str) -> tuple[str, str]:
    """The value, and why there is none."""
    text = rest.strip()
    if text.startswith("'"):
        match = SINGLE.fullmatch(text)
        return (match[1], "") if match else ("", "a ' that nothing ends, or text behind it")
    if text.startswith('"'):
        match = DOUBLE.fullmatch(text)
        if match is None:
            return "", 'a " that nothing ends, or text behind it'
        unknown = {sign for sign in re.findall(r"\\(.)", match[1]) if sign not in ESCAPED}
        if unknown:
            return "", "a \\ before a sign that needs none"
        why = _followed(match[1])
        return re.sub(r"\\(.)", lambda sign: ESCAPED[sign[1]], match[1]), why
    value = COMMENT.sub("", rest, count=1).strip()
    return value, _followed(value)


def _followed(value: str) -> str:
    return "${…} names a variable, which is not followed" if FOLLOWED.search(value) else ""
