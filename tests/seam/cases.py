"""Every case of the fault matrix: what befalls which request, in which state, beside whom."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from google.api_core import exceptions as api
from google.auth.exceptions import RefreshError, TransportError
from requests.exceptions import ConnectionError as LostError
from requests.exceptions import JSONDecodeError

from smart_sync.ways import LOAD, STATEMENT, Way
from tests.seam.service import Body, Script
from tests.seam.world import LAUNCHER, LEASE, PUBLISH, A, B, C, KilledError, P, World

Send = Callable[[], Body]
Error = Callable[[], BaseException]

# What befalls a request: it doesn't arrive, or its answer is lost, or it arrives later

NO_WORD: dict[str, Error] = {
    "lost": lambda: LostError("connection reset"),
    "503": lambda: api.ServiceUnavailable("503"),
    "json": lambda: JSONDecodeError("no JSON", "", 0),
    "refresh": lambda: RefreshError("token expired"),
    "memory": MemoryError,
    "killed": KilledError,
}
"""May be said of a request that arrived as of one that didn't."""
REFUSED: dict[str, Error] = {
    "403": lambda: api.Forbidden("403"),
    "404": lambda: api.NotFound("404"),
    "429": lambda: api.TooManyRequests("429"),
    "500": lambda: api.InternalServerError("500"),
    "retry": lambda: api.RetryError("deadline exceeded", LostError("reset")),
    "transport": lambda: TransportError("no token server"),
}
"""Said of a request that did nothing."""
ARRIVES = ("never", "done", "late")


@dataclass(frozen=True)
class Fault:
    """From the `at`-th request of a launch on, `times` of them."""

    at: int
    kind: str
    arrives: str = "never"
    times: int = 1


NOTHING = Fault(-1, "lost")


@dataclass(frozen=True)
class Case:
    """One launch of A, with what was before it and what comes in between."""

    fault: Fault
    asleep: int | None = None
    """Before its so-maniest request A sleeps past its lease, and B runs."""
    meets: int | None = None
    """B gets as far as its so-maniest request when A wakes, and goes on when A has ended."""
    before: Fault | None = None
    """What befell P, which ran before A and of which nobody has heard since."""
    job: str = "quick"
    job_of_p: str = "quick"
    needs_files: bool = True
    shows_expired: bool = False
    late_last: bool = False
    """What arrives late does so after C, not before."""
    way: Way = LOAD
    """How rows get into the table: straight from files, or by a statement of a staging table."""
    quarantines: bool = False
    """Whether a check looks at the rows, and those that fail become dead letters."""
    transforms: bool = False
    """Whether transform_sql leaves some of the rows out."""
    alters: bool = False
    """Whether a column of the table is altered before they are published."""


JOBS = {
    "quick": Script(2.0),
    "slow": Script(200.0),
    "failing": Script(2.0, ("backendError",)),
    "refused": Script(2.0, ("invalid",) * 9),
    "hopeless": Script(2.0, ("backendError",) * 9),
}
FOR_EVER = 10_000


class Meanwhile:
    """B, which runs to its end at once, or stops at a request until it is let go on."""

    def __init__(self, world: World, stops_at: int | None) -> None:
        self._stopped, self._go_on = threading.Semaphore(0), threading.Semaphore(0)
        self._left, self.ended = stops_at, ""
        self._thread = threading.Thread(target=self._run, args=(world,), name=LAUNCHER)
        self._thread.start()
        self._stopped.acquire()

    def _run(self, world: World) -> None:
        self.ended = world.launch(B, self._hook)
        self._stopped.release()

    def _hook(self, send: Send, _: str) -> Body:
        if self._left == 0:
            self._stopped.release()
            self._go_on.acquire()
        if self._left is not None:
            self._left -= 1
        return send()

    def end(self) -> None:
        """Let it go on to its end."""
        self._go_on.release()
        self._thread.join()


