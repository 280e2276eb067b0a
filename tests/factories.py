"""Builders with defaults: a test names only what matters. None of them needs a server."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from auto_schema.errors import SyncError
from auto_schema.evolve import CurrentField
from auto_schema.postgresql_types import PostgresType, postgresql_column
from pipeline.publish.audits import wanted
from smart_sync.cursor import Cursor, WallClock
from smart_sync.cursor_plan import find_cursor
from smart_sync.deletes import DeletesRequest
from smart_sync.draft import make_draft
from smart_sync.facts import Facts, Target
from smart_sync.plan import SyncPlan
from smart_sync.planning import make_plan
from smart_sync.request import (
    PublishingRequest,
    ReadingRequest,
    RunRequest,
    SchemaRequest,
    SyncRequest,
    WindowRequest,
)
from smart_sync.sql_plan import SqlAnswer
from smart_sync.window import Watermark, WindowPlan, instants_of, plan_window
from sources.postgresql.column_rules import POSTGRESQL_COLUMNS
from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.source import PostgresqlSource
from sources.profile import Cuts, SourceIdentity, SourceProfile
from sources.secrets import Secret
from sources.values import (
    Clock,
    CursorValue,
    Evidence,
    Extract,
    OpenTransaction,
    SourceColumn,
    Window,
)
from warehouse.names import TableRef

NOW = datetime(2025, 7, 22, 15, tzinfo=UTC)
RUN_ID = "20250722t150000-3f9a0c1d"
SECRET = "pl4nted-s3cret"
DESTINATION = TableRef("my-project", "shop", "orders")
QUERY = "SELECT * FROM orders"


def utc(text: str) -> datetime:
    """An aware stamp from `2025-07-22 15:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_transaction(started: datetime | None, **rest: Any) -> OpenTransaction:
    words: dict[str, Any] = {"pid": 4711, "application": "billing", "user": "app"}
    return OpenTransaction(started=started, **words | rest)


def a_clock(now: datetime = NOW, **rest: Any) -> Clock:
    return Clock(now=now, **rest)


def a_cursor(kind: str = "timestamptz", precision: int | None = 6) -> Cursor:
    return Cursor("updated_at", "updated_at", kind, precision)


def a_watermark(value: CursorValue | None = None, **rest: Any) -> Watermark:
    """What a table says that exists; of a missing one say `Watermark()`."""
    return Watermark(value, **{"table_exists": True} | rest)


def a_window(
    request: WindowRequest | None = None,
    cursor: Cursor | None = None,
    clock: Clock | None = None,
    watermark: Watermark | None = None,
    **rest: Any,
) -> WindowPlan:
    request, cursor = request or WindowRequest(), cursor or a_cursor()
    clock = clock or a_clock()
    rest = {"wall": a_wall_clock(request, cursor, clock)} | rest
    return plan_window(request, cursor, clock, watermark or Watermark(), **rest)


def a_wall_clock(request: WindowRequest, cursor: Cursor, clock: Clock) -> WallClock:
    """What a server with this machine's zone files would say."""
    zone = request.source_timezone or clock.time_zone
    times = (
        (each, each.astimezone(ZoneInfo(zone)).replace(tzinfo=None))
        for each in instants_of(request, cursor, clock)
    )
    return WallClock(zone, tuple(times))


def a_source_column(name: str, kind: str = "text", **rest: Any) -> SourceColumn:
    return SourceColumn(name, PostgresType(kind, kind), **rest)


COLUMNS = (
    a_source_column("id", "int8"),
    a_source_column("name", "text"),
    a_source_column("updated_at", "timestamptz", origin=(16384, 3)),
)


PARTS = {
    "reading": ReadingRequest,
    "deletes": DeletesRequest,
    "window": WindowRequest,
    "schema": SchemaRequest,
    "publishing": PublishingRequest,
    "run": RunRequest,
}


def a_request(**rest: Any) -> SyncRequest:
    """Smart sync of `orders` into a bucket-staged append; `smart_sync=False` for a query."""
    connection = PostgresqlConnection("db.example.com", 5432, "shop", "reader", Secret.of(SECRET))
    words: dict[str, Any] = {
        "query": QUERY,
        "smart_sync": True,
        "temp_location": "gs://my-bucket/temp",
        "destination": DESTINATION,
    } | rest
    destination = words.pop("destination")
    return request_of("postgresql", connection, destination, **words)


def request_of(
    data_source: str, connection: object, destination: TableRef, **words: Any
) -> SyncRequest:
    """A request of words that are told without saying to which of its parts they belong."""
    reading = ReadingRequest(connection)
    return asking(SyncRequest(data_source, destination, reading), **words)


def asking(request: SyncRequest, **words: Any) -> SyncRequest:
    """The request with other words, told likewise; no word belongs to two parts."""
    for part, kind in PARTS.items():
        own = {f.name: words.pop(f.name) for f in fields(kind) if f.name in words}
        request = replace(request, **{part: replace(getattr(request, part), **own)})
    assert not words, f"no part of a request has {words}"
    return request


def some_fields(*columns: SourceColumn) -> tuple[CurrentField, ...]:
    """The destination's fields as a sync of these columns would have made them."""
    made = (postgresql_column(column.name, column.type) for column in columns or COLUMNS)
    return tuple(CurrentField(column.name, column.bigquery, column.mode) for column in made)


def a_target(**rest: Any) -> Target:
    """A table that an earlier sync of `orders` made; `exists=False` for a missing one."""
    words: dict[str, Any] = {"location": "EU", "exists": True, "rows": 1000}
    if rest.get("exists", True):
        words["fields"] = some_fields()
    else:
        words["rows"] = None
    return Target(**words | rest)


def some_facts(
    request: SyncRequest | None = None,
    *,
    columns: tuple[SourceColumn, ...] = COLUMNS,
    target: Target | None = None,
    clock: Clock | None = None,
    watermark: Watermark | None = None,
    evidence: Evidence | None = None,
    sql: SqlAnswer | None = None,
    **profile: Any,
) -> Facts:
    """Facts as gathered for a request: with smart sync also cursor and window."""
    request = request or a_request()
    clock = clock or a_clock()
    target = target or Target("EU")
    words: dict[str, Any] = {
        "identity": SourceIdentity("postgresql/shop", tables=("public.orders",)),
        "cuts": Cuts(key="id"),
    }
    facts = Facts(
        SourceProfile(columns=columns, rules=POSTGRESQL_COLUMNS, **words | profile),
        target,
        a_source(request, columns),
        evidence or Evidence(),
        sql=sql,
    )
    if not request.window.smart_sync:
        return facts
    cursor = find_cursor(request, facts.profile)
    watermark = watermark or Watermark(table_exists=target.exists)
    window = plan_window(request.window, cursor, clock, watermark, replaces=request.replaces)
    source = a_source(request, columns, cursor.source_name, window.window)
    return replace(facts, cursor=cursor, watermark=watermark, window=window, source=source)


def a_source(
    request: SyncRequest,
    columns: tuple[SourceColumn, ...],
    cursor: str | None = None,
    window: Window | None = None,
) -> PostgresqlSource:
    """The source as the inspector would have made it."""
    connection = request.reading.connection
    assert isinstance(connection, PostgresqlConnection)
    names = tuple(column.name for column in columns)
    extract = Extract(cursor, window, run_id=RUN_ID)
    return PostgresqlSource(connection, request.reading.query, names, extract=extract)


def a_plan(request: SyncRequest | None = None, facts: Facts | None = None, **rest: Any) -> SyncPlan:
    """The plan of a request; keywords go to `some_facts` where no facts are given."""
    request = request or a_request()
    facts = facts or some_facts(request, **rest)
    return plan_of(request, facts, run_id=RUN_ID, now=NOW)


def plan_of(request: SyncRequest, facts: Facts, *, run_id: str, now: datetime) -> SyncPlan:
    """Draft and plan, as if these facts had been gathered for it."""
    audits = wanted(request, facts.profile)
    draft = make_draft(request, facts.profile, facts.target, facts.source, audits, facts.sql)
    return make_plan(draft, facts, run_id=run_id, now=now)


def refused(**rest):
    """The faults of a plan that can't be made, as (class, what)."""
    with pytest.raises(SyncError) as caught:
        a_plan(**rest)
    faults = getattr(caught.value, "errors", (caught.value,))
    return [(type(fault), fault.what) for fault in faults]


MISSING = a_target(exists=False)
JSON_COLUMNS = (*COLUMNS, a_source_column("extra", "jsonb"))
HELD_BACK: dict[str, Any] = {
    "clock": a_clock(open=(a_transaction(NOW - timedelta(hours=2)),)),
    "watermark": a_watermark(NOW - timedelta(hours=1)),
    "target": a_target(),
}
