"""Text that is folded between words at a terminal's width, with a hanging indent. Pure."""

import re
import textwrap

COLUMN = re.compile(r"(?<=\S) {2,}(?=\S)")
STATEMENT = "| "
"""Begins a line of SQL in a plan: it stays as it is, since it is there to be copied."""
MOMENT = re.compile(r"(?<=\d\d\d\d-\d\d-\d\d) (?=\d\d:)")
TIED = "\ue000"
"""Stands for the blank within a moment while lines are folded."""
DEEP = 8
"""An indent from which on a line goes on another one."""
STEP = 2


def folded(text: str, width: int) -> str:
    """The lines, none wider than that where words allow it.

    What a line has more stands below its last column, or a step further in than it begins.

    Args:
        text: of lines.
        width: in characters; 0: nothing is folded.

    >>> print(folded("  start   MAX(updated_at) of the destination, which is read", 40))
      start   MAX(updated_at) of the
              destination, which is read
    """
    if not width:
        return text
    return "\n".join(_folded(line, width) for line in text.split("\n"))


def _folded(line: str, width: int) -> str:
    if len(line) <= width or line.lstrip().startswith(STATEMENT):
        return line
    hanging = " " * _hang(line, width)
    return textwrap.fill(
        MOMENT.sub(TIED, line),
        width,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    ).replace(TIED, " ")


def _hang(line: str, width: int) -> int:
    """Where a line goes on: at the last column that begins in its first half."""
    columns = [match.end() for match in COLUMN.finditer(line)]
    fitting = [column for column in columns if column <= width // 2]
    if fitting:
        return fitting[-1]
    indent = len(line) - len(line.lstrip())
    return indent if indent >= DEEP else indent + STEP
