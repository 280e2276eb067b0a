"""PostgreSQL's errors, sorted into «try again» and «won't help».

SQLSTATE classes: https://www.postgresql.org/docs/current/errcodes-appendix.html. A connection
that breaks has no code: then the text decides.
"""

import re

from auto_schema.errors import (
    SourceError,
    SourceFullError,
    SourceLockedError,
    SourceRefusedError,
    SourceUnreachableError,
)
from auto_schema.told import told, without_row_values

TRANSIENT_STATES = frozenset({"57P01", "57P02", "57P03", "40001", "40P01", "53300"})
_LOST = (
    r"terminating connection|server closed the connection|connection (reset|refused|timed out)"
    r"|could not (connect|receive|send)|no connection to the server|SSL SYSCALL"
    r"|could not translate host name|no route to host|network is unreachable"
    r"|timeout expired|canceling statement due to conflict"
    r"|the database system is (starting|shutting)|too many clients|consuming input failed"
)
_TRANSIENT_TEXT = re.compile(rf"connection to server .* failed|{_LOST}", re.IGNORECASE)
_REFUSED_AT_LOGIN = re.compile(
    r"(password|peer|ident|certificate|trust) authentication failed|no password supplied"
    r"|role .* does not exist|valid client certificate"
    r"|no pg_hba\.conf entry|permission denied for database|certificate verify failed"
    r"|server does not support SSL|root certificate file",
    re.IGNORECASE,
)
_LOCKED = re.compile(r"canceling statement due to lock timeout|could not obtain lock", re.I)
_LOCKED_FIX = (
    "wait until the session that holds the lock has ended (ALTER TABLE, TRUNCATE, VACUUM FULL;"
    " pg_locks shows it), or give more max_retries."
)
_FULL = re.compile(r"too many (clients|connections)|remaining connection slots", re.IGNORECASE)
"""Of the server, the database or the role; libpq gives no code where no session came about."""
_FULL_FIX = (
    "lower max_source_connections and max_tables_at_once, or let the server take more"
    " (max_connections, CONNECTION LIMIT of the role and the database)."
)
_REMOTE = re.compile(r'could not connect to server "|foreign server', re.IGNORECASE)
"""Of a foreign table, while our own connection stands: libpq never quotes a server's name."""
_REMOTE_STATES = ("08001", "HV00N")
_REMOTE_FIX = (
    "the database itself must reach the foreign server: check CREATE SERVER's options and the"
    " user mapping there, or read the table where it is."
)
_LOGIN_FIX = (
    "check postgresql_username and postgresql_password (where that is left out, the line of"
    " ~/.pgpass), and pg_hba.conf on the server."
)
_DATABASE_FIX = "check postgresql_database; `psql -l` lists the databases of the server."
_GRANT_FIX = "grant SELECT on it to the role of postgresql_username."
_REMOTE_COMMAND = re.compile(r"\s*\bCONTEXT:\s+remote SQL command: .*", re.DOTALL)
"""Of what a foreign table's server says by itself, and no function there."""
_OTHERWISE_THERE = ("42703", "42P01", "3F000", "42501")
_OTHERWISE_FIX = (
    "the foreign table isn't like the table at its server, or the role of its user mapping may not"
    " read it there: ALTER FOREIGN TABLE, IMPORT FOREIGN SCHEMA anew, or GRANT SELECT there."
)
_FIXES = (
    (
        re.compile(r"statement pooling", re.IGNORECASE),
        "the pooler ends a session's transaction after each statement, and rows are read in one:"
        " set pool_mode to transaction or session for this database, or reach the server itself.",
    ),
    (
        re.compile(r"max_locks_per_transaction", re.IGNORECASE),
        "a query locks each partition of a table, and each index of those: give the server a"
        " higher max_locks_per_transaction, or sync parts of the table by themselves.",
    ),
    (
        re.compile(r"temp_file_limit", re.IGNORECASE),
        "the query sorts or joins more than the role may write to disk: raise temp_file_limit or"
        " work_mem for it (ALTER ROLE … SET), or have the query sort less.",
    ),
    (
        re.compile(r"has not been populated", re.IGNORECASE),
        "REFRESH MATERIALIZED VIEW fills it; until then it has no rows to read.",
    ),
    (
        re.compile(r"in a read-only transaction", re.IGNORECASE),
        "the query writes (nextval() of a sequence does, too), and sources are only read:"
        " leave that out of the query or view.",
    ),
    (
        re.compile(r"data-modifying statement", re.IGNORECASE),
        "sources are only read: leave INSERT, UPDATE, DELETE and MERGE out of WITH, and read the"
        " table that was written.",
    ),
    (re.compile(r"foreign-data wrapper|foreign table", re.IGNORECASE), _REMOTE_FIX),
    (
        re.compile(r"no password supplied", re.IGNORECASE),
        "the server asks for a password, and none is given: name a Secret Manager version by"
        " postgresql_password; a run on this machine also finds one in ~/.pgpass"
        " (docs/connecting.md).",
    ),
    (
        re.compile(r"valid client certificate|certificate authentication", re.IGNORECASE),
        "the server asks for the client's certificate: give postgresql_sslcert and"
        " postgresql_sslkey, whose name is the role's or is mapped to it in pg_ident.conf.",
    ),
    (
        re.compile(r"peer authentication failed", re.IGNORECASE),
        "by a Unix socket this role logs in as the user of its name: give postgresql_username as"
        " that user, map them in pg_ident.conf, or log in by host and password.",
    ),
    (
        re.compile(r"password|role .* does not exist|pg_hba", re.IGNORECASE),
        _LOGIN_FIX,
    ),
    (
        re.compile(r'database ".*" does not exist', re.IGNORECASE),
        _DATABASE_FIX,
    ),
    (
        re.compile(r"SSL|certificate", re.IGNORECASE),
        "check postgresql_sslmode and postgresql_sslrootcert, and that the server offers TLS.",
    ),
    (
        re.compile(r"row-level security", re.IGNORECASE),
        "row-level security would hide rows in silence: grant BYPASSRLS to the role,"
        " or read a view that the owner made for it.",
    ),
    (
        re.compile(r"permission denied", re.IGNORECASE),
        _GRANT_FIX,
    ),
)
_STATE_FIXES = {
    "28P01": _LOGIN_FIX,
    "28000": _LOGIN_FIX,
    "3D000": _DATABASE_FIX,
    "42501": _GRANT_FIX,
}
"""For what is said in another language."""
_UNREACHABLE_FIX = (
    "check postgresql_host and postgresql_port, firewall, VPC network and subnetwork;"
    " launcher and workers must both reach the server."
)
DATA_EXCEPTION = "22"
_OF_ROWS = (DATA_EXCEPTION, "P0", "23", "38", "42")
"""Classes of SQLSTATE that a value of a row can cause: by itself, in a function, as a name."""
_MORE = re.compile(r"\s*\b(?:DETAIL|HINT|CONTEXT|QUERY):.*", re.DOTALL)
_OF_BYTES = re.compile("invalid byte sequence for encoding|character with byte sequence")
"""These quote encodings only."""
_CAST_FIX = "cast only what can be cast (CASE WHEN … THEN …::type END) in the query: "
_BYTES_FIX = (
    "correct the text where it is (of a column's name: ALTER TABLE … RENAME), or read its bytes in"
    " the query by"
    " convert_to(column, getdatabaseencoding()): "
)
_VALUE_FIXES = {
    "22012": "divide by NULLIF(…, 0) in the query: ",
    "22003": _CAST_FIX,
    "22007": _CAST_FIX,
    "22008": _CAST_FIX,
    "22P02": _CAST_FIX,
    "22021": _BYTES_FIX,
    "22P05": _BYTES_FIX,
}
_OTHER_VALUE_FIX = (
    "the query has to give all its rows in psql. A column that it selects can also be left"
    " out (exclude_fields)."
)
_QUERY_FIX = "correct the query; it has to run as it is in psql."
_NO_SESSION = re.compile(r"connection to server .* failed", re.IGNORECASE)
_SESSION_FIX = (
    "the server refuses the session, whatever is read: mend what it says there, as by ALTER"
    " DATABASE … ALLOW_CONNECTIONS true, or name another database or role."
)


