"""I/O. Which tables a dataset of the destination has: one question, of any number of them."""

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from warehouse.errors import as_target_errors
from warehouse.names import TableRef


def tables_of(client: bigquery.Client, project: str, dataset: str) -> frozenset[TableRef]:
    """All tables and views of a dataset; none of one that isn't there.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    with as_target_errors(f"dataset {project}.{dataset}"):
        try:
            listed = client.list_tables(f"{project}.{dataset}", page_size=1000)
            return frozenset(TableRef(project, dataset, item.table_id) for item in listed)
        except NotFound:
            return frozenset()
