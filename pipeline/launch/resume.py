"""I/O. What a run that died has left staged, and the plan of the one that takes it over.

Nothing is written here, and nothing is cleared: so plan_only can say what a run would do.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from auto_schema.errors import ConfigError, SchemaError, TargetError
from auto_schema.reshaping import Reshaper
from pipeline.destination.elements import StagedSplit
from pipeline.destination.files import total
from pipeline.destination.folder import STORAGE_ERRORS, Folder, folder_of, staging_error
from pipeline.destination.manifests import Note, read_note, staged_before, write_note
from pipeline.launch.gather import gather
from pipeline.parameters.version import VERSION
from pipeline.runs.history import FINAL
from pipeline.runs.lock import holders
from pipeline.runs.past_runs import past_runs
from pipeline.runs.settle import beside, clear_folders
from smart_sync.draft import Draft
from smart_sync.plan import SyncPlan
from smart_sync.planning import make_plan
from smart_sync.request import SyncRequest
from smart_sync.resume import MOST_IN_TURN, NotResumedError, not_resumed, noted, resumed_plan
from smart_sync.taken_over import TakenOver
from sources.protocol import Inspector
from warehouse.names import Endpoints

SALTS, GUESSES = "salts", 200_000
"""Of each salt that somebody tries so many hashes are to be made."""
LOGGER = logging.getLogger("smart_sync")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Left:
    """What a run has left that has published nothing: its last event, and what it has noted.

    `folders` are those of its files, its own last.
    """

    row: Row
    note: Note
    folders: tuple[str, ...]

    @property
    def run_id(self) -> str:
        """The run's name."""
        return str(self.row["run_id"])

    @property
    def has_ended(self) -> bool:
        """Whether it has a last event."""
        return bool(self.row["seq"] >= FINAL)

    def clear(self, endpoints: Endpoints) -> None:
        """Remove all of it; best effort."""
        clear_folders(self.folders, endpoints)


def newest_left(runs: Sequence[Row]) -> Row | None:
    """The newest run that had a plan, if its rows aren't in the table; None: they are.

    Args:
        runs: events as `past_runs.known_runs` gives them.
    """
    planned = [run for run in runs if run["plan_fingerprint"]]
    newest = max(planned, key=lambda run: (run["event_time"], run["seq"]), default=None)
    if newest is None or not newest["window_end"] or not newest["staging_folder"]:
        return None
    is_void = newest["status"] == "abandoned" and not newest["publish_job"]
    is_open = newest["seq"] < FINAL or newest["status"] == "failed"
    return newest if is_open or is_void else None


def left_by(runs: Sequence[Row], endpoints: Endpoints) -> Left | None:
    """What the newest run has left; None: nothing that could be gone on with.

    Raises:
        TargetError: its folder can't be read.
    """
    row = newest_left(runs)
    if row is None:
        return None
    path = str(row["staging_folder"])
    try:
        note = read_note(Folder(path, endpoints))
    except STORAGE_ERRORS as error:
        raise staging_error(error, path) from error
    if note is None:
        return None
    older = tuple(folder for folder in note.noted.older if beside(folder, path))
    return Left(row, note, (*older, path))


def left_now(draft: Draft, client: bigquery.Client) -> Left | None:
    """The same for a plan that no lock goes before: what a run would find if it began now.

    Raises:
        TargetError: BigQuery refused or can't be reached; or the folder can't be read.
    """
    request, destination = draft.request, draft.request.destination
    if draft.facts.cursor is None or request.replays or not request.run.resume:
        return None
    try:
        left = left_by(past_runs(client, request.history_table, destination), request.run.endpoints)
    except TargetError as error:
        if isinstance(error.__cause__, NotFound):
            return None  # there is no history yet
        raise
    if left is None or left.has_ended:
        return left
    is_held = left.run_id in holders(client, destination.project, destination.dataset)
    return None if is_held else left


