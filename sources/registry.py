"""The sources that there are, one line each."""

from collections.abc import Mapping
from types import MappingProxyType

SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "postgresql": "sources.postgresql.inspector",
        "mongodb": "sources.mongodb.inspector",
        "bigquery": "sources.bigquery.inspector",
    }
)
"""data_source → module whose `inspecting(connection, query, table, cursor)` opens an Inspector."""