def source_error(
    error: BaseException, place: str, query: str = "", *, offset: int = 0
) -> SourceError:
    """Turn a driver's error into ours: what the server said, and what to do.

    Args:
        error: the driver's.
        place: where the source is.
        query: the user's query, to tell line and character in it.
        offset: characters that were sent before it.
    """
    state = state_of(error)
    text = clean(str(error))
    refused = _REFUSED_AT_LOGIN.search(text) or "does not exist" in text
    transient = state.startswith("08") or state in TRANSIENT_STATES
    transient = transient and "statement pooling" not in text  # PgBouncer's 08P01 stays
    if not state and not refused:
        transient = bool(_TRANSIENT_TEXT.search(text)) or isinstance(error, OSError)
    if state == "55P03" or (not state and _LOCKED.search(text)):
        return SourceLockedError("source locked", place, text, _LOCKED_FIX)
    if foreign := _of_foreign_server(state, text, place):
        return foreign
    if state == "53300" or (not state and _FULL.search(text)):
        return SourceFullError("source full", place, text, _FULL_FIX)
    if transient:
        return SourceUnreachableError("source unreachable", place, text, _UNREACHABLE_FIX)
    position = _position(error, query, offset)
    other = _STATE_FIXES.get(state, _SESSION_FIX if _NO_SESSION.search(text) else _QUERY_FIX)
    fix = next((fix for pattern, fix in _FIXES if pattern.search(text)), other)
    if is_of_rows(error) and not position:  # what it quotes of the query itself is no secret
        text = without_values(error)
    if state.startswith(DATA_EXCEPTION) and not position:
        why = f"{text} (SQLSTATE {state})"
        return SourceRefusedError("source refused a value", place, why, value_fix(state))
    where = place + (f", {position}" if position else "")
    return SourceRefusedError("source refused", where, text, fix)


