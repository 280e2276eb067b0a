"""Days of a run history as `days_query` tells them: of many destinations, from a seed."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

NOW = datetime(2026, 11, 30, 1, 12, tzinfo=UTC)
RUN_ID = "20261130t010500-3f9a0c1d"
NAMES = ("orders", "customers", "payments", "events", "sessions", "refunds", "carts")
ERROR = (
    "DeadLetterLimitError: too many dead letters (table shop-prod.shop.orders): 3 rows could not"
    " be conformed, max_dead_letters=0. To mend: look into shop-prod.shop.orders_dead_letters, mend"
    " the rows or cast the column in the query, or raise max_dead_letters. Nothing was published."
)
PLAN = (
    "Merges about 1,204 rows into shop.orders by id: everything after 2026-11-30 00:04:50 up to"
    " 2026-11-30 01:04:50 (updated_at, UTC)",
    "Rows that are there with the same id are replaced, all others stay",
    "Reads postgresql://db.example.com:5432/shop in 2 splits; published by one script",
)


def days_of(count: int, days: int = 90, seed: int = 1) -> list[dict[str, Any]]:
    """So many destinations, each with 24 runs a day; about one in twenty fails at the end."""
    draw = random.Random(seed)
    return [row for number in range(count) for row in _days(number, days, draw)]


def _days(number: int, days: int, draw: random.Random) -> Iterator[dict[str, Any]]:
    name = f"shop-prod.shop.{NAMES[number % len(NAMES)]}_{number:02d}"
    rows, seconds = 10 ** draw.uniform(2, 6), 10 ** draw.uniform(0.7, 2.5)
    fails = number % 20 == 3
    for ago in reversed(range(days)):
        moment = datetime.combine((NOW - timedelta(days=ago)).date(), time(23, 50), UTC)
        moment = min(moment, NOW - timedelta(minutes=7))
        has_failed = (fails and ago < 2) or draw.random() < 0.02
        yield a_day(
            destination=name,
            day=moment.date(),
            runs=24,
            failed=2 if has_failed else 0,
            rows_published=0 if has_failed else int(rows * draw.uniform(0.7, 1.3)),
            rows_dead=draw.choice((0,) * 30 + (3,)),
            seconds=seconds * 24 * draw.uniform(0.8, 1.3),
            longest_s=seconds * draw.uniform(1, 2.2),
            bytes_staged=int(rows * 90 * draw.uniform(0.7, 1.3)),
            checks_failed=draw.choice((0,) * 50 + (1,)),
            complete_until=None if has_failed else moment - timedelta(seconds=draw.uniform(9, 900)),
            failed_since=2 if fails and ago < 2 else 0,
            last_event=moment,
            last_status="failed" if has_failed else "succeeded",
            last_exit_code=7 if has_failed else 0,
            last_error=ERROR if has_failed else "",
            **_plan(is_told=ago == 0),
        )


def a_day(**more: Any) -> dict[str, Any]:
    """A day of one good run."""
    return {
        "destination": "p.d.t",
        "day": NOW.date(),
        "runs": 1,
        "failed": 0,
        "rows_published": 5,
        "rows_dead": 0,
        "seconds": 2.5,
        "longest_s": 2.5,
        "bytes_staged": 100,
        "checks_failed": 0,
        "checks_warned": 0,
        "complete_until": NOW - timedelta(minutes=10),
        "last_success": None,
        "failed_since": 0,
        "last_event": NOW - timedelta(minutes=7),
        "last_run_id": RUN_ID,
        "last_status": "succeeded",
        "last_exit_code": 0,
        "last_rows_dead": 0,
        "last_version": "0.1.0",
        "last_error": "",
        **_plan(is_told=False),
        **more,
    }


def _plan(*, is_told: bool) -> dict[str, str | None]:
    told = {f"plan_{number}": line for number, line in enumerate((*PLAN, "", ""))}
    return {"plan_run_id": RUN_ID, **told} if is_told else dict.fromkeys(("plan_run_id", *told))
