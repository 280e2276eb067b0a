"""What is asked in one query with the runs that have not ended, since each query is a job.

All of it is known to hold only while nothing was settled and the destination is the same. Of the
history its last days are read first, and more only of a table of which they don't say enough.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from google.cloud import bigquery

from auto_schema.errors import TargetError
from pipeline.destination.target import highest_in, highest_question
from pipeline.launch.frontier import frontier_in, frontier_near, frontier_question
from pipeline.launch.shared import Shared
from pipeline.runs.past_runs import (
    BEGINNING,
    NEAR,
    carried_in,
    carried_question,
    known_runs,
    volumes_question,
    written_in,
    written_question,
)
from pipeline.runs.questions import Ask, Beside, OneValue, Question
from smart_sync.draft import Draft
from smart_sync.facts import Facts
from smart_sync.volume import past_volumes

WINDOWS, HIGHEST, WRITTEN, CARRIED = "windows", "highest", "written", "carried"
VOLUMES = "volumes"
ASKED_ONCE = (HIGHEST, VOLUMES)
"""What no look at the last days answers otherwise than one at all of the history."""


def look_back(
    draft: Draft, client: bigquery.Client, shared: Shared, now: datetime
) -> tuple[list[dict[str, Any]], Facts]:
    """What the history says, under the lock: of runs (see `known_runs`), and what was asked beside.

    Args:
        draft: what is asked for.
        client: of BigQuery.
        shared: with other runs of the launch.
        now: by BigQuery's clock.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    request, since = draft.request, now - NEAR
    history, destination = request.history_table, request.destination
    beside = {**asked_beside(draft, since), CARRIED: carried_question(history, destination, since)}
    runs, answers = known_runs(
        client,
        history,
        destination,
        beside,
        recent=since,
        ask=shared.ask,
        is_made=history in shared.histories,
    )
    facts, is_enough = _near(draft, answers, now)
    if not is_enough:
        whole = asked_beside(draft) if answers else {}  # refused: each is asked by itself later on
        known = {name for name in ASKED_ONCE if name in answers}
        whole = {name: one for name, one in whole.items() if name not in known}
        runs, more = known_runs(client, history, destination, whole, ask=shared.ask, is_made=True)
        facts = with_answers(facts, more)
    return runs, replace(facts, asked=now)


def _near(draft: Draft, answers: Mapping[str, Any], now: datetime) -> tuple[Facts, bool]:
    """The facts with what the last days of the history say, and whether that is enough.

    A fresh run in them had settled what was unfinished before it, and carries the frontier.
    """
    facts, since = draft.facts, now - NEAR
    carried = carried_in(answers.get(CARRIED, ()), now)
    is_enough = carried is not None
    if WRITTEN in answers:
        written = written_in(answers[WRITTEN]) if answers[WRITTEN] else None
        is_enough = is_enough and written is not None
        facts = replace(facts, written=written)
    if WINDOWS in answers and facts.cursor:
        rows, made_at = answers[WINDOWS], facts.target.made
        frontier = frontier_near(rows, facts.cursor, made_at, since, carried)
        is_enough = is_enough and frontier is not None
        facts = replace(facts, frontier=frontier)
    return _with_others(facts, answers), is_enough


def _with_others(facts: Facts, answers: Mapping[str, Any]) -> Facts:
    """The facts with the answers to what is asked once."""
    if HIGHEST in answers:
        facts = replace(facts, highest=highest_in(answers[HIGHEST]))
    if VOLUMES in answers:
        facts = replace(facts, volumes=past_volumes(answers[VOLUMES], facts.cursor))
    return facts


def asked_beside(draft: Draft, since: datetime = BEGINNING) -> Beside:
    """The questions that a draft leaves open, of the history and the destination's cursor.

    Of the history only events from `since` on are asked for.
    """
    request, target, cursor = draft.request, draft.facts.target, draft.facts.cursor
    history, destination = request.history_table, request.destination
    asked = dict[str, Question | OneValue]()
    if draft.open.history:
        asked[WRITTEN] = written_question(history, destination, since)
    if cursor and target.exists and not request.replaces:
        asked[WINDOWS] = frontier_question(history, destination, target, cursor, since)
        if highest := highest_question(destination, target, cursor):
            asked[HIGHEST] = OneValue(highest)
    if request.publishing.volume_check:
        asked[VOLUMES] = volumes_question(history, destination)
    return asked


def answered(draft: Draft, client: bigquery.Client, ask: Ask) -> Draft:
    """The draft with the answers to `asked_beside`, for a plan that no lock goes before.

    What BigQuery refuses is asked for by itself later on, and says why.
    """
    asked = asked_beside(draft)
    try:
        answers = ask(client, draft.request.history_table, asked) if asked else {}
    except TargetError:
        return draft
    return replace(draft, facts=with_answers(draft.facts, answers))


def with_answers(facts: Facts, answers: Mapping[str, Any]) -> Facts:
    """The facts with the answers to `asked_beside`; what has none is asked for by itself."""
    if WRITTEN in answers:
        facts = replace(facts, written=written_in(answers[WRITTEN]))
    if WINDOWS in answers and facts.cursor:
        facts = replace(facts, frontier=frontier_in(answers[WINDOWS], facts.cursor))
    return _with_others(facts, answers)
