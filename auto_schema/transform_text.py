"""The text of transformation_config → Transformation; every fault told, none raised.

No fault shows a value of `mask`: it may be a salt.
"""

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from auto_schema.errors import SyncError, shown
from auto_schema.transform import (
    Condition,
    Constant,
    Mask,
    SecretText,
    Transformation,
    config_fault,
)

KEYS = (
    "field_mappings",
    "select_fields",
    "exclude_fields",
    "type_casts",
    "default_values",
    "constants",
    "mask",
    "filter",
)
NULL = "null"
METHODS = ("sha256", "redact", "last4", NULL)
"""How values are hidden; JSON's own null is the last, too."""
COMPARISONS = ("=", "==", "!=", "<", "<=", ">", ">=")
SETS = ("in", "not in")
NULLS = ("is null", "is not null")
OPERATORS = (*COMPARISONS, *SETS, *NULLS)
FORM = 'write [["status", "in", ["a", "b"]], ["amount", ">=", 0]], or a list of such lists.'
Pair = tuple[str, Any]
Faults = list[SyncError]


class _Object(dict[str, Any]):
    """A JSON object; `twice` are the keys that it has more than once."""

    twice: tuple[str, ...] = ()


def _object(pairs: list[Pair]) -> _Object:
    taken = _Object(pairs)
    names = [name for name, _ in pairs]
    taken.twice = tuple(sorted({name for name in names if names.count(name) > 1}))
    return taken


