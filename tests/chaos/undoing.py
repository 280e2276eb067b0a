"""Which runs a rollback undoes."""

import random

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from tests.chaos.letters import BUDGET


def undoing(client: bigquery.Client, dataset: str, dice: random.Random) -> dict[str, str] | None:
    """One of the newest runs to undo, and those behind it; as the history has them by now."""
    sql = (
        f"SELECT run_id FROM `{dataset}`.sync_runs_latest WHERE status IN ('succeeded',"
        " 'abandoned') AND publish_job IS NOT NULL AND mode != 'create' ORDER BY event_time"
    )
    try:
        runs = [row.run_id for row in client.query(sql).result()]
    except NotFound:
        return None
    if not runs:
        return None
    return BUDGET | {"rollback_run": dice.choice(runs[-3:]), "rollback_to": runs[-1]}
