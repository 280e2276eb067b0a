"""The same statements on GoogleSQL and on the tests' local BigQuery, and what each made of them."""

import datetime as dt
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField

from pipeline.destination.jobs import load_config
from tests.googlesql.catalog import Table, Tables
from tests.googlesql.engine import Answer, GoogleSql, Parameter
from tests.googlesql.errors import GoogleSqlError
from tests.googlesql.scripts import Session
from tests.googlesql.values import EXACT, Interval, Range
from warehouse.jobs import JobLabels

REFUSED = "refused"
LOADED: Mapping[str, pa.DataType] = MappingProxyType(
    {
        "BOOL": pa.bool_(),
        "INT64": pa.int64(),
        "FLOAT64": pa.float64(),
        "NUMERIC": pa.decimal128(38, 9),
        "STRING": pa.string(),
        "BYTES": pa.binary(),
        "DATE": pa.date32(),
        "TIME": pa.time64("us"),
        "DATETIME": pa.timestamp("us"),
        "TIMESTAMP": pa.timestamp("us", "UTC"),
        "JSON": pa.string(),
    }
)
"""How rows of a type are loaded."""
Rows = list[tuple[Any, ...]]


class AnswerRows(list[bigquery.Row]):
    """A query's rows as the client library hands them over."""

    total_bytes_processed = 0


class GoogleSqlJob:
    """A query that is done; a dry run of it reads nothing."""

    total_bytes_processed = 0

    def __init__(self, rows: AnswerRows) -> None:
        self._rows = rows

    def result(self) -> AnswerRows:
        return self._rows


class GoogleSqlClient:
    """What the product asks of a client, answered by GoogleSQL over a session's tables."""

    def __init__(self, engine: GoogleSql, tables: Tables) -> None:
        self._engine, self.tables = engine, tables

    def update_table(self, table: Any, fields: Sequence[str]) -> Any:
        """Labels that say which views were made decide no answer here."""
        del fields
        return table

    def query_and_wait(
        self, sql: str, *, job_config: bigquery.QueryJobConfig | None = None
    ) -> AnswerRows:
        sent = job_config.to_api_repr()["query"] if job_config else {}
        parameters = [self._received(given) for given in sent.get("queryParameters", [])]
        answer = self._engine.query(sql, self.tables, parameters)
        places = {column.name: place for place, column in enumerate(answer.columns)}
        return AnswerRows(bigquery.Row(tuple(row), places) for row in answer.rows)

    def query(self, sql: str, job_config: bigquery.QueryJobConfig | None = None) -> "GoogleSqlJob":
        """A job, which has its answer."""
        return GoogleSqlJob(self.query_and_wait(sql, job_config=job_config))

    def get_table(self, reference: bigquery.TableReference) -> bigquery.Table:
        """Whatever is asked for is there: what is asked here is rows, not what is made."""
        return bigquery.Table(reference)

    def _received(self, given: dict[str, Any]) -> Parameter:
        """A parameter of the API; a date or time is what its text says."""
        kind = given["parameterType"]["type"]
        if kind == "ARRAY":
            return bigquery.ArrayQueryParameter.from_api_repr(given)
        if kind not in ("DATE", "DATETIME", "TIMESTAMP"):
            return bigquery.ScalarQueryParameter.from_api_repr(given)
        text = given["parameterValue"]["value"]
        value = self._engine.value(f"CAST({literal(text)} AS {kind})")
        return bigquery.ScalarQueryParameter(given["name"], kind, value)


