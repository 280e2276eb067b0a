"""Rows that the runs so far have told apart by other merge keys. Pure."""

import json
from collections.abc import Mapping

from smart_sync.missing_keys import INVALIDATE, OF_VERSIONS, PARAMETER
from smart_sync.predicate import digest
from smart_sync.request import SyncRequest, WriteDisposition

KEYS, APPENDED = "sync_keys", "appended"


def keys_label(request: SyncRequest, current: Mapping[str, str]) -> dict[str, str]:
    """The label of what tells rows apart; none where rows are not merged, and never were."""
    publishing = request.publishing
    if not publishing.write_disposition.is_by_key:
        appends = publishing.write_disposition is WriteDisposition.APPEND and KEYS in current
        return {KEYS: APPENDED} if appends else {}
    names = json.dumps(sorted({name.casefold() for name in publishing.merge_keys}))
    return {KEYS: digest(names)}


def has_other_keys(before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Whether both sets of labels say what tells rows apart, and another thing."""
    return KEYS in now and before.get(KEYS, now[KEYS]) != now[KEYS]


def keys_warning(request: SyncRequest) -> str:
    """What becomes of rows whose new keys were others when they were written, or none are."""
    if not request.publishing.write_disposition.is_by_key:
        return (
            f"the runs so far have merged rows into {request.destination} by their keys, as its"
            f" label {KEYS} says, and WRITE_APPEND doesn't look at any: of a row that has changed"
            " since it was written there will be both versions. Where rows change, give WRITE_MERGE"
            " and its merge_keys. This is told until a run has published rows"
        )
    names, way = ", ".join(request.publishing.merge_keys), f"{PARAMETER}=hard or soft"
    if request.publishing.write_disposition is WriteDisposition.HISTORY:
        way = f"{OF_VERSIONS}={INVALIDATE}"
    return (
        f"merge_keys are {names}, and were others, or none, in the runs so far, as the label {KEYS}"
        f" of {request.destination} says: a row of which {names} has changed since it was written"
        f" stays beside its newer version. Give {way}, under which it goes, or load the table anew"
        " by delete_existing_table=true. This is told until a run has published rows"
    )
