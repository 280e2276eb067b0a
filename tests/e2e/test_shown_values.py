"""Values of rows stand in messages, log and history only where show_values asks for them."""

import hashlib
import json

import pytest

from auto_schema.told import without_row_values

MAIL = "ann@example.com"
HASH = f"sha256 {hashlib.sha256(MAIL.encode()).hexdigest()[:12]}"
PEOPLE = f"""
CREATE TABLE people (mail text, born date, updated_at timestamptz DEFAULT now() - interval '1 h');
INSERT INTO people VALUES ('{MAIL}', '2001-02-03'), ('bob@example.com', '2001-02-03')
"""
ALL = {"postgresql_query": "SELECT * FROM people"}
MERGE = ALL | {"write_disposition": "WRITE_MERGE", "merge_keys": "mail"}
WINDOW = {"verify_only": "true", "verify_start": "2020-01-01", "verify_end": "2020-01-03"}


def everything_told(sync, result, caplog):
    return result.out + result.err + caplog.text + str(sync.history())


def test_a_dead_letters_value_is_told_by_its_hash(sync, sql, caplog):
    sql("CREATE TABLE notes (id int8, note json)")
    sql("INSERT INTO notes VALUES (1, '{\"a\": 12345678901234567890.123456789}')")
    text = '{"a": 12345678901234567890.123456789}'
    result = sync(postgresql_query="SELECT * FROM notes")
    assert result.code == 7
    told = everything_told(sync, result, caplog)
    assert "12345678901234567890" not in told
    assert f"value sha256 {hashlib.sha256(text.encode()).hexdigest()[:12]}" in told
    assert sync.rows("value", "t_dead_letters") == [(text,)]
    shown = sync(postgresql_query="SELECT * FROM notes", show_values="true")
    assert "12345678901234567890" in shown.err


def test_a_value_that_the_server_quotes_is_told_by_its_hash(sync, sql, caplog):
    sql(PEOPLE)
    result = sync(postgresql_query="SELECT mail::int4 AS mail FROM people")
    assert result.code == 7
    told = everything_told(sync, result, caplog)
    assert MAIL not in told
    assert HASH in told


def test_a_value_of_the_query_itself_is_shown(sync):
    assert '"x1y"' in sync(postgresql_query="SELECT 'x1y'::int4 AS a").err


def test_the_keys_of_verify_only_are_told_by_their_hashes(sync, sql, caplog):
    sql("CREATE TABLE people (mail text PRIMARY KEY, updated_at timestamptz)")
    values = f"('{MAIL}', '2020-01-02'), ('b', '2020-01-02'), ('c', '2020-06-01')"
    sql(f"INSERT INTO people VALUES {values}")
    words = ALL | {"enable_smart_sync": "true"}
    sync.ok(**words)
    sync.client.query(f"DELETE FROM `{sync.dataset}`.t WHERE mail != 'c'").result()
    result = sync(**words, **WINDOW)
    assert result.code == 8
    told = everything_told(sync, result, caplog)
    assert MAIL not in told
    assert "key sha256 " in told
    assert MAIL in sync(**words, **WINDOW, show_values="true").out


def test_a_merge_key_is_told_by_its_hash(sync, sql, caplog):
    sql(PEOPLE)
    sync.ok(**ALL)
    sync.ok(**ALL)
    result = sync(**MERGE)
    assert result.code == 5
    told = everything_told(sync, result, caplog)
    assert "@example.com" not in told
    key = json.dumps({"mail": MAIL}, separators=(",", ":")).encode()
    assert f"sha256 {hashlib.sha256(key).hexdigest()[:12]} (show_values=true shows it)" in told
    assert MAIL in sync(**MERGE, show_values="true").err


@pytest.mark.parametrize(
    "message",
    [
        f'invalid input syntax for type integer: "{MAIL}"',
        f'invalid input syntax for type json DETAIL:  Token "{MAIL}" is invalid. CONTEXT: {MAIL}',
        f'date/time field value out of range: "{MAIL}"',
        f'value "{MAIL}" is out of range for type integer',
        f'invalid input value for enum mood: "{MAIL}"',
        f'malformed array literal: "{MAIL}" DETAIL:  Array value must start with "{{".',
        f"Bad int64 value: {MAIL}",
        f"Invalid timestamp: '{MAIL}'; while executing",
        f'Could not cast literal "{MAIL}" to type DATE',
        f'Failed to parse input string "{MAIL}"',
        f"Failed to parse number '{MAIL}' in $convert with no onError value",
        f"Error parsing date string '{MAIL}'; 0: passing a time zone",
    ],
)
def test_messages_of_the_servers_lose_the_values_they_quote(message):
    assert MAIL not in without_row_values(message)


@pytest.mark.parametrize(
    "message",
    [
        'relation "people" does not exist',
        'Invalid project ID "x"',
        "Not found: Table p:d.t was not found",
        'column "mail" must appear in the GROUP BY clause',
        'unrecognized configuration parameter "x"',
    ],
)
def test_messages_on_names_keep_them(message):
    assert without_row_values(message) == message


MASKED = {"transformation_config": json.dumps({"mask": {"mail": "redact"}})}
SPEAKING = """
CREATE FUNCTION refuses(t text) RETURNS text LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'bad row: %', t USING DETAIL = t; END $$;
CREATE FUNCTION refuses_a_value(t text) RETURNS text LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'bad row: %', t USING ERRCODE = '22023'; END $$
"""


@pytest.mark.parametrize("config", [{}, MASKED])
@pytest.mark.parametrize(
    "expression",
    [
        "refuses(mail)",
        "refuses_a_value(mail)",
        "mail::regclass::text",
        "(now() AT TIME ZONE mail)::text",
        "set_config('statement_timeout', mail, true)",
    ],
)
def test_what_the_server_says_of_a_row_is_told_without_its_values(
    sync, sql, caplog, config, expression
):
    sql(PEOPLE)
    sql(SPEAKING)
    query = f"SELECT born, {expression} AS mail FROM people"
    result = sync(postgresql_query=query, **config)
    assert result.code in (3, 7)
    assert "@example.com" not in everything_told(sync, result, caplog)
