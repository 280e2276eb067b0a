"""A plan as the run history keeps it: what plan_format=json prints, of a bounded size. Pure."""

import json
from typing import Any

from smart_sync.plan import SyncPlan
from smart_sync.plan_json import as_dict

MOST_CHARACTERS = 30_000
"""Of a hundred events that are written at once these are 3 MB."""
SHOWN = 20
"""Items that stay of each list of a plan that is larger."""
TRUNCATED = "truncated"


def plan_record(plan: SyncPlan, most: int = MOST_CHARACTERS) -> dict[str, Any]:
    """The plan without secrets; what was left out of it for its size, `truncated` names."""
    return bounded(as_dict(plan), most)


def bounded(told: dict[str, Any], most: int) -> dict[str, Any]:
    """The same with long lists cut, then the largest values left out, until it is small enough.

    >>> bounded({"a": 1}, 10)
    {'a': 1}
    >>> bounded({"a": list(range(30)), "b": "x" * 200}, 150)["truncated"]
    ['a: 20 of 30', 'b: 202 characters']
    """
    if _size(told) <= most:
        return told
    cut = list[str]()
    kept = {name: _shortened(value, name, cut) for name, value in told.items()}
    for name in sorted(kept, key=lambda one: -_size(kept[one])):
        if _size(kept) + _size(cut) <= most:
            break
        cut.append(f"{name}: {_size(kept.pop(name)):,} characters")
    return {**kept, TRUNCATED: cut}


def _shortened(value: Any, path: str, cut: list[str]) -> Any:
    if isinstance(value, dict):
        return {name: _shortened(one, f"{path}.{name}", cut) for name, one in value.items()}
    if not isinstance(value, list) or len(value) <= SHOWN:
        return value
    cut.append(f"{path}: {SHOWN} of {len(value):,}")
    return value[:SHOWN]


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, default=str))
