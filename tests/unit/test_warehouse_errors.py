"""What is made of BigQuery's answers over gRPC, by which Storage Read gives rows."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.api_core.grpc_helpers import wrap_errors

from sources.bigquery.errors import source_error
from warehouse.errors import is_refusal, is_transient


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
