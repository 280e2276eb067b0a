"""No message shows a piece of a login, wherever a connection string was put."""

import itertools

import pytest

from auto_schema.errors import SyncError, shown
from pipeline.parameters import options
from sources.mongodb.client import connected
from sources.mongodb.connection import MongodbConnection
from sources.mongodb.connection_string import ConnectionString
from sources.secrets import Secret

PIECES = ("pl4nt", "s3cret")
BETWEEN = ("@", "/", ":", "?", "%", "%zz", "@/", "/@", "?x=", "//", "://", ",/", "@?", "/?", "%40/")
ENDS = (
    "localhost:1/db",
    "localhost:1",
    "localhost:1/db?authSource=admin&foo=1",
    "a,b:x/?replicaSet=rs",
    "localhost/db?authMechanismProperties=AWS_SESSION_TOKEN:pl4nt@s3cret",
)
STRINGS = [
    f"{scheme}://user:{PIECES[0]}{between}{PIECES[1]}@{end}"
    for scheme, between, end in itertools.product(("mongodb", "mongodb+srv"), BETWEEN, ENDS)
]
SHARED = (
    "--destination_bigquery_project=demo-project",
    "--destination_bigquery_dataset=d",
    "--destination_bigquery_table=t",
)
MONGODB = (*SHARED, "--data_source=mongodb", "--mongodb_database=d", "--mongodb_collection=c")
WORDS = {"host": "h", "database": "d", "username": "u", "password": "p"}


def refusal(*argv: str) -> str:
    with pytest.raises(SyncError) as raised:
        options.parse(argv, {})
    assert not any(piece in raised.value.text + raised.value.line for piece in PIECES)
    return raised.value.text


@pytest.mark.parametrize("string", STRINGS)
def test_a_login_that_is_not_encoded_is_refused_without_a_piece_of_it(string: str) -> None:
    assert "mongodb_connection_string" in refusal(*MONGODB, f"--mongodb_connection_string={string}")
    connection = MongodbConnection("d", "c", Secret.of(string))
    with pytest.raises(SyncError) as raised, connected(connection):
        raise AssertionError("connected")
    assert not any(piece in raised.value.text + connection.place for piece in PIECES)


@pytest.mark.parametrize("name", ["host", "database", "username"])
@pytest.mark.parametrize("source", ["postgresql", "mongodb"])
@pytest.mark.parametrize(
    "text",
    [
        "{source}://user:pl4nt@s3cret@h/db",
        "{source}://h/db?password=pl4nts3cret",
        "host=h password=pl4nt\\ s3cret",
        "host=h password = 'pl4nt s3cret'",
    ],
)
def test_a_connection_string_in_another_parameter_is_refused_without_showing_it(
    source: str, name: str, text: str
) -> None:
    words = {f"{source}_{word}": value for word, value in WORDS.items()}
    words |= {f"{source}_{name}": text.format(source=source), "data_source": source}
    more = {"postgresql": {"postgresql_query": "SELECT 1"}, "mongodb": {"mongodb_collection": "c"}}
    argv = [f"--{word}={value}" for word, value in (words | more[source]).items()]
    assert f"{source}_{name}" in refusal(*SHARED, *argv)


def test_what_is_quoted_in_a_message_is_quoted_without_a_login() -> None:
    text = shown("mongodb://user:pl4nt@s3cret@host/db")
    assert text == "'mongodb://…@host/db'"
    assert "pl4nt" not in str(SyncError("no such role", "", 'role "http://u:pl4nt@h" is missing'))


@pytest.mark.parametrize(
    "string",
    [
        "mongodb://a",
        "mongodb://user:p%40%2f%3a@a:1,b_2.c-d:27017/db?replicaSet=x&appName=a@b",
        "mongodb://[::1]:27017/?tls=true",
        "mongodb+srv://user@cluster0.example.net",
        "mongodb://%2Ftmp%2Fmongodb-27017.sock/?directConnection=true",
    ],
)
def test_what_is_well_formed_is_taken(string: str) -> None:
    assert not ConnectionString.of(string).fault
