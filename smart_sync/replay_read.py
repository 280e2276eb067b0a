"""What a replay reads in place of its source: the letters, as a Source of a plan. Pure."""

from smart_sync.draft import Draft
from smart_sync.letters_sql import taken_rows
from smart_sync.replay import ReplayPlan
from sources.dead_letters import LettersSource, LettersTable
from sources.protocol import Source


def letters_source(
    draft: Draft, replay: ReplayPlan, source: Source, left_out: tuple[str, ...], run_id: str
) -> LettersSource:
    """The source whose rows are the letters' own.

    Args:
        draft: of the replaying run.
        replay: what it takes.
        source: that of today, with the columns that arrive.
        left_out: fields that nothing may hold.
        run_id: the replaying run.
    """
    request, letters = draft.request, draft.request.dead_letters
    table = LettersTable(
        str(letters),
        request.run.job_project or request.destination.project,
        draft.facts.target.location,
        request.run.endpoints,
        request.run.max_retries,
        run_id,
    )
    sql = taken_rows(letters, request.destination, replay, run_id)
    by_key = request.publishing.write_disposition.is_by_key
    return LettersSource(
        source,
        table,
        sql,
        replay.digest,
        draft.shape.arriving,
        left_out,
        draft.shape.reshaping,
        repeats=not by_key,
        cursor=draft.facts.cursor.source_name if draft.facts.cursor else "",
        read_up_to=replay.read_up_to,
    )