def parse(text: str, secret: Callable[[str], SecretText]) -> tuple[Transformation, Faults]:
    """Read the parameter; every fault is a ConfigError in the second part.

    Args:
        text: one JSON object; empty: nothing is to be done.
        secret: makes a salt's reference of what the parameter says of it, or a ValueError that
            says in words why it can't.
    """
    if not text.strip():
        return Transformation(), []
    try:
        config = json.loads(text, parse_float=Decimal, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        return Transformation(), [config_fault("malformed JSON", str(error), "send one object.")]
    if not isinstance(config, _Object):
        why = "it is a list or a single value"
        return Transformation(), [config_fault("not a JSON object", why, "send one object.")]
    faults = _key_faults(config)
    return Transformation(
        field_mappings=_texts(config, "field_mappings", '{"old": "new"}', faults),
        select_fields=_names(config, "select_fields", faults),
        exclude_fields=_names(config, "exclude_fields", faults),
        type_casts=_casts(config, faults),
        default_values=_defaults(config, faults),
        constants=_constants(config, faults),
        masks=_masks(config, secret, faults),
        row_filter=_filter(config, faults),
    ), faults


def parse_conditions(text: str) -> tuple[tuple[tuple[Condition, ...], ...], Faults]:
    """Conditions by themselves, written as `filter`; faults are those of that key.

    >>> parse_conditions('[["a", "=", 1]]')[0]
    ((Condition(field='a', operator='=', value=1),),)
    """
    if not text.strip():
        return (), []
    try:
        asked = json.loads(text, parse_float=Decimal, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        return (), [config_fault("malformed JSON", str(error), FORM)]
    faults: Faults = []
    return _filter(_Object(filter=asked), faults), faults


def _key_faults(config: _Object) -> Faults:
    known = f"the known keys are {', '.join(KEYS)}."
    faults: Faults = [
        config_fault(f"unknown key {shown(key)}", "", known) for key in config if key not in KEYS
    ]
    for place, part in (("", config), *config.items()):
        for name in part.twice if isinstance(part, _Object) else ():
            what = f"{shown(name)} stands twice" + (f" in {place}" if place else "")
            faults.append(config_fault(what, "", "write it once."))
    return faults


def _pairs(config: _Object, key: str, form: str, faults: Faults) -> list[Pair]:
    """The members of the object under a key."""
    value = config.get(key, {})
    if isinstance(value, dict):
        return list(value.items())
    faults.append(config_fault(f"{key} is not an object", "", f"write {form}."))
    return []


def _texts(config: _Object, key: str, form: str, faults: Faults) -> tuple[tuple[str, str], ...]:
    value = config.get(key, {})
    if isinstance(value, dict) and all(isinstance(text, str) for text in value.values()):
        return tuple(value.items())
    faults.append(config_fault(f"{key} is not {{name: text}}", "", f"write {form}."))
    return ()


def _names(config: _Object, key: str, faults: Faults) -> tuple[str, ...]:
    value = config.get(key, [])
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return tuple(value)
    faults.append(config_fault(f"{key} is not a list of names", "", 'write ["a", "b"].'))
    return ()


def _casts(config: _Object, faults: Faults) -> tuple[tuple[str, str], ...]:
    pairs = _texts(config, "type_casts", '{"field": "NUMERIC"}', faults)
    return tuple((name, kind.strip().upper()) for name, kind in pairs)


def _defaults(config: _Object, faults: Faults) -> tuple[Pair, ...]:
    pairs = _pairs(config, "default_values", '{"field": 0}', faults)
    for name, value in pairs:
        if value is None:
            what = f"the default of {shown(name)} is null"
            faults.append(config_fault(what, "NULL is what it replaces", "leave the field out."))
    return tuple(pairs)


def _constants(config: _Object, faults: Faults) -> tuple[Constant, ...]:
    taken = []
    for name, value in _pairs(config, "constants", '{"new_field": "text"}', faults):
        kind = ""
        if isinstance(value, dict):
            if set(value) != {"type", "value"} or not isinstance(value["type"], str):
                fix = 'write {"type": "DATE", "value": "2025-01-01"}, or the value alone.'
                what = f"the constant {shown(name)} is not a type and a value"
                faults.append(config_fault(what, "", fix))
                continue
            kind, value = value["type"].strip().upper(), value["value"]
        taken.append(Constant(name, kind, value))
    return tuple(taken)


def _masks(
    config: _Object, secret: Callable[[str], SecretText], faults: Faults
) -> tuple[tuple[str, Mask], ...]:
    taken = []
    for name, value in _pairs(config, "mask", '{"email": "sha256"}', faults):
        mask, wrong = _mask(value, secret)
        if mask is None:
            what = f"the mask of {shown(name)} {wrong}"
            fix = f'write one of {", ".join(METHODS)}, or {{"method": "sha256", "salt": …}}.'
            faults.append(config_fault(what, "", fix))
        else:
            taken.append((name, mask))
    return tuple(taken)


def _mask(value: object, secret: Callable[[str], SecretText]) -> tuple[Mask | None, str]:
    value = NULL if value is None else value  # YAML takes the method for its own null
    if isinstance(value, str):
        return (Mask(value), "") if value in METHODS else (None, "is no known method")
    if not isinstance(value, dict) or not set(value) <= {"method", "salt"}:
        return None, "is neither a method nor a method and a salt"
    method, salt = value.get("method", ""), value.get("salt")
    method = NULL if method is None else method
    if method not in METHODS:
        return None, "has no known method"
    if "salt" not in value:
        return Mask(method), ""
    if method != "sha256":
        return None, f"has a salt, which {method} doesn't take"
    if not isinstance(salt, str) or not salt:
        return None, "has a salt that is no text, or an empty one"
    try:
        return Mask(method, secret(salt)), ""
    except ValueError as error:  # says nothing of the salt
        return None, f"has a salt that {error}"


def _filter(config: _Object, faults: Faults) -> tuple[tuple[Condition, ...], ...]:
    value = config.get("filter", [])
    if not isinstance(value, list):
        faults.append(config_fault("filter is not a list of conditions", "", FORM))
        return ()
    is_nested = bool(value) and all(
        isinstance(part, list) and part and all(isinstance(c, list) for c in part) for part in value
    )
    parts = value if is_nested else [value] if value else []
    return tuple(tuple(_conditions(part, faults)) for part in parts)


def _conditions(part: Sequence[Any], faults: Faults) -> list[Condition]:
    taken = []
    for condition in part:
        told = _condition(condition)
        if isinstance(told, str):
            faults.append(config_fault("a condition of filter is malformed", told, FORM))
        else:
            taken.append(told)
    return taken


def _condition(asked: Any) -> Condition | str:
    """The condition, or what is wrong with it."""
    if not isinstance(asked, list) or len(asked) not in (2, 3):
        return "it is no list of a field, an operator and a value"
    field, operator, *rest = asked
    if not isinstance(field, str) or not isinstance(operator, str):
        return "field and operator are texts"
    operator = " ".join(operator.lower().split())
    if operator not in OPERATORS:
        return f"{shown(field)}: the operators are {', '.join(OPERATORS)}"
    if operator in NULLS:
        return f"{shown(field)}: {operator} takes no value" if rest else Condition(field, operator)
    if not rest:
        return f"{shown(field)}: {operator} wants a value"
    (value,) = rest
    if (operator in SETS) != isinstance(value, list):
        wants = "a list of values" if operator in SETS else "a single value"
        return f"{shown(field)}: {operator} wants {wants}"
    if value is None or (isinstance(value, list) and (not value or None in value)):
        return f"{shown(field)}: NULL equals nothing, and an empty list nothing either; use is null"
    operator = "=" if operator == "==" else operator
    return Condition(field, operator, tuple(value) if isinstance(value, list) else value)
