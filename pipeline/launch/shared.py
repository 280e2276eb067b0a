"""What the runs of one launch share; a run by itself asks and tells all alone."""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from google.cloud import bigquery

from pipeline.destination.client import asking_client
from pipeline.destination.target import read_dataset
from pipeline.runs.group_commit import GroupCommit
from pipeline.runs.history import Append, append
from pipeline.runs.joint_events import JointEvents
from pipeline.runs.joint_questions import JointQuestions
from pipeline.runs.questions import Ask, ask_at_once
from smart_sync.facts import DatasetFacts
from smart_sync.request import SyncRequest
from warehouse.names import TableRef


@dataclass(frozen=True, slots=True)
class Shared:
    """How a run asks BigQuery and tells it what other runs of its launch do too.

    Attributes:
        write: appends an event to the history; it is durable when this returns.
        ask: asks history and destination; of their state after it was called.
        client: of a request, as `asking_client` makes one.
        dataset: looks at a destination's dataset.
        histories: that this launch has made already where they were missing.
        publishing: held while a run publishes, where others of its launch publish into the
            same table: at one moment BigQuery refuses all changes of a table but one.
    """

    write: Append = append
    ask: Ask = ask_at_once
    client: Callable[[SyncRequest, str | None], bigquery.Client] = asking_client
    dataset: Callable[[bigquery.Client, TableRef], DatasetFacts] = read_dataset
    histories: frozenset[TableRef] = frozenset()
    publishing: AbstractContextManager[object] = field(default_factory=nullcontext)


ALONE = Shared()


def shared_by(events: JointEvents, histories: Iterable[TableRef] = ()) -> Shared:
    """Of the runs of a launch of many tables."""
    ask, clients, datasets = JointQuestions().ask, _Clients(), _Datasets()
    return Shared(events.append, ask, clients.of, datasets.read, frozenset(histories))


class _Clients(threading.local):
    """Each thread's clients: a client has a session, connections and a token of its own."""

    def __init__(self) -> None:
        self._made = dict[tuple[object, ...], bigquery.Client]()

    def of(self, request: SyncRequest, location: str | None) -> bigquery.Client:
        run = request.run
        project = run.job_project or request.destination.project
        key = (project, location, run.endpoints, run.max_retries)
        if key not in self._made:
            self._made[key] = asking_client(request, location)
        return self._made[key]


class _Datasets:
    """Datasets of one launch: what is asked of one doesn't change, so that it is looked at once."""

    def __init__(self) -> None:
        self._known = dict[tuple[str, str], DatasetFacts]()
        self._group = GroupCommit(self._one, self._some, 1_000)

    def read(self, client: bigquery.Client, ref: TableRef) -> DatasetFacts:
        known = self._known.get((ref.project, ref.dataset))
        return known or self._group.ask((client, ref))

    def _one(self, asked: tuple[bigquery.Client, TableRef]) -> DatasetFacts:
        client, ref = asked
        key = (ref.project, ref.dataset)
        if key not in self._known:
            self._known[key] = read_dataset(client, ref)
        return self._known[key]

    def _some(self, asked: Sequence[tuple[bigquery.Client, TableRef]]) -> list[DatasetFacts]:
        return [self._one(one) for one in asked]
