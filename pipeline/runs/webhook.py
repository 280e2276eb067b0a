"""I/O. One JSON body to a webhook: bounded in time, and nothing shows its address.

An address that posts into a channel is a secret. Exceptions of the HTTP library hold it,
so only their classes are told; its log lines hold it, so none of ours gets through.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from auto_schema.errors import SyncError
from pipeline.parameters.webhook import Webhook, address_fault
from sources.secrets import Secret

TRIES = 3
TRY_S = 10.0
"""Of one try, for the connection and for each answer of the other side."""
LONGEST_S = 60.0
"""Of it all: also a name that is never resolved, and an answer that drips."""
PAUSE = wait_random_exponential(multiplier=2, max=8)
HEADERS = {"Content-Type": "application/json"}


class _PassingError(Exception):
    """A lost connection, 429 or 5xx: another try may help."""


def send(webhook: Webhook, body: bytes) -> str:
    """Post the body, up to three times; empty, or why it did not arrive. Never raises."""
    told: list[str] = []

    def work() -> None:
        try:
            with _unlogged():
                told.append(_deliver(webhook.secret, body))
        except Exception as error:  # whatever it is must not end the run that is told of
            told.append(_kind(error))

    thread = threading.Thread(target=work, name="webhook", daemon=True)
    thread.start()
    thread.join(LONGEST_S)
    return told[0] if told else f"no end within {LONGEST_S:g} s"


def _deliver(secret: Secret, body: bytes) -> str:
    try:
        address = secret.resolve().strip()
    except SyncError as error:
        return str(error)
    fault = address_fault(address)
    if fault:
        return f"{secret.name or 'notify_webhook'}: {fault}"
    passing = retry_if_exception_type(_PassingError)
    tries = Retrying(stop=stop_after_attempt(TRIES), wait=PAUSE, retry=passing, reraise=True)
    try:
        return tries(_post, address, body)
    except _PassingError as error:
        return f"{error}, {TRIES} times"


def _post(address: str, body: bytes) -> str:
    """One try; the answer's body is not read, and redirections are not followed."""
    try:
        with requests.post(
            address, body, headers=HEADERS, timeout=TRY_S, allow_redirects=False, stream=True
        ) as answer:
            status = answer.status_code
    except (requests.ConnectionError, requests.Timeout) as error:
        raise _PassingError(_kind(error)) from None
    if status == 429 or status >= 500:
        raise _PassingError(f"HTTP {status}")
    return "" if 200 <= status < 300 else f"HTTP {status}"


def _kind(error: BaseException) -> str:
    """Classes of an error and of its first cause: their texts hold the address."""
    first = error
    while cause := first.__cause__ or first.__context__:
        first = cause
    names = dict.fromkeys((type(error).__name__, type(first).__name__))
    return " by ".join(names)


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep what urllib3 says in this thread, from debug to warning, out of the logs."""
    own = threading.get_ident()

    def is_of_others(record: logging.LogRecord) -> bool:
        return record.thread != own

    names = [name for name in logging.root.manager.loggerDict if name.startswith("urllib3")]
    loggers = [logging.getLogger(name) for name in names]
    for logger in loggers:
        logger.addFilter(is_of_others)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_of_others)
