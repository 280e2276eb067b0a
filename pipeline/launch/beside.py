"""What is asked in one query with the runs that have not ended, since each query is a job.

All of it is known to hold only while nothing was settled and the destination is the same.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from google.cloud import bigquery

from auto_schema.errors import TargetError
from pipeline.destination.target import highest_in, highest_question
from pipeline.launch.frontier import frontier_in, frontier_question
from pipeline.runs.past_runs import Ask, Beside, OneValue, Question, written_in, written_question
from smart_sync.draft import Draft
from smart_sync.facts import Facts

WINDOWS, HIGHEST, WRITTEN = "windows", "highest", "written"


def asked_beside(draft: Draft) -> Beside:
    """The questions that a draft leaves open, of the history and the destination's cursor."""
    request, target, cursor = draft.request, draft.facts.target, draft.facts.cursor
    history, destination = request.history_table, request.destination
    asked = dict[str, Question | OneValue]()
    if draft.open.history:
        asked[WRITTEN] = written_question(history, destination)
    if cursor and target.exists and not request.replaces:
        asked[WINDOWS] = frontier_question(history, destination, target, cursor)
        if highest := highest_question(destination, target, cursor):
            asked[HIGHEST] = OneValue(highest)
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
    if HIGHEST in answers:
        facts = replace(facts, highest=highest_in(answers[HIGHEST]))
    return facts
