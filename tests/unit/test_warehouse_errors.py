"""What is made of BigQuery's answers: of its jobs, and over gRPC, as Storage Read gives them."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.api_core.grpc_helpers import wrap_errors
from google.cloud.bigquery.job.base import _error_result_to_exception

from sources.bigquery.errors import source_error
from warehouse.errors import is_refusal, is_transient, target_error


def answered(status):
    """The error that Google's client makes of a status."""

    def refuse(_, context):
        context.abort(status, "table x was not found")

    handler = grpc.method_handlers_generic_handler(
        "Read", {"Rows": grpc.unary_unary_rpc_method_handler(refuse)}
    )
    server = grpc.server(ThreadPoolExecutor(1), handlers=[handler])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(Exception) as met:
            wrap_errors(channel.unary_unary("/Read/Rows"))(b"")
    finally:
        server.stop(None).wait()
    return met.value


def test_a_refusal_is_told_as_one_and_a_fault_is_worth_another_attempt():
    """The error holds the call itself, which has no reason: asking for it ended the run with 70."""
    gone = answered(grpc.StatusCode.NOT_FOUND)
    assert gone.errors
    assert (is_transient(gone), is_refusal(gone)) == (False, True)
    assert "table x was not found" in str(source_error(gone, "p.d.t"))
    assert is_transient(answered(grpc.StatusCode.UNAVAILABLE))


@pytest.mark.parametrize(
    ("reason", "message", "again", "mend"),
    [
        ("quotaExceeded", "Your table exceeded quota for imports", False, "limit"),
        ("rateLimitExceeded", "too many table update operations", True, "limit"),
        ("billingNotEnabled", "DML queries are not allowed", False, "enable billing"),
        ("accessDenied", "Permission bigquery.tables.get denied", False, "grant roles/bigquery"),
        ("invalidQuery", "Transaction is aborted due to concurrent update", True, "run again"),
        ("invalidQuery", "Could not serialize access to x due to concurrent update", True, "again"),
        ("invalidQuery", "Unrecognized name: a", False, "correct"),
    ],
)
def test_a_job_that_failed_is_sent_again_or_told_with_what_mends_it(reason, message, again, mend):
    error = _error_result_to_exception({"reason": reason, "message": message})
    assert is_transient(error) is again
    assert mend in target_error(error, "t").fix
    if again or mend in ("limit", "enable billing"):
        assert "role" not in source_error(error, "s").fix
