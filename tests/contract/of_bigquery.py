"""A table of BigQuery, read through workers: its destination lies in another location."""

import contextlib
import datetime as dt
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from google.cloud import bigquery

from auto_schema.names import quoted
from demo.servers import BigQueryServer
from smart_sync.request import SyncRequest
from sources.bigquery.connection import BigqueryConnection
from sources.bigquery.statement import literal
from tests.contract.harness import LAST, Harness, Values, never
from tests.contract.planning import a_request
from tests.sync import PROJECT
from tests.tcp_proxy import TcpProxy, tcp_proxy

ESTABLISHED = "01"


class OfBigquery(Harness):
    """A table of BigQuery."""

    data_source = "bigquery"
    tick = timedelta(microseconds=1)
    many = (4_000_000, 1)  # the local BigQuery sends up to a million rows in one answer
    hostile_tables = ("spa ce", "dash-ed", "Ünïcode 日本", "select", "x" * 200)
    hostile_columns = ("select", "größe", "日本", "x" * 300, "_", "MixedCase", "from")
    gaps = MappingProxyType(
        {
            "its key cuts the rows": never(
                "BigQuery deals rows out in streams, whatever they hold",
                AssertionError,  # type: ignore[arg-type]
                "no bounds",
            )
        }
    )
    extremes = MappingProxyType(
        {
            "INT64": [("-9223372036854775808", -(2**63)), ("9223372036854775807", 2**63 - 1)],
            "FLOAT64": [
                ("CAST('inf' AS FLOAT64)", float("inf")),
                ("CAST('-inf' AS FLOAT64)", -float("inf")),
                ("5e-324", 5e-324),
                ("1.7976931348623157e308", 1.7976931348623157e308),
                ("0.1", 0.1),
            ],
            "BOOL": [("TRUE", True), ("FALSE", False)],
            "STRING": [("''", ""), ("'😀 ß'", "😀 ß"), ("REPEAT('é', 200000)", "é" * 200_000)],
            "BYTES": [("b''", b""), ("FROM_HEX('00ff0a')", b"\x00\xff\n")],
            "DATE": [("'0001-01-01'", date.min), ("'9999-12-31'", date.max)],
            "TIMESTAMP": [
                ("'0001-01-01 00:00:00+00'", datetime(1, 1, 1, tzinfo=UTC)),
                ("'9999-12-31 23:59:59.999999+00'", LAST.replace(tzinfo=UTC)),
            ],
            "DATETIME": [
                ("'0001-01-01 00:00:00'", datetime(1, 1, 1)),
                ("'9999-12-31 23:59:59.999999'", LAST),
            ],
            "TIME": [("'00:00:00'", dt.time.min), ("'23:59:59.999999'", dt.time.max)],
            "NUMERIC": [
                (
                    "NUMERIC '99999999999999999999999999999.999999999'",
                    Decimal("9" * 29 + "." + "9" * 9),
                ),
                ("NUMERIC '-0.000000001'", Decimal("-0.000000001")),
            ],
            "JSON": [("JSON '{\"a\":[1.5,null]}'", '{"a":[1.5,null]}'), ("JSON 'null'", "null")],
            "ARRAY<INT64>": [("[]", []), ("[1, 9223372036854775807]", [1, 2**63 - 1])],
            "STRUCT<a INT64, b ARRAY<STRING>>": [
                ("STRUCT(1, ['x', ''])", {"a": 1, "b": ["x", ""]}),
                ("STRUCT(NULL, [])", {"a": None, "b": []}),
            ],
        }
    )

    def __init__(self, server: BigQueryServer, client: bigquery.Client, dataset: str) -> None:
        self._server, self._client, self._dataset = server, client, dataset

    def _sql(self, text: str) -> Any:
        return self._client.query(text).result()

    @property
    def _table(self) -> str:
        return quoted(PROJECT, self._dataset, self.table)

    def _column(self, role: str) -> str:
        return quoted(self.names[role])

    def create(self, table: str = "things", **names: str) -> None:
        self.table, self.names = table, dict(type(self).names) | names
        key, value, at = (self._column(role) for role in ("key", "value", "at"))
        self._sql(f"CREATE TABLE {self._table} ({key} INT64, {value} INT64, {at} TIMESTAMP)")

    def insert(self, rows: Sequence[Values]) -> None:
        listed = ", ".join(
            f"({row['key']}, {row['value']}, {literal(row['at']) if row.get('at') else 'NULL'})"
            for row in rows
        )
        names = ", ".join(self._column(role) for role in ("key", "value", "at"))
        self._sql(f"INSERT INTO {self._table} ({names}) VALUES {listed}")

    def update(self, key: int, value: int) -> None:
        text = f"UPDATE {self._table} SET {self._column('value')} = {value}"
        self._sql(f"{text} WHERE {self._column('key')} = {key}")

    def delete(self, key: int) -> None:
        self._sql(f"DELETE FROM {self._table} WHERE {self._column('key')} = {key}")

    def insert_extremes(self, kind: str) -> None:
        self._sql(f"CREATE TABLE {self._table} (id INT64, x {kind})")
        for number, (value, _) in enumerate(self.extremes[kind]):
            self._sql(f"INSERT INTO {self._table} VALUES ({number}, {value})")

    def fill(self, rows: int, width: int) -> None:
        self._sql(
            f"CREATE TABLE {self._table} AS SELECT i AS id, i AS n,"
            f" CAST(NULL AS TIMESTAMP) AS `at`, REPEAT('x', {width}) AS pad"
            f" FROM UNNEST(GENERATE_ARRAY(0, {rows - 1})) AS i"
        )

    def sessions(self) -> int:
        """Connections of this process to Storage Read, by the kernel's own table."""
        wanted = f":{self._storage_port:04X}"
        tables = [Path(f"/proc/{os.getpid()}/net/{name}").read_text() for name in ("tcp", "tcp6")]
        lines = [line.split() for table in tables for line in table.splitlines()[1:]]
        return sum(line[2].endswith(wanted) and line[3] == ESTABLISHED for line in lines)

    @property
    def _storage_port(self) -> int:
        return int(self._server.environ["BIGQUERY_STORAGE_EMULATOR_HOST"].rpartition(":")[2])

    def request(self, *, port: int = 0, **words: Any) -> SyncRequest:
        connection = BigqueryConnection(
            PROJECT,
            self._dataset,
            self.table,
            PROJECT,
            self._server.url,
            f"127.0.0.1:{port or self._storage_port}",
        )
        return a_request("bigquery", connection, **{"is_local": True} | words)

    @contextlib.contextmanager
    def proxied(self) -> Iterator[TcpProxy]:
        with tcp_proxy("127.0.0.1", self._storage_port) as proxy:
            yield proxy
