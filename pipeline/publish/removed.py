"""I/O. Whether rows that a run builds upon are still in the destination when it publishes.

Whoever empties the table while a run reads, so that all is loaded again, would find the run's rows
in it, and MAX above all that went.
"""

from google.cloud import bigquery

from auto_schema.errors import TargetError
from pipeline.destination.target import read_table, read_watermark
from smart_sync.facts import DatasetFacts
from smart_sync.plan import SyncPlan
from smart_sync.value_text import value_text
from sources.values import is_after


def refuse_removed_rows(client: bigquery.Client, plan: SyncPlan) -> None:
    """Look at the table just before it is changed, and at its MAX where others have changed it.

    Raises:
        TargetError: its MAX is lower than the one that the window begins at; nothing was published.
    """
    window, cursor = plan.window, plan.cursor
    if window is None or cursor is None or window.watermark is None:
        return
    if window.by_hand or window.usual is not None or plan.publishing.mode.leaves_none:
        return  # these bring what they bring, whatever is there
    target = read_table(client, plan.destination, DatasetFacts(plan.run.location))
    if target.exists and target.rows != 0 and target.state == plan.seen:
        return
    now = read_watermark(client, plan.destination, target, cursor, None, whole=True).value
    if now is None or is_after(window.watermark, now):
        raise TargetError(
            "rows of the destination were removed while the run read",
            f"table {plan.destination}",
            f"its MAX({cursor.name}) was {value_text(window.watermark)} when the window was chosen,"
            f" and is {'gone' if now is None else value_text(now)} by now: the rows that went would"
            " lie below the run's, where no window reads them again. Nothing was published",
            "run again: the next run begins at MAX as it is then.",
        )
