"""What GoogleSQL says against a statement."""

import re
from dataclasses import dataclass
from enum import IntEnum

PLACE = re.compile(r"\s*\[at (\d+):(\d+)\]\s*$")


class Code(IntEnum):
    """Codes of absl::Status that the service answers with."""

    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13


@dataclass(frozen=True, slots=True)
class Finding:
    """What the analyzer says against a statement.

    Line and column count from 1 in the text that was analyzed; 0 where it names no place.
    """

    message: str
    line: int = 0
    column: int = 0


class GoogleSqlError(Exception):
    """The analyzer or the reference implementation refused."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message

    def __str__(self) -> str:
        return f"{self.message} ({self.code!r})"

    @property
    def finding(self) -> Finding:
        """The message apart from its place.

        >>> GoogleSqlError(3, "Unrecognized name: b [at 1:8]").finding
        Finding(message='Unrecognized name: b', line=1, column=8)
        """
        place = PLACE.search(self.message)
        if place is None:
            return Finding(self.message)
        return Finding(self.message[: place.start()], int(place[1]), int(place[2]))


class CrashError(Exception):
    """The module trapped: a fault of the package, not of the statement."""


def service_error(text: str) -> GoogleSqlError:
    """The error of `Code: 3, Message: …`, as the module keeps its last one.

    >>> service_error("Code: 11, Message: division by zero: 1 / 0").message
    'division by zero: 1 / 0'
    """
    match = re.match(r"Code: (\d+), Message: (.*)", text, re.DOTALL)
    if match is None:
        return GoogleSqlError(Code.UNKNOWN, text)
    number = int(match[1])
    return GoogleSqlError(Code(number) if number in set(Code) else number, match[2])
