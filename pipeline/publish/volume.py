"""volume_check: what a run reads beside what it was expected to read."""

import logging

from auto_schema.errors import ChecksFailedError
from smart_sync.plan import SyncPlan

LOGGER = logging.getLogger("smart_sync")


def volume_figures(plan: SyncPlan, rows: int) -> dict[str, object]:
    """What the history is told of it; empty where nobody asked.

    Raises:
        ChecksFailedError: the rows are odd, and that ends the run.
    """
    volume = plan.publishing.volume
    if volume is None:
        return {}
    is_odd = volume.is_odd(rows)
    if is_odd and volume.ends:
        raise ChecksFailedError(
            "an odd number of rows",
            f"table {plan.destination}",
            f"the run read {rows:,} rows; expected are {volume.text}",
            "look at the source; if they are right, run once with volume_check=warn. Nothing was"
            " published, and the next run reads the same window.",
        )
    if is_odd:
        LOGGER.warning("volume_check: %s rows read; expected are %s", f"{rows:,}", volume.text)
    return {"volume": {"is_odd": is_odd, "runs": volume.runs, "expected": volume.text}}
