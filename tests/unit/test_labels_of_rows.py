"""The label that a run sets before it publishes, when others change the table at once."""

from types import SimpleNamespace

from google.api_core.exceptions import PreconditionFailed

from pipeline.publish.labels import announce_rows
from smart_sync.predicate import ROWS, SEVERAL


class Table:
    """Its labels are changed by somebody else just before the first of our changes."""

    def __init__(self, meanwhile):
        self.labels, self.tries, self.meanwhile = {"team": "shop"}, 0, meanwhile

    def get_table(self, _):
        return SimpleNamespace(labels=dict(self.labels))

    def update_table(self, table, _):
        self.tries += 1
        if self.tries == 1:
            self.labels |= self.meanwhile
            raise PreconditionFailed("changed")
        self.labels = table.labels


def announced(meanwhile):
    publishing = SimpleNamespace(
        labels=((ROWS, "0f"),), sets_label=True, mode=SimpleNamespace(leaves_none=False)
    )
    table = Table(meanwhile)
    announce_rows(table, SimpleNamespace(destination="p.d.t", publishing=publishing))
    return table


def test_it_is_set_beside_what_another_has_changed_and_once_by_slices_at_once():
    other = announced({"cost": "12"})
    assert (other.labels, other.tries) == ({"team": "shop", "cost": "12", ROWS: SEVERAL}, 2)
    slices = announced({ROWS: SEVERAL})
    assert (slices.labels[ROWS], slices.tries) == (SEVERAL, 1)
