"""Splits: pure arithmetic that cuts a window or a key range without gap or overlap."""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from smart_sync.cursor import Cursor
from smart_sync.facts import Facts
from smart_sync.request import SyncRequest
from sources.profile import SourceProfile
from sources.questions import RangesQuestion
from sources.values import Evidence, KeyValue, Split

MAX_SPLITS = 5_000
SPLIT_BYTES = 256 * 1024 * 1024
"""About this much of the source per automatic split."""
LANE_BYTES = 64 * 1024 * 1024
"""More than this much is read over all connections by a run in one process, whose cores and memory
they share whatever the size; less is there before a second one has begun."""
PER_LANE = 2
"""Automatic splits per connection at least, once one split is not enough; each has as many as the
others, so that none works alone at the end."""


def split_count(
    asked: int, estimated_bytes: int | None, connections: int, *, is_local: bool = False
) -> tuple[int, str]:
    """How many splits, and why.

    Args:
        asked: num_splits; 0 for automatic.
        estimated_bytes: the source's estimate; None when it gave none.
        connections: that may be open at once.
        is_local: whether all of them are this process's.

    >>> split_count(0, 100 * 2**20, 8)
    (1, 'about 100 MB by the estimate: one split')
    >>> split_count(0, 100 * 2**20, 2, is_local=True)
    (2, 'about 100 MB by the estimate: 2 splits over 2 connections')
    >>> split_count(0, 7 * SPLIT_BYTES, 2)
    (8, 'about 1,792 MB by the estimate: 8 splits over 2 connections')
    """
    if asked:
        return min(asked, MAX_SPLITS), f"num_splits={asked}"
    if estimated_bytes is None:
        return 1, "no estimate of the size: one split"
    size = f"about {max(1, estimated_bytes >> 20):,} MB by the estimate"
    needed = math.ceil(estimated_bytes / SPLIT_BYTES)
    if needed <= 1 and (connections == 1 or not is_local or estimated_bytes <= LANE_BYTES):
        return 1, f"{size}: one split"
    per_lane = max(PER_LANE if needed > 1 else 1, math.ceil(needed / connections))
    count = min(connections * per_lane, MAX_SPLITS)
    if connections == 1:
        return count, f"{size}: {count} splits, one after the other"
    return count, f"{size}: {count} splits over {connections} connections"


def cut(bounds: Sequence[KeyValue], count: int) -> tuple[KeyValue, ...]:
    """At most `count` − 1 cut points, evenly chosen among ascending bounds.

    >>> cut([10, 20, 30, 40, 50], 3)
    (20, 40)
    """
    wanted = min(count - 1, len(bounds))
    if wanted < 1:
        return ()
    step = (len(bounds) + 1) / (wanted + 1)
    return tuple(bounds[round(step * i) - 1] for i in range(1, wanted + 1))


def make_splits(column: str | None, cuts: Sequence[KeyValue], *, by_key: bool) -> tuple[Split, ...]:
    """Adjacent ranges: open below the first cut and above the last.

    >>> [(s.lower, s.upper) for s in make_splits("id", [10, 20], by_key=True)]
    [(None, 10), (10, 20), (20, None)]
    """
    if not cuts or column is None:
        return (Split(0),)
    ends = (None, *cuts, None)
    return tuple(
        Split(index, column, ends[index], ends[index + 1], by_key) for index in range(len(cuts) + 1)
    )


def fingerprint(splits: Sequence[Split]) -> str:
    """16 hex digits over all splits, for a plan that no longer carries them."""
    return hashlib.sha256(repr(tuple(splits)).encode()).hexdigest()[:16]


def lanes(splits: Sequence[Split], connections: int) -> tuple[tuple[int, Split], ...]:
    """Deal the splits to as many lanes as there may be connections; each lane is read in order."""
    width = max(1, min(connections, len(splits)))
    return tuple((split.index % width, split) for split in splits)


def count_of(request: SyncRequest, evidence: Evidence) -> tuple[int, str]:
    """How many splits a request's rows become at most, and why."""
    asked, size = request.reading.num_splits, evidence.estimated_bytes
    return split_count(asked, size, request.connections, is_local=request.run.is_local)


def plan_splits(
    request: SyncRequest, facts: Facts, ranges: RangesQuestion | None, why_whole: str
) -> tuple[tuple[Split, ...], str]:
    """The splits and the reason for their number.

    Args:
        request: what the operator asked for.
        facts: with the estimate of the window's size, and where the source can be cut.
        ranges: what the source was asked for that.
        why_whole: why it can't be cut, where there is nothing to ask.
    """
    if facts.window is not None and facts.window.held_back is not None:
        return (), "held back: nothing is read"
    if facts.profile.in_bigquery:
        count, why = count_of(request, facts.evidence)
        return tuple(Split(index) for index in range(count)), f"{why}, by streams of Storage Read"
    if ranges is None:
        return (Split(0),), f"one split: {why_whole}"
    count, why = count_of(request, facts.evidence)
    cuts, column = cut(facts.evidence.bounds, count), ranges.column
    by_key = facts.cursor is None or column != facts.cursor.source_name
    splits = make_splits(column, cuts, by_key=by_key)
    if len(splits) < count:
        why += f"; {column} has values for {len(splits)} only"
    return splits, why if len(splits) == 1 else f"{why}, cut by {column}"


def ranges_question(
    profile: SourceProfile,
    cursor: Cursor | None,
    num_splits: int,
    shows: Callable[[str], bool] = bool,
) -> tuple[RangesQuestion | None, str]:
    """What the source is asked before its rows are cut, or None and why they can't be.

    The cursor where an index begins with it, else a unique key. Without an index each
    split would scan the whole table, so then only num_splits (0: not given) makes more than
    one. The ends of ranges are values: none are made of a column whose values nothing may show.
    """
    cuts = profile.cuts
    if cuts.key and not shows(cuts.key) and not cuts.reason:
        why = f"{cuts.key} is masked or left out, and the ends of its ranges would be its values"
        cuts = replace(cuts, key=None, reason="" if cursor and not cuts.by_key_only else why)
    if cuts.reason:
        return None, cuts.reason
    stored = cursor is not None and _is_stored(profile, cursor.source_name)
    indexed = cursor is not None and cursor.source_name in cuts.indexed
    if cursor and stored and not cuts.by_key_only and (num_splits or indexed):
        return RangesQuestion(cursor.source_name), ""
    if cuts.key and (num_splits or not cuts.key_scans):
        return RangesQuestion(cuts.key), ""
    if cuts.key:
        return None, (
            f"the order of {cuts.key} is a library's, so no index serves its ranges"
            " and each would scan the table; num_splits makes them all the same"
        )
    if cursor and not stored:
        return None, f"{cursor.source_name} is computed, and could differ in each"
    if cursor:
        return None, f"no index begins with {cursor.source_name}, so each would scan the table"
    return None, "no window, and no unique NOT NULL key in the result"


def _is_stored(profile: SourceProfile, name: str) -> bool:
    """Whether a column of the result is one of a table as it stands there."""
    column = profile.column(name)
    return column is not None and column.origin is not None
