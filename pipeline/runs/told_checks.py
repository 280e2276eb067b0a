"""What a run's row in the history says of its checks, in a line for people. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from smart_sync.check import Verdict

TOLD = 5
"""Checks that a line names."""


def told_checks(row: Mapping[str, Any]) -> str:
    """The checks that warn, and those for which rows were quarantined; empty: none.

    >>> told_checks({"verification": '{"checks": {"a": {"verdict": "warned", "failures": 2}}}'})
    'check a: 2 failures, warned'
    """
    figures = json.loads(row.get("verification") or "{}")
    told = [
        f"check {name}: {end['failures']:,} failures, {end['verdict']}"
        for name, end in figures.get("checks", {}).items()
        if end["verdict"] != Verdict.PASSED
    ]
    volume = figures.get("volume", {})
    if volume.get("is_odd"):
        told.insert(0, f"odd number of rows: expected are {volume['expected']}")
    more = [f"and {len(told) - TOLD} more"] if len(told) > TOLD else []
    return "; ".join([*told[:TOLD], *more])
