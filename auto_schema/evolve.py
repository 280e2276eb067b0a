"""diff(current, wanted): what the destination table lacks, what is altered, what can't be mended.

BigQuery adds nullable columns in place, makes some types wider and REQUIRED columns NULLABLE;
every other difference is a Conflict here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from auto_schema.bigquery_types import BigqueryType
from auto_schema.errors import SchemaError, SyncError
from auto_schema.names import quoted, string_literal
from auto_schema.schema import Column, Partitioning, TableSchema
from auto_schema.warehouse_types import REPEATED
from auto_schema.widening import How, widened, widening


@dataclass(frozen=True, slots=True)
class CurrentField:
    """A column of the destination as it is: type (`bigquery_types.type_text`) and mode."""

    name: str
    bigquery: str
    mode: str = "NULLABLE"
    description: str = ""
    shape: BigqueryType | None = None
    """The type whole, where it is one of those that a source may bring."""
    collation: str = ""
    """How texts are compared there, such as `und:ci`; empty: character by character."""
    is_fixed: bool = False
    """Whether the table is partitioned or clustered by it, so that its type stays."""

    @property
    def display(self) -> str:
        """The type with its parameters, and as an array where it is REPEATED."""
        return self.bigquery if self.shape is None else self.shape.display


@dataclass(frozen=True, slots=True)
class AddColumn:
    """A column that the destination lacks; it is added NULLABLE or REPEATED."""

    column: Column


@dataclass(frozen=True, slots=True)
class Alteration:
    """A column of the destination that is altered in place before rows come into it.

    Attributes:
        field: as it is now.
        kind: what its type becomes; None: it only becomes NULLABLE.
        reason: why.
    """

    field: CurrentField
    kind: BigqueryType | None
    reason: str

    @property
    def action(self) -> str:
        """What ALTER COLUMN says; the comparison of texts is no part of what is altered."""
        if self.kind is None:
            return "DROP NOT NULL"
        collation = f" COLLATE {string_literal(self.field.collation)}"
        named = self.kind.sql(parameters=True)
        return f"SET DATA TYPE {named}{collation if self.field.collation else ''}"

    @property
    def display(self) -> str:
        """Both sides of it, for a plan."""
        if self.kind is None:
            return f"{self.field.name}: REQUIRED → NULLABLE"
        return f"{self.field.name}: {self.field.display} → {self.kind.display}"

    @property
    def is_conditional(self) -> bool:
        """Whether values that are there may change by it, so that they are looked at before."""
        rule = widening(self.field.bigquery, self.kind.name) if self.kind else None
        return rule is not None and rule.how is How.IF_EXACT

    def is_done(self, now: CurrentField | None) -> bool:
        """Whether the column is so already, as it is now; one that is gone is not."""
        if now is None:
            return False
        return now.mode != "REQUIRED" if self.kind is None else now.shape == self.kind


@dataclass(frozen=True, slots=True)
class Conflict:
    """A difference that needs the operator.

    Attributes:
        name: of the column.
        why: what differs.
        evolves: whether schema_evolution=evolve mends it.
        by_hand: statements of the operator's that would, with {table} for the destination's name;
            empty: none are known.
    """

    name: str
    why: str
    evolves: bool = False
    by_hand: str = ""


Change = AddColumn | Alteration | Conflict


@dataclass(frozen=True, slots=True)
class Evolution:
    """What a run may do to columns that are there, and needs of them.

    Attributes:
        evolves: whether it alters them (`schema_evolution=evolve`).
        adds_rows: whether it adds rows, which need all columns that are REQUIRED.
        never_null: case-folded names of columns in which it never writes a NULL.
    """

    evolves: bool = False
    adds_rows: bool = True
    never_null: frozenset[str] = frozenset()


def diff(
    current: Mapping[str, CurrentField], wanted: TableSchema, may: Evolution | None = None
) -> tuple[Change, ...]:
    """Compare a table with the plan.

    Args:
        current: its fields by case-folded name.
        wanted: the schema that the run will publish.
        may: what the run may do to them; None: add columns only.

    Returns:
        AddColumn for each missing one, Alterations where the run may make them, Conflict for each
        other difference. Columns that only the destination has are no difference, unless they are
        REQUIRED.
    """
    may = may or Evolution()
    changes: list[Change] = []
    names = {column.name.casefold() for column in wanted}
    for column in wanted:
        field = current.get(column.name.casefold())
        if field is None:
            changes.append(AddColumn(column))
        else:
            changes += _differences(field, column, may)
    for folded, field in current.items():
        if may.adds_rows and folded not in names and field.mode == "REQUIRED":
            changes.append(_relaxed(field, may))
    return tuple(changes)


def _relaxed(field: CurrentField, may: Evolution) -> Change:
    if may.evolves:
        return Alteration(field, None, "the source doesn't deliver it")
    why = (
        "is REQUIRED in the destination, which takes no NULL there, and the source doesn't"
        " deliver it (ALTER COLUMN … DROP NOT NULL would let it)"
    )
    return Conflict(field.name, why, evolves=True)


def _differences(field: CurrentField, column: Column, may: Evolution) -> list[Change]:
    """What has to be altered of a column, or what stands against its values."""
    kind = widened(field.shape, column) if field.shape else None
    changes: list[Change] = []
    if may.evolves and kind is not None and not field.is_fixed:
        changes.append(Alteration(field, kind, f"the source's {column.source_type} needs it"))
    elif why := _difference(field, column):
        if field.is_fixed and kind is not None:
            why += "; the table is partitioned or clustered by it, so that it can't be altered"
        evolves = kind is not None and not field.is_fixed and not may.evolves
        by_hand = "" if evolves else _by_hand(field, column)
        return [Conflict(column.name, why, evolves, by_hand)]
    is_safe = field.name.casefold() in may.never_null and not changes
    if may.evolves and field.mode == "REQUIRED" and not is_safe:
        # SET DATA TYPE of a REQUIRED column would be taken for a change of its mode
        changes.insert(0, Alteration(field, None, "the source may deliver NULL"))
    return changes


def _by_hand(field: CurrentField, column: Column) -> str:
    """Statements that would make a column of the planned type; empty: none are known."""
    if field.shape and column.shape and (more := _more_fields(field.shape, column.shape)):
        added = " and ".join(f"{field.name}.{name}" for name in more)
        return (
            "bq show --schema --format=prettyjson {id} > schema.json, write the new"
            f" {added} as NULLABLE at the end of {'their records' if more[1:] else 'its record'}"
            " there, and run bq update {id} schema.json (no statement of SQL adds a field within a"
            " RECORD)"
        )
    rule = widening(field.bigquery, column.bigquery)
    if rule is None or column.is_repeated or field.mode == REPEATED:
        return ""
    old, new = quoted(field.name), quoted(f"{field.name}__new")
    cast = rule.cast.format(c=old)
    loss = f" (what may change: {rule.loss})" if rule.loss else ""
    if field.is_fixed:
        return (
            f"CREATE TABLE … PARTITION BY … CLUSTER BY … AS SELECT * REPLACE ({cast} AS {old})"
            f" FROM {{table}}{loss}"
        )
    return (
        f"ALTER TABLE {{table}} ADD COLUMN {new} {column.bigquery};"
        f" UPDATE {{table}} SET {new} = {cast} WHERE TRUE;"
        f" ALTER TABLE {{table}} DROP COLUMN {old};"
        f" ALTER TABLE {{table}} RENAME COLUMN {new} TO {old};{loss}"
    )


def _more_fields(there: BigqueryType, wanted: BigqueryType, path: str = "") -> tuple[str, ...]:
    """The fields that a RECORD lacks at its end, also within; none where more than that differs.

    >>> a, b = (("a", BigqueryType("INT64"), ""), ("b", BigqueryType("STRING"), ""))
    >>> _more_fields(BigqueryType("STRUCT", fields=(a,)), BigqueryType("STRUCT", fields=(a, b)))
    ('b',)
    """
    if there.name != "STRUCT" or wanted.name != "STRUCT" or there.is_array != wanted.is_array:
        return ()
    here, more = there.fields, list[str]()
    for (name, kind, _), (other, asked, _) in zip(here, wanted.fields, strict=False):
        within = () if kind == asked else _more_fields(kind, asked, f"{path}{name}.")
        if name != other or (kind != asked and not within):
            return ()
        more += within
    if len(here) > len(wanted.fields):
        return ()
    return (*more, *(f"{path}{name}" for name, _, _ in wanted.fields[len(here) :]))


def _difference(field: CurrentField, column: Column) -> str:
    """Why values of a column can't go into that field as they are; empty: they can."""
    if field.bigquery != column.bigquery:
        return (
            f"is {field.bigquery} in the destination, and the source's"
            f" {column.source_type} becomes {column.bigquery}"
        )
    if (field.mode == "REPEATED") != column.is_repeated:
        return f"is {field.mode} in the destination, {column.mode} in the plan"
    if column.shape and field.shape and _is_rounded(column.shape, field.shape):
        return (
            f"is {field.display} in the destination, which rounds the source's {column.source_type}"
        )
    return ""


