"""Rows of the destination that somebody changes or loses, for a repair to mend."""

import random
from contextlib import suppress

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

SOME = (
    "id IN (SELECT id FROM `{dataset}`.orders WHERE updated_at <"
    " (SELECT MAX(updated_at) FROM `{dataset}`.orders) ORDER BY RAND() LIMIT {rows})"
)
"""Never the newest: what MAX says is another matter."""
EDIT = "UPDATE `{dataset}`.orders SET note = 'edited by hand' WHERE " + SOME
LOSE = "DELETE FROM `{dataset}`.orders WHERE " + SOME


def damage(client: bigquery.Client, dataset: str, dice: random.Random) -> bool:
    """Change some rows and remove others; whether it came to that."""
    done = False
    for text in (EDIT, LOSE):
        with suppress(GoogleAPICallError):  # no table yet, or a run publishes just now
            client.query(text.format(dataset=dataset, rows=dice.randint(1, 9))).result()
            done = True
    return done
