"""delete_missing, hard_deletes and repair in a hunt where nobody deletes: they change nothing.

Each key is there all the time, whatever its row and its cursor are like, so that whoever compares
keys or rows has no reason to remove one; a row that goes all the same is told as lost.
"""

import random
from dataclasses import replace

from tests.hunt.parameters import Pairs, Parameters
from tests.hunt.queries import JOINED, NARROW
from tests.hunt.schemas import Schema
from tests.hunt.steps import History, Run, Sql

RATE = 0.5
MISSING: Pairs = (("delete_missing", "hard"), ("max_deleted_percent", "100"))
REPAIR: Pairs = (("repair", "true"),)
CHOICES = (MISSING, MISSING, REPAIR, (*MISSING, *REPAIR))
ENDING: Pairs = (("hard_deletes", "invalidate"), ("max_deleted_percent", "100"))
UNASKED = {
    "delete_missing": "off",
    "hard_deletes": "ignore",
    "max_deleted_percent": "5",
    "repair": "false",
}
NAMES = tuple(UNASKED)
"""What runs of other kinds don't take."""
_DELETING = ("DELETE", "TRUNCATE", "DROP TABLE")


def with_missing(history: History, schema: Schema, parameters: Parameters) -> History:
    """A history whose runs compare, each as the dice fall; the rest of it stays as it is."""
    dice = random.Random(f"missing {parameters!r}")
    fits = parameters.keyed and schema.query not in (*NARROW, *JOINED)
    taken = {name for name, _ in parameters.common} & {"transform_sql", "deleted_column"}
    if not fits or taken or parameters.placeholders or deletes(history) or dice.random() > RATE:
        return history
    choices = CHOICES if parameters.mode == "merge" else (ENDING, ENDING, ())
    return tuple(
        replace(step, parameters=(*step.parameters, *dice.choice(choices)))
        if isinstance(step, Run)
        else step
        for step in history
    )


def deletes(history: History) -> bool:
    """Whether a row may be gone."""
    during = [one for step in history if isinstance(step, Run) for _, one in step.during]
    steps = [*history, *(step for some in during for step in some)]
    texts = [step.text.upper() for step in steps if isinstance(step, Sql)]
    return any(word in text for text in texts for word in _DELETING)
