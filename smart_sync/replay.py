"""What a replay of dead letters takes, and what stands against it. Pure.

A letter's row is taken when it is kept whole, its letters wait, and the run that left it out has
published: then its window is passed, and no sync reads the row again by itself.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from auto_schema.errors import ConfigError, SyncError
from auto_schema.kept_row import Stage, digest_of
from warehouse.names import TableRef

PARAMETER = "replay_dead_letters"
MODE, FILLS = "replay", "backfill_columns"
OLD = "an earlier version of Smart Sync wrote it, which kept no whole rows"
WHY_NOT: Mapping[str, str] = {
    "": f"{OLD}: read the row again (repair it in the source, or a window by hand)",
    Stage.REFUSED: "the source itself refuses the row, so that nobody has it whole: repair it in"
    " the source, where it gets a new stamp, or read a window by hand",
    Stage.HIDDEN: "what is refused is masked, and kept nowhere: repair it in the source",
    Stage.LARGE: "the row is too large to be kept: repair it in the source",
    Stage.MADE: "transform_sql had made the row: read its window again by hand",
    Stage.STAGED: "the row holds types that have no exact text: read its window again by hand",
    Stage.ARRIVED: "the row isn't kept whole: read it again",
}
"""By the stage of a letter without a whole row: why it can't be replayed, with the mend."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as a replay looks at it.

    Attributes:
        row_hash: tells rows apart; a row has a letter for each column and reason.
        column, reason: what was refused.
        stage: a `Stage`; empty: an older version wrote it.
        is_whole: whether its row is kept whole.
        replayed_by: the run that took it; empty: none, or one that was undone.
        last_run: the last run that left the row out.
        first_run: the run that wrote the letter; a replay, where it was one that found more
            against the row.
        characters: of its row as it is kept.
    """

    row_hash: str
    column: str
    reason: str
    stage: str
    is_whole: bool
    replayed_by: str
    last_run: str
    first_run: str = ""
    characters: int = 0


@dataclass(frozen=True, slots=True)
class LetterCount:
    """Letters of one column and reason: how many are taken, and what keeps others back."""

    column: str
    reason: str
    letters: int
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What a replay takes.

    Attributes:
        run_id: the run whose letters they are.
        rows: different rows that are taken; a row is taken once, whatever its letters.
        digest: over their hashes, by which a table that has changed since is noticed.
        bytes: of their rows as they are kept.
        counts: of all letters of the run.
        not_whole: rows that can't be taken.
        replayed: letters that were taken before.
        undone: runs whose marks don't count, since they were undone.
        read_up_to: without keys, where windows of later runs begin: only rows up to there were
            read by none of them; empty: there are none.
        void: replays that published nothing: the row of a letter that one of them wrote is
            another letter's, too, which waits still.
    """

    run_id: str
    rows: int
    digest: str
    bytes: int
    counts: tuple[LetterCount, ...] = ()
    not_whole: int = 0
    replayed: int = 0
    undone: tuple[str, ...] = ()
    void: tuple[str, ...] = ()
    read_up_to: str = ""


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run of the destination, by its last event.

    Attributes:
        run_id, status, mode: as the history has them.
        ended: when that event was written.
        window_start, window_end: as it has them; empty: it had no window.
        has_published: whether its rows are in the table.
    """

    run_id: str
    status: str
    mode: str
    ended: datetime
    window_start: str = ""
    window_end: str = ""
    has_published: bool = False


@dataclass(frozen=True, slots=True)
class ReplayFacts:
    """What the letters' table and the history say.

    Attributes:
        letters: of the run.
        runs: of the destination, by their names, since the run that left the oldest of them out.
        undone: runs that were undone.
    """

    letters: tuple[Letter, ...]
    runs: Mapping[str, PastRun] = field(default_factory=dict)
    undone: tuple[str, ...] = ()


def plan_replay(
    run_id: str, destination: TableRef, facts: ReplayFacts, *, by_key: bool
) -> tuple[ReplayPlan, list[SyncError]]:
    """What is taken, and what forbids it.

    Args:
        run_id: whose letters.
        destination: of the run.
        facts: the letters, and the runs that left their rows out.
        by_key: whether rows are found by merge_keys.
    """
    void = _void(run_id, facts)
    letters = [letter for letter in facts.letters if letter.first_run not in void]
    waiting = [letter for letter in letters if not letter.replayed_by]
    whole = {letter.row_hash for letter in waiting if letter.is_whole}
    not_whole = {letter.row_hash for letter in waiting} - whole
    counts = Counter((one.column, one.reason, _why_not(one, whole)) for one in letters)
    sizes = {one.row_hash: one.characters for one in waiting if one.is_whole}
    plan = ReplayPlan(
        run_id,
        len(whole),
        digest_of(sorted(whole)),
        sum(sizes.values()),
        tuple(LetterCount(c, r, n, why) for (c, r, why), n in sorted(counts.items())),
        len(not_whole),
        sum(bool(one.replayed_by) for one in letters),
        facts.undone,
        void,
    )
    lasts = sorted({one.last_run for one in waiting if one.row_hash in whole})
    faults = [_unpublished(name, facts, destination) for name in lasts]
    told = [fault for fault in faults if fault is not None]
    if by_key or told:
        return plan, told
    again = [_read_again(name, facts, destination) for name in lasts]
    plan = replace(plan, read_up_to=_first_start(lasts, facts))
    return plan, [fault for fault in again if fault is not None]


def _void(run_id: str, facts: ReplayFacts) -> tuple[str, ...]:
    """The replays that wrote letters and published nothing; so one that is not known any more."""
    names = {one.first_run for one in facts.letters} - {run_id, ""}
    return tuple(sorted(name for name in names if _is_void(facts.runs.get(name))))


def _is_void(run: PastRun | None) -> bool:
    return run is None or (run.mode == MODE and not run.has_published)


def _why_not(letter: Letter, whole: set[str]) -> str:
    if letter.replayed_by:
        return f"replayed by run {letter.replayed_by}"
    return "" if letter.row_hash in whole else WHY_NOT[letter.stage]


def _unpublished(name: str, facts: ReplayFacts, destination: TableRef) -> SyncError | None:
    """That the run which left rows out has published nothing: a sync reads them again."""
    run = facts.runs.get(name)
    if run is not None and run.mode == FILLS:
        why, fix = f"it was one of {FILLS}, whose rows are not whole", "run it again."
        where = f"{PARAMETER}, run {name} of {destination}"
        return ConfigError("letters of rows that are not whole", where, why, fix)
    if run is not None and run.has_published and name not in facts.undone:
        return None
    if run is None:
        why = "the run history doesn't know it"
    elif name in facts.undone:
        why = "it was undone"
    else:
        why = f"it ended as {run.status}"
    return ConfigError(
        "letters of a run that has not published",
        f"{PARAMETER}, run {name} of {destination}",
        f"{why}, so that a sync reads its rows again, and those that still fail are then that"
        " run's letters",
        "run the sync with a max_dead_letters that lets it publish, then replay the letters of"
        " that run.",
    )


def _later(name: str, facts: ReplayFacts) -> list[PastRun]:
    """The syncs that have published after a run, in their order."""
    run = facts.runs[name]
    later = [
        one
        for one in facts.runs.values()
        if one.has_published and one.ended > run.ended and one.mode not in (MODE, FILLS)
    ]
    return sorted(later, key=lambda one: one.ended)


def _read_again(name: str, facts: ReplayFacts, destination: TableRef) -> SyncError | None:
    """That rows can't be found by key, and a later run may have published them meanwhile."""
    whole = [one for one in _later(name, facts) if not one.window_start]
    if not whole:
        return None
    return ConfigError(
        "rows that may be in the table already",
        f"{PARAMETER}, run {name} of {destination}",
        f"run {whole[0].run_id} has read the same rows again, or all, and without merge_keys"
        " nothing shows which of them it has published",
        "use WRITE_MERGE with merge_keys, or replay the letters of that later run.",
    )


def _first_start(names: Sequence[str], facts: ReplayFacts) -> str:
    """Where the first window of later runs began: rows behind it were read by none of them."""
    starts = [one.window_start for name in names for one in _later(name, facts)]
    return min(starts, key=_order, default="")


def _order(text: str) -> tuple[int, int, str]:
    """Numbers by their size, stamps by their text."""
    is_number = text.lstrip("-").isdigit()
    return (0, int(text), "") if is_number else (1, 0, text)
