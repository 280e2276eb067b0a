"""A file of passwords is read as libpq itself reads it: both look into the same files."""

import contextlib
from pathlib import Path

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.home import password_of
from sources.postgresql.passfile import entry_for
from sources.secrets import Secret

FIELDS = st.sampled_from(
    [
        "*",
        "localhost",
        "127.0.0.1",
        "PORT",
        "5432",
        "postgres",
        "we:ird",
        "we\\:ird",
        "**",
        "",
        "\\",
    ]
)
PASSWORDS = st.text("ab:\\*# ö", max_size=6)
ENTRIES = st.tuples(FIELDS, FIELDS, FIELDS, FIELDS, PASSWORDS).map(":".join)
LINES = st.one_of(
    ENTRIES,
    PASSWORDS.map(lambda text: f"*:*:*:*:{text}"),
    PASSWORDS.map(lambda text: f"127.0.0.1:PORT:postgres:postgres:{text}"),
    PASSWORDS.map(lambda text: f"127\\.0.0.1:*:po\\stgres:\\*:{text}"),
    PASSWORDS.map(lambda text: f"*:*:post\\gre\\s:*:{text}"),
    st.sampled_from(["", "# a comment", " *:*:*:*:x", "*:*:*", "*:*:*:*:crlf\r"]),
)


def of_libpq(server, path, host):
    """What libpq takes from the file; the server lets everybody in."""
    words = {"host": host, "port": server.port, "user": "postgres", "dbname": "postgres"}
    with contextlib.closing(psycopg2.connect(**words, passfile=str(path))) as opened:
        return opened.info.password or ""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    made = tmp_path_factory.mktemp("passwords") / "pgpass"
    made.touch(0o600)
    return made


@given(st.lists(LINES, max_size=4), st.sampled_from(["127.0.0.1", "socket"]))
def test_the_password_of_a_file_is_the_one_that_libpq_takes(postgresql, path, lines, at):
    text = "\n".join(lines).replace("PORT", str(postgresql.port))
    path.write_bytes(text.encode())
    host = postgresql.host if at == "socket" else at
    entry = entry_for(text, host, str(postgresql.port), "postgres", "postgres")
    assert (entry.password if entry else "") == of_libpq(postgresql, path, host)


def test_a_socket_where_servers_put_it_by_default_is_localhost():
    for folder in ("/tmp", "/var/run/postgresql"):
        assert entry_for("localhost:*:*:*:a\n", folder, "5432", "d", "u").password == "a"
    assert entry_for("localhost:*:*:*:a\n", "/elsewhere", "5432", "d", "u") is None


def test_libpq_itself_is_kept_from_the_file_of_a_home(postgresql, tmp_path, monkeypatch):
    (tmp_path / ".pgpass").write_text("*:*:*:*:theirs\n")
    (tmp_path / ".pgpass").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    ours = PostgresqlConnection(postgresql.host, postgresql.port, "postgres", "postgres", Secret())
    with contextlib.closing(psycopg2.connect(**ours.parameters())) as opened:
        assert not opened.info.password


def test_an_account_without_a_home_has_no_password_there(monkeypatch):
    def none():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", none)
    assert password_of({"postgresql_host": "db"}, "", {}) is None
