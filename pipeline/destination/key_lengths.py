"""I/O. Whether keys of char(n) that the destination holds are as long as those that come.

PostgreSQL fills such a value with blanks up to its column's length, and fills all anew when the
column is widened, without moving any cursor.
"""

from google.cloud import bigquery

from auto_schema.errors import raise_all
from smart_sync.draft import Draft
from smart_sync.key_proof import lengths_of_keys, other_lengths
from warehouse.errors import as_target_errors

ROWS = 100
"""So many are looked at; one would do, since all of a column have one length."""


def refuse_other_lengths(client: bigquery.Client, draft: Draft) -> None:
    """Refuse a merge by keys whose length the source has changed. Listing rows costs nothing.

    Raises:
        SchemaError: keys of the destination have another length; several as ManyErrors.
        TargetError: BigQuery refused or can't be reached.
    """
    request, target = draft.request, draft.facts.target
    there = {} if target.is_made_by(request) else target.by_name()
    wanted = {
        name: length
        for name, length in lengths_of_keys(request, draft.shape.schema).items()
        if name.casefold() in there and there[name.casefold()].bigquery == "STRING"
    }
    if not wanted:
        return
    columns = [bigquery.SchemaField(name, "STRING") for name in wanted]
    with as_target_errors(f"rows of {request.destination}"):
        rows = list(
            client.list_rows(str(request.destination), selected_fields=columns, max_results=ROWS)
        )
    raise_all(list(other_lengths(request, wanted, rows)))
