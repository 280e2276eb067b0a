"""What of a source this account doesn't see as it is: refused, or told where nobody can say. Pure.

Values that a data policy masks would be published as if they were the column's own.
"""

from collections.abc import Iterator

from auto_schema.errors import SourceRefusedError, SyncError
from smart_sync.request import SyncRequest
from sources.profile import SourceProfile

SHOWN = 3
"""Tables that one warning names."""


def masked_faults(request: SyncRequest, profile: SourceProfile) -> list[SyncError]:
    """Why columns of the source can't be read: their values would be others."""
    masked = profile.in_bigquery.masked if profile.in_bigquery else ()
    read = [name for name in masked if request.schema.transformation.keeps(name)]
    if not read:
        return []
    return [
        SourceRefusedError(
            "masked columns of the source",
            f"columns {', '.join(read)}",
            "a data policy gives this account other values in place of theirs, without a word",
            "grant roles/datacatalog.categoryFineGrainedReader on their policy tag (or full access"
            " by their data policy) to the service account, or leave them out with"
            ' transformation_config={"exclude_fields": […]}.',
        )
    ]


def unseen_warnings(profile: SourceProfile) -> Iterator[str]:
    """What a query or a view may read that isn't seen as it is."""
    here = profile.in_bigquery
    if here is None:
        return
    for table, columns in here.partly_masked:
        yield (
            f"a data policy masks {', '.join(columns)} of {table} for this account: where the query"
            " or a view reads that, other values arrive in place of its own"
        )
    if here.closed:
        yield (
            f"this account may not look into {', '.join(here.closed)}, which the source reads by a"
            " query or a view: rows that a row access policy hides there would be missing, and"
            " values that a data policy masks be others, without a word"
        )
    if here.others:
        names = ", ".join(here.others[:SHOWN]) + (", …" if len(here.others) > SHOWN else "")
        yield (
            f"the wildcard also means {names}, whose names don't go on with a digit as the others'"
            " do: rows that these hold beside the others (as Google Analytics' events_intraday_"
            " tables do, until the day's own is there) arrive twice. A longer prefix, as in"
            " events_2*, leaves them out"
        )
    if here.left_out is None:
        yield (
            "a wildcard has the columns of its newest table, and this account may not ask which"
            " columns only older ones have (INFORMATION_SCHEMA): those aren't read"
        )
    elif here.left_out:
        yield (
            f"a wildcard has the columns of its newest table: {', '.join(here.left_out)} of other"
            " tables isn't read. A source_bigquery_query of UNION ALL over the tables reads it"
        )
