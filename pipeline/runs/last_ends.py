"""I/O. How the last runs of a destination ended: what a schedule is stopped by."""

from datetime import datetime
from typing import Any

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from auto_schema.errors import RunInProgressError
from pipeline.runs.history import FINAL
from pipeline.runs.questions import ask_history
from smart_sync.repair import ROLLED_BACK
from warehouse.names import TableRef


def last_ends(
    client: bigquery.Client, table: TableRef, destination: TableRef, since: datetime, most: int
) -> list[dict[str, Any]]:
    """How the destination's last runs ended, well or badly, the newest first.

    Neither did one that was held back, met another run at the table, or undid others or was
    undone; a comparison of a past window is no run of the table's.

    Args:
        client: of BigQuery.
        table: the history.
        destination: whose runs.
        since: not included; aware.
        most: of them.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    held = RunInProgressError.exit_code
    sql = (
        "SELECT run_id, status, exit_code, event_time, error FROM ("
        f"SELECT run_id, seq, status, exit_code, event_time, error FROM {table.sql} AS runs"
        f" WHERE destination = @destination AND event_time > @since AND seq >= {FINAL}"
        " QUALIFY ROW_NUMBER() OVER (PARTITION BY run_id ORDER BY seq DESC) = 1)"
        f" WHERE status NOT IN ('verified', 'differs', '{ROLLED_BACK}')"
        " AND NOT (status = 'held_back' AND exit_code = 0)"
        f" AND NOT (status = 'failed' AND exit_code = {held})"
        f" ORDER BY event_time DESC LIMIT {most}"
    )
    parameters = [
        bigquery.ScalarQueryParameter("destination", "STRING", str(destination)),
        bigquery.ScalarQueryParameter("since", "TIMESTAMP", since),
    ]
    return ask_history(client, table, sql, parameters, unless=(NotFound,))
