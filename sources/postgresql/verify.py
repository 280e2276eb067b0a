"""I/O. What verify_only asks PostgreSQL: sums by bucket, and the rows of a few buckets."""

from collections.abc import Mapping, Sequence

from auto_schema.canonical import (
    BUCKET_DIGITS,
    postgresql_buckets,
    postgresql_digest,
    postgresql_row,
)
from auto_schema.row_sums import RowSums
from auto_schema.schema import Column
from sources.postgresql.asking import Asking
from sources.postgresql.session import opening, rolled_back
from sources.postgresql.statement import PostgresqlStatement, wrapped
from sources.values import DigestRow


def buckets(opened: Asking, source: PostgresqlStatement) -> Mapping[str, RowSums]:
    """Sums over the window's rows, by the first digits of their digests."""
    selected = f"{postgresql_digest(source.columns)} AS digest"
    with rolled_back(opened, opening(settings=source.settings)) as cursor:
        cursor.execute(postgresql_buckets(wrapped(source, selected)))
        return {bucket: RowSums.of(figures) for bucket, *figures in cursor.fetchall()}


def digests(
    opened: Asking,
    source: PostgresqlStatement,
    keys: tuple[Column, ...],
    wanted: Sequence[str],
) -> list[DigestRow]:
    """The window's rows in these buckets."""
    cursor_column = [
        column for column in source.columns if column.source_name == source.extract.cursor
    ]
    selected = (
        f"{postgresql_digest(source.columns)} AS digest, {postgresql_row(keys)} AS key_text,"
        f" {postgresql_row(cursor_column)} AS cursor_text"
    )
    parts = ", ".join(f"'{bucket}'" for bucket in wanted)
    with rolled_back(opened, opening(settings=source.settings)) as cursor:
        cursor.execute(
            f"SELECT * FROM (\n{wrapped(source, selected)}\nOFFSET 0) AS d"
            f" WHERE pg_catalog.substr(digest, 1, {BUCKET_DIGITS}) IN ({parts})"
        )
        return [DigestRow(*row) for row in cursor.fetchall()]
