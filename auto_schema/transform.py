"""transformation_config as a value: what becomes of columns and rows, and what it keeps of them.

All names in it are the source's, before mapping; those of constants are the destination's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from auto_schema.errors import ConfigError, SyncError, shown
from auto_schema.names import name_faults
from auto_schema.schema import Column

PARAMETER = "transformation_config"


class SecretText(Protocol):
    """A secret by name, or its plain text, which no repr shows."""

    @property
    def is_plain(self) -> bool:
        """Whether the text itself travels with the plan."""

    def resolve(self) -> str:
        """The text."""


@dataclass(frozen=True, slots=True)
class Mask:
    """How values are hidden; `salt` stands before what is hashed, None: nothing does."""

    method: str
    salt: SecretText | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """A column with one value; `type` empty: the value's own."""

    name: str
    type: str
    value: object


@dataclass(frozen=True, slots=True)
class Condition:
    """What a field must be for a row to be kept; `value` is a tuple of values with `in`."""

    field: str
    operator: str
    value: object = None


@dataclass(frozen=True, slots=True)
class Transformation:
    """What to do to each row; empty means nothing.

    Attributes:
        field_mappings: (old, new) names.
        type_casts: (field, BigQuery type).
        default_values: (field, value in place of NULL), as JSON has it.
        constants: columns that the source doesn't deliver.
        masks: (field, how it is hidden).
        row_filter: a row is kept of which all conditions of one of these hold; empty: every row.
    """

    field_mappings: tuple[tuple[str, str], ...] = ()
    select_fields: tuple[str, ...] = ()
    exclude_fields: tuple[str, ...] = ()
    type_casts: tuple[tuple[str, str], ...] = ()
    default_values: tuple[tuple[str, object], ...] = ()
    constants: tuple[Constant, ...] = ()
    masks: tuple[tuple[str, Mask], ...] = ()
    row_filter: tuple[tuple[Condition, ...], ...] = ()

    def destination_name(self, source_name: str) -> str:
        """The name under which a source column is found in the destination."""
        return dict(self.field_mappings).get(source_name, source_name)

    def keeps(self, source_name: str) -> bool:
        """Whether a source column reaches the destination."""
        if source_name in self.exclude_fields:
            return False
        return not self.select_fields or source_name in self.select_fields

    def mask_of(self, source_name: str) -> Mask | None:
        """How a source column is hidden; None: it isn't."""
        return dict(self.masks).get(source_name)

    def shows(self, source_name: str) -> bool:
        """Whether values of a source column may be seen anywhere: it is kept, and not masked."""
        return self.keeps(source_name) and self.mask_of(source_name) is None

    @property
    def has_plain_salt(self) -> bool:
        """Whether a salt's text itself travels with the plan."""
        return any(mask.salt is not None and mask.salt.is_plain for _, mask in self.masks)

    def changes_type(self, source_name: str) -> bool:
        """Whether the destination's column may be of another type than what arrives."""
        return source_name in dict(self.type_casts) or source_name in dict(self.masks)

    @property
    def changed(self) -> dict[str, str]:
        """The fields whose values it changes, and what they are then."""
        told = {name: "given a default" for name, _ in self.default_values}
        told |= {name: "cast" for name, _ in self.type_casts}
        return told | {name: "masked" for name, _ in self.masks}

    @property
    def needs_workers(self) -> str:
        """What it does that only workers do, in words; empty: nothing."""
        does = {
            "type_casts": self.type_casts,
            "default_values": self.default_values,
            "constants": self.constants,
            "mask": self.masks,
            "filter": self.row_filter,
        }
        return ", ".join(key for key, asked in does.items() if asked)

    def apply(self, columns: Sequence[Column]) -> tuple[Column, ...]:
        """The columns that remain, under their new names.

        A column that is not kept is not read either: it leaves the SELECT list.
        """
        return tuple(
            replace(c, name=self.destination_name(c.source_name))
            for c in columns
            if self.keeps(c.source_name)
        )


def config_fault(what: str, why: str, fix: str) -> ConfigError:
    """A fault of the parameter."""
    return ConfigError(what, PARAMETER, why, fix)


