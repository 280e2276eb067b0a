"""The sources that there are, one line each."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from sources.kind import SourceKind


def _postgresql() -> SourceKind:
    from sources.postgresql.parameters import POSTGRESQL

    return POSTGRESQL


def _mongodb() -> SourceKind:
    from sources.mongodb.parameters import MONGODB

    return MONGODB


def _bigquery() -> SourceKind:
    from sources.bigquery.parameters import BIGQUERY

    return BIGQUERY


class _AtNeed(Mapping[str, SourceKind]):
    """Kinds that are imported when they are asked for: a run has nothing for another source's."""

    def __init__(self, kinds: Mapping[str, Callable[[], SourceKind]]) -> None:
        self._kinds = kinds

    def __getitem__(self, name: str) -> SourceKind:
        return self._kinds[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


SOURCES: Mapping[str, SourceKind] = _AtNeed(
    MappingProxyType({"postgresql": _postgresql, "mongodb": _mongodb, "bigquery": _bigquery})
)
"""data_source → its kind."""
