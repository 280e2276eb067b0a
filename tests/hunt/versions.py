"""WRITE_HISTORY in a hunt: what must be true of the times of versions, however they came."""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.hunt.case import Verdict
from tests.hunt.oracle import Destination
from tests.hunt.parameters import Parameters

RATE = 0.3
TIMES = ("_sync_valid_from", "_sync_valid_to", "_sync_is_current")
MANY = 4


@dataclass(frozen=True, slots=True)
class Version:
    """A row of the destination: its key and cursor, and what it says of its time."""

    key: tuple[Any, ...]
    cursor: Any
    start: Any
    end: Any
    is_current: Any


def as_history(parameters: Parameters, seed: int) -> Parameters:
    """The parameters of a merge, now and then as those of a history with the same keys."""
    if parameters.mode != "merge" or random.Random(f"history {seed}").random() > RATE:
        return parameters
    words = dict(parameters.common) | {"write_disposition": "WRITE_HISTORY"}
    return replace(parameters, mode="history", common=tuple(words.items()))


def versions_of(arrived: Destination, keys: Sequence[str], cursor: str) -> list[Version]:
    """The rows as versions; the names are the destination's."""
    at = {field.name.casefold(): n for n, field in enumerate(arrived.fields)}
    times = [at[name] for name in TIMES]
    places = [at[key.casefold()] for key in keys]
    return [
        Version(tuple(row[n] for n in places), row[at[cursor.casefold()]], *(row[n] for n in times))
        for row in arrived.rows
    ]


def without_times(arrived: Destination) -> Destination:
    """What arrived, without the columns of times."""
    kept = [n for n, field in enumerate(arrived.fields) if field.name not in TIMES]
    fields = tuple(arrived.fields[n] for n in kept)
    return replace(
        arrived, fields=fields, rows=tuple(tuple(row[n] for n in kept) for row in arrived.rows)
    )


def judge_versions(verdict: Verdict, versions: Iterable[Version], *, loses: bool) -> None:
    """Each version holds from its cursor's value on, until the next one begins.

    Args:
        verdict: gets the faults.
        versions: all of the table.
        loses: whether keys may have gone for a while, which leaves gaps.
    """
    by_key = defaultdict[Any, list[Version]](list)
    for version in versions:
        by_key[version.key].append(version)
    wrong = [text for some in by_key.values() for text in _wrong(some, loses=loses)]
    if wrong:
        verdict.fault("versions", f"{len(wrong)}: {'; '.join(wrong[:MANY])}")


def _wrong(some: Sequence[Version], *, loses: bool) -> Iterator[str]:
    some = sorted(some, key=lambda version: version.start)
    for version, later in zip(some, [*some[1:], None], strict=True):
        follows = later.start if later else None
        if version.start != version.cursor:
            yield f"{version} begins otherwise than its cursor"
        if version.is_current != (version.end is None):
            yield f"{version} is current, or not, against its end"
        if version.end != follows and not (loses and _is_gap(version, follows)):
            yield f"{version} is followed by {follows!r}"


def _is_gap(version: Version, follows: Any) -> bool:
    """Whether it ended before the next one, or while there is none."""
    if version.end is None or version.end < version.start:
        return False
    return follows is None or bool(version.end < follows)
