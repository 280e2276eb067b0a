"""A watermark that is exactly midnight: stamps may be days, of which rows may still come. Pure."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from smart_sync.cursor import Cursor
from smart_sync.facts import Facts
from smart_sync.request import SyncRequest

DAY = timedelta(days=1)


def midnight_warnings(request: SyncRequest, facts: Facts, cursor: Cursor) -> Iterator[str]:
    """That what was read ends with a midnight, in UTC or by the wall clock of a naive cursor.

    Where SQL shows that stamps are cut, more is known: see `too_coarse`.
    """
    window, asked = facts.window, request.window
    if window is None or request.replaces or asked.by_hand is not None or facts.profile.coarse:
        return
    mark = window.watermark
    reaches = asked.margin + asked.lookback >= DAY
    if reaches or not isinstance(mark, datetime) or mark.time() != time():
        return
    yield (
        f"the highest {cursor.source_name} that was read, {mark:%Y-%m-%d}, is midnight to the"
        " microsecond: if stamps are days (a load date, a business day), rows that come with a day"
        " that a run has read lie at its watermark and are lost. Then set smart_sync_margin=24h, or"
        " with WRITE_MERGE smart_sync_lookback=24h"
    )
