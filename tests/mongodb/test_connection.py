"""How a connection opens: logins, secrets by name, and what is wrong told at once."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from bson import Int64

from demo.mongodb_servers import MongodbServer, mongodb_server
from pipeline import cli
from tests.command_lines import DATAFLOW
from tests.mongodb.conftest import Collection
from tests.secret_manager import secret_manager
from tests.sync import PASSWORD, PROJECT, Result, Sync

NAME = "projects/demo-project/secrets/mongodb/versions/7"
ROWS = 200
HOSTILE = ["@:/%?#[]", "pässwörd 日本", "100%25", "a b&c=d;e+f", "'\"\\`$(x)", "%40", "mongodb://"]


@pytest.fixture(scope="module")
def guarded() -> Iterator[MongodbServer]:
    """A server that wants logins, with a database `shop` and a user for each password."""
    with mongodb_server(options=("--auth",)) as server:
        with server.client() as client:  # the localhost exception
            client.admin.command("createUser", "root", pwd="root", roles=["root"])
        with server.client(username="root", password="root") as client:
            things = client["shop"]["things"]
            things.insert_many([{"_id": n, "n": Int64(n), "s": f"s{n}"} for n in range(ROWS)])
            client["shop"].command(
                "create", "seen", viewOn="things", pipeline=[{"$match": {"n": {"$lt": 50}}}]
            )
            roles = [{"role": "read", "db": "shop"}]
            for number, password in enumerate([PASSWORD, *HOSTILE]):
                client.admin.command("createUser", f"user{number}", pwd=password, roles=roles)
            client.admin.command("createUser", "nobody", pwd=PASSWORD, roles=[])
            client["shop"].command("createUser", "local", pwd=PASSWORD, roles=roles)
            odd = "us@er:/%?#ü"
            client.admin.command("createUser", odd, pwd=PASSWORD, roles=roles)
        yield server


@pytest.fixture
def shop(sync: Sync, guarded: MongodbServer) -> Sync:
    """The program led to the guarded server, as user0."""
    sync.defaults |= {
        "mongodb_port": str(guarded.members[0].port),
        "mongodb_database": "shop",
        "mongodb_collection": "things",
        "mongodb_username": "user0",
        "mongodb_password": PASSWORD,
    }
    return sync


def by_string(text: str, **more: Any) -> dict[str, Any]:
    """The parameters that say the connection by a string instead."""
    parts = ("mongodb_host", "mongodb_port", "mongodb_username", "mongodb_password")
    return dict.fromkeys(parts) | {"mongodb_connection_string": text} | more


def refused(result: Result, *words: str) -> str:
    """The one message of a run that ended with 3."""
    assert result.code == 3, result.err
    assert "Traceback" not in result.err
    (message,) = [line for line in result.err.splitlines() if line.startswith("smart-sync: ")]
    for word in words:
        assert word in message
    return message


@pytest.mark.parametrize("collection", ["things", "seen"])
def test_the_role_read_on_the_database_is_enough(shop: Sync, collection: str) -> None:
    rows = ROWS if collection == "things" else 50
    result = shop.ok(mongodb_collection=collection, num_splits="7")
    assert f"{rows} rows read, {rows} published" in result.out
    assert shop.rows("COUNT(*), COUNT(DISTINCT n)") == [(rows, rows)]


def test_the_role_read_is_enough_for_a_window_in_splits(shop: Sync) -> None:
    words = {"enable_smart_sync": "true", "smart_sync_timestamp_column": "n"}
    shop.ok(**words, num_splits="5", late_commit_guard="off")
    assert shop.rows("COUNT(*), COUNT(DISTINCT n), MAX(n)") == [(ROWS, ROWS, ROWS - 1)]


def test_a_wrong_password_is_one_clear_message_without_it(shop: Sync) -> None:
    wrong = "wr0ng-" + PASSWORD[::-1]
    result = shop(mongodb_password=wrong)
    refused(result, "SourceRefusedError", "uthentication failed", "mongodb_password")
    assert wrong not in result.out + result.err
    assert shop.tables() == set()


def test_no_login_where_one_is_needed_says_so(shop: Sync) -> None:
    result = shop(mongodb_username=None, mongodb_password=None)
    refused(result, "SourceRefusedError", "requires authentication", "mongodb_username")


def test_a_user_without_the_role_is_told_which_to_grant(shop: Sync) -> None:
    refused(shop(mongodb_username="nobody"), "SourceRefusedError", "role `read`")
    assert shop.tables() == set()


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_password_of_any_characters_logs_in(
    shop: Sync, guarded: MongodbServer, number: int
) -> None:
    user, password = f"user{number + 1}", HOSTILE[number]
    plan = shop.ok(mongodb_username=user, mongodb_password=password, plan_only="true")
    hosts = guarded.members[0].address
    text = f"mongodb://{user}:{quote(password, safe='')}@{hosts}/"
    stringed = shop.ok(**by_string(text), plan_only="true")
    for shown in (plan, stringed):
        assert f"mongodb://{hosts}/shop.things" in shown.out
        if len(password) > 3:
            assert password not in (shown.out + shown.err).replace(f"mongodb://{hosts}", "")
        assert quote(password, safe="") not in shown.out + shown.err or password == "mongodb://"


def test_a_user_of_any_characters_logs_in(shop: Sync, guarded: MongodbServer) -> None:
    user = "us@er:/%?#ü"
    shop.ok(mongodb_username=user, plan_only="true")
    text = f"mongodb://{quote(user, safe='')}:{PASSWORD}@{guarded.members[0].address}/"
    shop.ok(**by_string(text), plan_only="true")


def test_a_user_of_another_database_needs_its_auth_source(
    shop: Sync, guarded: MongodbServer
) -> None:
    refused(shop(mongodb_username="local"), "authSource")
    text = f"mongodb://local:{PASSWORD}@{guarded.members[0].address}/?authSource=shop"
    shop.ok(**by_string(text))
    assert len(shop.rows()) == ROWS


def test_a_password_by_name_is_read_where_the_connection_opens(
    shop: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    with secret_manager({NAME: PASSWORD}) as url:
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", url)
        shop.ok(mongodb_password=NAME, num_splits="3")
    assert len(shop.rows()) == ROWS


@pytest.mark.parametrize("end", ["", "\n"], ids=["as it is", "with the line's end of an editor"])
def test_a_connection_string_by_name_is_read_where_the_connection_opens(
    shop: Sync, guarded: MongodbServer, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    secret = f"mongodb://user0:{PASSWORD}@{guarded.members[0].address}/?authSource=admin{end}"
    with secret_manager({NAME: secret}) as url:
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", url)
        result = shop.ok(**by_string(NAME), num_splits="3")
    assert len(shop.rows()) == ROWS
    assert secret.strip() not in result.out + result.err


def test_an_unknown_secret_is_one_message_with_the_role_to_grant(
    shop: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    with secret_manager({}) as url:
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", url)
        for words in ({"mongodb_password": NAME}, by_string(NAME)):
            refused(shop(**words), NAME, "secretmanager.secretAccessor")


BAD_SECRETS = {
    "a password alone": PASSWORD,
    "another scheme": f"postgresql://user0:{PASSWORD}@127.0.0.1/",
    "an unescaped slash": f"mongodb://user0:{PASSWORD}/x@127.0.0.1:1/",
    "an unescaped slash and no path": f"mongodb://user0:x/{PASSWORD}@127.0.0.1:1",
    "an unescaped slash before a plain name": f"mongodb://user0:x/{PASSWORD}@localhost/",
    "an unescaped at": f"mongodb://user0:a@{PASSWORD}@127.0.0.1:1/",
    "an unescaped colon": f"mongodb://user0:a:{PASSWORD}@127.0.0.1:1/",
    "an unescaped question mark": f"mongodb://user0:a?{PASSWORD}@127.0.0.1:1/",
    "an unescaped percent": f"mongodb://user0:{PASSWORD}%x@127.0.0.1:1/",
    "no number for a port": f"mongodb://user0:{PASSWORD}@127.0.0.1:x/",
    "a port out of range": f"mongodb://user0:{PASSWORD}@127.0.0.1:99999/",
    "no host": f"mongodb://user0:{PASSWORD}@/",
    "half an IPv6 address": f"mongodb://user0:{PASSWORD}@[::1/",
    "a file that is not there": f"mongodb://user0:{PASSWORD}@127.0.0.1:1/?tls=true&tlsCAFile=/no",
    "an option without a value": f"mongodb://user0:{PASSWORD}@127.0.0.1:1/?tls",
}


@pytest.mark.parametrize("fault", BAD_SECRETS)
def test_a_connection_string_that_is_none_is_refused_without_showing_it(
    sync: Sync, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    text, began = BAD_SECRETS[fault], time.monotonic()
    with secret_manager({NAME: text}) as url:
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", url)
        result = sync(**by_string(NAME))  # looks for the password itself
    assert refused(result, "mongodb_connection_string")
    assert time.monotonic() - began < 5
    assert sync.tables() == set()


@pytest.mark.parametrize("fault", [name for name in BAD_SECRETS if "scheme" not in name][1:])
def test_a_plain_connection_string_that_is_none_is_refused_without_showing_it(
    sync: Sync, fault: str
) -> None:
    result = sync(**by_string(BAD_SECRETS[fault]))
    assert result.code in (2, 3), result.err
    assert "mongodb_connection_string" in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize("option", ["tlsCAFil=/x", "tls=maybe", "readPreference=near", "retry=1"])
def test_an_option_that_is_not_known_is_told(
    sync: Sync, mongodb: MongodbServer, docs: Collection, option: str
) -> None:
    docs.insert_one({"_id": 1})
    text = f"{mongodb.url}?{option}"
    result = sync(**by_string(text))
    assert result.code in (2, 3), (result.code, result.err)
    assert option.partition("=")[0] in result.err
    assert "Traceback" not in result.err


def test_an_unknown_srv_name_is_told_as_such(sync: Sync) -> None:
    text = f"mongodb+srv://user0:{PASSWORD}@no-such-host.invalid/"
    began = time.monotonic()
    message = refused(sync(**by_string(text)), "mongodb+srv://no-such-host.invalid")
    assert time.monotonic() - began < 25
    assert "percent-encoded" not in message  # no character of it is at fault


def test_an_unknown_database_or_collection_is_told_with_the_parameter(
    sync: Sync, docs: Collection
) -> None:
    docs.insert_one({"_id": 1})
    name = docs.database.name
    for words in (
        {"mongodb_collection": "Things"},
        {"mongodb_collection": "thing"},
        {"mongodb_database": name + "x"},
    ):
        message = refused(sync(**words), "unknown collection", "mongodb_collection")
        assert next(iter(words.values())) in message
    assert sync.tables() == set()


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("mongodb_database", "a b"),
        ("mongodb_database", "a.b"),
        ("mongodb_database", "a/b"),
        ("mongodb_database", "a$b"),
        ("mongodb_database", 'a"b'),
        ("mongodb_database", "x" * 64),
        ("mongodb_collection", "$cmd"),
        ("mongodb_collection", ".things"),
        ("mongodb_collection", "things."),
        ("mongodb_collection", "a..b"),
        ("mongodb_collection", "x" * 256),
    ],
)
def test_a_name_that_no_server_takes_is_told_with_its_parameter(
    sync: Sync, docs: Collection, parameter: str, value: str
) -> None:
    docs.insert_one({"_id": 1})
    result = sync(**{parameter: value})
    assert result.code in (2, 3), result.err
    assert parameter in result.err
    assert "mongodb_query" not in result.err
    assert sync.tables() == set()


FAULTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing says where": (dict.fromkeys(("mongodb_host", "mongodb_port")), ["(mongodb_host)"]),
    "told twice": (
        {"mongodb_connection_string": "mongodb://h/"},
        ["(mongodb_connection_string)", "leave out mongodb_host"],
    ),
    "no connection string": (
        by_string("h:27017"),
        ["(mongodb_connection_string)", "mongodb+srv"],
    ),
    "a user without a password": ({"mongodb_username": "u"}, ["half a login"]),
    "a password without a user": ({"mongodb_password": PASSWORD}, ["half a login"]),
    "a port": ({"mongodb_port": "0"}, ["(mongodb_port)"]),
    "a sample": ({"mongodb_sample_size": "0"}, ["(mongodb_sample_size)"]),
    "no database": ({"mongodb_database": None}, ["(mongodb_database)"]),
    "no collection": ({"mongodb_collection": " "}, ["(mongodb_collection)"]),
    "placeholders": (
        {"mongodb_query": '{"a": {"$gt": {start_timestamp}}}'},
        ["placeholders without smart sync (mongodb_query)"],
    ),
    "verify": ({"verify": "true", "enable_smart_sync": "true"}, ["verify with"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_the_parameters_is_told_with_exit_2_and_nothing_is_written(
    sync: Sync, fault: str
) -> None:
    parameters, words = FAULTS[fault]
    result = sync(**parameters)
    assert result.code == 2, result.err
    for word in words:
        assert word in result.err
    assert sync.tables() == set()


def test_all_faults_of_the_parameters_are_told_at_once(sync: Sync) -> None:
    result = sync(
        mongodb_host=None,
        mongodb_port="x",
        mongodb_username="u",
        mongodb_query="{",
        mongodb_projection="[1]",
        mongodb_sample_size="many",
        mongodb_collection=None,
        verify="true",
        enable_smart_sync="true",
    )
    assert result.code == 2
    for name in (
        "(mongodb_host)",
        "(mongodb_port)",
        "half a login",
        "(mongodb_query)",
        "(mongodb_projection)",
        "(mongodb_sample_size)",
        "(mongodb_collection)",
        "verify with",
    ):
        assert name in result.err
    assert sync.tables() == set()


MALFORMED = [
    "{",
    "a = 1",
    "{'a': 1}",
    "{a: 1}",
    "[]",
    "1",
    "null",
    '"a"',
    '{"a": {"$oid": "zz"}}',
    '{"a": {"$oid": 5}}',
    '{"a": {"$date": "yesterday"}}',
    '{"a": {"$numberLong": "x"}}',
    '{"a": {"$numberInt": "99999999999999999999"}}',
    '{"a": {"$numberDecimal": "abc"}}',
    '{"a": {"$binary": "x"}}',
    '{"a": {"$uuid": "x"}}',
    '{"a": {"$regularExpression": 5}}',
    '{"a": {"$timestamp": {"t": -1, "i": 1}}}',
    '{"a": {"$minKey": 2}}',
    '{"a": 99999999999999999999}',
    '{"a\\u0000b": 1}',
    '{"a": "\\ud800"}',
    '{"a":' * 5000,
    '{"$or": [{"a": 1}], "$or": [{"b": 1}]}',
]


@pytest.mark.parametrize("name", ["mongodb_query", "mongodb_projection"])
@pytest.mark.parametrize("text", MALFORMED, ids=lambda text: text[:40])
def test_what_is_no_extended_json_is_a_fault_and_no_crash(sync: Sync, name: str, text: str) -> None:
    result = sync(**{name: text})
    assert result.code == 2, result.err[-500:]
    assert f"malformed parameter ({name})" in result.err
    assert "Traceback" not in result.err
    assert len(result.err) < 900


REFUSED = {
    '{"n": {"$gtt": 1}}': "$gtt",
    '{"$what": 1}': "$what",
    '{"n": {"$in": 5}}': "$in",
    '{"$and": []}': "$and",
    '{"s": {"$regex": "("}}': "egular expression",
    '{"$expr": {"$what": 1}}': "$what",
}


@pytest.mark.parametrize("query", REFUSED)
def test_an_operator_that_the_server_does_not_know_is_told_in_its_words(
    sync: Sync, docs: Collection, query: str
) -> None:
    docs.insert_many([{"_id": n, "n": n} for n in range(5)])
    refused(sync(mongodb_query=query), REFUSED[query], "mongodb_query")
    assert sync.tables() == set()


@pytest.mark.parametrize(
    "projection", ['{"n": 1, "s": 0}', '{"n": {"$what": 1}}', '{"a": 1, "a.b": 1}', '{"": 1}']
)
def test_a_projection_that_the_server_refuses_is_told_in_its_words(
    sync: Sync, docs: Collection, projection: str
) -> None:
    docs.insert_many([{"_id": n, "n": n} for n in range(5)])
    refused(sync(mongodb_projection=projection), "mongodb_projection")
    assert sync.tables() == set()


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_plan_shows_where_from_without_secrets(
    shop: Sync, guarded: MongodbServer, form: str
) -> None:
    hosts = guarded.members[0].address
    text = f"mongodb://user0:{PASSWORD}@{hosts}/?authSource=admin&appName=t0ken"
    for words in ({}, by_string(text)):
        result = shop.ok(**words, plan_only="true", plan_format=form)
        assert f"mongodb://{hosts}/shop.things" in result.out
        for secret in ("user0", "t0ken", "authSource"):
            assert secret not in result.out + result.err
        if form == "json":
            json.loads(result.out)
    assert shop.tables() == set()


def test_nothing_of_a_login_is_in_the_history_or_the_tables(shop: Sync) -> None:
    shop.ok()
    text = json.dumps(shop.history(), default=str)
    text += str([shop.table(name).to_api_repr() for name in shop.tables()])
    assert PASSWORD not in text
    assert "user0" not in text


LEAST = {
    "data_source": "mongodb",
    "destination_bigquery_project": PROJECT,
    "destination_bigquery_dataset": "d",
    "destination_bigquery_table": "t",
    "mongodb_database": "shop",
    "mongodb_collection": "things",
}
PARTS = {"mongodb_host": "h", "mongodb_username": "u", "mongodb_password": PASSWORD}
STRING = {"mongodb_connection_string": f"mongodb://u:{PASSWORD}@h/"}


def parsed(*flags: str, **words: str) -> Any:
    return cli.parse([f"--{name}={value}" for name, value in (LEAST | words).items()] + [*flags])


def test_plain_secrets_on_dataflow_are_warned_about_and_names_are_not() -> None:
    (warning,) = parsed(*DATAFLOW, **PARTS).warnings
    assert "mongodb_password is plain text" in warning
    assert "Secret Manager" in warning
    (warning,) = parsed(*DATAFLOW, **STRING).warnings
    assert "mongodb_connection_string is plain text" in warning
    assert PASSWORD not in warning
    assert parsed(*DATAFLOW, **PARTS | {"mongodb_password": NAME}).warnings == ()
    assert parsed(*DATAFLOW, mongodb_connection_string=NAME).warnings == ()
    assert parsed(**PARTS).warnings == parsed(**STRING).warnings == ()


def test_no_secret_reaches_beams_flags_or_a_repr() -> None:
    for words in (PARTS, STRING):
        made = parsed(*DATAFLOW, **words)
        assert PASSWORD not in " ".join(made.beam_argv) + repr(made)
        assert PASSWORD not in made.request.reading.connection.place
