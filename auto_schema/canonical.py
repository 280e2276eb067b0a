"""Texts that PostgreSQL and BigQuery make of the same row, letter for letter alike.

Hashed and summed on either side they show whether two tables hold the same rows,
without moving one. Each type has one form; a row's text is

    <form>;<form>;-;…        NULL is `-`

Only strings and arrays could hold a `;` or be `-`: a string says how many characters
it has, an array how many elements. So two rows that differ have two texts. Strings of an array
are joined twice, by two signs: where both texts differ, there one element ends.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from auto_schema.names import quoted
from auto_schema.schema import Column

WORDS = (1, 9, 17, 25)
"""Where in an MD5's 32 hex digits each of its four 32-bit words begins."""
ROW_TEXT = "row_text"
AT_ONCE = 90
"""Texts that are put together by one call: PostgreSQL's takes at most 100 arguments, and to some
servers of BigQuery's SQL each further one is a level deeper."""
_SEPARATED = ", ';', "
BUCKET_DIGITS = 3
"""Rows are compared in 16^3 parts by their digest, so that few rows need to be looked at."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a type is written, with `{c}` for the value; NULL stays NULL.

    `loss` says which different values are written alike; empty when none are.
    """

    postgresql: str
    bigquery: str
    loss: str = ""


# concat() takes a value as it is printed: a cast to text would strip char(n) of its blanks.
_STRING = Form(
    "CASE WHEN {c} IS NOT NULL"
    " THEN pg_catalog.concat(pg_catalog.length(pg_catalog.concat({c})), ':', {c}) END",
    "CONCAT(CAST(CHAR_LENGTH({c}) AS STRING), ':', {c})",
)

# PostgreSQL writes a column's whole scale, BigQuery no zeros at the end: both are trimmed,
# so that neither has to be counted on.
_NUMERIC = Form(
    "pg_catalog.trim_scale(({c})::numeric)::text",
    "IF(STRPOS(CAST({c} AS STRING), '.') > 0,"
    " RTRIM(RTRIM(CAST({c} AS STRING), '0'), '.'), CAST({c} AS STRING))",
)

# extract() is exact, being numeric since PostgreSQL 14. date_part() is not.
_MICROS = "pg_catalog.trim_scale(extract(epoch FROM {c}) * 1000000)::text"
_REAL_MICROS = f"CASE WHEN pg_catalog.isfinite({{c}}) THEN {_MICROS} ELSE ({{c}})::text END"

# The 64 bits as an integer. BigQuery can't see them but can work them out, since division
# by a power of two is exact. `exponent` is never too high and at most one too low: then
# `mantissa` has one bit too many, and is the larger of the two in LEAST. At the lowest
# exponent it may be short of 2^52: that is a subnormal number, whose bits it is, as in 0.
# Each is named by a SELECT without a table: beside one of UNNEST, DuckDB takes twelve
# times as long, and written out where it is used, each makes the expression deeper.
_HIDDEN_BIT = 2**52
_LOWEST = -1022
_FLOAT64 = Form(
    "CASE WHEN ({c})::float8 IN ('NaN', 'Infinity', '-Infinity') THEN ({c})::float8::text "
    "ELSE ('x' || pg_catalog.encode(pg_catalog.float8send(({c})::float8 + 0), 'hex'))"
    "::bit(64)::int8::text END",
    "CASE WHEN IS_NAN({c}) THEN 'NaN' "
    "WHEN IS_INF({c}) THEN IF({c} > 0, 'Infinity', '-Infinity') "
    f"ELSE (SELECT CAST((exponent + {-_LOWEST} - IF({{c}} < 0, 2048, 0)) * {_HIDDEN_BIT}"
    f" + LEAST(mantissa, {_HIDDEN_BIT} + DIV(mantissa, 2)) AS STRING) "
    f"FROM (SELECT exponent, CAST(size / POW(2, exponent) * {_HIDDEN_BIT} AS INT64) AS mantissa "
    f"FROM (SELECT size, GREATEST({_LOWEST}, CAST(FLOOR("
    f"LN(GREATEST(size, {2.0**_LOWEST!r})) / LN(2) - 1e-9) AS INT64)) AS exponent "
    "FROM (SELECT IF(IS_NAN({c}) OR IS_INF({c}), 0, ABS({c})) AS size)))) END",
    "the sign of zero",
)

FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "BOOL": Form("({c})::text", "CAST({c} AS STRING)"),
        "INT64": Form("({c})::text", "CAST({c} AS STRING)"),
        "FLOAT64": _FLOAT64,
        "NUMERIC": _NUMERIC,
        "BIGNUMERIC": _NUMERIC,
        "STRING": _STRING,
        "JSON": _STRING,
        "BYTES": Form("pg_catalog.encode({c}, 'hex')", "TO_HEX({c})"),
        "DATE": Form(
            "CASE WHEN pg_catalog.isfinite({c}) THEN ({c} - date '1970-01-01')::text"
            " ELSE ({c})::text END",
            "CAST(UNIX_DATE({c}) AS STRING)",
        ),
        "TIME": Form(_MICROS, "CAST(TIME_DIFF({c}, TIME '00:00:00', MICROSECOND) AS STRING)"),
        "DATETIME": Form(
            _REAL_MICROS,
            "CAST(DATETIME_DIFF({c}, DATETIME '1970-01-01 00:00:00', MICROSECOND) AS STRING)",
        ),
        "TIMESTAMP": Form(_REAL_MICROS, "CAST(UNIX_MICROS({c}) AS STRING)"),
    }
)
"""Keyed by the column's BigQuery type; JSON is compared as the text that is staged.

Infinities and years BC, which are never staged, get some text and no error. Functions are
named with their schema: a search path could lead to others that fit the arguments better.
"""


_WHOLE = Form("", "CONCAT(CHAR_LENGTH(TO_JSON_STRING({c})), ':', TO_JSON_STRING({c}))")
"""Of a value with parts, and of one whose type only BigQuery has, in its staged form."""


def _form(column: Column) -> Form | None:
    if column.changed:
        return None
    shape = column.shape
    if shape is not None and (shape.fields or not shape.is_plain):
        return _WHOLE
    return FORMS.get(column.bigquery)


def _is_whole(column: Column) -> bool:
    return not column.is_repeated or _form(column) is _WHOLE


