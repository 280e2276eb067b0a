"""Bad input: one message, the documented exit code, nothing written, no secret shown."""

import contextlib
from pathlib import Path

import psycopg2
import pytest
from google.cloud import bigquery

from demo.servers import free_port, postgresql_server
from tests.sync import PASSWORD, PROJECT

ORDERS = """
CREATE TABLE orders (id int8 PRIMARY KEY, name text, tags text[], doc jsonb, updated_at timestamptz)
"""
QUERY = {"postgresql_query": "SELECT * FROM orders"}
SMART = {"enable_smart_sync": "true"}
AUTO = {"enable_auto_schema": "true"}
WINDOW = "updated_at > '{start_timestamp}' AND updated_at <= '{end_timestamp}'"


def refused(result, code, *words):
    """A message with these words, that says how to mend, last; the documented exit code."""
    assert result.code == code, result.err
    assert result.err.count("smart-sync: ") == 1, result.err
    last = result.err.rstrip().rpartition("\n")[2]
    assert last.startswith("smart-sync: ")
    assert len(last) < 1_000
    assert "To mend: " in last
    assert "Traceback" not in result.err
    assert [word for word in words if word not in result.err] == [], result.err
    assert result.out == ""


@pytest.fixture
def orders(sync, sql):
    """A source table, and after the test an untouched dataset."""
    sql(ORDERS)
    before = sync.tables()
    yield sync
    assert sync.tables() == before


PARAMETERS = {
    "unknown data_source": (
        {"data_source": "oracle"},
        ("data_source", "'oracle'", "postgresql", "mongodb", "bigquery"),
    ),
    "several required ones missing": (
        {
            "data_source": None,
            "postgresql_host": None,
            "postgresql_password": "",
            "destination_bigquery_table": None,
        },
        ("1. ", "2. ", "--data_source=", "--destination_bigquery_table="),
    ),
    "all of a source's required ones missing": (
        {"postgresql_host": None, "postgresql_database": None, "postgresql_username": " "},
        ("(postgresql_host)", "(postgresql_database)", "(postgresql_username)", "3. "),
    ),
    "no query": ({"postgresql_query": None}, ("postgresql_query", "source_table_for_schema")),
    "malformed port": (
        {"postgresql_port": "54x2"},
        ("postgresql_port", "'54x2'", "whole number from 1 to 65535"),
    ),
    "port out of range": (
        {"postgresql_port": "65536"},
        ("postgresql_port", "'65536'", "out of range"),
    ),
    "malformed boolean": (
        {"enable_smart_sync": "yes"},
        ("enable_smart_sync", "'yes'", "true or false"),
    ),
    "malformed number": ({"num_splits": "-1"}, ("num_splits", "'-1'", "whole number")),
    "malformed JSON": (
        {"transformation_config": '{"field_mappings": {"a" "b"}}'},
        ("transformation_config", "not JSON", "column 25", "JSON object"),
    ),
    "JSON that is no object": (
        {"transformation_config": '["a"]'},
        ("transformation_config", "not a JSON object"),
    ),
    "an unknown key of the transformation": (
        {"transformation_config": '{"field_mapping": {"a": "b"}}'},
        ("transformation_config", "'field_mapping'", "field_mappings"),
    ),
    "base query without placeholders": (
        {**SMART, "postgresql_base_query": "SELECT * FROM orders"},
        ("postgresql_base_query", "{start_timestamp}", "{end_timestamp}", "updated_at >"),
    ),
    "base query with one placeholder": (
        {
            **SMART,
            "postgresql_base_query": "SELECT * FROM orders WHERE updated_at > '{start_timestamp}'"
            " -- {end_timestamp}",
        },
        ("postgresql_base_query", "{end_timestamp} missing"),
    ),
    "five clustering fields": (
        {**AUTO, "clustering_fields": "a,b,c,d,e"},
        ("clustering_fields", "5 columns", "4"),
    ),
}


@pytest.mark.parametrize("case", PARAMETERS)
def test_wrong_parameters_end_with_2(orders, case):
    parameters, words = PARAMETERS[case]
    refused(orders(**QUERY | parameters), 2, *words)


def test_faults_of_many_parameters_are_told_at_once_with_those_of_unknown_flags(orders):
    result = orders(
        "--postgresql_pasword=hunter2",
        postgresql_port="a",
        plan_only="1",
        write_disposition="MERGE",
        smart_sync_margin="10",
        source_timezone="Mars/Olympus",
    )
    refused(
        result,
        2,
        "(postgresql_port)",
        "(plan_only)",
        "(write_disposition)",
        "(smart_sync_margin)",
        "(source_timezone)",
        "postgresql_query",
        "did you mean --postgresql_password?",
        "7. ",
    )
    assert "hunter2" not in result.err


