"""Rows that a query itself keeps from every window, though nothing counts them. Pure."""

from collections.abc import Iterator

from smart_sync.facts import Facts
from smart_sync.load_columns import LOADED_AT
from smart_sync.request import SyncRequest
from smart_sync.source_labels import reads_on


def unread_warnings(request: SyncRequest, facts: Facts) -> Iterator[str]:
    """Of a sync by windows: what the query gives as a cursor, and that it has an end by number."""
    profile, name = facts.profile, request.window.cursor
    if request.replaces:
        return
    if profile.some:
        yield (
            f"the query has {profile.some}: rows that it leaves out of a window lie below the"
            " watermark afterwards, and no run reads them"
        )
    if profile.ripening:
        yield (
            f"the query lets rows through when their time has come ({profile.ripening}), which"
            f" moves no {name}: those that come to meet it after a run has read later ones lie"
            " below the watermark, and no run reads them. Leave that condition out and ask it where"
            " the table is read, or use a cursor such as the later of both"
        )
    synced = profile.in_bigquery.synced if profile.in_bigquery else ()
    if synced and reads_on(request) and name != LOADED_AT:
        yield (
            f"{', '.join(synced)} is filled by a sync of its own: rows that this brings later (by"
            " a repair, a backfill, a replay, a lookback, a window by hand) keep their stamps, and"
            f" where these lie below the watermark no run here reads them. With load_columns=true"
            f" there smart_sync_timestamp_column={LOADED_AT} reads them here; else run here with"
            " repair=true after those"
        )
    if profile.given is None:
        return
    without = f"rows that have no {name} of their own get"
    instead = "no run reads them; use a stamp that a row keeps"
    if profile.given.is_now:
        late = f"the time of each query ({profile.given.by}), later than the end of every window"
        yield f"{without} {late}: {instead}"
    else:
        late = "those that come after the first run lie below the watermark"
        yield f"{without} {profile.given.by}: {late}, and {instead}"