def compared(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns that have a form."""
    return tuple(column for column in columns if _form(column) is not None)


def excluded(columns: Sequence[Column]) -> tuple[tuple[str, str], ...]:
    """(name, why) of the columns that are not compared.

    >>> import pyarrow as pa
    >>> excluded([Column("a", "a", "geography", "{c}", pa.string(), "GEOGRAPHY")])
    (('a', 'GEOGRAPHY has no form that both sides write alike'),)
    """
    return tuple(
        (column.name, _why_excluded(column)) for column in columns if _form(column) is None
    )


def _why_excluded(column: Column) -> str:
    if column.changed:
        return f"it is {column.changed} on the way"
    return f"{column.bigquery} has no form that both sides write alike"


def losses(columns: Sequence[Column]) -> tuple[tuple[str, str], ...]:
    """(name, loss) of the compared columns whose form doesn't tell all values apart.

    >>> import pyarrow as pa
    >>> losses([Column("a", "a", "float8", "{c}", pa.float64(), "FLOAT64")])
    (('a', 'the sign of zero'),)
    """
    return tuple(
        (column.name, form.loss) for column in columns if (form := _form(column)) and form.loss
    )


def postgresql_row_text(columns: Sequence[Column]) -> str:
    """The row's text as a SELECT item, over the source's rows named `q`.

    >>> import pyarrow as pa
    >>> print(postgresql_row_text([Column("n", "N", "int8", "{c}", pa.int64(), "INT64")]))
    pg_catalog.concat_ws(';', coalesce((q."N")::text, '-')) AS row_text
    """
    return f"{postgresql_row(columns)} AS {ROW_TEXT}"


def postgresql_digest(columns: Sequence[Column]) -> str:
    """The row's MD5 in hex as an expression, over the source's rows named `q`."""
    return f"pg_catalog.md5(pg_catalog.convert_to({postgresql_row(columns)}, 'UTF8'))"


def postgresql_row(columns: Sequence[Column]) -> str:
    """The text of these columns as an expression, over rows named `q`."""
    items = [f"coalesce({_postgresql_text(column)}, '-')" for column in compared(columns)]
    return _in_groups(items, lambda group: f"pg_catalog.concat_ws(';', {', '.join(group)})")


def _in_groups(items: Sequence[str], joined: Callable[[Sequence[str]], str]) -> str:
    """Texts that are never NULL, as one: half the work of an array's."""
    while len(items) > AT_ONCE:
        groups = (items[at : at + AT_ONCE] for at in range(0, len(items), AT_ONCE))
        items = [joined(group) for group in groups]
    return joined(items) if items else "''"


def bigquery_row_text(columns: Sequence[Column]) -> str:
    """The row's text as a SELECT item, over the staged rows named `s`.

    >>> import pyarrow as pa
    >>> print(bigquery_row_text([Column("n", "N", "int8", "{c}", pa.int64(), "INT64")]))
    CONCAT(COALESCE(CAST(s.`n` AS STRING), '-')) AS row_text
    """
    return f"{bigquery_row(columns)} AS {ROW_TEXT}"


def bigquery_digest(columns: Sequence[Column]) -> str:
    """The row's MD5 in hex as an expression, over rows named `s`."""
    return f"TO_HEX(MD5({bigquery_row(columns)}))"


def bigquery_row(columns: Sequence[Column], rows: str = "s") -> str:
    """The text of these columns as an expression, over rows of that name."""
    items = [f"COALESCE({_bigquery_text(column, rows)}, '-')" for column in compared(columns)]
    return _in_groups(items, lambda group: f"CONCAT({_SEPARATED.join(group)})")


def _holds_strings(column: Column) -> bool:
    """Whether it is an array of strings: joined as it is, no query takes it apart for each row."""
    return column.is_repeated and _form(column) is _STRING


def _postgresql_text(column: Column) -> str:
    name = column.source_name.replace('"', '""')
    value = column.select.format(c=f'q."{name}"')
    form = FORMS[column.bigquery].postgresql
    if not column.is_repeated:
        return form.format(c=value)
    if _holds_strings(column):
        by_comma, by_semicolon = (f"pg_catalog.array_to_string({value}, '{s}')" for s in ",;")
        return (
            f"pg_catalog.concat(coalesce(pg_catalog.cardinality({value}), 0), ':',"
            f" coalesce(pg_catalog.length({by_comma}), 0), ':', {by_comma}, {by_semicolon})"
        )
    return (
        f"pg_catalog.concat(coalesce(pg_catalog.cardinality({value}), 0), ':',"
        f" pg_catalog.array_to_string(ARRAY(SELECT {form.format(c='u.element')}"
        f" FROM pg_catalog.unnest({value}) WITH ORDINALITY "
        "AS u(element, place) ORDER BY u.place), ',', '-'))"
    )


def _bigquery_text(column: Column, rows: str) -> str:
    value = f"{rows}.{quoted(column.name)}"
    form = (_form(column) or _WHOLE).bigquery
    if _form(column) is _WHOLE and column.shape is not None:
        value = column.shape.filled(value)
    if _is_whole(column):
        return form.format(c=value)
    if _holds_strings(column):
        by_comma, by_semicolon = (f"ARRAY_TO_STRING({value}, '{sign}')" for sign in ",;")
        return (
            f"CONCAT(CAST(COALESCE(ARRAY_LENGTH({value}), 0) AS STRING), ':',"
            f" CAST(COALESCE(CHAR_LENGTH({by_comma}), 0) AS STRING), ':',"
            f" COALESCE({by_comma}, ''), COALESCE({by_semicolon}, ''))"
        )
    return (
        f"CONCAT(CAST(COALESCE(ARRAY_LENGTH({value}), 0) AS STRING), ':', ARRAY_TO_STRING(ARRAY("
        f"SELECT {form.format(c='element')} FROM UNNEST({value}) AS element "
        "WITH OFFSET AS place ORDER BY place), ',', '-'))"
    )


def postgresql_sums(rows: str) -> str:
    """Count and four sums over a SELECT of `postgresql_row_text`; sums of no rows are 0.

    Texts are hashed as UTF-8. OFFSET 0 keeps the planner from hashing once per word.
    """
    return (
        f"SELECT {_postgresql_figures()}\n"
        f"FROM (SELECT pg_catalog.md5(pg_catalog.convert_to({ROW_TEXT}, 'UTF8')) AS digest\n"
        f"FROM (\n{rows}\n) AS r OFFSET 0) AS d"
    )


def postgresql_buckets(digests: str) -> str:
    """Bucket, count and four sums over a SELECT of `digest`, by the digest's first digits."""
    return (
        f"SELECT pg_catalog.substr(digest, 1, {BUCKET_DIGITS}) AS bucket, {_postgresql_figures()}\n"
        f"FROM (\n{digests}\nOFFSET 0) AS d GROUP BY 1"
    )


def _postgresql_figures() -> str:
    words = ",\n  ".join(
        "coalesce(pg_catalog.sum("
        f"('x' || pg_catalog.substr(digest, {start}, 8))::bit(32)::int8), 0) AS word{number}"
        for number, start in enumerate(WORDS, 1)
    )
    return f"pg_catalog.count(*) AS row_count,\n  {words}"


def bigquery_sums(rows: str) -> str:
    """Count and four sums over a SELECT of `bigquery_row_text`; sums of no rows are 0.

    2^31 rows at least fit a sum in INT64; BigQuery refuses an overflow.
    """
    return (
        f"SELECT {_bigquery_figures()}\n"
        f"FROM (SELECT TO_HEX(MD5({ROW_TEXT})) AS digest\n"
        f"FROM (\n{rows}\n) AS r) AS d"
    )


def bigquery_buckets(digests: str) -> str:
    """Bucket, count and four sums over a SELECT of `digest`, by the digest's first digits."""
    return (
        f"SELECT SUBSTR(digest, 1, {BUCKET_DIGITS}) AS bucket, {_bigquery_figures()}\n"
        f"FROM (\n{digests}\n) AS d GROUP BY 1"
    )


def bigquery_told_apart(
    columns: Sequence[Column], keys: Sequence[Column], cursor: Sequence[Column]
) -> str:
    """What is selected of rows `s` that are told apart: digest, key and cursor, as texts."""
    return (
        f"{bigquery_digest(columns)} AS digest, {bigquery_row(keys)} AS key_text,"
        f" {bigquery_row(cursor)} AS cursor_text"
    )


def bigquery_in_buckets(rows: str, buckets: Sequence[str]) -> str:
    """The rows of these buckets, of a SELECT that has their `digest`."""
    listed = ", ".join(f"'{bucket}'" for bucket in buckets)
    return f"SELECT * FROM (\n{rows}\n) WHERE SUBSTR(digest, 1, {BUCKET_DIGITS}) IN ({listed})"


def _bigquery_figures() -> str:
    words = ",\n  ".join(
        f"COALESCE(SUM(CAST(CONCAT('0x', SUBSTR(digest, {start}, 8)) AS INT64)), 0) AS word{number}"
        for number, start in enumerate(WORDS, 1)
    )
    return f"COUNT(*) AS row_count,\n  {words}"
