"""I/O. What a run publishes that others have staged: as it has noted it beside its own files."""

from collections.abc import Sequence

from auto_schema.errors import TargetError
from pipeline.destination.elements import StagedFile, StagedSplit
from pipeline.destination.folder import STORAGE_ERRORS, Folder, staging_error
from pipeline.destination.manifests import is_whole, read_note
from smart_sync.plan import SyncPlan
from smart_sync.resume import resume_dict

FIX = "run again: what is missing is read anew. Nothing was published."


def with_taken_over(
    plan: SyncPlan, folder: Folder, staged: Sequence[StagedSplit]
) -> list[StagedSplit]:
    """The splits that this run has staged, behind those that it has taken over.

    Raises:
        TargetError: what it has taken over is not known any more.
    """
    if plan.run.taken is None:
        return list(staged)
    try:
        note = read_note(folder)
    except STORAGE_ERRORS as error:
        raise staging_error(error, folder.path) from error
    if note is None:
        where, why = f"run {plan.run.run_id}", f"its note in {folder.path} is gone"
        raise TargetError("what was taken over is not known any more", where, why, FIX)
    return [*note.taken, *staged]


def check_taken_over(plan: SyncPlan, staged: Sequence[StagedSplit]) -> None:
    """Look once more that files of others are there, just before they are loaded.

    Raises:
        TargetError: some aren't; nothing of the run is published.
    """
    taken = plan.run.taken
    if taken is None:
        return
    own = f"{plan.run.staging.folder}/"

    def is_of_others(file: StagedFile) -> bool:
        return not file.uri.startswith(own)

    try:
        listed = {
            path: Folder(path, plan.run.endpoints).listed(with_digests=False)
            for path in taken.folders
        }
    except STORAGE_ERRORS as error:
        raise staging_error(error, taken.folders[-1]) from error
    of_others = [s for s in staged if any(map(is_of_others, s.files + s.dead_files))]
    gone = [split.split for split in of_others if not is_whole(split, listed)]
    if gone:
        why = f"splits {gone[:20]} of run {taken.run_id} lack files, or these have changed"
        raise TargetError("what was taken over is gone", f"run {plan.run.run_id}", why, FIX)


def taken_figures(plan: SyncPlan) -> dict[str, object]:
    """What the run's row in the history says of it; nothing, where nothing was taken over."""
    told = resume_dict(plan)
    return {"resumed": told} if told else {}
