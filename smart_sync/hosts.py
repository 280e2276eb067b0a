"""Where a launch fits: minutes and dollars of each host, reckoned from what it has to do. Pure.

Nothing of this was measured on the real service: what a core reads was measured on two cores
beside the databases, prices are those of us-central1 as the pages named here had them, and what
is an assumption says so. BigQuery's own price is the same on each host, and not in it.
"""

import math
from dataclasses import dataclass

BYTES_A_SECOND = 52e6
"""Of the source that one connection and half a core stage in a second: between a quarter and half
of what whole cores are measured to (docs/scaling.md), since a vCPU is a thread of a core, and the
cores of the benchmark's machines differ."""
TABLE_S = 8.0
"""Of a table whatever its rows: about 20 requests, of which 4 are jobs; an assumption."""
HOUR_S, HOURS_A_MONTH = 3600, 730
SOON_S = HOUR_S
"""Within an hour a launch has to end that comes every hour."""

RUN_VCPUS, RUN_GIB, RUN_START_S, RUN_LEAST_S = 1, 2, 15, 60
"""Of a Cloud Run job: its size is ours, its start an assumption, a minute is billed at least."""
RUN_VCPU_S, RUN_GIB_S = 0.000018, 0.000002
"""Dollars: https://cloud.google.com/run/pricing, jobs, tier 1."""
RUN_FREE_VCPU_S, RUN_FREE_GIB_S = 240_000, 450_000
"""Of a billing account in a month (the same page)."""

VM_TYPE, VM_VCPUS, VM_HOUR, VM_START_S = "e2-standard-2", 2, 0.06701, 5
"""Dollars an hour: https://cloud.google.com/compute/vm-instance-pricing. It is on all the time."""

LAUNCHER_S, LAUNCHER_HOUR = 120, 0.0475
"""Of a Flex Template's launcher, an n1-standard-1: how long it takes is an assumption."""
WORKERS_START_S = 240
"""Before the first row; an assumption, as in docs/scaling.md."""
WORKER_VCPU_HOUR, WORKER_GB_HOUR, WORKER_DISK_GB_HOUR = 0.056, 0.003557, 0.000054
"""Dollars: https://cloud.google.com/dataflow/pricing, batch."""
WORKER_GB, WORKER_DISK_GB = 3.75, 25
"""Of a worker: n1-standard-1, Dataflow's default for batch."""
BACKLOG_S = 300
"""Autoscaling adds a worker for so much reading that one would need: an assumption."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a launch has to do.

    Attributes:
        tables: that it syncs.
        bytes: of the source that leave it, of all tables together; estimates.
        largest: the bytes of the largest table, which one process reads over one connection.
        unknown: tables of unknown size, counted as empty.
        at_once: tables side by side.
        connections: to the source at once.
    """

    tables: int
    bytes: int = 0
    largest: int = 0
    unknown: int = 0
    at_once: int = 4
    connections: int = 8

    @property
    def asking_s(self) -> float:
        """Seconds of what each table takes whatever its rows."""
        return math.ceil(self.tables / self.at_once) * TABLE_S

    def in_process_s(self, vcpus: int) -> float:
        """Seconds in one process on so many vCPUs."""
        shared = self.bytes / (vcpus * BYTES_A_SECOND)
        return self.asking_s + max(shared, self.largest / BYTES_A_SECOND)


@dataclass(frozen=True, slots=True)
class Host:
    """What a launch takes on one host.

    Attributes:
        name: of the host.
        seconds: from its start to its end.
        dollars: of one launch.
        a_month: dollars, when it is launched every hour.
    """

    name: str
    seconds: float
    dollars: float
    a_month: float

    @property
    def text(self) -> str:
        """For people.

        >>> Host("Dataflow", 400, 0.0212, 15.5).text
        'Dataflow about 7 min, $0.021'
        """
        return f"{self.name} about {max(1, round(self.seconds / 60))} min, {_money(self.dollars)}"


