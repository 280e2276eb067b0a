"""A URI of MongoDB → the parameters that it stands for. Pure.

The string itself goes to the driver, which knows its options; what it says of database and
collection is taken out of it, too.
"""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import unquote

from sources.mongodb.connection_string import ConnectionString
from sources.uri import Said, Uri, malformed

EXAMPLE = "write mongodb://user@host:27017/database?authSource=admin"
STRING, DATABASE, COLLECTION = "mongodb_connection_string", "mongodb_database", "mongodb_collection"
STAND_INS: Mapping[str, str] = MappingProxyType({STRING: "mongodb://source", DATABASE: "source"})
"""What is taken for the parameters of a URI that isn't at hand."""


def said_by(uri: Uri, text: str) -> Said:
    """What a URI of the scheme `mongodb` or `mongodb+srv` says; see `SourceKind.uri`."""
    fault = uri.fault or ConnectionString.of(text.strip()).fault
    if fault:
        return Said(faults=(malformed(fault, f"{EXAMPLE}."),))
    database, _, collection = unquote(uri.path).partition(".")
    named = {DATABASE: database, COLLECTION: collection}
    return Said({STRING: text.strip(), **{name: word for name, word in named.items() if word}})