class Both:
    """Scripts that both run, over tables that both hold; queries that both must answer alike."""

    def __init__(self, engine: GoogleSql, client: bigquery.Client) -> None:
        self._engine, self.client = engine, client
        self.tables: Tables = {}
        self.refusal = ""

    @property
    def clients(self) -> tuple[GoogleSqlClient, bigquery.Client]:
        """Clients of the two."""
        return GoogleSqlClient(self._engine, self.tables), self.client

    def hold(
        self,
        name: str,
        fields: Sequence[SchemaField],
        rows: Sequence[Sequence[Any]],
        *,
        partitioning: bigquery.TimePartitioning | bigquery.RangePartitioning | None = None,
    ) -> None:
        """A table of both with exactly these rows, which no literal has to say.

        Args:
            name: qualified; a table of this name goes.
            fields: its schema.
            rows: in the schema's order.
            partitioning: what the local one partitions it by; without a field, by ingestion time.
        """
        schema = pa.schema([pa.field(one.name, _arrow(one)) for one in fields])
        columns = zip(*rows, strict=True) if rows else [()] * len(fields)
        batch = pa.table([list(column) for column in columns], schema=schema)
        file = io.BytesIO()
        pq.write_table(batch, file)
        config = load_config(JobLabels("held", "load"))
        config.create_disposition, config.write_disposition = "CREATE_NEVER", "WRITE_TRUNCATE"
        table = bigquery.Table(name, fields)
        if isinstance(partitioning, bigquery.RangePartitioning):
            table.range_partitioning = partitioning
        elif partitioning is not None:
            table.time_partitioning = partitioning
        self.client.create_table(table, exists_ok=True)
        self.client.load_table_from_file(file, name, rewind=True, job_config=config).result()
        is_by_ingestion = partitioning is not None and partitioning.field is None
        made = Table.of(fields, rows, is_ingestion_time=is_by_ingestion)
        self.tables = {**self.tables, name: made}

    def run(
        self,
        sql: str,
        *,
        differs: bool = False,
        parameters: Sequence[bigquery.ArrayQueryParameter] = (),
    ) -> Rows:
        """The last answer of a script, which both give.

        Args:
            sql: one statement or many.
            differs: whether the local one may answer otherwise.
            parameters: what they are sent with it.

        Raises:
            GoogleSqlError: Both refuse; the local one's tables are as they were.
        """
        session = Session(self._engine, self.tables, parameters)
        try:
            answers = session.run(sql)
        except GoogleSqlError:
            assert differs or self._local(sql, parameters) == REFUSED, "the local one takes it"
            raise
        self.tables = {name: table for name, table in session.tables.items() if "." in name}
        rows = plain_rows(answers[-1]) if answers else []
        local = self._local(sql, parameters)
        if not differs:
            assert local != REFUSED, f"the local one refuses: {self.refusal[:300]}"
            assert_alike(rows, local if answers else rows)
        return rows

    def rows(self, table: str, *, differs: bool = False) -> Rows:
        """A table's rows in any order, which both hold."""
        return self.run(f"SELECT * FROM `{table}`", differs=differs)

    def _local(self, sql: str, parameters: Sequence[bigquery.ArrayQueryParameter]) -> Rows | str:
        config = bigquery.QueryJobConfig(query_parameters=list(parameters))
        try:
            result = self.client.query(sql, config).result()
            schema = list(result.schema)
            return [
                tuple(
                    plain(value, field) for value, field in zip(row.values(), schema, strict=True)
                )
                for row in result
            ]
        except GoogleAPICallError as error:
            self.refusal = str(error)
            return REFUSED


def _arrow(field: SchemaField) -> pa.DataType:
    kind = LOADED[field.field_type]
    return pa.list_(kind) if field.mode == "REPEATED" else kind


def assert_alike(here: Rows, there: Rows | str) -> None:
    """Both have the same rows, in any order."""
    texts = sorted(map(repr, here)), sorted(map(repr, there))
    assert texts[0] == texts[1], f"GoogleSQL: {texts[0]}\nthe local one: {texts[1]}"


def plain_rows(answer: Answer) -> Rows:
    """GoogleSQL's rows in the form that `plain` gives to the client's."""
    kinds = [column.sql for column in answer.columns]
    return [tuple(map(_read, row, kinds)) for row in answer.rows]


def _read(value: Any, kind: str) -> Any:
    if value is not None and kind == "JSON":
        return _in_order(json.loads(value))
    return _rounded(value)


def _in_order(value: Any) -> Any:
    """JSON with its keys sorted: the local one keeps their order, see docs/local-bigquery.md."""
    return json.loads(json.dumps(value, sort_keys=True))


def _rounded(value: Any) -> Any:
    """A value whose text is one for equal ones."""
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, Decimal):
        return EXACT.plus(value.normalize(EXACT))
    return value


def plain(value: Any, field: SchemaField) -> Any:
    """A value of the client library in the form of `tests.googlesql.values`."""
    kind = field.field_type
    if value is None:
        return value
    if kind == "JSON":
        return _in_order(value)
    if field.mode == "REPEATED":
        return [_one(one, kind) for one in value]
    return _one(value, kind)


def _one(value: Any, kind: str) -> Any:
    if kind == "INTERVAL":
        months = value.years * 12 + value.months
        seconds = (value.hours * 60 + value.minutes) * 60 + value.seconds
        return Interval(months, value.days, seconds * 10**6 + value.microseconds)
    if kind == "RANGE":
        return Range(value["start"], value["end"])
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC)
    return _rounded(value)


def literal(value: Any) -> str:
    """A value of Python as GoogleSQL writes it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value).upper()
    if isinstance(value, float):
        whole = math.isfinite(value)
        return repr(value) if whole else f"CAST('{value}' AS FLOAT64)"
    if isinstance(value, Decimal):
        return f"BIGNUMERIC '{value}'"
    if isinstance(value, bytes):
        return f"FROM_HEX('{value.hex()}')"
    if isinstance(value, dt.datetime):
        text = f"{value.replace(tzinfo=None).isoformat(sep=' ')}"
        return f"TIMESTAMP '{text}+00'" if value.tzinfo else f"DATETIME '{text}'"
    if isinstance(value, dt.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, dt.time):
        return f"TIME '{value.isoformat()}'"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if "\\" in value:  # which the local one takes for an escape once more
        return f"REPLACE({literal(value.replace(chr(92), '§'))}, '§', CHR(92))"
    return json.dumps(value, ensure_ascii=False)


def filled(table: str, columns: str, rows: Iterable[Sequence[Any]]) -> str:
    """A script that makes a table with rows."""
    made = f"CREATE OR REPLACE TABLE `{table}` ({columns});\n"
    values = ",\n".join(f"({', '.join(map(literal, row))})" for row in rows)
    return made + (f"INSERT INTO `{table}` VALUES\n{values};\n" if values else "")
