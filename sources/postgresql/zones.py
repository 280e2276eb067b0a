"""I/O. Who stamps rows without a zone by another wall clock than ours: roles' TimeZone settings.

A setting counts at login, and only for who logs in: not for a group's members, nor after
SET ROLE. It matters of those who can write: by a table, a view, a role they can take, or a
function that runs as its owner.
"""

from typing import Any

from sources.stamp_zone import is_same_zone

FIRST_OWN_OID = 16_384
"""Objects below it came with the server."""
PROVIDERS = ["alloydbadmin", "azuresu", "cloudsqladmin", "rdsadmin"]
"""Superusers by which clouds look after their servers; they write to nobody's tables."""

_SAID = """
WITH said AS (
  SELECT DISTINCT ON (s.setrole) s.setrole, pg_catalog.substr(c.text, 10) AS zone
  FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) AS c(text)
  WHERE pg_catalog.lower(pg_catalog.left(c.text, 9)) = 'timezone=' AND s.setdatabase IN (0, (
    SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
  ORDER BY s.setrole, s.setdatabase DESC)
"""
"""By role, 0 being all: what a role has in this database comes before what it has anywhere."""
_WRITERS = f"""{_SAID}
SELECT r.oid::pg_catalog.regrole::text, said.zone
FROM said JOIN pg_catalog.pg_roles r ON r.oid = said.setrole AND r.rolcanlogin
WHERE r.rolname <> ALL (%(providers)s) AND r.rolname <> session_user AND EXISTS (
  SELECT FROM pg_catalog.pg_roles g WHERE pg_catalog.pg_has_role(r.oid, g.oid, 'MEMBER') AND (
    EXISTS (
      SELECT FROM pg_catalog.pg_class c WHERE c.oid >= %(own)s AND c.relkind IN ('r', 'p', 'v', 'f')
        AND c.relpersistence <> 't'
        AND pg_catalog.has_any_column_privilege(g.oid, c.oid, 'INSERT, UPDATE'))
    OR EXISTS (
      SELECT FROM pg_catalog.pg_proc p WHERE p.oid >= %(own)s AND p.prosecdef
        AND pg_catalog.has_function_privilege(g.oid, p.oid, 'EXECUTE')
        AND pg_catalog.has_schema_privilege(g.oid, p.pronamespace, 'USAGE'))))
ORDER BY 1
"""
_OTHERS = f"""{_SAID}
SELECT coalesce((SELECT zone FROM said WHERE setrole = 0), 'the server''s default')
FROM said WHERE setrole = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user)
"""
"""A row only where our own role has a setting: what those without one have is then not ours."""


def other_zones(cursor: Any, zone: str) -> tuple[tuple[str, str], ...]:
    """Roles that could stamp rows by another wall clock, and whose it is.

    Args:
        cursor: of a session of ours.
        zone: our role's own in this database.
    """
    cursor.execute(_WRITERS, {"own": FIRST_OWN_OID, "providers": PROVIDERS})
    zones = cursor.fetchall()
    cursor.execute(_OTHERS)
    zones += [("every role without a setting", other) for (other,) in cursor.fetchall()]
    return tuple((role, other) for role, other in zones if not is_same_zone(zone, other))
