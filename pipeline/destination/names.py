"""The one way to write a destination's name, where BigQuery takes several. Pure."""

from auto_schema.errors import TargetError
from smart_sync.facts import DatasetFacts
from warehouse.names import TableRef


def refuse_other_case(ref: TableRef, dataset: DatasetFacts) -> None:
    """Refuse `Orders` where it is the same table as `orders`: locks and history know it by name.

    https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical-structure#case_sensitivity

    Args:
        ref: the destination.
        dataset: its dataset; what isn't read of BigQuery says nothing of names.

    Raises:
        TargetError: the name, or that of its dataset, isn't in lower case.
    """
    folded = TableRef(ref.project, ref.dataset.lower(), ref.table.lower())
    if not dataset.folds_names or folded == ref:
        return
    raise TargetError(
        "a destination that has several names",
        str(ref),
        "its dataset has is_case_insensitive=true, so that tables whose names differ by case are"
        " one; its lock, its history and other tables of a launch are told apart by the name as it"
        " is written",
        f"write it as {folded} (destination_bigquery_table={folded.table}): to BigQuery it is the"
        " same table.",
    )
