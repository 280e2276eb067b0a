"""I/O. verify_only: a BigQuery source's own sums and digests over a window."""

from collections.abc import Mapping, Sequence

from google.cloud import bigquery

from auto_schema.canonical import (
    bigquery_buckets,
    bigquery_digest,
    bigquery_in_buckets,
    bigquery_told_apart,
)
from auto_schema.row_sums import RowSums
from auto_schema.schema import Column
from sources.bigquery.jobs import ask
from sources.bigquery.statement import BigqueryStatement
from sources.values import DigestRow


def buckets(client: bigquery.Client, source: BigqueryStatement) -> Mapping[str, RowSums]:
    """Sums over the rows by the first digits of their digests."""
    rows = source.in_place_rows(f"{bigquery_digest(source.columns)} AS digest")
    answer = ask(client, source, bigquery_buckets(rows), "verify")
    return {row[0]: RowSums.of(tuple(row)[1:]) for row in answer}


def digests(
    client: bigquery.Client,
    source: BigqueryStatement,
    keys: tuple[Column, ...],
    parts: Sequence[str],
) -> list[DigestRow]:
    """The rows of these buckets: digest, key and cursor, as texts."""
    cursor = tuple(c for c in source.columns if c.source_name == source.extract.cursor)
    rows = source.in_place_rows(bigquery_told_apart(source.columns, keys, cursor))
    sql = bigquery_in_buckets(rows, parts)
    return [DigestRow(*tuple(row)) for row in ask(client, source, sql, "verify")]