def _money(dollars: float) -> str:
    """Two digits that say something; whole cents from a dollar on.

    >>> _money(0.00241), _money(3.456)
    ('$0.0024', '$3.46')
    """
    return f"${dollars:.2f}" if dollars >= 1 else f"${float(f'{dollars:.2g}'):g}"


def cloud_run(work: Work) -> Host:
    """A Cloud Run job; its month is less what is free.

    >>> host = cloud_run(Work(tables=40))
    >>> round(host.seconds), round(host.dollars, 4), round(host.a_month, 2)
    (95, 0.0021, 0.0)
    """
    seconds = RUN_START_S + work.in_process_s(RUN_VCPUS)
    billed = max(seconds, RUN_LEAST_S)
    return Host("Cloud Run", seconds, run_dollars(billed), run_month(billed))


def run_dollars(billed_s: float) -> float:
    """Dollars of so many seconds of a Cloud Run job, with nothing free.

    >>> round(run_dollars(3600), 4)
    0.0792
    """
    return billed_s * (RUN_VCPUS * RUN_VCPU_S + RUN_GIB * RUN_GIB_S)


def run_month(billed_s: float) -> float:
    """Dollars of a month in which so many seconds are billed each hour, less what is free.

    >>> run_month(60), round(run_month(1015), 2)
    (0.0, 11.08)
    """
    month_s = billed_s * HOURS_A_MONTH
    paid_vcpu_s = max(0.0, RUN_VCPUS * month_s - RUN_FREE_VCPU_S)
    paid_gib_s = max(0.0, RUN_GIB * month_s - RUN_FREE_GIB_S)
    return paid_vcpu_s * RUN_VCPU_S + paid_gib_s * RUN_GIB_S


def vm(work: Work) -> Host:
    """A VM that is on all the time: a launch costs the hours that it begins.

    >>> host = vm(Work(tables=40))
    >>> round(host.seconds), host.dollars, round(host.a_month, 2)
    (85, 0.06701, 48.92)
    """
    seconds = VM_START_S + work.in_process_s(VM_VCPUS)
    hours = math.ceil(seconds / HOUR_S)
    return Host("VM", seconds, hours * VM_HOUR, HOURS_A_MONTH * VM_HOUR)


def dataflow(work: Work) -> Host:
    """A Dataflow job of a Flex Template, its launcher included.

    >>> host = dataflow(Work(tables=1, bytes=500 * 10**9, largest=500 * 10**9))
    >>> round(host.seconds / 60), round(host.dollars, 2)
    (26, 0.23)
    """
    backlog_s = work.bytes / BYTES_A_SECOND
    workers = min(max(1, math.ceil(backlog_s / BACKLOG_S)), work.connections)
    working_s = WORKERS_START_S + work.asking_s + backlog_s / workers
    hour = WORKER_VCPU_HOUR + WORKER_GB * WORKER_GB_HOUR + WORKER_DISK_GB * WORKER_DISK_GB_HOUR
    dollars = workers * working_s / HOUR_S * hour + LAUNCHER_S / HOUR_S * LAUNCHER_HOUR
    return Host("Dataflow", LAUNCHER_S + working_s, dollars, HOURS_A_MONTH * dollars)


def hosts(work: Work) -> tuple[Host, ...]:
    """What the launch takes on each of them."""
    return cloud_run(work), vm(work), dataflow(work)


def fitting(work: Work) -> Host:
    """The cheapest host on which the launch ends within an hour; where none does, the fastest.

    >>> fitting(Work(tables=40)).name, fitting(Work(1, 500 * 10**9, 500 * 10**9)).name
    ('Cloud Run', 'Dataflow')
    """
    known = hosts(work)
    soon = [host for host in known if host.seconds <= SOON_S]
    if soon:
        return min(soon, key=lambda host: host.dollars)
    return min(known, key=lambda host: host.seconds)


def advice(work: Work) -> str:
    """One line: which host fits, and what the others take."""
    best = fitting(work)
    others = "; ".join(host.text for host in hosts(work) if host.name != best.name)
    text = f"fits: {best.text} a launch ({others})"
    return f"{text}, {work.unknown} of unknown size left out" if work.unknown else text
