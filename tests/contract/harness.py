"""Harness: what a source has to offer so that its promises can be tested."""

import contextlib
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest

from auto_schema.errors import SyncError
from smart_sync.request import SyncRequest
from tests.tcp_proxy import TcpProxy

EPOCH = datetime(2024, 5, 1, 12, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999999)
Values = dict[str, Any]


@dataclass(frozen=True)
class Gap:
    """A claim that a source doesn't keep: why, and the exact error that says so."""

    reason: str
    error: type[SyncError]
    says: str
    is_final: bool


def not_yet(reason: str, error: type[SyncError], says: str) -> Gap:
    """We could, and don't."""
    return Gap(reason, error, says, is_final=False)


def never(reason: str, error: type[SyncError], says: str) -> Gap:
    """The database can't."""
    return Gap(reason, error, says, is_final=True)


class Harness(ABC):
    """One table or collection of the test's own, of any source.

    Rows have three fields, whatever they are called: `key`, which is unique, `value`, an
    integer, and `at`, the cursor, which may be None.
    """

    data_source: str
    tick: timedelta
    """The least step of a timestamp."""
    gaps: Mapping[str, Gap] = MappingProxyType({})
    many: tuple[int, int] = (500, 200_000)
    """So many rows of such a width are more than a few answers."""
    extremes: Mapping[str, Sequence[tuple[Any, Any]]]
    """Type → values as they are inserted, and as they arrive."""
    hostile_tables: Sequence[str]
    hostile_columns: Sequence[str]
    table = "things"
    names: Mapping[str, str] = MappingProxyType({"key": "id", "value": "n", "at": "at"})

    @abstractmethod
    def create(self, table: str = "things", **names: str) -> None:
        """Make the table; `names` are those of the three fields."""

    @abstractmethod
    def insert(self, rows: Sequence[Values]) -> None:
        """Rows of key, value and at; an `at` that is not said is NULL or missing."""

    @abstractmethod
    def update(self, key: int, value: int) -> None:
        """Change the value of a row."""

    @abstractmethod
    def delete(self, key: int) -> None:
        """Remove a row."""

    @abstractmethod
    def insert_extremes(self, kind: str) -> None:
        """A table of one more field `x` with the extreme values of a type, keys 0, 1, …"""

    @abstractmethod
    def fill(self, rows: int, width: int) -> None:
        """Rows that are so wide that reading them takes many answers."""

    @abstractmethod
    def sessions(self) -> int:
        """Connections that the reader of rows has open now."""

    @abstractmethod
    def request(self, *, port: int = 0, **words: Any) -> SyncRequest:
        """A request for the table; `port` of a proxy before the server."""

    @contextlib.contextmanager
    @abstractmethod
    def proxied(self) -> Iterator[TcpProxy]:
        """A proxy before the server."""

    @contextlib.contextmanager
    def claim(self, name: str) -> Iterator[None]:
        """What stands in the block holds, or fails exactly as the source has declared."""
        gap = self.gaps.get(name)
        if gap is None:
            yield
            return
        with pytest.raises(gap.error, match=re.escape(gap.says)) as caught:
            yield
        assert type(caught.value) is gap.error

    def no_session_within(self, seconds: float) -> None:
        """Fail unless all connections of the reader are gone soon."""
        end = time.monotonic() + seconds
        while self.sessions():
            assert time.monotonic() < end, f"{self.sessions()} sessions are left"
            time.sleep(0.05)