def take_over(
    left: Left,
    draft: Draft,
    client: bigquery.Client,
    inspector: Inspector,
    *,
    run_id: str,
    now: datetime,
) -> tuple[SyncPlan, Note]:
    """The plan that goes on with what was left, and what its run notes of itself.

    Raises:
        NotResumedError: it can't be gone on with; and why.
        SyncError: source or destination can't be reached.
    """
    request, before = draft.request, left.note.noted
    _check_kind(left, request)
    try:
        facts = gather(draft, client, inspector, run_id, before)
        plan = make_plan(draft, facts, run_id=run_id, now=now)
    except (SchemaError, ConfigError) as error:
        raise not_resumed(str(error)) from error
    staged = _staged(left, request.run.endpoints)
    taken = TakenOver(
        before.run_id,
        left.folders,
        len(staged),
        total(staged, "rows_read"),
        total(staged, "bytes"),
        before.by_hand,
    )
    if _salts(plan) != before.work.get(SALTS, ""):
        raise not_resumed("the salt of a mask is another")
    indices = frozenset(split.split for split in staged)
    plan = resumed_plan(plan, before, indices, taken, request.connections)
    return plan, Note(replace(before, run_id=run_id, older=left.folders), staged)


def _salts(plan: SyncPlan) -> str:
    """What tells the salts of masks apart without saying one; empty: there is none.

    As hard to guess a salt by as by the masked values, which lie in the same folder.

    Raises:
        SyncError: a salt can't be had.
    """
    if plan.reshaping is None:
        return ""
    salts = Reshaper.of(plan.reshaping, plan.reading.schema).salts
    if not salts:
        return ""
    text, nonce = repr(sorted(salts.items())).encode(), str(plan.destination).encode()
    return hashlib.pbkdf2_hmac("sha256", text, nonce, GUESSES).hex()[:32]


def _note_of(plan: SyncPlan, *, by_hand: bool) -> Note:
    """Of a run that takes nothing over."""
    told, salts = noted(plan, VERSION, by_hand=by_hand), _salts(plan)
    return Note(replace(told, work={**told.work, SALTS: salts}) if salts else told)


def _check_kind(left: Left, request: SyncRequest) -> None:
    before, place = left.note.noted, request.run.temp_location.rstrip("/")
    if not request.run.resume:
        raise not_resumed("resume=false")
    is_aside = request.backfills or request.replays
    if not request.window.smart_sync or request.replaces or is_aside:
        raise not_resumed("this run is to show the source as it is now, not a window of it")
    if before.version != VERSION:
        raise not_resumed(f"version {before.version} had begun it, and this is {VERSION}")
    if left.folders[-1].rpartition("/")[0] != place:
        raise not_resumed("temp_location is another")
    if len(left.folders) > MOST_IN_TURN:
        raise not_resumed(f"{MOST_IN_TURN} runs in turn have not brought it to an end")


def _staged(left: Left, endpoints: Endpoints) -> tuple[StagedSplit, ...]:
    """The splits that are there whole; at least one.

    Raises:
        NotResumedError: there is none.
        TargetError: a folder can't be read.
    """
    try:
        staged = staged_before(left.note, [Folder(path, endpoints) for path in left.folders])
    except STORAGE_ERRORS as error:
        raise staging_error(error, left.folders[-1]) from error
    if not staged:
        raise not_resumed("none of its splits is there whole")
    return staged


def tell_not_resumed(left: Left, error: NotResumedError) -> None:
    """Say in one line why all is read anew."""
    LOGGER.warning(
        "run %s, which published nothing, is not taken over, and all is read anew: %s",
        left.run_id,
        error.why,
    )


def without(plan: SyncPlan, left: Left, error: NotResumedError, endpoints: Endpoints) -> SyncPlan:
    """A plan that doesn't go on with what was left, which says what is removed for it."""
    try:
        count = len(_staged(left, endpoints))
    except (NotResumedError, TargetError):
        return plan
    told = (
        f"run {left.run_id} has staged {count:,} of {len(left.note.noted.splits):,} splits, which"
        f" this run doesn't take over ({error.why}): they are removed when this run begins. To keep"
        " them: launch what goes on with them first"
    )
    return replace(plan, warnings=(*plan.warnings, told))


def note_run(plan: SyncPlan, note: Note | None, *, by_hand: bool) -> None:
    """Write down what a run is about to do, for one that may take it over.

    Args:
        plan: the run's.
        note: of a run that takes another over; None: it begins by itself.
        by_hand: whether the operator gave its window.

    Raises:
        TargetError: what was taken over can't be noted, without which it can't be published.
    """
    if not plan.run.notes_splits:
        return
    try:
        write_note(folder_of(plan), note or _note_of(plan, by_hand=by_hand))
    except (*STORAGE_ERRORS, TargetError) as error:
        if note is not None:
            raise staging_error(error, plan.run.staging.folder) from error
        LOGGER.warning("what the run stages can't be taken over by another: %s", error)
