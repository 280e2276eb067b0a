"""I/O. verify_only: a past window of source and destination is compared."""

import logging
from typing import Any

from google.cloud import bigquery

from auto_schema.errors import VerificationError
from pipeline.destination.client import asking_client
from pipeline.launch.beam_at_need import run_note
from pipeline.launch.gather import inspecting
from pipeline.launch.output import say
from pipeline.launch.verify import (
    comparison,
    verdict_figures,
    verdict_text,
    verify_headline,
)
from pipeline.parameters.options import Options
from pipeline.runs.history import append, verified_row
from pipeline.runs.history_tables import make_tables
from pipeline.runs.notify import tell_end
from pipeline.runs.outcome import Outcome
from smart_sync.request import SyncRequest

LOGGER = logging.getLogger("smart_sync")


def verify_only(options: Options, run_id: str) -> int:
    """Compare a past window; the verdict goes into the history and onto the screen."""
    request, client = options.request, asking_client(options.request)
    row, text, error = compare(request, client, run_id)
    options.results.ran(row)
    say(text)
    run_note(options, text, Outcome(status="verified"))
    if error:
        raise error
    tell_end(options.webhook, client, request.history_table, row)
    return 0


def compare(
    request: SyncRequest, client: bigquery.Client, run_id: str
) -> tuple[dict[str, Any], str, VerificationError | None]:
    """Compare a past window of one table; the verdict stands in the history then.

    Returns:
        The history's row, the verdict for people, and what is wrong, if anything.

    Raises:
        SyncError: a side can't be read, or there is no such window.
    """
    with inspecting(request) as inspector:
        compared = comparison(request, client, inspector, run_id)
        LOGGER.info("%s", verify_headline(compared))
        verdict = compared.verdict()
    text = verdict_text(compared, verdict)
    error = None
    if not verdict.holds:
        error = VerificationError(
            "BigQuery lacks rows of the source, or has them twice",
            f"table {request.destination}",
            f"{verdict.lacking:,} lacking or in another version, {verdict.doubled:,} doubled",
            "bring what lacks by one run with repair=true (WRITE_MERGE), or the window again with"
            " sync_start and sync_end (WRITE_TRUNCATE by partitions; WRITE_MERGE keeps rows of the"
            " table with a later cursor), and give smart_sync_margin or late_commit_guard what its"
            " writers need.",
        )
    make_tables(client, request.history_table)
    figures = verdict_figures(compared, verdict)
    row = verified_row(request, run_id, figures, error)
    append(client, request.history_table, row)
    return row, text, error
