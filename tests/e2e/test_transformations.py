"""transformation_config over whole runs: values cast, filled, added, masked; rows filtered out."""

import datetime as dt
import hashlib
import json
from decimal import Decimal

import pytest

from tests.planted import Kept

UTC = dt.UTC
PEOPLE = {"postgresql_query": "SELECT * FROM people", "max_dead_letters": "5"}
CONFIG = {
    "exclude_fields": ["note"],
    "type_casts": {"amount": "NUMERIC", "born": "DATE", "flag": "BOOL"},
    "default_values": {"amount": 0, "country": "XX"},
    "constants": {"loaded": {"type": "DATE", "value": "2025-01-31"}, "tenant": "acme"},
    "mask": {"email": "sha256", "iban": "last4", "phone": "redact", "pin": "null"},
    "filter": [["country", "!=", "FR"], ["amount", "<", 1000]],
    "field_mappings": {"email": "email_hash"},
}


def config(**words):
    return {"transformation_config": json.dumps(words)}


@pytest.fixture
def people(sql):
    sql(
        "CREATE TABLE people (id int8 PRIMARY KEY, email text, iban text, phone text, pin int4,"
        " amount text, born timestamptz, flag int4, country text, note text)"
    )
    sql(
        "INSERT INTO people VALUES"
        " (1, 'ann@x.org', 'DE8937', '+49', 1, '1.50', '1970-01-31 23:30+00', 1, 'DE', 'n'),"
        " (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),"
        " (3, 'bob@x.org', 'FR12', '+33', 3, '5', '1980-01-01', 0, 'FR', 'n'),"
        " (4, 'eve@x.org', 'IT12', '+39', 4, 'five', '1980-01-01', 0, 'IT', 'n'),"
        " (5, 'joe@x.org', 'US12', '+1', 5, '5', '1980-01-01', 7, 'US', 'n'),"
        " (6, 'max@x.org', 'AT12', '+43', 6, '1000', '1980-01-01', 0, 'AT', 'n')"
    )
    return sql


def test_each_step_does_its_part_in_order(sync, people):
    sync.ok(**PEOPLE, **config(**CONFIG))

    digest = hashlib.sha256(b"ann@x.org").hexdigest()
    assert sync.rows("*") == [
        (
            *(1, digest, "****8937", "REDACTED", None, Decimal("1.5")),
            *(dt.date(1970, 1, 31), True, "DE", dt.date(2025, 1, 31), "acme"),
        ),
        (
            *(2, None, None, None, None, Decimal(0), None, None, "XX"),
            *(dt.date(2025, 1, 31), "acme"),
        ),
    ]
    run = sync.history()[-1]
    figures = ("rows_read", "rows_staged", "rows_dead", "rows_filtered")
    assert [run[figure] for figure in figures] == [6, 2, 2, 2]


PLANTED = [f"pl4nted-{letter}-v4lue" for letter in "abcdef"]
MASKED = {"mask": {"key": "sha256", "email": "redact", "pin": "sha256", "age": "last4"}}


@pytest.fixture
def kept(sync, monkeypatch, caplog):
    return Kept(sync, monkeypatch, caplog)


@pytest.fixture
def secretive(sql):
    """Rows of which the key, too, is somebody's, and some of which nothing can hold."""
    sql("CREATE TABLE s (key text PRIMARY KEY, email text, pin text, age text, n text, d int4)")
    rows = ", ".join(f"('{v}', 'mail{v}', 'pin{v}', '7', '1', 1)" for v in PLANTED)
    sql(f"INSERT INTO s VALUES {rows}")
    sql("ANALYZE s")
    return sql


TABLE = {"postgresql_query": "SELECT * FROM s", "source_table_for_schema": "s"}
SECRETIVE = {"postgresql_query": "SELECT key, email, pin, age, n, 1 / d AS d FROM s"}


def test_the_search_for_masked_values_finds_them_where_nothing_is_masked(kept, secretive):
    secretive(f"UPDATE s SET n = 'x' WHERE key = '{PLANTED[0]}'")
    words = {"num_splits": "3", "show_values": "true"}
    kept(**TABLE, **config(type_casts={"pin": "INT64"}), **words)
    kept(**TABLE, **config(type_casts={"n": "INT64"}), **words, max_dead_letters="1")

    places = {place for place, _ in kept.holding(*PLANTED)}
    assert {"table t", "table t_dead_letters", "staged file", "graph", "output"} <= places


@pytest.mark.parametrize("way", ["published", "refused", "too many"])
def test_masked_values_are_nowhere(kept, secretive, sync, way):
    secretive(f"UPDATE s SET n = 'x' WHERE key = '{PLANTED[0]}'")
    secretive(f"UPDATE s SET age = 'age{PLANTED[1]}' WHERE key = '{PLANTED[1]}'")
    if way == "refused":
        secretive(f"UPDATE s SET d = 0 WHERE key = '{PLANTED[2]}'")
    words = config(**MASKED, type_casts={"n": "INT64", "age": "INT64"})
    most = "1" if way == "too many" else "5"

    result = kept(
        **(TABLE if way == "published" else SECRETIVE),
        **words,
        num_splits="3",
        max_dead_letters=most,
        show_values="true",
    )

    assert result.code == (7 if way == "too many" else 0), result.err
    assert kept.holding(*PLANTED) == []
    assert "is masked" in kept.plans[0].reading.split_reason
    letters = sync.rows("column_name, value, reason", "t_dead_letters")
    told = [("age", "(masked)", "can't be cast from STRING to INT64")]
    told += [("d", None, letters[1][2])] if way == "refused" else []
    assert letters == [*told, ("n", "x", "can't be cast from STRING to INT64")]


def test_a_masked_value_that_the_server_refuses_is_in_no_message(kept, secretive, sync):
    query = {"postgresql_query": "SELECT key, pin::int4 AS pin FROM s"}
    result = kept(**query, **config(mask={"key": "redact", "pin": "null"}), max_dead_letters="9")
    assert result.code == 0, result.err
    assert kept.holding(*PLANTED) == []
    (letter, *_) = sync.rows("value, reason", "t_dead_letters")
    assert letter == ("(masked)", "the server refuses a value (SQLSTATE 22P02)")
