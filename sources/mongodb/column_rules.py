"""How fields of documents become columns of BigQuery."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from auto_schema.bson_fields import BsonField
from auto_schema.evolve import CurrentField
from auto_schema.mongodb_types import mongodb_column, type_of_form
from auto_schema.open_fields import column_names, field_of, form_in, marked, with_columns
from auto_schema.schema import Column
from auto_schema.warehouse_types import NULLABLE
from sources.protocol import of_kind
from sources.values import ColumnWish, SourceColumn


@dataclass(frozen=True, slots=True)
class MongodbColumns:
    """See `sources.values.ColumnRules`."""

    def delivered(
        self,
        columns: tuple[SourceColumn, ...],
        current: Mapping[str, CurrentField],
        asked_for: Collection[str],
    ) -> tuple[tuple[SourceColumn, ...], Mapping[str, str]]:
        """The fields sampled, those that an earlier run made a column for, and the rest's."""
        seen = {column.name: column for column in columns}
        for field in current.values():
            path = field_of(field, seen)
            if path is not None:
                seen[path] = _known(path, seen.get(path), field)
        kinds = {column.name: of_kind(column.type, BsonField) for column in seen.values()}
        counts = {name: sum(kind.sample.counts.values()) for name, kind in kinds.items()}
        kept = with_columns(counts, current, asked_for)
        delivered = tuple(column for column in seen.values() if column.name in kept)
        nested = [name for name, kind in kinds.items() if kind.is_nested]
        return delivered, column_names([c.name for c in delivered], current, nested, counts)

    def column(self, source: SourceColumn, wish: ColumnWish) -> Column:
        """The column that the sample gives, or the form in which an earlier run made it."""
        kind = of_kind(source.type, BsonField)
        made_as = form_in(wish.current) if wish.current else ""
        as_read = (type_of_form(made_as), NULLABLE) if wish.is_reshaped and made_as else None
        column = mongodb_column(
            source.name,
            kind,
            name=wish.name,
            current=as_read or wish.there,
            evolves=wish.evolves,
            made_as=made_as,
            json_as_text=wish.json_as_text,
            cursor_type=kind.cursor_type if wish.is_cursor else "",
        )
        return replace(column, description=marked(source.name, column.select))

    def needs_look(self, source: SourceColumn) -> bool:
        """None: the sample is the look."""
        return False

    def best_looks(self, columns: tuple[SourceColumn, ...]) -> Mapping[str, object]:
        """None is needed."""
        return {}


def _known(path: str, sampled: SourceColumn | None, field: CurrentField) -> SourceColumn:
    """A field for which there is a column: as it was sampled, or of a type unseen."""
    if sampled is not None:
        kind = of_kind(sampled.type, BsonField)
        if kind.sample.counts:
            return replace(sampled, type=replace(kind, known_as=field.bigquery))
    return SourceColumn(path, BsonField(known_as=field.bigquery))
