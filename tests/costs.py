"""docs/cost.md: its tables, made of the arithmetic by which a plan says which host fits.

`make docs` writes it, and a test fails when it is stale.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from smart_sync import hosts
from smart_sync.hosts import Host, Work, cloud_run, dataflow, run_month, vm
from tests.history_bytes import YEAR, billed, month_dollars

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cost.md"
COUNTS = (1, 40, 500)
LOADS_GB = (1, 10, 100, 500)
ROW_BYTES, NEW_ROWS = 273, 1_000
"""Of a row of docs/speed.md; of each table in an hour."""
SCHEDULE_MONTH, FREE_SCHEDULES = 0.10, 3
"""Dollars of a job, and how many are free: https://cloud.google.com/scheduler/pricing."""
GB = 10**9


def hourly(tables: int) -> Work:
    """What a launch of so many tables does in an hour."""
    each = NEW_ROWS * ROW_BYTES
    return Work(tables, bytes=tables * each, largest=each)


def schedules(count: int) -> float:
    """Dollars of a month of so many jobs of Cloud Scheduler, the only ones of the account."""
    return max(0, count - FREE_SCHEDULES) * SCHEDULE_MONTH


def apart(host: Host, tables: int) -> float:
    """Dollars of a month in which each table has a launch of its own every hour."""
    if host.name == "Cloud Run":
        return run_month(tables * max(host.seconds, hosts.RUN_LEAST_S))
    return tables * host.a_month


def month_rows() -> Iterator[tuple[str, ...]]:
    """Each way, and its dollars a month by the number of tables."""
    one = hourly(1)
    ways = {
        "Dataflow, a launch for each table": [
            apart(dataflow(one), n) + schedules(n) for n in COUNTS
        ],
        "Dataflow, one launch": [dataflow(hourly(n)).a_month for n in COUNTS],
        "Cloud Run, an execution for each table": [
            apart(cloud_run(one), n) + schedules(n) for n in COUNTS
        ],
        "Cloud Run, one execution": [cloud_run(hourly(n)).a_month for n in COUNTS],
        f"{hosts.VM_TYPE}, cron": [vm(hourly(n)).a_month for n in COUNTS],
    }
    for way, dollars in ways.items():
        yield way, *(f"{each:,.2f}" for each in dollars)


def minute_rows() -> Iterator[tuple[str, ...]]:
    """Minutes of one launch of all tables, by host."""
    for host in (dataflow, cloud_run, vm):
        found = [host(hourly(n)) for n in COUNTS]
        yield found[0].name, *(f"{each.seconds / 60:,.1f}" for each in found)


def load_rows() -> Iterator[tuple[str, ...]]:
    """A first load of one table: minutes and dollars by host."""
    for host in (dataflow, cloud_run, vm):
        found = [host(Work(1, bytes=size * GB, largest=size * GB)) for size in LOADS_GB]
        yield (
            found[0].name,
            *(f"{each.seconds / 60:,.0f} min, ${each.dollars:,.2f}" for each in found),
        )


def price_rows() -> Iterator[tuple[str, ...]]:
    """Every price, and the page that has it."""
    run, flow = "https://cloud.google.com/run/pricing", "https://cloud.google.com/dataflow/pricing"
    vms = "https://cloud.google.com/compute/vm-instance-pricing"
    free = f"{hosts.RUN_FREE_VCPU_S:,} vCPU s and {hosts.RUN_FREE_GIB_S:,} GiB s"
    yield "Cloud Run job: vCPU second", f"{hosts.RUN_VCPU_S:.6f}", run
    yield "Cloud Run job: GiB second", f"{hosts.RUN_GIB_S:.6f}", run
    yield f"Cloud Run jobs: {free} a month", "0", run
    yield "Dataflow, batch: vCPU hour", f"{hosts.WORKER_VCPU_HOUR}", flow
    yield "Dataflow, batch: GB hour of memory", f"{hosts.WORKER_GB_HOUR}", flow
    yield "Dataflow: GB hour of disk", f"{hosts.WORKER_DISK_GB_HOUR:.6f}", flow
    yield "n1-standard-1 (launcher), hour", f"{hosts.LAUNCHER_HOUR}", vms
    yield f"{hosts.VM_TYPE}, hour", f"{hosts.VM_HOUR}", vms
    schedule = "https://cloud.google.com/scheduler/pricing"
    yield (
        f"Cloud Scheduler: job, month; {FREE_SCHEDULES} are free",
        f"{SCHEDULE_MONTH:.2f}",
        schedule,
    )


HISTORIES = (1, 100, 500)


def history_rows() -> Iterator[tuple[str, ...]]:
    """What a look at a history bills, by its age, and in a month."""
    for name, near in (("the last days", True), ("all of it", False)):
        for told, age in (("a month", timedelta(days=30)), ("a year", YEAR)):
            found = (billed(n, age, near=near) / 1e6 for n in HISTORIES)
            yield f"{name}, after {told}", *(f"{each:,.0f} MB" for each in found)
    for name, near in (("the last days", True), ("all of it", False)):
        months = (month_dollars(n, YEAR, near=near) for n in HISTORIES)
        yield f"{name}, dollars a month after a year", *(f"{each:,.2f}" for each in months)


def table(headings: Sequence[str], rows: Iterator[tuple[str, ...]]) -> str:
    """Markdown; all columns but the first are figures."""
    rule = ("---", *["--:"] * (len(headings) - 1))
    return "\n".join(f"| {' | '.join(row)} |" for row in (tuple(headings), rule, *rows))


def tables() -> dict[str, str]:
    """Each table of the page, by its name there."""
    counts = tuple(f"{count} table{'s' * (count > 1)}" for count in COUNTS)
    return {
        "month": table(("US dollars a month, hourly", *counts), month_rows()),
        "minutes": table(("minutes of one launch", *counts), minute_rows()),
        "loads": table(
            ("first load of one table", *(f"{size} GB" for size in LOADS_GB)), load_rows()
        ),
        "history": table(
            ("a look at the history of", *(f"{n} hourly table{'s' * (n > 1)}" for n in HISTORIES)),
            history_rows(),
        ),
        "prices": table(("what", "US dollars", "page"), price_rows()),
    }


def page() -> str:
    """The page as it should be."""
    text = PAGE.read_text(encoding="utf-8")
    for name, made in tables().items():
        begin, end = f"<!-- {name}: made by `make docs` -->", f"<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{made}\n{end}{after}"
    return text


def main() -> None:
    """Write it."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
