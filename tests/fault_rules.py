"""Rules of the fault proxy: which request, and what becomes of it.

An action gets the exchange under way and gives the answer that the client is told.
"""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

REASONS = {
    403: "rateLimitExceeded",
    429: "rateLimitExceeded",
    500: "internalError",
    502: "badGateway",
    503: "backendError",
}
"""BigQuery's own: https://cloud.google.com/bigquery/docs/error-messages"""


class DroppedError(Exception):
    """Raised by an action: the connection is closed without an answer."""


@dataclass(frozen=True)
class Answer:
    """What the client is told."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass
class Seen:
    """A request as it came, and what became of it."""

    time: float  # of arrival, by time.monotonic()
    method: str
    path: str  # with its query string
    body: Any  # parsed JSON, of an upload its metadata; else None
    forwarded: int | None = None  # what the service answered; None: nothing, or never asked
    status: int | None = None  # what the client was told; None: nothing (yet)


class Exchange:
    """One request under way."""

    def __init__(self, seen: Seen, send: Callable[[], Answer], closing: threading.Event) -> None:
        self.seen = seen
        self._send, self._closing = send, closing
        self._answer: Answer | None = None

    def forward(self) -> Answer:
        """The service's answer; it is asked once, however often this is called."""
        if self._answer is None:
            self._answer = self._send()
            self.seen.forwarded = self._answer.status
        return self._answer

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than the proxy lives."""
        self._closing.wait(seconds)

    def wait(self, event: threading.Event) -> None:
        """Wait for an event, but not longer than the proxy lives."""
        while not event.wait(0.02) and not self._closing.is_set():
            time.sleep(0)


Action = Callable[[Exchange], Answer]


def answer(
    status: int, reason: str = "", *, body: Any = None, after: bool = False, **headers: str
) -> Action:
    """Answer with a status: BigQuery's error JSON, or `body`.

    Args:
        status: told to the client.
        reason: of the error; without it the usual one of the status.
        body: in place of an error: a value for JSON, or a function Seen → value.
        after: the service gets the request first, and its own answer is lost.
        headers: more of them; `retry_after` is Retry-After.
    """

    def act(exchange: Exchange) -> Answer:
        if after:
            exchange.forward()
        told = body(exchange.seen) if callable(body) else body
        if told is None:
            told = error_body(status, reason or REASONS.get(status, "invalid"))
        more = [(name.replace("_", "-"), value) for name, value in headers.items()]
        return Answer(
            status, (("Content-Type", "application/json"), *more), json.dumps(told).encode()
        )

    return act


def error_body(status: int, reason: str) -> dict[str, Any]:
    """An error as BigQuery tells it."""
    message = f"injected {reason}"
    errors = [{"message": message, "domain": "global", "reason": reason}]
    return {"error": {"code": status, "message": message, "errors": errors}}


def drop(*, after: bool = False) -> Action:
    """Close without an answer; `after`: the service has accepted it, its answer is lost."""

    def act(exchange: Exchange) -> Answer:
        if after:
            exchange.forward()
        raise DroppedError

    return act


def slow(*, before: float = 0.0, after: float = 0.0) -> Action:
    """Wait so many seconds before the service is asked, or before its answer is told."""

    def act(exchange: Exchange) -> Answer:
        exchange.pause(before)
        told = exchange.forward()
        exchange.pause(after)
        return told

    return act


def call(
    function: Callable[[Seen], Any], *, after: bool = False, then: Action | None = None
) -> Action:
    """Call before the service is asked, or `after` it answered and nobody knows yet.

    `then` is what happens next, say drop(); the service is asked once all the same.
    """

    def act(exchange: Exchange) -> Answer:
        if after:
            exchange.forward()
        function(exchange.seen)
        return then(exchange) if then else exchange.forward()

    return act


def hold(until: threading.Event, *, after: bool = False, then: Action | None = None) -> Action:
    """Hold the request, or `after` it the answer, until the event is set."""

    def act(exchange: Exchange) -> Answer:
        if after:
            exchange.forward()
        exchange.wait(until)
        return then(exchange) if then else exchange.forward()

    return act


def rewrite(change: Callable[[Any], Any]) -> Action:
    """Change the JSON of the service's answer."""

    def act(exchange: Exchange) -> Answer:
        told = exchange.forward()
        changed = json.dumps(change(json.loads(told.body))).encode()
        return Answer(told.status, told.headers, changed)

    return act


@dataclass(eq=False)
class Rule:
    """Which requests an action is for; patterns are searched for, the method's is whole."""

    action: Action
    method: str = ".*"
    path: str = ""
    body: str | Callable[[Seen], bool] = ""
    times: int | None = None  # then it is used up; None: never
    skip: int = 0  # so many matching requests pass first
    matched: int = field(default=0, init=False)
    acted: int = field(default=0, init=False)

    def matches(self, seen: Seen) -> bool:
        if not re.fullmatch(self.method, seen.method) or not re.search(self.path, seen.path):
            return False
        if callable(self.body):
            return self.body(seen)
        return not self.body or bool(re.search(self.body, json.dumps(seen.body)))

    def takes(self, seen: Seen) -> bool:
        """Count a request; whether the action is for it."""
        if not self.matches(seen):
            return False
        self.matched += 1
        if self.matched <= self.skip or (self.times is not None and self.acted >= self.times):
            return False
        self.acted += 1
        return True


def job(step: str) -> dict[str, Any]:
    """Keywords of a Rule: the insert of a run's job, also as an upload; step is a pattern."""
    return {"method": "POST", "path": r"/jobs\b", "body": rf'"jobId": "sync_[^"_]+_{step}"'}
