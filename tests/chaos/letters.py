"""Dead letters under attack: checks that put rows aside, and replays of what they put aside."""

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

ASIDE_RATE = 0.3
"""Of runs whose check puts rows aside."""
CHECKS = (
    "models: [{name: orders, columns: [{name: version,"
    " data_tests: [{accepted_values: {values: [1], quote: false}}]}]}]"
)
BUDGET = {"max_dead_letters": "1000000"}
ASIDE = BUDGET | {"checks": CHECKS, "on_check_failure": "quarantine"}
REFUSED = 2
UNPUBLISHED = "letters of a run that has not published"
"""What a replay is told, with this exit code, of a run whose window is read again."""


def waiting(client: bigquery.Client, dataset: str) -> list[str]:
    """The runs that left rows out which wait still; none before the first."""
    sql = (
        f"SELECT DISTINCT last_run_id FROM `{dataset}`.orders_dead_letters"
        " WHERE last_run_id IS NOT NULL AND (replayed_by IS NULL OR replayed_by IN"
        f" (SELECT run_id FROM `{dataset}`.sync_runs WHERE status = 'rolled_back')) ORDER BY 1"
    )
    try:
        return [row[0] for row in client.query(sql).result()]
    except GoogleAPICallError:
        return []


def replaying(run_id: str) -> dict[str, str]:
    """Of a replay; the rows are not proven, which are not read from the source."""
    return BUDGET | {"replay_dead_letters": run_id, "verify": "false"}
