"""A planning connection that is ended while it is silent: the driver opens another."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo.mongodb_servers import MongodbServer
from sources.mongodb.connection import MongodbConnection
from sources.mongodb.inspector import inspecting
from sources.questions import RangesQuestion, RowsQuestion
from sources.values import Extract, Window
from tests.mongodb.conftest import Collection
from tests.tcp_proxy import tcp_proxy

FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)
WINDOW = Extract("at", Window(FIRST, LAST))
QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "clock": lambda i: i.clock(guard=True).now > LAST,
    "integer_cursor": lambda i: (
        i.integer_cursor("n", wait=False, auto=True, margin=timedelta())[0] == 49
    ),
    "evidence": lambda i: (
        i.evidence(i.source(WINDOW), RowsQuestion(count_outside=True)).null_cursors == 0
    ),
    "bounds": lambda i: bool(i.bounds(i.source(Extract()), RangesQuestion("_id"))),
    "has_rows": lambda i: i.has_rows(i.source(WINDOW)),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_question_is_answered_after_a_silent_connection_was_ended(
    mongodb: MongodbServer, docs: Collection, name: str
) -> None:
    docs.insert_many([{"_id": n, "at": FIRST + timedelta(days=1), "n": n} for n in range(50)])
    with tcp_proxy("127.0.0.1", mongodb.members[0].port) as proxy:
        at = MongodbConnection(docs.database.name, docs.name, host="127.0.0.1", port=proxy.port)
        with inspecting(at, "", "", "at") as inspector:
            proxy.cut()
            assert QUESTIONS[name](inspector)