def _of_foreign_server(state: str, text: str, place: str) -> SourceError | None:
    """What is wrong behind a foreign table; None: nothing that is known to be there."""
    if _REMOTE.search(text) or state == "HV00N":
        kind = SourceUnreachableError if state in (*_REMOTE_STATES, "") else SourceRefusedError
        return kind("foreign server out of reach", place, text, _REMOTE_FIX)
    if state in _OTHERWISE_THERE and _REMOTE_COMMAND.search(text):
        said = f"its foreign server says: {_REMOTE_COMMAND.sub('', text)}"
        return SourceRefusedError("source refused", place, said, _OTHERWISE_FIX)
    return None


def is_known_at_login(text: str) -> bool:
    """Whether the words with which no session came about are among those that are understood."""
    known = (_REFUSED_AT_LOGIN, _FULL, re.compile(_LOST, re.IGNORECASE))
    return "does not exist" in text or any(pattern.search(text) for pattern in known)


def state_of(error: BaseException) -> str:
    """The SQLSTATE of a driver's error; empty: it has none."""
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or ""


def is_of_rows(error: BaseException) -> bool:
    """Whether the server may speak of a row's value: it names no place in the query for it."""
    return state_of(error)[:2] in _OF_ROWS and not re.search(r"^LINE \d+:", str(error), re.M)


def without_values(error: BaseException) -> str:
    """What the server says of a row's value, with hashes for all that it may quote of it."""
    message = clean(str(error))
    text = _MORE.sub("", message)
    if state_of(error).startswith("P0") or "at RAISE" in message:
        return f"a function of the query raises an error: {told(text, shows=False)}"
    text = without_row_values(text)
    if _OF_BYTES.match(text):
        return text
    return re.sub('"(.*)"', lambda quoted: told(quoted[1], shows=False), text, flags=re.DOTALL)


def is_amid_rows(error: BaseException) -> bool:
    """Whether the server refused a value of the rows."""
    return state_of(error).startswith(DATA_EXCEPTION)


def value_fix(state: str) -> str:
    """How to mend what the server refused with a state of class 22, a data exception.

    >>> value_fix("22012").partition(":")[0]
    'divide by NULLIF(…, 0) in the query'
    """
    return _VALUE_FIXES.get(state, "") + _OTHER_VALUE_FIX


def clean(text: str) -> str:
    r"""The server's message on one line, without its level and the query.

    >>> clean("ERROR:  no\nLINE 1: SELECT x\n               ^\n")
    'no'

    libpq tries with TLS and without, and tells of both:

    >>> clean("to db failed: FATAL:  no\nto db failed: FATAL:  no\n")
    'to db failed: no'
    """
    text = re.sub(r"\b(?:ERROR|FATAL):\s+", "", text)
    lines = [line.strip() for line in text.splitlines()]
    kept = [line for line in lines if line and not re.fullmatch(r"[\s^]*|LINE \d+:.*", line)]
    return " ".join(dict.fromkeys(kept)) or "no message"


def _position(error: BaseException, query: str, offset: int) -> str:
    diagnostics = getattr(error, "diag", None)
    position = getattr(diagnostics, "statement_position", None)
    if not position or not offset < int(position) <= offset + len(query):
        return ""
    before = query[: int(position) - 1 - offset]
    return f"line {before.count(chr(10)) + 1}, character {len(before) - before.rfind(chr(10))}"
