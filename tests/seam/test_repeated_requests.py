"""A request is sent again within bounds; a no to one that was sent before is no refusal."""

from collections.abc import Callable
from typing import Any

import pytest
from google.api_core.exceptions import Forbidden, GoogleAPICallError, RetryError, ServiceUnavailable
from google.cloud import bigquery

from tests.seam.service import client_of
from warehouse.client import RETRY_S
from warehouse.errors import is_refusal

Ask = Callable[[bigquery.Client], Any]
WAYS: dict[str, Ask] = {
    "job": lambda client: client.query("SELECT 1", job_id="a"),
    "query": lambda client: client.query_and_wait("SELECT 1"),
    "table": lambda client: client.delete_table("p.d.t"),
}


@pytest.fixture(params=WAYS)
def ask(request: pytest.FixtureRequest) -> Ask:
    return WAYS[request.param]


def client_that_hears(*answers: Exception) -> bigquery.Client:
    """A client with retries, and the errors that its requests get one after the other."""
    left = iter(answers)

    def request(**_: Any) -> Any:
        raise next(left)

    return client_of(request, retries=1)


def no_of(ask: Ask, *answers: Exception) -> GoogleAPICallError:
    with pytest.raises(Forbidden) as caught:
        ask(client_that_hears(*answers))
    return caught.value


def test_a_no_to_the_only_request_is_a_refusal(ask):
    assert is_refusal(no_of(ask, Forbidden("no")))


def test_a_no_to_a_request_that_was_sent_before_is_none(ask, paused):
    """The first one may have come through: what it was to do may be done."""
    assert not is_refusal(no_of(ask, ServiceUnavailable("gone"), Forbidden("no")))


def test_a_service_that_is_gone_is_asked_for_so_long_and_no_longer(ask, monkeypatch):
    slept, now = [], [0.0]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr("google.api_core.retry.retry_unary.time.sleep", sleep)
    monkeypatch.setattr("google.api_core.retry.retry_unary.time.monotonic", lambda: now[0])

    def request(**_: Any) -> Any:
        raise ServiceUnavailable("gone")

    with pytest.raises((GoogleAPICallError, RetryError)):
        ask(client_of(request, retries=1))
    assert 0 < sum(slept) <= RETRY_S
