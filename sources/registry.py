"""The sources that there are, one line each."""

from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from types import MappingProxyType

from auto_schema.errors import ConfigError
from sources.kind import SourceKind

DRIVERS: Mapping[str, str] = MappingProxyType(
    {
        "postgresql": "psycopg2",
        "mongodb": "pymongo",
        "bigquery": "google.cloud.bigquery_storage_v1",
    }
)
"""data_source → the module that its extra brings; where it isn't installed nothing is read."""


def _postgresql() -> SourceKind:
    from sources.postgresql.parameters import POSTGRESQL

    return POSTGRESQL


def _mongodb() -> SourceKind:
    from sources.mongodb.parameters import MONGODB

    return MONGODB


def _bigquery() -> SourceKind:
    from sources.bigquery.parameters import BIGQUERY

    return BIGQUERY


def without_extra(where: str, module: str, extra: str) -> ConfigError:
    """What is asked for needs a package that isn't installed, and how it is."""
    why = f"there is no Python package {module} here"
    fix = f"pip install 'bigquery-smart-sync[{extra}]'."
    return ConfigError(f"the extra [{extra}] isn't installed", where, why, fix)


class _AtNeed(Mapping[str, SourceKind]):
    """Kinds that are imported when they are asked for: a run has nothing for another source's."""

    def __init__(self, kinds: Mapping[str, Callable[[], SourceKind]]) -> None:
        self._kinds = kinds

    def __getitem__(self, name: str) -> SourceKind:
        """The kind.

        Raises:
            ConfigError: its driver isn't installed.
        """
        opened = self._kinds[name]
        driver = DRIVERS.get(name)
        if driver and find_spec(driver) is None:
            raise without_extra(f"data_source={name}", driver, name)
        return opened()

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


SOURCES: Mapping[str, SourceKind] = _AtNeed(
    MappingProxyType({"postgresql": _postgresql, "mongodb": _mongodb, "bigquery": _bigquery})
)
"""data_source → its kind."""
SCHEMES: Mapping[str, str] = MappingProxyType(
    {
        "postgresql": "postgresql",
        "postgres": "postgresql",
        "mongodb": "mongodb",
        "mongodb+srv": "mongodb",
        "bigquery": "bigquery",
    }
)
"""The scheme of a URI → the data_source that reads it."""
