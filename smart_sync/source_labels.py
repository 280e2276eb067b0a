"""The labels that say whose table the destination is, and the faults when it is another's.

sync_source   kind, database and tables of the source
sync_server   the server: by its own id, or by its address where it tells none
"""

import hashlib

from auto_schema.errors import SyncError, TargetError
from auto_schema.names import label
from smart_sync.facts import Facts
from smart_sync.request import SyncRequest
from sources.values import SourceProfile

SOURCE, SERVER = "sync_source", "sync_server"
BY_ID = "id-"
DIGITS = 32


def source_labels(profile: SourceProfile) -> tuple[tuple[str, str], ...]:
    """The labels of a table that this source fills; none when its tables aren't known."""
    if not profile.tables:
        return ()
    text = "|".join((profile.identity, *profile.tables))
    labels = ((SOURCE, label(_hash(text))),)
    if not profile.server_id:
        return labels
    kind, _, text = profile.server_id.partition(":")
    return ((SERVER, label(f"{kind}-{_hash(text)}")), *labels)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def label_faults(request: SyncRequest, facts: Facts) -> list[SyncError]:
    """Why the destination is another source's."""
    if not facts.target.exists or request.replaces or request.publishing.accept_source_change:
        return []
    wanted, current = dict(source_labels(facts.profile)), dict(facts.target.labels)
    where = f"table {request.destination}, label"
    if _differs(SOURCE, wanted, current):
        tables = ", ".join(facts.profile.tables)
        return [
            TargetError(
                "the destination belongs to another source",
                f"{where} {SOURCE}",
                f"it is {current[SOURCE]}, this source ({tables}) is {wanted[SOURCE]};"
                " two sources that share one MAX lose rows",
                "give each source its own destination_bigquery_table, or set"
                " accept_source_change=true if the source only moved or was renamed.",
            )
        ]
    if _differs(SERVER, wanted, current) and not _learns(wanted, current):
        return [
            TargetError(
                "the destination belongs to another server",
                f"{where} {SERVER}",
                f"it is {current[SERVER]}, {facts.source.place} is {wanted[SERVER]};"
                " two servers with tables of the same name, such as shards, would share one MAX"
                " and lose rows",
                "give each server its own destination_bigquery_table. If this server took the"
                " other's place (moved, restored, upgraded), set accept_source_change=true for one"
                " run.",
            )
        ]
    return []


def _differs(name: str, wanted: dict[str, str], current: dict[str, str]) -> bool:
    return name in wanted and name in current and wanted[name] != current[name]


def _learns(wanted: dict[str, str], current: dict[str, str]) -> bool:
    """Whether a server that was known by its address tells its id by now."""
    return wanted[SERVER].startswith(BY_ID) and not current[SERVER].startswith(BY_ID)


def renews_server(request: SyncRequest, facts: Facts) -> bool:
    """Whether this run adds the server to the label of a table that names none, or its id."""
    wanted, current = dict(source_labels(facts.profile)), dict(facts.target.labels)
    if not facts.target.exists or request.replaces or SERVER not in wanted:
        return False
    if current.get(SOURCE) != wanted.get(SOURCE):
        return False
    return SERVER not in current or (_differs(SERVER, wanted, current) and _learns(wanted, current))


def renewal_note(request: SyncRequest, facts: Facts) -> str:
    """What the plan says when it takes this server for the one that filled the table so far."""
    if not renews_server(request, facts):
        return ""
    wanted = dict(source_labels(facts.profile))[SERVER]
    return (
        f"the label {SERVER} of {request.destination} names no server's id yet:"
        f" {facts.source.place} is taken for the one that filled it, and the run's publishing adds"
        f" {wanted}; from then on another server is refused"
    )
