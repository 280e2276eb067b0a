"""I/O. What a role's settings do to a query; read before it is described.

Nothing that they could change is guessed: it is kept for the readers, or refused here.
"""

from dataclasses import dataclass
from typing import Any

from auto_schema.errors import ConfigError, SourceRefusedError
from sources.postgresql.session import MEANING, Settings
from sources.postgresql.sql import DIALECT
from sources.sql import tokens

HUNDREDTHS = 100
OVERRIDES = frozenset({"user", "database", "database user"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The settings that readers keep; `money_doubt`: see `_money_doubt`."""

    settings: Settings
    money_doubt: str = ""


def surroundings(cursor: Any, place: str, query: str) -> Surroundings:
    """Look at the role's own settings, in a transaction that `opening` has begun.

    Raises:
        ConfigError: with them the query would be read otherwise than in psql.
        SourceRefusedError: with them our own SQL can't be trusted.
    """
    wanted = [*MEANING, "standard_conforming_strings"]
    cursor.execute(
        "SELECT name, reset_val, source FROM pg_catalog.pg_settings WHERE name = ANY(%s)",
        (wanted,),
    )
    values = {name: (value, source) for name, value, source in cursor.fetchall()}
    _refuse_shadows(cursor, place)
    doubt = _money_doubt(cursor, *values["lc_monetary"])
    if values["standard_conforming_strings"][0] == "off":
        _refuse_backslashes(query)
    settings = tuple((name, values[name][0]) for name in MEANING if name in values)
    return Surroundings(settings, doubt)


def _refuse_backslashes(query: str) -> None:
    """Refuse texts that standard_conforming_strings=on, which we pin, would change."""
    for kind, start, end in tokens(query, DIALECT):
        if kind == "string" and "\\" in query[start:end]:
            raise ConfigError(
                "backslash in a text of the query",
                f"the query, {query[start : start + 40]}",
                "the role has standard_conforming_strings=off, by which it would be an escape",
                "write the text as E'…', which means the same to every role.",
            )


_SHADOWS = """
WITH path AS (
  SELECT s.schema, s.place FROM unnest(pg_catalog.current_schemas(true))
    WITH ORDINALITY AS s(schema, place)),
earlier AS (
  SELECT n.oid, n.nspname FROM path JOIN pg_catalog.pg_namespace n ON n.nspname = path.schema
  WHERE path.schema NOT LIKE 'pg|_%temp|_%' ESCAPE '|'
    AND path.place < (SELECT place FROM path WHERE schema = 'pg_catalog'))
SELECT e.nspname || '.' || p.proname FROM earlier e
JOIN pg_catalog.pg_proc p ON p.pronamespace = e.oid
JOIN pg_catalog.pg_proc b ON b.pronamespace = 'pg_catalog'::regnamespace
  AND b.proname = p.proname AND b.proargtypes = p.proargtypes
UNION ALL
SELECT e.nspname || '.' || o.oprname FROM earlier e
JOIN pg_catalog.pg_operator o ON o.oprnamespace = e.oid
JOIN pg_catalog.pg_operator b ON b.oprnamespace = 'pg_catalog'::regnamespace
  AND b.oprname = o.oprname AND b.oprleft = o.oprleft AND b.oprright = o.oprright
UNION ALL
SELECT e.nspname || '.' || t.typname FROM earlier e
JOIN pg_catalog.pg_type t ON t.typnamespace = e.oid
JOIN pg_catalog.pg_type b ON b.typnamespace = 'pg_catalog'::regnamespace AND b.typname = t.typname
WHERE t.typtype <> 'c' AND t.typcategory <> 'A'
ORDER BY 1 LIMIT 5
"""
"""Functions, operators and types that a search path puts before PostgreSQL's own.

The row type of a table called `box` is none of them: no value of ours becomes one unseen.
"""


def _refuse_shadows(cursor: Any, place: str) -> None:
    cursor.execute("SELECT (pg_catalog.current_schemas(true))[1] = 'pg_catalog'")
    if cursor.fetchone()[0]:  # as is usual: no schema comes before
        return
    cursor.execute(_SHADOWS)
    names = [row[0] for row in cursor.fetchall()]
    if names:
        raise SourceRefusedError(
            "the role's search_path hides functions of PostgreSQL",
            f"{place}, search_path",
            f"it has pg_catalog behind schemas with things of the same names: {', '.join(names)}",
            "ALTER ROLE … SET search_path without pg_catalog, which then comes first.",
        )


def _money_doubt(cursor: Any, locale: str, source: str) -> str:
    """Why amounts of `money` can't be trusted; empty when they can.

    The stored integer counts hundredths, thousandths or whole units by the lc_monetary of
    the session that wrote it: where role or database say another one than hundredths, rows
    of before or of other sessions would be read ×100.
    """
    cursor.execute(
        "SELECT ('x' || pg_catalog.encode(pg_catalog.cash_send('1'::money), 'hex'))::bit(64)::int8"
    )
    unit = cursor.fetchone()[0]
    if unit == HUNDREDTHS or source not in OVERRIDES:
        return ""
    return (
        f"lc_monetary is {locale!r} for this {source} alone, and counts {unit} parts of a unit"
        " where others may have written hundredths"
    )
