"""A plan that was saved: what it was made of, by which a run tells whether that still holds."""

from collections.abc import Mapping
from dataclasses import dataclass

from smart_sync.taken_over import Noted

SavedColumn = tuple[str, str, str]
"""Name in the destination, type in the source, type in the destination."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """The facts of a plan, as its file has them; no secret is among them, nor a hash of one.

    Attributes:
        place: the file.
        fingerprint: of the plan.
        noted: its window and watermark, and hashes of what decides about its rows (`work_of`).
        parameters: those that were given, each as a hash by its name.
        server: who it connects to: kind, address, database, and what the server says of itself.
        tables: what tells the source's tables from others under their names.
        columns: of the rows that are read.
        table_made: when the destination was made; empty: it was missing.
        rows: of the destination, where the plan removes them, or adds all that the source has to
            them; None: it does neither, or isn't known.
        checks: a hash of what is asked of the rows.
        changes: what becomes of the destination's columns, each in words.
    """

    place: str
    fingerprint: str
    noted: Noted
    parameters: Mapping[str, str]
    server: tuple[str, ...]
    tables: tuple[str, ...]
    columns: tuple[SavedColumn, ...]
    table_made: str
    rows: int | None
    checks: str
    changes: tuple[str, ...]
