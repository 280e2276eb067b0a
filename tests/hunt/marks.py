"""deleted_column in a hunt: a flag or a time of the source marks rows, which are removed then."""

import random
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from tests.hunt.expected import DEAD
from tests.hunt.parameters import Parameters, renamed
from tests.hunt.queries import JOINED, NARROW
from tests.hunt.schemas import Schema
from tests.hunt.steps import History, Run, Sql

RATE = 0.5
KINDS = ("bool", "date", "timestamp", "timestamptz")
Identity = tuple[Any, Any]
Versions = Mapping[Identity, Sequence[tuple[Any, ...]]]


def with_marks(parameters: Parameters, schema: Schema, history: History) -> Parameters:
    """Parameters with a column of the schema that marks rows, where nothing takes it away."""
    taken = (schema.rid, schema.cursor, schema.key)
    flags = [c.name for c in schema.columns if c.kind in KINDS and c.name not in taken]
    flags = [name for name in flags if not (changed(name, parameters) or reshaped(name, history))]
    fits = parameters.mode == "merge" and schema.query not in (*NARROW, *JOINED)
    dice = random.Random(f"marks {parameters!r}")
    if not (fits and flags) or dice.random() > RATE:
        return parameters
    flag = dice.choice(flags)
    return replace(parameters, common=(*parameters.common, ("deleted_column", flag)))


def changed(name: str, parameters: Parameters) -> bool:
    """Whether a run leaves a column out, or calls it otherwise."""
    return any(renamed(name, dict(run)) != name for run in parameters.runs)


def reshaped(name: str, history: History) -> bool:
    """Whether somebody drops or alters a column."""
    during = (one for step in history if isinstance(step, Run) for _, one in step.during)
    steps = [*history, *(step for some in during for step in some)]
    texts = [step.text for step in steps if isinstance(step, Sql)]
    return any(name in text and "ALTER TABLE" in text for text in texts)


def told_apart(
    versions: Versions, names: Sequence[str], words: Mapping[str, str]
) -> tuple[set[Identity], set[Identity]]:
    """The versions of rows that are marked whenever they were looked at, and those that never are.

    Args:
        versions: all that a row may look like at the destination.
        names: of the destination's columns.
        words: of the runs.
    """
    flag = renamed(words.get("deleted_column", ""), words)
    at = next((n for n, name in enumerate(names) if name == flag), None)
    if not words.get("deleted_column") or at is None:
        return set(), set(versions)
    held = {key: [row[at] for row in made] for key, made in versions.items()}
    living = {key for key, values in held.items() if all(v in (None, False) for v in values)}
    dead = {key for key, values in held.items() if any(v is DEAD for v in values)}
    marked = {key for key, values in held.items() if not any(v in (None, False) for v in values)}
    return marked - dead, living | dead


def resurrected(marked: Set[Identity], due: Set[Identity], keys: Sequence[Identity]) -> set[Any]:
    """The rows that are there though their newest version is marked.

    Args:
        marked: versions that are marked.
        due: versions that have been read.
        keys: versions that are there.
    """
    return {key[0] for key in marked & due} & {key[0] for key in keys}