class Befalling:
    """A hook that lets a case happen to the requests of one launch."""

    def __init__(self, world: World, fault: Fault, case: Case = Case(NOTHING)) -> None:
        self.seen: list[str] = []
        self.other: Meanwhile | None = None
        self._world, self._fault, self._case = world, fault, case

    def __call__(self, send: Send, what: str) -> Body:
        number = len(self.seen)
        self.seen.append(what)
        if number == self._case.asleep:
            self._world.service.advance(2 * LEASE.total_seconds())
            self._world.source.append(len(self._world.source) + 1)
            self.other = Meanwhile(self._world, self._case.meets)
        fault = self._fault
        if not fault.at <= number < fault.at + fault.times:
            return send()
        if fault.arrives == "done":
            send()
        elif fault.arrives == "late":
            self._world.late.append(send)
        raise (NO_WORD | REFUSED)[fault.kind]()


def _world(case: Case, **words: bool) -> World:
    kinds = {"quarantines": case.quarantines, "transforms": case.transforms}
    return World(way=case.way, alters=case.alters, **kinds, **words)


def run(case: Case, use: Callable[[World], World]) -> tuple[World, list[str]]:
    """The world after a case, and what is wrong in it."""
    world = use(_world(case, needs_files=case.needs_files))
    world.service.shows_expired = case.shows_expired
    _before(world, case)
    world.service.scripts[PUBLISH] = JOBS[case.job]
    hook = Befalling(world, case.fault, case)
    world.launch(A, hook)
    if hook.other is not None:
        hook.other.end()
        if hook.other.ended != "succeeded" and case.job == "quick":
            world.faults.append(f"B, who took the lock lawfully, ended with {hook.other.ended}")
    world.service.scripts.clear()
    if not case.late_last:
        world.deliver()
    world.service.advance(2 * LEASE.total_seconds())
    world.source.append(len(world.source) + 1)
    ended = world.launch(C)
    left = [f"{row['run_id']} is left {row['status']}" for row in world.service.unfinished()]
    world.deliver()
    world.service.advance(20 * LEASE.total_seconds())
    if ended != "succeeded":
        left.append(f"C ended with {ended}")
    return world, world.wrongs() + left


def _before(world: World, case: Case) -> None:
    """P ran, and its lease is over; its job may still run."""
    if case.before is not None:
        world.service.scripts[PUBLISH] = JOBS[case.job_of_p]
        world.launch(P, Befalling(world, case.before))
        world.service.advance(2 * LEASE.total_seconds())
        world.source.append(len(world.source) + 1)


# All cases


def steps(use: Callable[[World], World], case: Case) -> list[str]:
    """The requests of A when nothing befalls them."""
    world = use(_world(case))
    _before(world, case)
    world.service.scripts[PUBLISH] = JOBS[case.job]
    hook = Befalling(world, NOTHING)
    world.launch(A, hook)
    return hook.seen


def number_of(seen: Sequence[str], words: str) -> int:
    """The first request that holds these words."""
    return next(number for number, what in enumerate(seen) if words in what)


KINDS = (
    *((kind, arrives) for kind in NO_WORD for arrives in ARRIVES),
    *((kind, "never") for kind in REFUSED),
)
SEND = f"POST job {PUBLISH}"
"""The publishing request, as `what` says it."""


def once(seen: Sequence[str]) -> Iterator[Case]:
    """Each kind of fault at each request."""
    for at in range(len(seen)):
        for kind, arrives in KINDS:
            yield Case(Fault(at, kind, arrives))


def for_ever(seen: Sequence[str]) -> Iterator[Case]:
    """From each request on BigQuery says nothing else."""
    for at in range(len(seen)):
        for kind, arrives in KINDS:
            if arrives != "late" and kind != "killed":
                yield Case(Fault(at, kind, arrives, FOR_EVER))


def while_it_runs(seen: Sequence[str]) -> Iterator[Case]:
    """From the last look on, while the job runs for hours and reads the source itself."""
    for at in range(number_of(seen, SEND) - 1, len(seen)):
        for kind, arrives in KINDS:
            for times in (1, FOR_EVER):
                if times == 1 or (arrives != "late" and kind != "killed"):
                    fault = Fault(at, kind, arrives, times)
                    yield Case(fault, job="slow", needs_files=False)


