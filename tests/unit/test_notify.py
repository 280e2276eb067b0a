"""What a webhook is told, as text; and how it is delivered, to a server that misbehaves."""

import json
import logging
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tenacity import wait_none

from demo.servers import free_port
from pipeline import cli
from pipeline.parameters.webhook import Webhook, address_fault
from pipeline.runs import webhook
from pipeline.runs.notify import body, escaped
from pipeline.runs.webhook import send
from sources.secrets import Secret
from tests.command_lines import DATAFLOW, argv, only_fault
from tests.hook_server import PATH, TOKEN, drip, hook_server, raw, silence, status
from tests.processes import until

NAME = "projects/p/secrets/hook/versions/latest"
ROW = {
    "run_id": "20250722t150000-3f9a0c1d",
    "status": "succeeded",
    "destination": "my-project.shop.orders",
    "cursor_column": "updated_at",
    "window_start": None,
    "window_end": "2025-07-22 14:59:50+00",
    "rows_read": 1_234_567,
    "rows_published": 1_234_565,
    "rows_dead": 2,
    "seconds": '{"publish": 2.5, "total": 61.25}',
    "exit_code": 0,
    "error": None,
    "version": "1.2.3",
}
FAILED = ROW | {"status": "failed", "exit_code": 5, "error": "TargetError: no."}


def text(row, before=None):
    return json.loads(body(row, before))["text"]


def test_a_message_begins_with_status_table_and_rows_and_then_lists_the_figures():
    assert text(ROW) == (
        "Smart Sync succeeded: my-project.shop.orders, 1,234,567 rows read, 1,234,565 published,"
        " 2 dead letters\n"
        "run: 20250722t150000-3f9a0c1d\n"
        "exit code: 0\n"
        "seconds: 61.25\n"
        "window: (-∞, 2025-07-22 14:59:50+00] of updated_at\n"
        "version: 1.2.3"
    )


def test_a_failure_is_told_with_the_address_of_its_entry():
    lost = "RunInProgressError: lock lost (table p.d.t): its lease was over. To mend: run again."
    assert text(FAILED | {"error": lost}).endswith("\nsee: docs/errors.md#lock-lost")


def test_a_failure_ends_with_its_error_and_a_recovery_names_the_failed_run():
    assert text(FAILED).endswith("version: 1.2.3\nerror: TargetError: no.")
    lines = text(ROW, FAILED | {"run_id": "before"}).split("\n")
    assert lines[0].startswith("Smart Sync recovered: my-project.shop.orders, ")
    assert lines[2] == "run before: before, failed, exit code 5"


def test_a_run_without_plan_or_end_has_lines_for_what_is_known():
    known = {name: FAILED[name] for name in ("run_id", "status", "destination", "exit_code")}
    rows = {"rows_read": 0, "rows_published": 0, "rows_dead": 0}
    told = text(known | rows | {"error": "e", "version": "1"})
    assert told.split("\n")[1:] == [
        f"run: {ROW['run_id']}",
        "exit code: 5",
        "version: 1",
        "error: e",
    ]
    assert text(FAILED | {"status": "publishing"}).startswith("Smart Sync ended while publishing: ")


def test_a_long_error_is_cut_before_its_letters_are_escaped():
    line = text(FAILED | {"error": "<" * 5_000}).split("\n")[-1]
    assert line == "error: " + "&lt;" * 999 + "…"


@given(st.text())
def test_any_error_makes_valid_json_without_links_or_mentions(error):
    told = text(FAILED | {"error": error})
    assert "<" not in told
    assert ">" not in told
    assert told.count("&") == sum(map(told.count, ("&amp;", "&lt;", "&gt;")))
    body(FAILED | {"error": error}).decode("ascii")


def test_escaped_text_reads_as_it_was_written():
    assert escaped("a<b && ü→ñ 🚨") == "a&lt;b &amp;&amp; ü→ñ 🚨"


# Addresses

GOOD = (
    "https://hooks.slack.com/services/T0/B0/x",
    "https://example.com:8443/x?y=z",
    "http://127.0.0.1:8080/x",
    "http://localhost/x",
    "http://[::1]:1/x",
)
BAD = (
    "http://hooks.slack.com/services/T0/B0/x",
    "http://127.0.0.1.example.com/x",
    "hooks.slack.com/services/T0/B0/x",
    "projects/p/secrets/s",
    "https://",
    "https:///x",
    "https://a b/x",
    "https://a/\nx",
    "https://a:port/x",
    "https://[::1/x",
    "file:///etc/passwd",
    " ",
)


@pytest.mark.parametrize("address", GOOD)
def test_a_good_address_is_taken(address):
    assert address_fault(address) == ""
    given = cli.parse(argv(notify_webhook=address)).webhook
    assert given == Webhook(Secret(plain=address))
    assert address not in repr(given)


