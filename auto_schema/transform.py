"""transformation_config: its effect on the schema (planning) and on batches (running).

Keys: `field_mappings` {old: new}, `select_fields` [names], `exclude_fields` [names].
All names in it are the source's, before mapping.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from auto_schema.errors import ConfigError, SyncError, shown
from auto_schema.names import name_faults
from auto_schema.schema import Column

KEYS = ("field_mappings", "select_fields", "exclude_fields")
PLANNED_KEYS = ("type_casts", "default_values", "constants", "mask", "filter")
PARAMETER = "transformation_config"


@dataclass(frozen=True, slots=True)
class Transformation:
    """What to do to each row; empty means nothing."""

    field_mappings: tuple[tuple[str, str], ...] = ()
    select_fields: tuple[str, ...] = ()
    exclude_fields: tuple[str, ...] = ()

    def destination_name(self, source_name: str) -> str:
        """The name under which a source column is found in the destination."""
        return dict(self.field_mappings).get(source_name, source_name)

    def keeps(self, source_name: str) -> bool:
        """Whether a source column reaches the destination."""
        if source_name in self.exclude_fields:
            return False
        return not self.select_fields or source_name in self.select_fields

    def apply(self, columns: Sequence[Column]) -> tuple[Column, ...]:
        """The columns that remain, under their new names.

        A column that is not kept is not read either: it leaves the SELECT list.
        """
        return tuple(
            replace(c, name=self.destination_name(c.source_name))
            for c in columns
            if self.keeps(c.source_name)
        )


def parse(text: str) -> tuple[Transformation, list[SyncError]]:
    """Read the parameter; every fault is a ConfigError in the second part."""
    if not text.strip():
        return Transformation(), []
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Transformation(), [_fault("malformed JSON", str(error), "send one JSON object.")]
    if not isinstance(config, dict):
        return Transformation(), [_fault("not a JSON object", shown(config), "send one object.")]
    faults = _key_faults(config)
    mappings = config.get("field_mappings", {})
    if not _is_text_map(mappings):
        faults.append(
            _fault("field_mappings is not {old: new} with texts", "", 'write {"old": "new"}.')
        )
        mappings = {}
    lists = {}
    for key in ("select_fields", "exclude_fields"):
        lists[key] = config.get(key, [])
        if not isinstance(lists[key], list) or not all(isinstance(n, str) for n in lists[key]):
            faults.append(_fault(f"{key} is not a list of names", "", 'write ["a", "b"].'))
            lists[key] = []
    transformation = Transformation(
        tuple(mappings.items()), tuple(lists["select_fields"]), tuple(lists["exclude_fields"])
    )
    return transformation, faults


def _key_faults(config: dict[str, object]) -> list[SyncError]:
    faults: list[SyncError] = []
    for key in config:
        if key in PLANNED_KEYS:
            faults.append(
                _fault(f"{key} is not in this version", "", f"use one of {', '.join(KEYS)}.")
            )
        elif key not in KEYS:
            faults.append(
                _fault(f"unknown key {shown(key)}", "", f"the known keys are {', '.join(KEYS)}.")
            )
    return faults


def _is_text_map(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(k, str) and isinstance(v, str) for k, v in value.items()
    )


def _fault(what: str, why: str, fix: str) -> ConfigError:
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
    told.extend(
        _fault(
            f"field {shown(name)} must stay",
            "it is the cursor, the partition column or a merge key",
            "take it out of exclude_fields or add it to select_fields.",
        )
        for name in dict.fromkeys(protected)
        if name in source_names and not transformation.keeps(name)
    )
    kept = [name for name in source_names if transformation.keeps(name)]
    if not kept and source_names:
        told.append(_fault("no field is left", "", "keep at least one field."))
    names = names or {}
    published = [names.get(name) or transformation.destination_name(name) for name in kept]
    told.extend(name_faults(published, dict(transformation.field_mappings)))
    return told


def _inner_faults(transformation: Transformation, source_names: Sequence[str]) -> list[SyncError]:
    """Of fields within documents, which can't be left out singly."""
    return [
        _fault(
            f"exclude_fields can't reach into documents: {shown(name)}",
            "whole fields are left out",
            "exclude the whole field, or leave the inner one out by mongodb_projection.",
        )
        for name in transformation.exclude_fields
        if name not in source_names and name.partition(".")[0] in source_names and "." in name
    ]


def _unknown_faults(
    transformation: Transformation, source_names: Sequence[str], *, is_open: bool
) -> list[SyncError]:
    """Of fields that the source doesn't deliver."""
    told, known = list[SyncError](), set(source_names)
    for key, asked in (
        ("field_mappings", [old for old, _ in transformation.field_mappings]),
        ("select_fields", transformation.select_fields),
        ("exclude_fields", () if is_open else transformation.exclude_fields),
    ):
        if missing := [name for name in asked if name not in known]:
            what = f"{key} names fields that the source doesn't deliver"
            fix = f"the source's fields are {', '.join(source_names)}."
            told.append(_fault(what, ", ".join(map(shown, missing)), fix))
    return told
