"""The toy behind the Inspector protocol."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow.compute as pc

from sources.profile import Cuts, SourceIdentity, SourceProfile
from sources.protocol import Inspector, Source, of_kind
from sources.questions import RangesQuestion, RowsQuestion
from sources.values import (
    Clock,
    Evidence,
    Extract,
    KeyValue,
    SourceColumn,
    Split,
)
from tests.contract.toy.column_rules import TOY_COLUMNS, ToyType
from tests.contract.toy.source import ToyConnection, ToySource


@contextmanager
def inspecting(connection: object, query: str, table: str, cursor: str) -> Iterator[Inspector]:
    """See `sources.kind.SourceKind.inspecting`."""
    yield ToyInspector(of_kind(connection, ToyConnection))


class ToyInspector:
    """See `sources.protocol.Inspector`."""

    def __init__(self, connection: ToyConnection) -> None:
        self._bare = ToySource(connection)
        self.profile = SourceProfile(
            tuple(SourceColumn(f.name, ToyType(f.type)) for f in self._rows.schema),
            TOY_COLUMNS,
            identity=SourceIdentity(tables=(connection.table,)),
            cuts=Cuts(key=connection.key, by_key_only=True),
        )

    @property
    def _rows(self):
        return self._bare.rows(Split(0))

    def clock(self, *, guard: bool) -> Clock:
        return Clock(datetime.now(UTC))

    def integer_cursor(
        self, name: str, *, wait: bool, auto: bool, margin: timedelta
    ) -> tuple[int | None, Clock]:
        return pc.max(self._rows[name]).as_py(), self.clock(guard=False)

    def source(self, extract: Extract) -> Source:
        return replace(self._bare, extract=extract)

    def has_rows(self, source: Source) -> bool:
        return of_kind(source, ToySource).rows(Split(0)).num_rows > 0

    def evidence(self, source: Source, asked: RowsQuestion) -> Evidence:
        ours = of_kind(source, ToySource)
        rows = ours.rows(Split(0))
        found = Evidence(estimated_rows=rows.num_rows, estimated_bytes=rows.nbytes)
        window, cursor = ours.extract.window, ours.extract.cursor
        if window is None or cursor is None:
            return found
        cursors = [value for value in self._rows[cursor].to_pylist() if value is not None]
        before = None if asked.floor is None else sum(at <= asked.floor for at in cursors)
        return replace(
            found,
            null_cursors=self._rows.num_rows - len(cursors),
            before=before,
            after=sum(at > window.high for at in cursors),
        )

    def bounds(self, source: Source, asked: RangesQuestion) -> tuple[KeyValue, ...]:
        rows = of_kind(source, ToySource).rows(Split(0))
        return tuple(sorted(rows[asked.column].to_pylist())[1:])
