"""I/O. The lock of one destination: a table that only one run can make.

`tables.insert` is atomic: the second gets 409. The table carries the run's id and an
expiry, which the run moves ahead while it lives. Every change is a patch with If-Match,
so that of two who saw the same state one wins.
"""

import hashlib
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from google.api_core.exceptions import (
    BadRequest,
    Conflict,
    GoogleAPICallError,
    NotFound,
    PreconditionFailed,
)
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery

from auto_schema.errors import RunInProgressError, TargetError
from pipeline.runs.lock_turns import turn_of
from pipeline.runs.service_clock import ServiceClock
from smart_sync.plan import SyncPlan
from warehouse.errors import CONNECTION_ERRORS, as_target_errors, target_error
from warehouse.jobs import APPLICATION
from warehouse.names import TableRef

LOGGER = logging.getLogger("smart_sync")
PREFIX = "_sync_lock_"
LONGEST_NAME = 1_024
"""https://cloud.google.com/bigquery/docs/tables#table_naming"""
RELEASED_LIFE = timedelta(seconds=60)
"""What is left of a released lock: never deleted by name, that could hit the next holder's."""
TRIES = 5
HELD, RELEASED = "held", "released"
YIELDS, WISH = "yields", "wish"
"""Labels: its holder gives it up between two waves, and the run that wants it then."""


def lock_of(plan: SyncPlan, client: bigquery.Client) -> "Lock":
    """The lock that a plan's run holds, perhaps with others of its launch."""
    run = plan.run
    holder = run.holder or run.run_id
    return Lock(client, plan.destination, holder, run.lease, yields=bool(run.holder))


class YieldingError(RunInProgressError):
    """The table is held by a launch that gives it up between its waves, to whoever asks."""


def lock_table(destination: TableRef) -> TableRef:
    """The table that stands for the lock of a destination."""
    name = PREFIX + destination.table
    if len(name.encode()) > LONGEST_NAME:
        name = PREFIX + hashlib.sha256(destination.table.encode()).hexdigest()
    return destination.sibling(name)


@dataclass(slots=True)
class Known:
    """The lock's table as our last change left it: its etag is another once anyone changes it."""

    table: Any = None


