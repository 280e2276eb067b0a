"""I/O. Whether this account may see all rows of a table, and the true values of its columns.

Queries and Storage Read leave out the rows that a row access policy hides, and hand over what a
data policy puts in a value's place, both in silence. Listing a table's rows is refused to those
who may not see all of them, or not the true values of the columns that they ask for.

https://cloud.google.com/bigquery/docs/using-row-level-security-with-features
https://cloud.google.com/bigquery/docs/column-data-masking-intro
"""

from collections.abc import Iterable

from google.api_core.exceptions import Forbidden, GoogleAPICallError
from google.cloud import bigquery

from auto_schema.told import without_row_values


def listing_refused(
    client: bigquery.Client, table: str, columns: Iterable[bigquery.SchemaField]
) -> str:
    """Why BigQuery doesn't list rows of a table; empty: it does, or says nothing of it."""
    rows = client.list_rows(table, selected_fields=list(columns), max_results=1)
    try:
        next(rows.pages, None)
    except Forbidden as error:
        return without_row_values(" ".join(error.message.split()))
    except GoogleAPICallError:
        return ""
    return ""


def all_rows_to(table: str) -> str:
    """The statement that lets an account see all rows."""
    return (
        f"CREATE ROW ACCESS POLICY all_rows ON `{table}` GRANT TO"
        ' ("serviceAccount:…") FILTER USING (TRUE)'
    )
