"""How a connection opens: TLS through a terminating proxy, a password by name."""

import pickle

import pytest

from sources.secrets import Secret
from tests.secret_manager import secret_manager
from tests.sync import PASSWORD
from tests.tls_proxy import make_certificate, tls_proxy

NAME = "projects/demo-project/secrets/pg/versions/7"
QUERY = {"postgresql_query": "SELECT 1 AS one", "write_disposition": "WRITE_TRUNCATE"}


@pytest.fixture
def certificate(tmp_path):
    return make_certificate(tmp_path, "server")


def test_verify_full_reads_by_tls_only(sync, database, certificate):
    with tls_proxy(f"{database.host}/.s.PGSQL.{database.port}", certificate) as proxy:
        sync.ok(
            **QUERY,
            postgresql_host="localhost",
            postgresql_port=str(proxy.port),
            postgresql_sslmode="verify-full",
            postgresql_sslrootcert=str(certificate.certificate),
        )
        assert proxy.encrypted >= 2  # the facts and the rows
    assert sync.rows() == [(1,)]


def test_an_untrusted_certificate_is_refused_and_says_which_parameter(
    sync, database, certificate, tmp_path
):
    other = make_certificate(tmp_path, "other")
    with tls_proxy(f"{database.host}/.s.PGSQL.{database.port}", certificate) as proxy:
        result = sync(
            **QUERY,
            postgresql_host="localhost",
            postgresql_port=str(proxy.port),
            postgresql_sslmode="verify-full",
            postgresql_sslrootcert=str(other.certificate),
        )
    assert result.code == 3
    assert "certificate verify failed" in result.err
    assert "postgresql_sslrootcert" in result.err
    assert sync.tables() == set()


def test_a_server_without_tls_is_refused_when_tls_is_required(sync):
    result = sync(**QUERY, postgresql_host="127.0.0.1", postgresql_sslmode="require")
    assert result.code == 3
    assert "postgresql_sslmode" in result.err
    assert sync.tables() == set()


def test_a_password_given_by_name_is_read_where_the_connection_opens(sync, monkeypatch):
    with secret_manager({NAME: PASSWORD}) as url:
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", url)
        sync.ok(**QUERY, postgresql_password=NAME)
    assert sync.rows() == [(1,)]


def test_an_unknown_secret_name_is_one_message_with_the_role_to_grant(sync, monkeypatch):
    with secret_manager({}) as url:
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", url)
        result = sync(**QUERY, postgresql_password=NAME)
    assert result.code == 3
    assert NAME in result.err
    assert "secretmanager.secretAccessor" in result.err


def test_a_secret_by_name_pickles_without_its_text_and_a_plain_one_never_shows():
    with secret_manager({NAME: PASSWORD}) as url:
        named = Secret.of(NAME, url)
        assert named.resolve() == PASSWORD
    assert PASSWORD.encode() not in pickle.dumps(named)
    assert PASSWORD not in repr(Secret.of(PASSWORD)) + str(Secret.of(PASSWORD))