@dataclass(frozen=True, slots=True)
class Lock:
    """The lock of `destination`, as one run sees it.

    Attributes:
        client: of the job project.
        destination: the table that the run publishes into.
        run_id: who we are: a run, or a launch whose runs share it.
        lease: how long the lock outlives our last sign of life.
        yields: whether we give it up between two waves of work, to whoever wishes for it.
        clock: by which a lease ends: BigQuery's, whatever this machine's shows.
        known: as we left it.
    """

    client: bigquery.Client
    destination: TableRef
    run_id: str
    lease: timedelta
    yields: bool = False
    clock: ServiceClock = field(default_factory=ServiceClock, compare=False)
    known: Known = field(default_factory=Known, compare=False)

    @property
    def _id(self) -> str:
        return str(lock_table(self.destination))

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            YieldingError: a launch holds it that gives it up to whoever wishes for it.
            RunInProgressError: another run holds it; with its id, start and end of lease.
            TargetError: BigQuery refused or can't be reached.
        """
        refusal: GoogleAPICallError | None = None
        with as_target_errors(f"lock {self._id}"):
            for tried in range(TRIES):
                refusal = self._insert()
                if refusal is None:
                    return
                table = self._look()
                if table is None:
                    if not tried:
                        self._mend_clock(refusal)
                    continue  # it ended between the two calls, or its end was refused as past
                if _holder(table) == self.run_id and _state(table) == HELD:
                    return  # our own insert, whose answer was lost
                if not self._is_free(table):
                    raise self._in_progress(table)
                if self._patch(table, self.lease, HELD):
                    return
        raise target_error(refusal or RuntimeError("always taken"), f"lock {self._id}")

    def renew(self, unless_within: timedelta = timedelta(0)) -> bool:
        """Move the lock's end ahead; False when we have released it ourselves.

        Args:
            unless_within: leave it when another worker of this run renewed it so shortly
                ago: BigQuery takes five changes of a table in 10 seconds.
                https://cloud.google.com/bigquery/quotas#standard_tables

        Raises:
            RunInProgressError: it is no longer ours.
            TargetError: BigQuery refused or can't be reached.
        """
        with turn_of(self._id, self.run_id):
            return self._renew(unless_within)

    def _renew(self, unless_within: timedelta) -> bool:
        if not unless_within and self._patch_as_known(self.lease, HELD):
            return True
        ends = set()
        for _ in range(TRIES):
            with as_target_errors(f"lock {self._id}"):
                table = self._ours(self._look())
                if _state(table) == RELEASED:
                    return False
                age = self.lease - self._left(table)
                if timedelta(0) <= age < unless_within:
                    return True
                ends.add(table.expires)
                if self._patch(table, self.lease, HELD):
                    return True
        if len(ends) > 1:
            return True  # other workers of this run renew it all the time
        raise target_error(RuntimeError("its renewal is refused"), f"lock {self._id}")

    def _patch_as_known(self, life: timedelta, state: str) -> bool:
        """Change it without a look; False when it isn't as we left it, or we don't know how."""
        table, self.known.table = self.known.table, None
        if table is None or _state(table) == RELEASED:
            return False
        with as_target_errors(f"lock {self._id}"):
            return self._patch(table, life, state)

    def check(self) -> None:
        """Look once more that the lock is ours; one that nobody took is renewed when it is late.

        Raises:
            RunInProgressError: it isn't.
            TargetError: BigQuery refused or can't be reached.
        """
        with as_target_errors(f"lock {self._id}"):
            table = self._ours(self._look())
        is_late = self._left(table) < self.lease / 2
        if _state(table) == RELEASED or (is_late and not self.renew()):
            raise self._lost("it was given back before the run came to publish")

    def release(self) -> bool:
        """Give the lock back when it is ours; it then ends by itself. Best effort.

        Returns:
            Whether it is known to be ours no more.
        """
        try:
            with turn_of(self._id, self.run_id), as_target_errors(f"lock {self._id}"):
                if self._patch_as_known(RELEASED_LIFE, RELEASED):
                    return True
                for _ in range(TRIES):
                    table = self._look()
                    if table is None or _holder(table) != self.run_id:
                        return True
                    if _state(table) == RELEASED or self._patch(table, RELEASED_LIFE, RELEASED):
                        return True
        except TargetError as error:
            LOGGER.warning("the lock ends only with its lease: %s", error)
        return False

    def wish(self) -> None:
        """Ask whoever holds and yields it to give it up; who asked first, goes first.

        Raises:
            TargetError: BigQuery refused or can't be reached.
        """
        with as_target_errors(f"lock {self._id}"):
            table = self._look()
            if table is None or _state(table) == RELEASED or table.labels.get(WISH):
                return
            table.labels = {**table.labels, WISH: self.run_id.lower()}
            with suppress(PreconditionFailed, NotFound, BadRequest, Conflict):
                self.client.update_table(table, ["labels"])  # If-Match: or at the next look

    def is_wished_for(self) -> bool:
        """Whether somebody waits for us to give it up.

        Raises:
            RunInProgressError: it isn't ours any more.
            TargetError: BigQuery refused or can't be reached.
        """
        with as_target_errors(f"lock {self._id}"):
            table = self._ours(self._look())
        return bool(table.labels.get(WISH))

    @property
    def wisher(self) -> str:
        """Who wished for it until we gave it back; empty: nobody."""
        table = self.known.table
        return "" if table is None else str(table.labels.get(WISH) or "")

    def is_left(self) -> bool:
        """Whether it lies as we gave it back: nobody has taken it yet.

        Raises:
            TargetError: BigQuery refused or can't be reached.
        """
        with as_target_errors(f"lock {self._id}"):
            table = self._look()
        return table is not None and _holder(table) == self.run_id and _state(table) == RELEASED

    def _insert(self) -> GoogleAPICallError | None:
        """Make the table, or say why not; whatever the reason, a table that is there holds."""
        table = bigquery.Table(self._id, schema=[bigquery.SchemaField("held", "BOOL")])
        table.expires = self.clock.now() + self.lease
        table.labels = self._labels(HELD, {})
        table.description = "Held by a run of Smart Sync while it works on the table."
        since = datetime.now(UTC)
        try:
            table = self.client.create_table(table)
        except GoogleAPICallError as error:
            if error.code is not None and error.code >= 500:
                raise
            return error
        self.known.table = table
        if self.clock.learn(table.created, since):
            self._send(table, self.lease, HELD)
        return None

    def _mend_clock(self, refusal: GoogleAPICallError) -> None:
        """An end that is past by BigQuery's clock is refused; what else is stays the reason."""
        if isinstance(refusal, (BadRequest, NotFound)):
            with suppress(GoogleAPICallError, GoogleAuthError, *CONNECTION_ERRORS):
                self._ask_for_time()

    def _ask_for_time(self) -> None:
        """Learn BigQuery's time from a query, once in a lock's life."""
        if self.clock.was_asked:
            return
        since = datetime.now(UTC)
        ((now,),) = self.client.query_and_wait("SELECT CURRENT_TIMESTAMP() AS now")
        self.clock.learn(now, since)
        self.clock.was_asked = True

    def _left(self, table: Any) -> timedelta:
        """Of its lease; nothing when somebody took its end away."""
        return table.expires - self.clock.now() if table.expires else timedelta(0)

    def _is_free(self, table: Any) -> bool:
        """Whether it may be taken: given back, or over by BigQuery's own clock."""
        if _state(table) == RELEASED:
            return True
        if table.expires is None or self._left(table) > timedelta(0):
            return False
        self._ask_for_time()
        return self._left(table) <= timedelta(0)

    def _look(self) -> Any:
        try:
            table = self.client.get_table(self._id)
        except NotFound:
            return None
        self.clock.learn(table.modified, None)
        return table

    def _patch(self, table: Any, life: timedelta, state: str) -> bool:
        """Write our id and a new end; False when someone else was faster."""
        before, since = table.modified, datetime.now(UTC)
        try:
            after = self._send(table, life, state)
        except (PreconditionFailed, NotFound, BadRequest, Conflict):
            return False  # the local BigQuery says 400 to the slower of two at one moment
        if after.modified != before and self.clock.learn(after.modified, since):
            with suppress(PreconditionFailed, NotFound, BadRequest, Conflict):
                self._send(after, life, state)  # once: it is ours, with an end that is off
        return True

    def _send(self, table: Any, life: timedelta, state: str) -> Any:
        """Patch with If-Match: the table as it then is."""
        table.expires = self.clock.now() + life
        table.labels = self._labels(state, table.labels)
        self.known.table = self.client.update_table(table, ["expires", "labels"])  # If-Match: etag
        return self.known.table

    def _labels(self, state: str, before: Mapping[str, str]) -> dict[str, str]:
        """Ours; what others wished for stays while it is ours, and ends with who held it before.

        A patch leaves labels alone that it doesn't name.
        """
        labels = {"application": APPLICATION, "run_id": self.run_id.lower(), "state": state}
        is_ours = before.get("run_id") == self.run_id.lower()
        wish = (before.get(WISH) or "") if is_ours else ""
        if self.yields or YIELDS in before:
            labels[YIELDS] = "true" if self.yields else ""
        if wish or WISH in before:
            labels[WISH] = wish
        return labels

    def _ours(self, table: Any) -> Any:
        if table is None:
            raise self._lost("its lease was over")
        if _holder(table) != self.run_id:
            raise self._lost(f"its lease was over and run {_holder(table)} has taken the table")
        return table

    def _lost(self, why: str) -> RunInProgressError:
        return RunInProgressError(
            "lock lost",
            f"table {self.destination}, run {self.run_id}",
            why,
            "nothing more is published by this run; run again. If runs are slow to start or are"
            " suspended, raise lock_lease.",
        )

    def _in_progress(self, table: Any) -> RunInProgressError:
        holder, end = _holder(table), f"has no end: drop table {self._id}, run again"
        if table.expires is not None:
            end = f"ends at {table.expires:%Y-%m-%d %H:%M:%S} UTC: run again then"
        kind = YieldingError if table.labels.get(YIELDS) else RunInProgressError
        return kind(
            "another run holds the table",
            f"table {self.destination}",
            f"run {holder}, started {started(holder)}",
            f"wait until it has ended. If it died, its lease {end}, and what it left is settled"
            " first (lock_lease sets how long that takes).",
        )