PLANNING = {
    "unknown partition column": (
        {**QUERY, **AUTO, "partition_field": "created"},
        2,
        ("partition_field 'created'", "updated_at"),
    ),
    "partition column of an unfit type": (
        {**QUERY, **AUTO, "partition_field": "id"},
        2,
        ("partition_field 'id'", "INT64", "updated_at"),
    ),
    "unknown cursor column": (
        {**QUERY, **SMART, "smart_sync_timestamp_column": "changed"},
        2,
        ("smart_sync_timestamp_column 'changed'", "id, name, tags, doc, updated_at"),
    ),
    "cursor column of an unfit type": (
        {**QUERY, **SMART, "smart_sync_timestamp_column": "name"},
        2,
        ("smart_sync_timestamp_column 'name'", "text", "dates and times"),
    ),
    "unknown clustering column": (
        {**QUERY, **AUTO, "clustering_fields": "id,nmae"},
        2,
        ("clustering_fields, 'nmae'", "name"),
    ),
    "clustering on JSON and on an array": (
        {**QUERY, **AUTO, "clustering_fields": "doc,tags,id"},
        2,
        ("clustering_fields, 'doc'", "JSON", "clustering_fields, 'tags'", "an array", "id"),
    ),
    "a transformation of fields that don't exist": (
        {
            **QUERY,
            "transformation_config": '{"field_mappings": {"nme": "n"}, "exclude_fields": ["x"]}',
        },
        2,
        ("transformation_config", "field_mappings", "'nme'", "exclude_fields", "'x'", "doc"),
    ),
    "two fields mapped to one name": (
        {**QUERY, "transformation_config": '{"field_mappings": {"id": "n", "name": "N"}}'},
        4,
        ("'n'", "'N'", "case", "field_mappings"),
    ),
    "a field mapped to the name of another": (
        {**QUERY, "transformation_config": '{"field_mappings": {"id": "name"}}'},
        4,
        ("'name'", "field_mappings"),
    ),
    "a cursor that is excluded": (
        {**QUERY, **SMART, "transformation_config": '{"exclude_fields": ["updated_at"]}'},
        2,
        ("'updated_at' must stay", "cursor", "exclude_fields"),
    ),
    "column names that BigQuery refuses": (
        {"postgresql_query": 'SELECT 1 AS "order id", 2 AS "_table_x", 3 AS "2nd"'},
        4,
        (
            "'order id'",
            "'_table_x'",
            "'2nd'",
            'transformation_config={"field_mappings":'
            ' {"order id": "order_id", "_table_x": "col_table_x", "2nd": "_2nd"}}',
        ),
    ),
    "a mapping to a name that BigQuery refuses": (
        {**QUERY, "transformation_config": '{"field_mappings": {"id": "order-id"}}'},
        4,
        ("'order-id'", "letters, digits and '_'"),
    ),
    "unknown database": (
        {**QUERY, "postgresql_database": "nowhere"},
        3,
        ("/nowhere", 'database "nowhere" does not exist', "postgresql_database"),
    ),
    "unknown user": (
        {**QUERY, "postgresql_username": "nobody_here"},
        3,
        ('role "nobody_here" does not exist', "postgresql_username"),
    ),
    "unknown table in the query": (
        {"postgresql_query": "SELECT *\nFROM ordres"},
        3,
        ('relation "ordres" does not exist', "line 2, character 6"),
    ),
    "unknown source table": (
        {"source_table_for_schema": "shop.orders"},
        3,
        ("source_table_for_schema 'shop.orders'", "schema.table"),
    ),
    "an SQL error": (
        {"postgresql_query": "SELECT id,\n  nam\nFROM orders"},
        3,
        ('column "nam" does not exist', "line 2, character 3"),
    ),
    "an SQL error behind placeholders": (
        {**SMART, "postgresql_base_query": f"SELECT * FROM orders\nWHERE {WINDOW}\n AND oops = 1"},
        3,
        ('column "oops" does not exist', "line 3, character 6"),
    ),
    "a syntax error": (
        {"postgresql_query": "SELECT id FORM orders"},
        3,
        ('syntax error at or near "orders"', "line 1, character 16"),
    ),
    "a query that writes": (
        {"postgresql_query": "-- new\n(insert INTO orders (id) VALUES (1) RETURNING id)"},
        3,
        (
            "not a SELECT (",
            "line 2, character 9): it begins with INSERT",
            "To mend: let it begin with SELECT, WITH, VALUES or TABLE",
            "read the table that was written",
        ),
    ),
    "a query that writes within WITH": (
        {
            "postgresql_query": "WITH n AS (INSERT INTO orders (id) VALUES (1) RETURNING id)"
            " SELECT * FROM n"
        },
        3,
        ("data-modifying statement", "line 1, character 6", "leave INSERT, UPDATE, DELETE"),
    ),
    "two statements": (
        {"postgresql_query": "SET TIME ZONE 'UTC'; SELECT ';' FROM orders;"},
        3,
        (
            "more than one statement (",
            "it has a ';' before its end",
            "To mend: leave one statement",
            "WITH",
        ),
    ),
    "a missing dataset": (
        {**QUERY, "destination_bigquery_dataset": "nowhere"},
        5,
        (f"{PROJECT}.nowhere", "bq mk --dataset", f"{PROJECT}:nowhere"),
    ),
    "a missing table that must be there": (
        {**QUERY, "create_disposition": "CREATE_NEVER"},
        5,
        ("destination table is missing", "create_disposition=CREATE_IF_NEEDED"),
    ),
}


