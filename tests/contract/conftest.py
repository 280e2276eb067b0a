"""A harness for each source: how its rows are made, and what it declares that it can't."""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import bson
import psycopg2
import pytest
from bson import Decimal128, Int64

from auto_schema.errors import ConfigError, SourceRefusedError
from demo.mongodb_servers import MongodbServer
from demo.servers import PostgresqlServer
from pipeline.launch import gather
from smart_sync.request import SyncRequest
from sources.mongodb.connection import MongodbConnection
from sources.postgresql.connection import PostgresqlConnection
from sources.registry import SOURCES
from sources.secrets import Secret
from tests.contract.harness import LAST, Harness, Values, never, not_yet
from tests.contract.of_bigquery import OfBigquery
from tests.contract.of_toy import OfToy
from tests.contract.planning import RUN_ID, a_request
from tests.contract.toy.parameters import TOY
from tests.mongodb.conftest import Collection, alone, docs, mongodb
from tests.tcp_proxy import TcpProxy, tcp_proxy

__all__ = ["alone", "docs", "mongodb"]
LAST_UUID = UUID(int=2**128 - 1)


class OfPostgresql(Harness):
    """A table of PostgreSQL."""

    data_source = "postgresql"
    tick = timedelta(microseconds=1)
    hostile_tables = (
        'quo"te',
        "apo'strophe",
        "dot.ted",
        "spa ce",
        "per%cent %s",
        "back\\slash",
        "Ünïcode 日本 😀",
        "semi;colon --",
        "select",
        "x" * 63,
    )
    hostile_columns = (*hostile_tables, "$1", "/*", "new\nline")
    extremes = MappingProxyType(
        {
            "int8": [("-9223372036854775808", -(2**63)), ("9223372036854775807", 2**63 - 1)],
            "int2": [("-32768", -32768), ("32767", 32767)],
            "float8": [
                ("'Infinity'", float("inf")),
                ("'-Infinity'", -float("inf")),
                ("5e-324", 5e-324),
                ("1.7976931348623157e308", 1.7976931348623157e308),
                ("0.1", 0.1),
            ],
            "bool": [("true", True), ("false", False)],
            "text": [("''", ""), ("'😀 ß'", "😀 ß"), ("repeat('é', 200000)", "é" * 200_000)],
            "bytea": [("''", b""), (r"'\x00ff0a'", b"\x00\xff\n")],
            "date": [("'0001-01-01'", date.min), ("'9999-12-31'", date.max)],
            "timestamptz": [
                ("'0001-01-01 00:00:00+00'", datetime(1, 1, 1, tzinfo=UTC)),
                ("'9999-12-31 23:59:59.999999+00'", LAST.replace(tzinfo=UTC)),
                ("'2024-03-31 02:30:00.000001+02'", datetime(2024, 3, 31, 0, 30, 0, 1, UTC)),
            ],
            "timestamp": [
                ("'0001-01-01'", datetime(1, 1, 1)),
                ("'9999-12-31 23:59:59.999999'", LAST),
            ],
            "time": [("'00:00'", dt.time.min), ("'23:59:59.999999'", dt.time.max)],
            "numeric(38,9)": [
                ("99999999999999999999999999999.999999999", Decimal("9" * 29 + "." + "9" * 9)),
                ("-0.000000001", Decimal("-0.000000001")),
            ],
            "uuid": [(f"'{UUID(int=0)}'", str(UUID(int=0))), (f"'{LAST_UUID}'", str(LAST_UUID))],
            "int8[]": [("'{}'", []), ("ARRAY[1, 9223372036854775807]", [1, 2**63 - 1])],
            "text[]": [("""ARRAY['', 'a,b', '"']""", ["", "a,b", '"'])],
            "vector(2)": [
                ("'[-3.4028235e38,1e-45]'", [-3.4028234663852886e38, 1.401298464324817e-45]),
                ("'[0,0.1]'", [0.0, 0.10000000149011612]),
            ],
            "pair": [
                ("ROW(9223372036854775807, 'é\"')", '{"n":9223372036854775807,"t":"\\u00e9\\""}'),
                ("ROW(-9223372036854775808, '')", '{"n":-9223372036854775808,"t":""}'),
                ("ROW(NULL, NULL)", '{"n":null,"t":null}'),
            ],
        }
    )
    made = MappingProxyType(
        {"vector(2)": "CREATE EXTENSION vector", "pair": "CREATE TYPE pair AS (n int8, t text)"}
    )

    def __init__(self, server: PostgresqlServer, sql: Callable[..., Any]) -> None:
        self._server, self._sql = server, sql

    @property
    def _table(self) -> str:
        return quoted(self.table)

    def _column(self, role: str) -> str:
        return quoted(self.names[role])

    def create(self, table: str = "things", **names: str) -> None:
        self.table, self.names = table, dict(type(self).names) | names
        key, value, at = (self._column(role) for role in ("key", "value", "at"))
        self._sql(
            f"CREATE TABLE {self._table} ({key} int8 PRIMARY KEY, {value} int8,"
            f" {at} timestamptz)".replace("%", "%%"),
            (),
        )
        self._sql(f"CREATE INDEX ON {self._table} ({at})".replace("%", "%%"), ())

    def insert(self, rows: Sequence[Values]) -> None:
        keys = [row["key"] for row in rows]
        values, ats = [row["value"] for row in rows], [row.get("at") for row in rows]
        table = self._table.replace("%", "%%")
        text = (
            f"INSERT INTO {table} SELECT * FROM unnest(%s::int8[], %s::int8[], %s::timestamptz[])"
        )
        self._sql(text, keys, values, ats)
        self._sql(f"ANALYZE {table}", ())

    def update(self, key: int, value: int) -> None:
        text = f"UPDATE {self._table} SET {self._column('value')} = %s"
        self._sql(f"{text} WHERE {self._column('key')} = %s", value, key)

    def delete(self, key: int) -> None:
        self._sql(f"DELETE FROM {self._table} WHERE {self._column('key')} = %s", key)

    def insert_extremes(self, kind: str) -> None:
        if kind in self.made:
            self._sql(self.made[kind])
        self._sql(f"CREATE TABLE things (id int8 PRIMARY KEY, x {kind})")
        for number, (value, _) in enumerate(self.extremes[kind]):
            self._sql(f"INSERT INTO things VALUES ({number}, ({value})::{kind})")

    def fill(self, rows: int, width: int) -> None:
        self.create()
        self._sql("ALTER TABLE things ADD pad text")
        self._sql(
            f"INSERT INTO things SELECT g, g, NULL, repeat('x', {width})"
            f" FROM generate_series(0, {rows - 1}) g"
        )

    def sessions(self) -> int:
        with contextlib.closing(psycopg2.connect(self._server.dsn)) as admin:
            cursor = admin.cursor()
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s",
                (f"bigquery-smart-sync {RUN_ID}",),
            )
            (count,) = cursor.fetchone() or (0,)
            return int(count)

    def request(self, *, port: int = 0, **words: Any) -> SyncRequest:
        host = "127.0.0.1" if port else self._server.host
        server = self._server
        connection = PostgresqlConnection(
            host, port or server.port, server.database, server.user, Secret(plain="none")
        )
        words = {"schema_table": self._table, "is_local": True} | words
        return a_request("postgresql", connection, **words)

    @contextlib.contextmanager
    def proxied(self) -> Iterator[TcpProxy]:
        with tcp_proxy("127.0.0.1", self._server.port) as proxy:
            yield proxy


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


