"""TLS, and servers that can't be reached: what is refused is told as such, and soon."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.mongodb_servers import MongodbServer, mongodb_server
from demo.servers import free_port
from sources.mongodb import client
from tests.mongodb.conftest import Collection
from tests.mongodb.test_connection import by_string, refused
from tests.sync import PASSWORD, Result, Sync
from tests.tls_proxy import make_certificate


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MongodbServer, Path]]:
    """A server that speaks TLS only, and the certificate of its authority."""
    folder = tmp_path_factory.mktemp("tls")
    made = make_certificate(folder, "server")
    both = folder / "both.pem"
    both.write_bytes(made.key.read_bytes() + made.certificate.read_bytes())
    options = ("--tlsMode", "preferTLS", "--tlsCertificateKeyFile", str(both))
    with mongodb_server(options=options) as server:
        with server.client() as plain:
            plain["shop"]["things"].insert_many([{"_id": n, "n": n} for n in range(50)])
            plain.admin.command({"setParameter": 1, "tlsMode": "requireTLS"})
        yield server, made.certificate


def by_tls(sync: Sync, server: MongodbServer, options: str, host: str = "localhost") -> Result:
    limit = "serverSelectionTimeoutMS=3000"
    text = f"mongodb://{host}:{server.members[0].port}/?{limit}&{options}"
    words = by_string(text, mongodb_database="shop", mongodb_collection="things")
    return sync(**words, num_splits="3", max_retries="0")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_rows_are_read_by_tls_with_an_authority_of_ones_own(
    sync: Sync, encrypted: tuple[MongodbServer, Path], host: str
) -> None:
    server, authority = encrypted
    result = by_tls(sync, server, f"tls=true&tlsCAFile={authority}", host)
    assert result.code == 0, result.err
    assert len(sync.rows()) == 50


def test_an_untrusted_certificate_is_refused_and_says_which_option(
    sync: Sync, encrypted: tuple[MongodbServer, Path], tmp_path: Path
) -> None:
    other = make_certificate(tmp_path, "other").certificate
    began = time.monotonic()
    result = by_tls(sync, encrypted[0], f"tls=true&tlsCAFile={other}")
    refused(result, "SourceRefusedError", "certificate verify failed", "tlsCAFile")
    assert time.monotonic() - began < 20
    assert sync.tables() == set()


def test_an_unencrypted_connection_to_a_server_of_tls_only_is_refused(
    sync: Sync, encrypted: tuple[MongodbServer, Path]
) -> None:
    began = time.monotonic()
    refused(by_tls(sync, encrypted[0], "tls=false"), "tls")
    assert time.monotonic() - began < 20


def test_a_server_that_is_not_there_ends_with_3_in_bounded_time(
    sync: Sync, docs: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.CONNECT_TIMEOUT_MS == 15_000
    monkeypatch.setattr(client, "CONNECT_TIMEOUT_MS", 6_000)
    began = time.monotonic()
    result = sync(mongodb_host="127.0.0.1", mongodb_port=str(free_port()))
    assert 6 <= time.monotonic() - began < 11, "not at once, and not twice"
    message = refused(result, "SourceUnreachableError", "127.0.0.1", "mongodb_host", "firewall")
    assert len(message) < 900
    assert sync.tables() == set()


def test_a_host_that_is_not_there_is_told_by_its_name(sync: Sync) -> None:
    text = f"mongodb://u:{PASSWORD}@no-such-host.invalid/?serverSelectionTimeoutMS=3000"
    refused(sync(**by_string(text)), "SourceUnreachableError", "no-such-host.invalid")
    assert sync.tables() == set()


def test_a_host_that_is_a_connection_string_is_refused_and_not_shown(sync: Sync) -> None:
    for host in (f"mongodb://user0:{PASSWORD}@127.0.0.1", f"user0:{PASSWORD}@127.0.0.1"):
        result = sync(mongodb_host=host, mongodb_port=str(free_port()))
        assert result.code == 2, result.err
        assert "mongodb_host" in result.err


def test_the_time_limits_of_a_connection_string_hold(sync: Sync) -> None:
    text = f"mongodb://127.0.0.1:{free_port()}/?serverSelectionTimeoutMS=1000"
    began = time.monotonic()
    refused(sync(**by_string(text)), "SourceUnreachableError")
    assert time.monotonic() - began < 8
