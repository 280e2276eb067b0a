"""I/O. Columns of the destination whose values others may stand for.

A query of an account that may read a column under a mask only gets the mask's values in silence:
MAX of a masked cursor is another, such as that of the first day of its year.
"""

from google.cloud import bigquery

from auto_schema.errors import TargetError
from smart_sync.cursor import Cursor
from smart_sync.facts import Target
from smart_sync.request import SyncRequest
from warehouse.errors import as_target_errors
from warehouse.full_access import listing_refused


def refuse_masked(
    request: SyncRequest, client: bigquery.Client, target: Target, cursor: Cursor | None
) -> None:
    """Refuse a cursor or a merge key of which this account sees no true values.

    Only where one has a policy tag or a data policy is BigQuery asked, by a listing that is free.

    Raises:
        TargetError: BigQuery doesn't list the column to this account.
    """
    if request.replaces:
        return  # of such a table nothing is asked
    names = (cursor.name if cursor else "", *request.publishing.merge_keys)
    asked = {name.casefold() for name in names}
    there = target.by_name()
    guarded = [
        field
        for name, field in there.items()
        if name in asked and field.shape is not None and field.shape.is_protected
    ]
    if not guarded:
        return
    ref, named = request.destination, ", ".join(field.name for field in guarded)
    columns = [bigquery.SchemaField(field.name, field.bigquery) for field in guarded]
    with as_target_errors(f"columns {named} of {ref}"):
        answer = listing_refused(client, str(ref), columns)
    if answer:
        raise TargetError(
            "masked columns of the destination",
            f"table {ref}, columns {named}",
            "a policy tag or a data policy guards them, and BigQuery doesn't list them to this"
            f" account ({answer}): MAX would be that of other values, without a word, and rows be"
            " written a second time or never be read",
            "grant roles/datacatalog.categoryFineGrainedReader on their policy tag (or full access"
            " by their data policy) to the service account.",
        )