def holders(client: bigquery.Client, project: str, dataset: str) -> frozenset[str]:
    """The runs that hold a lock of a table in a dataset: they live, or their leases aren't over.

    One listing tells all locks: labels and expirationTime stand in it
    (https://cloud.google.com/bigquery/docs/reference/rest/v2/tables/list).

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    with as_target_errors(f"dataset {project}.{dataset}"):
        try:
            listed = list(client.list_tables(f"{project}.{dataset}", page_size=1000))
        except NotFound:
            return frozenset()
    now, prefix = datetime.now(UTC), lock_table(TableRef(project, dataset, "")).table
    locks = [one for one in listed if one.table_id.startswith(prefix) and _state(one) == HELD]
    return frozenset(_holder(one) for one in locks if one.expires is None or one.expires > now)


def started(run_id: str) -> str:
    """When a run was launched, from its id.

    >>> started("20250722t150000-3f9a0c1d")
    '2025-07-22 15:00:00 UTC'
    """
    try:
        moment = datetime.strptime(run_id.partition("-")[0], "%Y%m%dt%H%M%S")  # noqa: DTZ007 - UTC
    except ValueError:
        return "at an unknown time"
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _holder(table: Any) -> str:
    return str(table.labels.get("run_id", ""))


def _state(table: Any) -> str:
    return str(table.labels.get("state", HELD))
