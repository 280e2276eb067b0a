"""Transforms for users' own Beam pipelines, imported with Beam when they are asked for.

They stand in pipeline.api.beam, above this room (docs/decisions/0043). Needs the extra [dataflow].
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.api.beam.read import ReadFromMongoDB, ReadFromPostgreSQL
    from pipeline.api.beam.write import WriteToBigQueryAtomically
    from pipeline.api.staged_writing import Written

__all__ = ["ReadFromMongoDB", "ReadFromPostgreSQL", "WriteToBigQueryAtomically", "Written"]
_PLACES = {
    "ReadFromMongoDB": "pipeline.api.beam.read",
    "ReadFromPostgreSQL": "pipeline.api.beam.read",
    "WriteToBigQueryAtomically": "pipeline.api.beam.write",
    "Written": "pipeline.api.staged_writing",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """A transform, imported with Beam."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_PLACES[name]), name)