@pytest.mark.parametrize("case", PLANNING)
def test_what_only_the_servers_know_is_told_before_anything_is_written(orders, case):
    parameters, code, words = PLANNING[case]
    refused(orders(**parameters), code, *words)


def test_an_unreachable_host_ends_with_3_and_names_host_and_port(sync):
    port = str(free_port())
    result = sync(**QUERY, postgresql_host="127.0.0.1", postgresql_port=port)
    refused(result, 3, f"127.0.0.1:{port}", "refused", "postgresql_host and postgresql_port")
    assert sync.tables() == set()


def test_a_host_without_an_address_ends_with_3(sync):
    result = sync(**QUERY, postgresql_host="no-such-host.invalid")
    refused(result, 3, "no-such-host.invalid", "could not translate host name", "postgresql_host")
    assert sync.tables() == set()


def test_a_wrong_password_ends_with_3_and_is_not_shown(sync):
    with postgresql_server() as server:
        with contextlib.closing(psycopg2.connect(server.dsn)) as admin, admin.cursor() as cursor:
            admin.autocommit = True
            cursor.execute("CREATE ROLE reader LOGIN PASSWORD 'r1ght'")
            rules = Path(server.host) / "data" / "pg_hba.conf"
            rules.write_text("local all all trust\nhost all all all scram-sha-256\n")
            cursor.execute("SELECT pg_reload_conf()")
        there = {
            "postgresql_query": "SELECT 1 AS one",
            "postgresql_host": "127.0.0.1",
            "postgresql_port": str(server.port),
            "postgresql_database": server.database,
            "postgresql_username": "reader",
        }
        result = sync(**there, postgresql_password=PASSWORD)
        refused(
            result,
            3,
            'password authentication failed for user "reader"',
            f"127.0.0.1:{server.port}",
            "postgresql_password",
        )
        assert sync.tables() == set()
        right = sync.ok(**there, postgresql_password="r1ght")
        assert "r1ght" not in right.out + right.err


def test_a_table_without_permission_ends_with_3_and_names_the_grant(sync, sql):
    sql(ORDERS)
    sql("DROP ROLE IF EXISTS stranger")
    sql("CREATE ROLE stranger LOGIN")
    result = sync(**QUERY, postgresql_username="stranger")
    sql("DROP ROLE stranger")
    refused(result, 3, "permission denied for table orders", "grant SELECT", "postgresql_username")
    assert sync.tables() == set()


def test_conflicting_columns_are_listed_and_the_table_stays_as_it_is(sync, sql):
    sql(ORDERS)
    sql("INSERT INTO orders VALUES (1, 'a', '{x}', '{}', now())")
    fields = [("id", "STRING"), ("name", "STRING"), ("tags", "STRING"), ("extra", "INT64")]
    schema = [bigquery.SchemaField(name, kind) for name, kind in fields]
    schema.append(bigquery.SchemaField("must", "INT64", "REQUIRED"))
    sync.client.create_table(bigquery.Table(f"{PROJECT}.{sync.dataset}.t", schema))
    before = sync.table().to_api_repr()
    result = sync(**QUERY)
    refused(
        result,
        4,
        f"{PROJECT}.{sync.dataset}.t",
        "column 'id' is STRING in the destination, and the source's bigint becomes INT64",
        "'must' is REQUIRED",
        "delete_existing_table=true",
    )
    assert "'extra'" not in result.err
    assert sync.table().to_api_repr() == before
    assert sync.tables() == {"t"}


def test_write_empty_on_a_full_table_ends_with_5_and_changes_nothing(sync, sql):
    sql(ORDERS)
    table = bigquery.Table(f"{PROJECT}.{sync.dataset}.t", [bigquery.SchemaField("id", "INT64")])
    sync.client.create_table(table)
    sync.client.query(f"INSERT INTO {sync.dataset}.t (id) VALUES (1)").result()
    result = sync(**QUERY, write_disposition="WRITE_EMPTY")
    refused(result, 5, "WRITE_EMPTY on a full table", f"{sync.dataset}.t", "WRITE_APPEND")
    assert sync.rows() == [(1,)]
    assert sync.tables() == {"t"}


def test_a_destination_that_is_a_view_ends_with_5(sync, sql):
    sql(ORDERS)
    view = bigquery.Table(f"{PROJECT}.{sync.dataset}.t")
    view.view_query = "SELECT 1 AS id"
    sync.client.create_table(view)
    refused(sync(**QUERY), 5, "it is a VIEW", "destination_bigquery_table")
    assert sync.tables() == {"t"}