def _is_rounded(wanted: BigqueryType, there: BigqueryType) -> bool:
    """Whether values would be rounded without a word; undeclared ones are looked at singly."""
    is_declared = bool(wanted.parameters) or bool(wanted.fields)
    return is_declared and wanted.is_rounded_by(there)


def conflict_error(table: str, sql: str, changes: tuple[Change, ...]) -> SyncError | None:
    """One SchemaError that lists all conflicts, or None.

    Args:
        table: the destination, as project.dataset.table.
        sql: the same in SQL.
        changes: what differs.
    """
    conflicts = [change for change in changes if isinstance(change, Conflict)]
    if not conflicts:
        return None
    project, dataset, name = table.rsplit(".", 2)
    by_bq = f"{project}:{dataset}.{name}"
    evolving = ", ".join(repr(c.name) for c in conflicts if c.evolves)
    ways = [f"set schema_evolution=evolve, which alters {evolving} in place"] if evolving else []
    ways += [
        f"for {c.name!r} run {c.by_hand.replace('{table}', sql).replace('{id}', by_bq)}"
        for c in conflicts
        if c.by_hand
    ]
    ways += [
        "cast or rename the columns in the query, leave them out with"
        ' transformation_config={"exclude_fields": […]}, write to another'
        " destination_bigquery_table, or rebuild the table with delete_existing_table=true."
    ]
    return SchemaError(
        "destination doesn't fit the source",
        f"table {table}",
        "; ".join(f"column {c.name!r} {c.why}" for c in conflicts),
        "; or ".join(ways),
    )


def layout_conflict(
    table: str,
    current: tuple[Partitioning | None, tuple[str, ...]],
    wanted: tuple[Partitioning | None, tuple[str, ...]],
) -> str:
    """A note when an existing table is laid out otherwise than asked; empty when not."""
    if current == wanted:
        return ""
    return (
        f"{table} is {layout_text(*current)}; asked for was {layout_text(*wanted)}."
        " An existing table keeps its layout; delete_existing_table=true rebuilds it."
    )


def layout_text(partitioning: Partitioning | None, clustering: tuple[str, ...]) -> str:
    """The layout in words.

    >>> layout_text(Partitioning("day"), ("id",))
    'partitioned by DAY of day, clustered by id'
    """
    text = f"partitioned by {partitioning.type} of {partitioning.field}" if partitioning else ""
    text = text or "not partitioned"
    return text + (f", clustered by {', '.join(clustering)}" if clustering else ", not clustered")