def faults(
    transformation: Transformation,
    source_names: Sequence[str],
    protected: Sequence[str],
    *,
    names: Mapping[str, str] | None = None,
    is_open: bool = False,
) -> list[SyncError]:
    """What is wrong with a transformation, given the columns that the source delivers.

    Args:
        transformation: the parsed parameter.
        source_names: the source's columns.
        protected: source columns that must reach the destination (cursor, partition, merge keys).
        names: what columns are called in the destination where it is not as in the source.
        is_open: rows may hold fields beyond these, so a name that isn't known can be excluded.
    """
    told = _inner_faults(transformation, source_names) if is_open else []
    told += _unknown_faults(transformation, source_names, is_open=is_open)
    told += _protected_faults(transformation, source_names, protected)
    kept = [name for name in source_names if transformation.keeps(name)]
    if not kept and source_names:
        told.append(config_fault("no field is left", "", "keep at least one field."))
    names = names or {}
    published = [names.get(name) or transformation.destination_name(name) for name in kept]
    published += [constant.name for constant in transformation.constants]
    told.extend(name_faults(published, dict(transformation.field_mappings)))
    return told


def _protected_faults(
    transformation: Transformation, source_names: Sequence[str], protected: Sequence[str]
) -> Iterator[SyncError]:
    """Of fields that the run itself needs as they are."""
    why = "it is the cursor, the partition column, a merge key or deleted_column"
    changed = transformation.changed
    constants = [constant.name for constant in transformation.constants]
    for name in dict.fromkeys(protected):
        if name in constants:
            fix = "take it out of constants, or name a column of the source."
            yield config_fault(f"field {shown(name)} is a constant", why, fix)
        if name not in source_names:
            continue
        if not transformation.keeps(name):
            fix = "take it out of exclude_fields or add it to select_fields."
            yield config_fault(f"field {shown(name)} must stay", why, fix)
        if name in changed:
            fix = "take it out of type_casts, default_values and mask; renaming it is fine."
            yield config_fault(f"field {shown(name)} is {changed[name]}", why, fix)


def _inner_faults(transformation: Transformation, source_names: Sequence[str]) -> list[SyncError]:
    """Of fields within documents, which can't be left out or changed singly."""
    fix = "exclude the whole field, or leave the inner one out by mongodb_projection."
    asked = {
        "exclude_fields": transformation.exclude_fields,
        "mask": [name for name, _ in transformation.masks],
    }
    return [
        config_fault(
            f"{key} can't reach into documents: {shown(name)}", "it takes whole fields", fix
        )
        for key, names in asked.items()
        for name in names
        if name not in source_names and name.partition(".")[0] in source_names and "." in name
    ]


def _unknown_faults(
    transformation: Transformation, source_names: Sequence[str], *, is_open: bool
) -> list[SyncError]:
    """Of fields that the source doesn't deliver, and of those that are left out and asked for."""
    told, known = list[SyncError](), set(source_names)
    constants = {constant.name for constant in transformation.constants}
    filtered = [c.field for part in transformation.row_filter for c in part]
    uses: dict[str, Sequence[str]] = {
        "type_casts": [name for name, _ in transformation.type_casts],
        "default_values": [name for name, _ in transformation.default_values],
        "mask": [name for name, _ in transformation.masks],
        "filter": [name for name in dict.fromkeys(filtered) if name not in constants],
    }
    asked: dict[str, Sequence[str]] = {
        "field_mappings": [old for old, _ in transformation.field_mappings],
        "select_fields": transformation.select_fields,
        "exclude_fields": () if is_open else transformation.exclude_fields,
    } | uses
    for key, names in asked.items():
        if missing := [name for name in names if name not in known]:
            what = f"{key} names fields that the source doesn't deliver"
            fix = f"the source's fields are {', '.join(source_names)}."
            told.append(config_fault(what, ", ".join(map(shown, missing)), fix))
    for key, names in uses.items():
        if gone := [name for name in names if name in known and not transformation.keeps(name)]:
            what = f"{key} names fields that are left out"
            fix = "keep them, or take them out of it."
            told.append(config_fault(what, ", ".join(map(shown, gone)), fix))
    if taken := [name for name in source_names if name in constants and transformation.keeps(name)]:
        what = "constants names fields of the source"
        fix = "choose another name, or exclude the source's field."
        told.append(config_fault(what, ", ".join(map(shown, taken)), fix))
    return told
