"""The toy behind the Inspector protocol."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow.compute as pc

from auto_schema.errors import ConfigError
from auto_schema.row_sums import RowSums
from auto_schema.schema import Column
from sources.protocol import Inspector, Source, of_kind
from sources.questions import RangesQuestion, RowsQuestion
from sources.values import (
    Clock,
    DigestRow,
    Evidence,
    KeyValue,
    SourceColumn,
    SourceProfile,
    Split,
    Window,
)
from tests.contract.toy.column_rules import TOY_COLUMNS, ToyType
from tests.contract.toy.source import ToyConnection, ToySource

NO_PROOF = ("verify with the toy", "verify", "it hashes nothing", "")


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
            self.clock(guard=False),
            TOY_COLUMNS,
            tables=(connection.table,),
            unique_key=connection.key,
            cuts_by_key=True,
        )

    @property
    def _rows(self):
        return self._bare.rows(Split(0))

    def clock(self, *, guard: bool) -> Clock:
        return Clock(datetime.now(UTC))

    def wall_clock(self, zone: str, instants: Sequence[datetime]) -> list[datetime]:
        raise TypeError("the toy has no dates without a zone")

    def integer_cursor(
        self, name: str, *, wait: bool, auto: bool, margin: timedelta
    ) -> tuple[int | None, Clock]:
        return pc.max(self._rows[name]).as_py(), self.clock(guard=False)

    def source(
        self, *, cursor: str | None, window: Window | None, batch_rows: int | None, run_id: str
    ) -> Source:
        return replace(self._bare, cursor=cursor, window=window, batch_rows=batch_rows)

    def buckets(self, source: Source) -> Mapping[str, RowSums]:
        raise ConfigError(*NO_PROOF)

    def digests(
        self, source: Source, keys: tuple[Column, ...], buckets: Sequence[str]
    ) -> list[DigestRow]:
        raise ConfigError(*NO_PROOF)

    def has_rows(self, source: Source) -> bool:
        return of_kind(source, ToySource).rows(Split(0)).num_rows > 0

    def evidence(self, source: Source, asked: RowsQuestion) -> Evidence:
        ours = of_kind(source, ToySource)
        rows = ours.rows(Split(0))
        found = Evidence(estimated_rows=rows.num_rows, estimated_bytes=rows.nbytes)
        if ours.window is None or ours.cursor is None:
            return found
        cursors = [value for value in self._rows[ours.cursor].to_pylist() if value is not None]
        before = None if asked.floor is None else sum(at <= asked.floor for at in cursors)
        return replace(
            found,
            null_cursors=self._rows.num_rows - len(cursors),
            before=before,
            after=sum(at > ours.window.high for at in cursors),
        )

    def bounds(self, source: Source, asked: RangesQuestion) -> tuple[KeyValue, ...]:
        rows = of_kind(source, ToySource).rows(Split(0))
        return tuple(sorted(rows[asked.column].to_pylist())[1:])