@pytest.mark.parametrize("address", BAD)
def test_a_bad_address_is_refused_and_not_shown(address):
    found = only_fault(notify_webhook=address)
    assert "(notify_webhook)" in found
    mend = found.partition("To mend: ")[2]
    assert "https://" in mend or "projects/P/secrets/S/versions/latest" in mend
    assert not address.strip() or address not in found.replace("begins with https://", "")


def test_an_address_by_name_is_looked_at_only_where_it_is_read():
    parsed = cli.parse([*argv(notify_webhook=NAME, notify_on="all"), *DATAFLOW])
    assert parsed.webhook == Webhook(Secret(name=NAME), every_run=True)
    assert not [warning for warning in parsed.warnings if "notify_webhook" in warning]


def test_a_plain_address_is_warned_about_on_dataflow():
    plain = argv(notify_webhook=GOOD[0])
    (warning,) = (w for w in cli.parse([*plain, *DATAFLOW]).warnings if "notify_webhook" in w)
    assert "Secret Manager" in warning
    assert GOOD[0] not in warning
    assert cli.parse(plain).warnings == ()


def test_a_plan_that_is_only_shown_has_no_webhook():
    assert cli.parse(argv(notify_webhook=NAME, plan_only="true")).webhook is None


# Delivery

SOON_S, PATIENCE_S, FOREVER_S = 0.5, 5.0, 60.0
REFUSED = "ConnectionError by ConnectionRefusedError, 3 times"
BROKEN = {
    "hangs": ([silence(FOREVER_S)] * 3, 3, "ReadTimeout by TimeoutError, 3 times"),
    "drips": ([drip(FOREVER_S)], 1, "no end within 0.5 s"),
    "hangs up": ([raw(b"")] * 3, 3, "ConnectionError by RemoteDisconnected, 3 times"),
    "answers garbage": (
        [raw(b"\0\xff no\r\n\r\n")] * 3,
        3,
        "ConnectionError by BadStatusLine, 3 times",
    ),
    "answers with broken headers": ([raw(b"HTTP/1.1 200 OK\r\n: x\r\nbad\r\n\r\n")], 1, ""),
    "answers without end": ([raw(b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n")], 1, ""),
    "answers 500, then well": ([status(500)], 2, ""),
    "answers 429, then well": ([status(429)], 2, ""),
    "answers 503 for ever": ([status(503)] * 9, 3, "HTTP 503, 3 times"),
    "answers 404": ([status(404)], 1, "HTTP 404"),
    "sends it elsewhere": ([status(302, location="/elsewhere")], 1, "HTTP 302"),
}


@pytest.fixture
def hook(monkeypatch):
    """A server whose clients try again at once."""
    monkeypatch.setattr(webhook, "PAUSE", wait_none())
    with hook_server() as made:
        yield made


def test_a_body_arrives_as_it_was_made(hook):
    assert send(Webhook(Secret.of(hook.url)), body(ROW)) == ""
    assert hook.posts == [(PATH, body(ROW))]


def logged_by_delivery(caplog):
    """What was logged meanwhile; clients of other tests' servers log in threads of their own."""
    return [record for record in caplog.records if record.threadName in ("MainThread", "webhook")]


@pytest.mark.parametrize("how", BROKEN)
def test_what_a_webhook_does_is_told_in_time_and_without_its_address(
    hook, caplog, monkeypatch, how
):
    limit = {"hangs": "TRY_S", "drips": "LONGEST_S"}.get(how)
    if limit:
        monkeypatch.setattr(webhook, limit, SOON_S)
    hook.answers, posts, why = list(BROKEN[how][0]), *BROKEN[how][1:]
    caplog.set_level(logging.DEBUG)
    began = time.monotonic()
    assert send(Webhook(Secret.of(hook.url)), body(ROW)) == why
    assert time.monotonic() - began < PATIENCE_S
    until(lambda: len(hook.posts) == posts)
    assert logged_by_delivery(caplog) == []


def test_a_webhook_that_is_not_there_is_tried_three_times(hook, caplog):
    caplog.set_level(logging.DEBUG)
    closed = f"http://127.0.0.1:{free_port()}{PATH}"
    assert send(Webhook(Secret.of(closed)), body(ROW)) == REFUSED
    assert logged_by_delivery(caplog) == []


def test_what_nobody_expected_is_told_by_its_class(hook, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError(hook.url)

    monkeypatch.setattr(webhook.requests, "post", broken)
    assert send(Webhook(Secret.of(hook.url)), body(ROW)) == "RuntimeError"


def test_the_logs_of_other_threads_stay(hook, caplog):
    caplog.set_level(logging.DEBUG)
    hook.answers = [lambda _: logging.getLogger("urllib3.connectionpool").debug("another's")]
    send(Webhook(Secret.of(hook.url)), body(ROW))
    assert "another's" in caplog.text
    assert TOKEN not in caplog.text
