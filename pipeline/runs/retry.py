"""Which tables of an earlier launch are to be synced once more, and which only told. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auto_schema.errors import ConfigError
from pipeline.runs.history import FINAL

PARAMETER = "retry_failed"
NAMED = 20
"""Tables that one message names."""
AT_WORK = "its launch is still at work, or was: its locks are held"
MAY_BEGIN = "its launch showed life less than a lease ago (lock_lease), and may still come to it"
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PastLaunch:
    """What is known of a launch.

    Attributes:
        batch_id: its name.
        tables: that it was to sync, by destination: their names in the source.
        ends: by destination, the newest event of its run there.
        mended: destinations that another run has since synced well.
        verifies: whether it only compared.
        is_at_work: whether a run of it holds its table's lock.
        published: destinations whose rows another run has since published, or may have, though
            it didn't end well.
        may_begin: whether it may still come to tables that it hasn't begun.
        lacks_record: whether a history knows runs of it, and not what it was to sync.
    """

    batch_id: str
    tables: Mapping[str, str] = field(default_factory=dict)
    ends: Mapping[str, Row] = field(default_factory=dict)
    mended: frozenset[str] = frozenset()
    verifies: bool = False
    is_at_work: bool = False
    published: frozenset[str] = frozenset()
    may_begin: bool = False
    lacks_record: bool = False

    @property
    def destinations(self) -> tuple[str, ...]:
        """All that it was to sync, as far as is known."""
        return tuple(dict.fromkeys([*self.tables, *self.ends]))

    def name(self, destination: str) -> str:
        """Of a table in the source; its destination where that isn't known."""
        return self.tables.get(destination, destination)

    @property
    def unfinished(self) -> tuple[Row, ...]:
        """The newest events of its runs that have none of their last."""
        return tuple(row for row in self.ends.values() if row["seq"] < FINAL)

    def failed(self, destination: str) -> bool:
        """Whether the table isn't known to have ended well; also one that never began."""
        row = self.ends.get(destination)
        if row is None or row["seq"] != FINAL:
            return True  # it may be rolled back
        return bool(row["exit_code"])

    def why_not(self, destination: str) -> str:
        """Why a table that failed isn't synced once more by itself; empty: it is.

        Rows that are in the table, or may be, would be there twice where a run appends.
        """
        row = self.ends.get(destination)
        if destination in self.mended:
            return "another run has synced it since"
        if destination in self.published:
            return "another run has published its rows since, or may have, and did not end well"
        if self.is_at_work and (row is None or row["seq"] < FINAL):
            return AT_WORK
        if row is None:
            return MAY_BEGIN if self.may_begin else ""
        if row["status"] == "published_mismatch":
            return "its rows were published, but not as many as expected: see its run's error"
        if row["status"] == "abandoned" and row["publish_job"]:
            return "its rows were published before it was given up"
        if row["status"] == "publishing" and not row["window_end"]:
            return "its rows may have been published, and it reads all of them each time"
        return ""


@dataclass(frozen=True, slots=True)
class Retry:
    """What a launch does of an earlier one.

    Attributes:
        wanted: destinations that are to be synced.
        told: what there is to say of the others that failed, a line each.
        note: what the launch says in place of a report; empty: there is something to sync.
    """

    wanted: frozenset[str]
    told: tuple[str, ...] = ()
    note: str = ""


def merged(launches: Sequence[PastLaunch]) -> PastLaunch:
    """One launch as several histories know it."""
    first, *others = launches
    for other in others:
        first = PastLaunch(
            first.batch_id,
            {**first.tables, **other.tables},
            {**first.ends, **other.ends},
            first.mended | other.mended,
            first.verifies or other.verifies,
            first.is_at_work or other.is_at_work,
            first.published | other.published,
            first.may_begin or other.may_begin,
            first.lacks_record or other.lacks_record,
        )
    return first


def retry(past: PastLaunch, known: Sequence[str], *, verifies: bool) -> Retry:
    """What of an earlier launch is done once more.

    Args:
        past: that launch.
        known: destinations that this launch would sync.
        verifies: whether this launch only compares.

    Raises:
        ConfigError: there was no such launch, or it is none of these tables'.
    """
    if fault := _fault(past, known, verifies=verifies):
        raise fault
    failed = [one for one in past.destinations if past.failed(one)]
    why_not = {one: past.why_not(one) for one in failed}
    gone = {one for one in failed if one not in known and not why_not[one]}
    wanted = frozenset(one for one in failed if not why_not[one] and one not in gone)
    told = tuple(_told(past, failed, why_not, gone))
    note = ""
    if not failed:
        note = f"all {len(past.destinations)} tables of launch {past.batch_id} succeeded"
    elif not wanted and {AT_WORK, MAY_BEGIN} & set(why_not.values()):
        note = f"launch {past.batch_id} may still be at work; ask once more when its lease is over"
    elif not wanted:
        note = f"no table of launch {past.batch_id} is left to be synced once more"
    return Retry(wanted, told, note and f"nothing to retry: {note}")


def _told(
    past: PastLaunch, failed: Sequence[str], why_not: Mapping[str, str], gone: set[str]
) -> Iterator[str]:
    for one in failed:
        if why_not[one]:
            yield f"{past.name(one)} is not retried: {why_not[one]}"
        elif one in gone:
            where = "no longer among the tables that this launch names"
            yield f"{past.name(one)} failed too, but is {where}: the file, `select`, or the source"
    if past.lacks_record:
        why = "which tables it was to sync could not be written down then"
        yield f"tables that launch {past.batch_id} never came to are not known, nor retried: {why}"


def _fault(past: PastLaunch, known: Sequence[str], *, verifies: bool) -> ConfigError | None:
    there = past.destinations
    if not there:
        why = f"no run history of these tables knows {past.batch_id}"
        fix = "take the name of the launch from its first line or its message."
        return ConfigError("an unknown launch", PARAMETER, why, fix)
    if not set(there) & set(known):
        named = ", ".join(past.name(one) for one in there[:NAMED])
        why = f"{past.batch_id} was one of {named}{', …' if len(there) > NAMED else ''}"
        fix = "give this launch the file, and the `select`, of that one."
        return ConfigError("a launch of other tables", PARAMETER, why, fix)
    if past.verifies != verifies:
        did = "only compared" if past.verifies else "synced"
        fix = f"{'give' if past.verifies else 'leave out'} verify_only=true."
        return ConfigError("a launch of another kind", PARAMETER, f"{past.batch_id} {did}", fix)
    return None
