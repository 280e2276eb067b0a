"""The sources that there are, one line each."""

from collections.abc import Mapping
from types import MappingProxyType

from sources.bigquery.parameters import BIGQUERY
from sources.kind import SourceKind
from sources.mongodb.parameters import MONGODB
from sources.postgresql.parameters import POSTGRESQL

SOURCES: Mapping[str, SourceKind] = MappingProxyType(
    {
        "postgresql": POSTGRESQL,
        "mongodb": MONGODB,
        "bigquery": BIGQUERY,
    }
)
"""data_source → its kind."""
