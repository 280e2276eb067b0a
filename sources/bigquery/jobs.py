"""I/O. Jobs that read the source: where they run, and what they may cost."""

from google.cloud import bigquery

from sources.bigquery.connection import BigqueryConnection
from sources.bigquery.statement import BigqueryStatement
from warehouse.client import bounded_client
from warehouse.jobs import JobLabels, reading_config


def client_of(connection: BigqueryConnection, location: str) -> bigquery.Client:
    """A client whose jobs read the source, where its rows are."""
    return bounded_client(
        connection.job_project, location or None, connection.endpoint, connection.max_retries
    )


def dry_run(client: bigquery.Client, source: BigqueryStatement, sql: str) -> bigquery.QueryJob:
    """A query that is checked and estimated only: free."""
    config = reading_config(
        JobLabels(source.extract.run_id or "plan", "dry_run"), source.default_dataset
    )
    config.dry_run, config.use_query_cache = True, False
    return client.query(sql, config)


def ask(
    client: bigquery.Client, source: BigqueryStatement, sql: str, step: str
) -> list[bigquery.Row]:
    """The rows of a small query for the plan or the proof."""
    labels = JobLabels(source.extract.run_id or "plan", step)
    config = reading_config(labels, source.default_dataset, source.max_bytes_billed)
    return list(client.query_and_wait(sql, job_config=config))
