"""MongoDB's errors, sorted into «try again» and «won't help».

Codes: https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
"""

import re

import pymongo.errors as driver

from auto_schema.errors import SourceError, SourceRefusedError, SourceUnreachableError
from auto_schema.told import without_row_values
from sources.mongodb.connection_string import ConnectionString

GONE_SNAPSHOT_CODES = frozenset([239, 246])
"""SnapshotTooOld and SnapshotUnavailable."""
TRANSIENT_CODES = GONE_SNAPSHOT_CODES | {
    *(6, 7, 43, 89, 91, 134, 136, 175, 189, 237, 262, 290, 317, 358),
    *(9001, 10107, 11600, 11602, 13388, 13435, 13436),
}
"""Lost hosts, cursors and snapshots, a primary stepping down, a shutdown, a slow reply."""
UNAUTHORIZED_CODE = 13
TOO_LONG_CODE = 50
"""MaxTimeMSExpired."""
_UNREACHABLE_FIX = (
    "check mongodb_host and mongodb_port or mongodb_connection_string, firewall, VPC network and"
    " subnetwork, and whether the server asks for TLS (tls=true); launcher and workers must both"
    " reach every member of the replica set."
)
_FIXES = (
    (
        frozenset([18, 8000, 11]),
        "check mongodb_username and mongodb_password; a user that is not in the database admin"
        " needs authSource in a mongodb_connection_string.",
    ),
    (
        frozenset([13]),
        "grant the role `read` on the database to the user; more is not needed.",
    ),
)
_QUERY_FIX = (
    "correct mongodb_query and mongodb_projection; they have to run as they are in mongosh."
)
_PASSWORD = re.compile(r"(mongodb(?:\+srv)?://)[^@/\s]*@")


def source_error(error: BaseException, place: str) -> SourceError:
    """Turn a driver's error into ours: what the server said, and what to do."""
    code = getattr(error, "code", None)
    text = _clean(error)
    if code in TRANSIENT_CODES or (
        isinstance(error, driver.ConnectionFailure | driver.WaitQueueTimeoutError) and not code
    ):
        if re.search(r"certificate verify failed|SSL|TLS", text) and "timed out" not in text:
            fix = "check the TLS options of mongodb_connection_string (tls, tlsCAFile)."
            return SourceRefusedError("source refused the connection", place, text, fix)
        return SourceUnreachableError("source unreachable", place, text, _UNREACHABLE_FIX)
    if isinstance(error, driver.ConfigurationError):
        return string_error(error, place, "")
    fix = next((fix for codes, fix in _FIXES if code in codes), _QUERY_FIX)
    if "requires authentication" in text:
        fix = (
            "give mongodb_username and mongodb_password, or a mongodb_connection_string with them."
        )
    return SourceRefusedError("source refused", place, text, fix)


def string_error(error: BaseException, place: str, string: str) -> SourceError:
    """Why no client can be made of a connection string; nothing of its login is shown.

    Args:
        error: of the driver, or of a file that an option names.
        place: where the source is.
        string: the connection string itself.
    """
    text = _clean(error)
    parts = ConnectionString.of(string)
    if any(piece in text for piece in parts.secrets()):
        text = type(error).__name__
    options = re.findall(r"(?:^|[&;])([A-Za-z]+)=", parts.options)
    if options:
        text += f" (its options: {', '.join(options)})"
    if re.search(r"DNS|resolv|nameserver", text):
        fix = "check the host name of mongodb_connection_string, and that it has SRV records."
        return SourceUnreachableError("source unreachable", place, text, fix)
    fix = "correct hosts, ports and options of mongodb_connection_string; characters such as @ : /"
    fix += " in user and password are written percent-encoded there."
    return SourceRefusedError("connection string refused", place, text, fix)


def is_gone_snapshot(error: BaseException) -> bool:
    """Whether the server no longer keeps the snapshot that was asked for."""
    return getattr(error, "code", None) in GONE_SNAPSHOT_CODES


def took_too_long(error: BaseException) -> bool:
    """Whether a question was given up at its maxTimeMS."""
    return getattr(error, "code", None) == TOO_LONG_CODE


def _clean(error: BaseException) -> str:
    details = getattr(error, "details", None)
    text = str(details.get("errmsg") if isinstance(details, dict) else "") or str(error)
    text = text.partition(", Timeout: ")[0].partition(", full error:")[0]
    text = without_row_values(" ".join(text.split()))
    return _PASSWORD.sub(r"\1…@", text)[:500]
