"""What a plan says of its checks: the lines that show them."""

from collections.abc import Iterator

from smart_sync.check import Check, Condition, Measured, Severity
from smart_sync.check_sql import checks_query
from smart_sync.plan import SyncPlan
from smart_sync.quarantine_sql import quarantining
from smart_sync.read_plan import dollars_of

NEVER_ZERO = Condition()


def check_lines(plan: SyncPlan) -> Iterator[str]:
    """The checks, what a failure of each does, and what asking for them reads."""
    volume = plan.publishing.volume
    if volume is not None:
        yield f"  volume       {'error' if volume.ends else 'warn'} unless {volume.text}"
    checks, read = plan.publishing.checks, plan.publishing.checks_bytes
    for number, check in enumerate(checks):
        yield f"  {'checks' if number == 0 else '':<12} {_told(check)}"
    if checks:
        if rows := quarantining(plan):
            names = ", ".join(check.name for check in rows)
            yield f"               rows that fail become dead letters: {names}"
        price = ""
        if read:
            dollars = dollars_of(read, plan.publishing.price_per_tib)
            price = f", and {read:,} bytes of tables that are there, about ${dollars}"
        yield f"               one query over the staged rows{price}"
        yield from (f"    | {line}" for line in checks_query(plan).split("\n"))


def _told(check: Check) -> str:
    """A check in one line.

    >>> from smart_sync.check import NotNull
    >>> _told(Check("not_null_orders_id", "not_null", NotNull("id")))
    'not_null_orders_id: error'
    """
    text = f"{check.name}: {check.severity}"
    if isinstance(check.rule, Measured):
        text += f" unless {check.rule}"
    is_error = check.severity is Severity.ERROR
    if is_error and check.error_if != NEVER_ZERO:
        text += f" if {check.error_if}"
    if check.warn_if not in (NEVER_ZERO, *[check.error_if] * is_error):
        text += f", warn if {check.warn_if}"
    text += " of the table as it will be" if check.scope == "table" else ""
    return text + (f", where {' '.join(check.where.split())}" if check.where else "")


def checks_dict(plan: SyncPlan) -> list[dict[str, object]]:
    """The checks as JSON-ready values."""
    return [
        {
            "name": check.name,
            "kind": check.kind,
            "columns": list(check.columns),
            "severity": str(check.severity),
            "scope": str(check.scope),
            "where": check.where or None,
            "error_if": str(check.error_if),
            "warn_if": str(check.warn_if),
            "unless": str(check.rule) if isinstance(check.rule, Measured) else None,
        }
        for check in plan.publishing.checks
    ]