OPERATOR = "a query takes such a name for an operator"
SAMPLED = "its columns are what a sample of its documents shows"


class OfMongodb(Harness):
    """A collection of MongoDB."""

    data_source = "mongodb"
    tick = timedelta(milliseconds=1)
    names = MappingProxyType({"key": "_id", "value": "n", "at": "at"})
    gaps = MappingProxyType(
        {
            "an empty table has its columns": not_yet(SAMPLED, AssertionError, "'n'"),  # type: ignore[arg-type]
            "cursor named '$1'": never(OPERATOR, SourceRefusedError, "operator: $1"),
            "cursor named '$date'": never(OPERATOR, SourceRefusedError, "operator: $date"),
            "cursor named 'dot.ted'": never(
                "a query takes a name with a dot for a path", ConfigError, "dot.ted"
            ),
            "its rows can be proven": never(
                "no function of the server hashes documents", ConfigError, "source without proof"
            ),
        }
    )
    hostile_tables = (
        'quo"te',
        "apo'strophe",
        "dot.ted",
        "spa ce",
        "per%cent %s",
        "{start_timestamp}",
        "back\\slash",
        "Ünïcode 日本 😀",
        "semi;colon --",
        "systemic",
        "x" * 200,
        "new\nline",
    )
    hostile_columns = (*hostile_tables[:10], "x" * 250, "$1", "/*", "new\nline", "$date", "_ID", "")
    extremes = MappingProxyType(
        {
            "long": [(Int64(-(2**63)), -(2**63)), (Int64(2**63 - 1), 2**63 - 1), (0, 0)],
            "double": [
                (number, number)
                for number in (float("inf"), -float("inf"), 5e-324, 1.7976931348623157e308, 0.1)
            ],
            "bool": [(True, True), (False, False)],
            "string": [(text, text) for text in ("", "😀 ß", "a\0b", "é" * 200_000)],
            "binary": [(b"", b""), (b"\x00\xff\n", b"\x00\xff\n")],
            "date": [
                (datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)),
                (
                    datetime(9999, 12, 31, 23, 59, 59, 999000, UTC),
                    datetime(9999, 12, 31, 23, 59, 59, 999000, UTC),
                ),
                (datetime(1969, 12, 31, 23, 59, 59, 999000, UTC),) * 2,
            ],
            "decimal": [
                (Decimal128("9" * 34), Decimal("9" * 34)),
                (Decimal128("-1E-33"), Decimal("-1E-33")),
                (Decimal128("0.1"), Decimal("0.1")),
            ],
            "decimal beyond": [
                (Decimal128("9.999999999999999999999999999999999E+6144"), None),
                (Decimal128("NaN"), "NaN"),
                (Decimal128("-Infinity"), "-Infinity"),
            ],
            "objectId": [
                (bson.ObjectId(b"\xff" * 12), "ff" * 12),
                (bson.ObjectId(bytes(12)), "00" * 12),
            ],
            "UUID": [(UUID(int=0), str(UUID(int=0))), (LAST_UUID, str(LAST_UUID))],
            "array of long": [([], []), ([1, Int64(2**63 - 1)], [1, 2**63 - 1])],
            "array of string": [(["", "a,b", '"'], ["", "a,b", '"'])],
            "object": [({}, "{}"), ({"a": {"b": []}}, '{"a":{"b":[]}}')],
        }
    )

    def __init__(self, server: MongodbServer, docs: Collection) -> None:
        self._server, self._docs = server, docs

    def create(self, table: str = "things", **names: str) -> None:
        names.pop("key", None)  # it is always _id
        self.table, self.names = table, dict(type(self).names) | names
        self._docs = self._docs.database[table]
        self._docs.database.create_collection(table)

    def insert(self, rows: Sequence[Values]) -> None:
        self._docs.insert_many(
            [{self.names[role]: value for role, value in row.items()} for row in rows]
        )

    def update(self, key: int, value: int) -> None:
        self._docs.update_one({"_id": key}, {"$set": {self.names["value"]: value}})

    def delete(self, key: int) -> None:
        self._docs.delete_one({"_id": key})

    def insert_extremes(self, kind: str) -> None:
        self._docs.insert_many(
            [{"_id": n, "x": value} for n, (value, _) in enumerate(self.extremes[kind])]
        )

    def fill(self, rows: int, width: int) -> None:
        self._docs.insert_many([{"_id": n, "n": n, "pad": "x" * width} for n in range(rows)])

    def sessions(self) -> int:
        pipeline: list[dict[str, Any]] = [
            {"$currentOp": {"allUsers": True, "idleConnections": True, "idleCursors": True}},
            {"$match": {"appName": f"bigquery-smart-sync {RUN_ID}"}},
        ]
        return len(list(self._docs.database.client.admin.aggregate(pipeline)))

    def request(self, *, port: int = 0, **words: Any) -> SyncRequest:
        connection = MongodbConnection(
            self._docs.database.name,
            self.table,
            host="127.0.0.1",
            port=port or self._server.members[0].port,
        )
        return a_request("mongodb", connection, **{"is_local": True} | words)

    @contextlib.contextmanager
    def proxied(self) -> Iterator[TcpProxy]:
        with tcp_proxy("127.0.0.1", self._server.members[0].port) as proxy:
            yield proxy


HARNESSES = {"postgresql": OfPostgresql, "mongodb": OfMongodb, "bigquery": OfBigquery, "toy": OfToy}


@pytest.fixture(autouse=True)
def toy_in_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line that a source has in `sources.registry`."""
    monkeypatch.setattr(gather, "SOURCES", MappingProxyType({**SOURCES, "toy": TOY}))


@pytest.fixture(params=HARNESSES)
def harness(request: pytest.FixtureRequest) -> Harness:
    """Every source in turn."""
    if request.param == "toy":
        return OfToy()
    if request.param == "postgresql":
        database = request.getfixturevalue("database")
        return OfPostgresql(database, request.getfixturevalue("sql"))
    if request.param == "bigquery":
        request.getfixturevalue("emulated")
        wanted = ("target", "client", "dataset")
        return OfBigquery(*(request.getfixturevalue(name) for name in wanted))
    server = request.getfixturevalue("mongodb")
    return OfMongodb(server, request.getfixturevalue("docs"))
