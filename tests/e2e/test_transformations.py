"""transformation_config over whole runs: values cast, filled, added, masked; rows filtered out."""

import datetime as dt
import hashlib
import json
from decimal import Decimal

import pytest

from tests.planted import Kept
from tests.secret_manager import secret_manager

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


HALF_A_NAME = {"method": "sha256", "salt": "projects/p/secrets/s"}


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


def test_a_masked_field_can_be_tested_for_null(sync, people):
    sync.ok(**PEOPLE, **config(mask={"email": "redact"}, filter=[["email", "is null"]]))
    assert sync.rows("id, email") == [(2, None)]


def test_a_merge_warns_that_a_row_that_falls_out_of_the_filter_keeps_its_older_version(sync, sql):
    sql("CREATE TABLE u (id int PRIMARY KEY, updated_at timestamptz, s text)")
    sql("INSERT INTO u VALUES (1, '2025-01-01', 'on'), (2, '2025-01-02', 'on')")
    words = {"postgresql_query": "SELECT * FROM u", "enable_smart_sync": "true"}
    words |= {"smart_sync_margin": "0s"} | config(filter=[["s", "=", "on"]])
    merge = words | {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
    sync.ok(**merge)
    sql("UPDATE u SET s = 'off', updated_at = '2025-01-03' WHERE id = 1")
    warning = "WARNING      a row that no longer passes the filter keeps its older version in"
    assert warning in sync.ok(**merge, plan_only="true").out.partition("window")[0]
    sync.ok(**merge)
    assert sync.rows("id, s") == [(1, "on"), (2, "on")]
    assert warning not in sync.ok(**words, plan_only="true").out


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


@pytest.mark.parametrize("shows", ["true", "false"])
def test_the_first_of_too_many_dead_letters_is_told_as_masked_and_not_by_a_hash(
    sync, secretive, shows
):
    words = config(mask={"key": "redact", "email": "last4"}, type_casts={"email": "INT64"})
    result = sync(**SECRETIVE, **words, max_dead_letters="0", show_values=shows)
    assert (result.code, "value (masked). To mend" in result.err) == (7, True), result.err


def test_a_masked_value_that_the_server_refuses_is_in_no_message(kept, secretive, sync):
    query = {"postgresql_query": "SELECT key, pin::int4 AS pin FROM s"}
    result = kept(**query, **config(mask={"key": "redact", "pin": "null"}), max_dead_letters="9")
    assert result.code == 0, result.err
    assert kept.holding(*PLANTED) == []
    (letter, *_) = sync.rows("value, reason", "t_dead_letters")
    assert letter == ("(masked)", "the server refuses a value (SQLSTATE 22P02)")


def test_verify_says_which_columns_it_proves_and_proves_them_beside_a_filter(sync, people):
    words = config(**CONFIG) | {"verify": "true"}
    plan = sync.ok(**PEOPLE, **words, plan_only="true").out
    assert "columns that are proven: id\n" in plan
    for column, what in {"email_hash": "masked", "amount": "cast", "tenant": "a constant"}.items():
        assert f"{column} is left out: it is {what} on the way" in plan
    sync.ok(**PEOPLE, **words)
    found = json.loads(sync.history()[-1]["verification"])
    assert found["compared"] == ["id"]
    assert found["rows"] == 2
    assert len(found["left_out"]) == 10


def test_verify_only_is_refused_with_a_filter_and_leaves_out_what_is_changed(sync, sql):
    sql("CREATE TABLE v (id int8, n text, updated_at timestamptz)")
    sql("INSERT INTO v VALUES (1, '5', '2024-01-02'), (2, '6', '2024-01-03')")
    smart = {"postgresql_query": "SELECT * FROM v", "enable_smart_sync": "true"}
    window = {"verify_only": "true", "verify_start": "2024-01-01", "verify_end": "2024-01-03"}
    sync.ok(**smart, **config(type_casts={"n": "INT64"}))
    shown = sync.ok(**smart, **config(type_casts={"n": "INT64"}), **window).out
    assert "n is left out: it is cast on the way" in shown
    result = sync(**smart, **config(filter=[["id", "=", 1]]), **window)
    assert result.code == 2
    assert "verify_only with a filter" in result.err


SALT, NAME = "pl4nted-p3pper", "projects/demo-project/secrets/salt/versions/1"


def test_a_salt_by_name_is_resolved_and_in_nothing_that_is_kept(kept, people, sync, monkeypatch):
    words = config(mask={"email": {"method": "sha256", "salt": NAME}})
    with secret_manager({NAME: SALT}) as url:
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", url)
        kept(**PEOPLE, **words)
    assert kept.holding(SALT) == []
    sql = f"TO_HEX(SHA256(CONCAT('{SALT}', 'ann@x.org')))"
    assert sync.rows(f"email = {sql}", order="id")[0] == (True,)
    hashed = f"encode(sha256(convert_to('{SALT}' || email, 'UTF8')), 'hex')"
    assert people(f"SELECT {hashed} FROM people ORDER BY id") == sync.rows("email", order="id")


def test_a_salt_that_cannot_be_had_ends_the_launch_before_anything_is_written(
    sync, people, monkeypatch
):
    with secret_manager({}) as url:
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", url)
        result = sync(**PEOPLE, **config(mask={"email": {"method": "sha256", "salt": NAME}}))
    assert result.code == 3
    assert NAME in result.err
    assert sync.tables() == set()


def test_the_config_may_be_a_path(sync, people, tmp_path):
    path = tmp_path / "masks.json"
    path.write_text(json.dumps({"select_fields": ["id"], "filter": [["id", "<", 3]]}))
    sync.ok(**PEOPLE, transformation_config=str(path))
    assert sync.rows() == [(1,), (2,)]
    path.write_text('{"maks": {}}')
    result = sync(**PEOPLE, transformation_config=str(path))
    assert result.code == 2
    assert f"unknown key 'maks' (transformation_config, {path})" in result.err
    assert "no such file" in sync(**PEOPLE, transformation_config="gone.json").err


def test_tables_of_one_launch_have_transformations_of_their_own(sync, sql, tmp_path):
    for name in ("one", "two"):
        sql(f"CREATE TABLE {name} (id int8 PRIMARY KEY, n text, updated_at timestamptz)")
        sql(f"INSERT INTO {name} VALUES (1, '5', '2024-01-02'), (2, '6', '2024-01-03')")
    path = tmp_path / "two.json"
    path.write_text(json.dumps({"field_mappings": {"id": "key"}, "mask": {"n": "redact"}}))
    tables = f"""
defaults: {{enable_smart_sync: true, write_disposition: WRITE_MERGE, merge_keys: auto}}
tables:
  public.one: {{transformation_config: {{type_casts: {{n: INT64}}, filter: [[n, '>', 5]]}}}}
  public.two: {{transformation_config: {path}}}
"""
    sync.ok(destination_bigquery_table=None, tables=tables)
    assert sync.rows("id, n", "one") == [(2, 6)]
    assert sync.rows("key, n", "two") == [(1, "REDACTED"), (2, "REDACTED")]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ({"type_casts": {"born": "BYTES"}}, 4, ("no cast to BYTES", "'born'", "it is TIMESTAMP")),
        ({"type_casts": {"id": "DECIMAL"}}, 2, ("unknown type", "'DECIMAL'", "NUMERIC")),
        ({"type_casts": {"nme": "STRING"}}, 2, ("type_casts names fields", "'nme'")),
        ({"mask": {"note": "null"}, "exclude_fields": ["note"]}, 2, ("mask names fields that are")),
        ({"default_values": {"pin": "x"}}, 4, ("'pin'", "the column is INT64", "whole number")),
        ({"constants": {"id": 1}}, 2, ("constants names fields of the source", "'id'")),
        ({"constants": {"x": {"type": "DATE", "value": "31.1."}}}, 2, ("'x'", "2025-01-31")),
        ({"filter": [["amount", "<", 5]]}, 4, ("'amount'", "is STRING where", "a text")),
        ({"filter": [["gone", "=", 5]]}, 2, ("filter names fields", "'gone'")),
        ({"mask": {"pin": HALF_A_NAME}}, 2, ("'pin'", "has a salt that looks like", "versions")),
        *(
            (
                {"mask": {"email": how}, "filter": [["email", *test]]},
                2,
                ("'email'", "after the mask"),
            )
            for how in ("sha256", "redact", "last4", "null")
            for test in (["=", "ann@x.org"], ["!=", "a"], ["in", ["a"]], ["<", "b"])
        ),
        ({"mask": {"pin": "null"}, "filter": [["pin", "is null"]]}, 2, ("'pin'", "leave the mask")),
        ({"mask": {"id": "redact"}}, 2, ("field 'id' is masked", "merge key", "renaming")),
        ({"type_casts": {"id": "STRING"}}, 2, ("field 'id' is cast", "merge key")),
        ({"constants": {"id": 1}, "exclude_fields": ["id"]}, 2, ("is a constant", "must stay")),
    ],
)
def test_what_does_not_fit_is_told_before_anything_is_written(sync, people, words, code, told):
    merge = {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
    result = sync(**PEOPLE, **merge, **config(**words))
    assert result.code == code, result.err
    for word in [told] if isinstance(told, str) else told:
        assert word in result.err
    assert sync.tables() == set()


NARROW = "CREATE TABLE `{table}` (id INT64, n NUMERIC(5, 2), note STRING(2))"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"default_values": {"n": 1.239}}, "3 digits before and 2 after the point"),
        ({"default_values": {"n": 12345}}, "3 digits before and 2 after the point"),
        ({"default_values": {"note": "long"}}, "at most 2"),
        ({"exclude_fields": ["n"], "constants": {"n": 1.239}}, "3 digits before and 2 after"),
        ({"exclude_fields": ["note"], "constants": {"note": "long"}}, "at most 2"),
    ],
)
def test_a_value_that_an_existing_column_would_round_or_refuse_is_told(sync, sql, words, told):
    sql("CREATE TABLE s (id int8 PRIMARY KEY, n numeric(5, 2), note varchar(2))")
    sql("INSERT INTO s VALUES (1, NULL, NULL)")
    table = f"{sync.client.project}.{sync.dataset}.t"
    sync.client.query_and_wait(NARROW.format(table=table))
    result = sync(postgresql_query="SELECT * FROM s", **config(**words))
    assert result.code == 4, result.out
    assert "that doesn't fit" in result.err
    assert told in result.err
    assert sync.rows() == []