def while_it_fails(seen: Sequence[str]) -> Iterator[Case]:
    """Around attempts that end with an error."""
    for job in ("failing", "refused", "hopeless"):
        for at in range(number_of(seen, SEND) - 1, len(seen) + 6):
            for kind, arrives in (("lost", "done"), ("refresh", "late"), ("killed", "late")):
                yield Case(Fault(at, kind, arrives), job=job, needs_files=False)


def asleep(seen: Sequence[str]) -> Iterator[Case]:
    """Before each request A sleeps past its lease and B runs; and then that one is lost."""
    for at in range(len(seen)):
        for job in ("quick", "failing"):
            for needs_files in (True, False):
                yield Case(NOTHING, at, job=job, needs_files=needs_files)
        for kind in ("lost", "killed"):
            for later in (0, 1):
                fault = Fault(at, kind, "late")
                yield Case(fault, at + later, needs_files=False)


def meeting(seen: Sequence[str]) -> Iterator[Case]:
    """A wakes when B is amid its work, and B goes on when A has ended."""
    sent = number_of(seen, SEND)
    for at in (*range(1, 8), sent - 1, sent):
        for meets in range(len(seen) + 3):
            yield Case(NOTHING, at, meets, needs_files=False)


def after_the_dead(seen: Sequence[str]) -> Iterator[Case]:
    """P died at each of its requests; BigQuery may show its lock beyond its end."""
    for at in range(len(seen)):
        for arrives in ARRIVES:
            for shows_expired in (False, True):
                yield Case(
                    NOTHING, before=Fault(at, "killed", arrives), shows_expired=shows_expired
                )


def settling(seen: Sequence[str]) -> Iterator[Case]:
    """A meets faults, sleeps or dies, while P's job may be anywhere."""
    sent = number_of(seen, SEND)
    for arrives in ARRIVES:
        before = Fault(sent, "killed", arrives)
        for at in range(len(seen) + 6):
            yield Case(NOTHING, at, before=before, needs_files=False)
            for kind, by in (
                ("503", "never"),
                ("403", "never"),
                ("lost", "done"),
                ("lost", "late"),
            ):
                yield Case(Fault(at, kind, by), before=before, needs_files=False, job_of_p="slow")
            for by in ARRIVES:
                yield Case(Fault(at, "killed", by), before=before, needs_files=False)


def through_a_table(seen: Sequence[str]) -> Iterator[Case]:
    """Rows go through a staging table: A, or P before it, meets what may befall each request."""
    for at in range(len(seen)):
        for kind, arrives in (
            *(("lost", arrives) for arrives in ARRIVES),
            *(("killed", arrives) for arrives in ARRIVES),
            ("403", "never"),
        ):
            yield Case(Fault(at, kind, arrives), way=STATEMENT)
        for arrives in ARRIVES:
            yield Case(NOTHING, before=Fault(at, "killed", arrives), way=STATEMENT)


def with_a_quarantine(seen: Sequence[str]) -> Iterator[Case]:
    """The same; a check looks at the rows in the table, and some become dead letters."""
    for case in through_a_table(seen):
        yield replace(case, quarantines=True)


def with_a_query(seen: Sequence[str]) -> Iterator[Case]:
    """The same; transform_sql makes the rows of those in the table, and leaves some out."""
    for case in through_a_table(seen):
        yield replace(case, transforms=True)
    for at in range(number_of(seen, SEND) - 1, len(seen)):  # nobody knows whether it published
        for arrives in ("never", "done"):
            yield Case(Fault(at, "lost", arrives, FOR_EVER), way=STATEMENT, transforms=True)


def with_alterations(seen: Sequence[str]) -> Iterator[Case]:
    """The same, and straight from files; a column of the table is altered before, by two jobs."""
    for case in through_a_table(seen):
        yield replace(case, alters=True)
        yield replace(case, alters=True, way=LOAD)
    for at in range(len(seen)):  # B, or C, finds the table altered
        yield Case(NOTHING, at, alters=True)


def with_the_late(cases: Iterable[Case]) -> Iterator[Case]:
    """The same; what arrives late does so before C and, in another case, after it."""
    for case in cases:
        yield case
        faults = (case.fault, case.before or NOTHING)
        if any(fault.arrives == "late" for fault in faults):
            yield replace(case, late_last=True)
