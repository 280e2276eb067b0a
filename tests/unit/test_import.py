"""Other tools' files: each key is kept, told or refused, and what is kept holds what it meant."""

import copy
import json
import re
from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.command.imports import ingestr_rules
from pipeline.command.imports.dlt_files import opened as dlt_files
from pipeline.command.imports.draft import Draft, walked
from pipeline.command.imports.pages import PAGE, TABLES, page
from pipeline.command.imports.rules import ANY, How
from pipeline.command.imports.tools import TOOLS
from pipeline.command.imports.written import config_text, launch_faults
from pipeline.command.main import main
from pipeline.parameters.document import read_document
from pipeline.parameters.table import BY_NAME
from tests.shown import run_by
from tests.sync import this_test
from tests.unit.peer_keys import KEYS, MODES

GIVEN = {
    "source": "postgresql://reader@db/shop",
    "destination_bigquery_project": "my-project",
    "destination_bigquery_dataset": "shop",
}
SECRET = "hunter2-Zx9"
VERSION = "projects/p/secrets/s/versions/3"


def tree(tool, document):
    root, faults = read_document(json.dumps(document), "file")
    assert not faults
    if tool == "dlt":
        return root
    return TOOLS[tool].opened({"file": json.dumps(document)})[0]


def made(tool, document, given=None, without=()):
    """The file's text, its notes, and the refusals."""
    draft = Draft("file", GIVEN if given is None else given)
    root = walked(tree(tool, document), TOOLS[tool].rules, draft, without)
    TOOLS[tool].read(root, draft)
    text = config_text(draft, tool, {})
    return text, draft.notes, [str(fault) for fault in draft.sorted_faults()], draft.fates


def config(tool, document, given=None, without=()):
    """What a launch would be given; it is right."""
    text, _, faults, _ = made(tool, document, given, without)
    assert faults == []
    assert [str(fault) for fault in launch_faults(text, "ours", {})] == []
    return yaml.safe_load(text)


def entry(tool, document, name, **more):
    ours = config(tool, document, **more)
    return {**ours.get("defaults", {}), **ours["tables"][name]}


def sling(**stream):
    return {"source": "A", "target": "B", "streams": {"public.orders": stream}}


def dlt(table, config=None, **columns):
    tables = {"orders": {"columns": columns, **table}}
    return {"config": config or {}, "schema": {"tables": tables}}


def of_all_tables(**settings):
    document = dlt({"write_disposition": "append"})
    document["schema"]["settings"] = {"detections": ["iso_timestamp"], **settings}
    return document


def airbyte(stream, **more):
    named = {"name": "orders", "namespace": "public", **stream}
    return {"connection": {"configurations": {"streams": [named]}, **more}}


KEY, CURSOR = {"primary_key": True}, {"incremental": True, "data_type": "timestamp"}
MERGE = {"write_disposition": "WRITE_MERGE", "merge_keys": ["id"]}
SMART = {"enable_smart_sync": True, "smart_sync_timestamp_column": "updated_at"}
MEANINGS = [
    ("sling", sling(mode="full-refresh"), {"write_disposition": "WRITE_TRUNCATE"}),
    ("sling", sling(mode="truncate"), {"write_disposition": "WRITE_TRUNCATE"}),
    (
        "sling",
        sling(mode="incremental", primary_key="id", update_key="updated_at"),
        {**SMART, **MERGE},
    ),
    (
        "sling",
        sling(mode="incremental", update_key="updated_at"),
        {**SMART, "write_disposition": "WRITE_APPEND"},
    ),
    ("sling", sling(mode="incremental", primary_key=["id"]), MERGE),
    ("sling", sling(mode="snapshot"), {"write_disposition": "WRITE_APPEND", "load_columns": True}),
    ("dlt", dlt({"write_disposition": "replace"}), {"write_disposition": "WRITE_TRUNCATE"}),
    (
        "dlt",
        dlt({"write_disposition": "append"}, updated_at=CURSOR),
        {**SMART, "write_disposition": "WRITE_APPEND"},
    ),
    (
        "dlt",
        dlt({"write_disposition": "merge"}, id=KEY, updated_at=CURSOR),
        {**SMART, **MERGE},
    ),
    ("dlt", dlt({"write_disposition": "merge", "x-merge-strategy": "upsert"}, id=KEY), MERGE),
    (
        "dlt",
        dlt({"write_disposition": "merge", "x-merge-strategy": "scd2"}, id=KEY, updated_at=CURSOR),
        {**SMART, "write_disposition": "WRITE_HISTORY", "merge_keys": ["id"]},
    ),
    (
        "airbyte",
        airbyte({"syncMode": "full_refresh_overwrite"}),
        {"write_disposition": "WRITE_TRUNCATE"},
    ),
    (
        "airbyte",
        airbyte({"syncMode": "full_refresh_append"}),
        {"write_disposition": "WRITE_APPEND"},
    ),
    (
        "airbyte",
        airbyte({"syncMode": "incremental_append", "cursorField": ["updated_at"]}),
        {**SMART, "write_disposition": "WRITE_APPEND"},
    ),
    (
        "airbyte",
        airbyte(
            {
                "syncMode": "incremental_deduped_history",
                "cursorField": ["updated_at"],
                "primaryKey": [["id"]],
            }
        ),
        {**SMART, **MERGE},
    ),
]


@pytest.mark.parametrize(("tool", "document", "meaning"), MEANINGS)
def test_how_rows_are_read_and_written_means_the_same(tool, document, meaning):
    values = entry(tool, document, "public.orders")
    assert values == {"enable_auto_schema": True, **meaning}


def test_a_catalog_of_the_protocol_is_read_as_well():
    stream = {"name": "orders", "namespace": "public", "json_schema": {}}
    configured = {
        "stream": {**stream, "source_defined_primary_key": [["id"]]},
        "sync_mode": "incremental",
        "destination_sync_mode": "append_dedup",
        "cursor_field": ["updated_at"],
    }
    values = entry("airbyte", {"streams": [configured]}, "public.orders")
    assert values == {"enable_auto_schema": True, **SMART, **MERGE}


def test_what_terraform_shows_is_read_as_well():
    resources = [
        {
            "type": "airbyte_connection",
            "values": airbyte({"sync_mode": "full_refresh_append"})["connection"],
        },
        {
            "type": "airbyte_source_postgres",
            "values": {"configuration": {"host": "db", "database": "shop", "username": "reader"}},
        },
    ]
    document = {"values": {"root_module": {"resources": resources}}}
    given = {name: text for name, text in GIVEN.items() if name != "source"}
    ours = config("airbyte", document, given)
    assert ours["parameters"]["postgresql_host"] == "db"
    assert list(ours["tables"]) == ["public.orders"]


OF_TERRAFORM = {
    "host": "db",
    "database": "shop",
    "username": "reader",
    "ssl_mode": {"allow": None, "verify_ca": {"client_key": None}, "source_postgres_x": None},
    "tunnel_method": {"no_tunnel": {}, "ssh_key_authentication": None},
}


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("scan_changes_with_user_defined_cursor", ""),
        ("source_postgres_update_method_scan_changes_with_user_defined_cursor", ""),
        ("read_changes_using_change_data_capture_cdc", "(CDC)"),
        ("detect_changes_with_xmin_system_column", "xmin"),
        ("a_way_of_tomorrow", "isn't known"),
    ],
)
def test_choices_that_terraform_names_by_keys_are_those_of_the_connector(choice, told):
    """Of all choices one says something, and the others are null."""
    settings = {**OF_TERRAFORM, "replication_method": {"other_cdc": None, choice: {}}}
    resources = [
        {
            "type": "airbyte_connection",
            "values": airbyte({"sync_mode": "full_refresh_append"})["connection"],
        },
        {"type": "airbyte_source_postgres", "values": {"configuration": settings}},
    ]
    document = {"values": {"root_module": {"resources": resources}}}
    given = {name: text for name, text in GIVEN.items() if name != "source"}
    if told:
        (fault,) = made("airbyte", document, given)[2]
        assert told in fault
    else:
        assert config("airbyte", document, given)["parameters"]["postgresql_sslmode"] == "verify-ca"


CLUSTER = {
    "cluster_type": "ATLAS_REPLICA_SET",
    "connection_string": "mongodb+srv://shop.example.net/",
    "databases": ["shop"],
    "username": "rea@der",
    "password": VERSION,
    "auth_source": "users",
    "schema_enforced": True,
}


def of_mongodb(**more):
    document = airbyte({"sync_mode": "full_refresh_overwrite"})
    cluster = {**CLUSTER, **more}
    document["source"] = {
        "configuration": {"database_config": cluster, "discover_sample_size": 500}
    }
    return document


def test_a_source_of_mongodb_is_read_with_its_login():
    given = {name: text for name, text in GIVEN.items() if name != "source"}
    ours = config("airbyte", of_mongodb(), given)
    assert list(ours["tables"]) == ["orders"]
    told = {name: ours["parameters"][name] for name in ours["parameters"] if "mongodb" in name}
    assert told == {
        "mongodb_database": "shop",
        "mongodb_password": VERSION,
        "mongodb_sample_size": 500,
    }
    assert ours["parameters"]["source"] == (
        "mongodb+srv://rea%40der@shop.example.net/?authSource=users"
    )


@pytest.mark.parametrize(
    ("more", "told"),
    [({"databases": ["a", "b"]}, "one database"), ({"schema_enforced": False}, "_extra")],
)
def test_of_mongodb_what_a_launch_can_t_do_is_refused(more, told):
    given = {name: text for name, text in GIVEN.items() if name != "source"}
    (fault,) = made("airbyte", of_mongodb(**more), given)[2]
    assert told in fault


LOGIN = {"database": "shop", "user": "rea@der", "password": VERSION, "auth_source": "users"}
STANDALONE = {"instance": "standalone", "host": "db", "port": 27018}


def of_old_mongodb(instance, **more):
    document = airbyte(
        {"sync_mode": "incremental_append", "cursor_field": ["changed"], "namespace": "shop"}
    )
    document["source"] = {"configuration": {**LOGIN, "instance_type": instance, **more}}
    return document


@pytest.mark.parametrize(
    ("instance", "uri"),
    [
        ({**STANDALONE, "tls": False}, "mongodb://rea%40der@db:27018/?tls=false&authSource=users"),
        (STANDALONE, "mongodb://rea%40der@db:27018/?tls=true&authSource=users"),
        (
            {"instance": "replica", "server_addresses": "a:1, b:2", "replica_set": "rs 0"},
            "mongodb://rea%40der@a:1,b:2/?tls=true&replicaSet=rs%200&authSource=users",
        ),
        (
            {"instance": "atlas", "cluster_url": "cluster0.abcd1.mongodb.net"},
            "mongodb+srv://rea%40der@cluster0.abcd1.mongodb.net/?authSource=users",
        ),
    ],
)
def test_a_source_of_mongodb_before_1_0_is_read_with_its_login(instance, uri):
    given = {name: text for name, text in GIVEN.items() if name != "source"}
    ours = config("airbyte", of_old_mongodb(instance), given)
    assert ours["parameters"]["source"] == uri
    assert ours["parameters"]["mongodb_database"] == "shop"
    assert ours["parameters"]["mongodb_password"] == VERSION
    assert ours["defaults"]["smart_sync_timestamp_column"] == "changed"


def test_a_source_of_mongodb_before_1_0_without_a_login_has_none():
    given = {name: text for name, text in GIVEN.items() if name != "source"}
    document = of_old_mongodb(STANDALONE)
    document["source"]["configuration"] = {"database": "shop", "instance_type": STANDALONE}
    ours = config("airbyte", document, given)["parameters"]
    assert ours["source"] == "mongodb://db:27018/?tls=true"


OLDEST = {"host": "db", "port": 27017, "ssl": True, **LOGIN}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({**LOGIN, "instance_type": {"instance": "shards"}}, "--source=mongodb://"),
        (OLDEST, "--source=mongodb://user@host:27017/database"),
        ({"host": "db", "user": "reader"}, "--source=mongodb://user@host:27017/database"),
    ],
)
def test_a_source_of_mongodb_whose_servers_aren_t_known_is_given_on_the_command_line(
    settings, told
):
    document = of_old_mongodb({})
    document["source"]["configuration"] = settings
    given = {name: text for name, text in GIVEN.items() if name != "source"}
    (fault,) = made("airbyte", document, given)[2]
    assert told in fault
    ours = config("airbyte", document, given | {"source": "mongodb://db/shop"})
    assert ours["parameters"]["source"] == "mongodb://db/shop"


def test_columns_that_dlt_names_for_a_table_are_read_alone():
    settings = {"orders": {"included_columns": ["id", "total"], "schema": "sales"}}
    document = dlt({}, {"sources": {"sql_database": {"schema": "other", **settings}}})
    values = entry("dlt", document, "sales.orders")
    assert values["transformation_config"] == {"select_fields": ["id", "total"]}


REFUSED = [
    ("sling", sling(mode="backfill"), "smart-sync backfill"),
    ("sling", sling(mode="incremental"), "update_key or primary_key"),
    ("sling", sling(object="raw.t_{run_date}"), "{run_date}"),
    ("sling", sling(sql="SELECT * FROM t WHERE a > {incremental_value}"), "postgresql_base_query"),
    ("sling", sling(columns={"amount": "decimal(10,2)"}), "amount"),
    ("sling", sling(target_options={"column_casing": "snake"}), "column_casing=snake"),
    ("sling", sling(hooks={"pre": []}), "notify_webhook"),
    ("sling", {**sling(), "streams": {"orders": {}}}, "public.orders"),
    ("sling", {**sling(), "streams": {"public.*": {"where": "a"}}}, "fill many tables"),
    ("sling", sling(mod="snapshot"), "streams.public.orders.mod"),
    ("dlt", {"config": {}}, "export_schema_path"),
    ("dlt", dlt({"write_disposition": "merge"}), "without a key"),
    (
        "dlt",
        dlt({"write_disposition": "merge", "x-merge-strategy": "insert-only"}, id=KEY),
        "insert-only",
    ),
    (
        "dlt",
        dlt({"write_disposition": "merge", "x-merge-strategy": "scd2"}, id=KEY),
        "WRITE_HISTORY",
    ),
    ("dlt", dlt({"write_disposition": "merge"}, id=KEY, day={"merge_key": True}), "groups of rows"),
    ("dlt", dlt({"parent": "customers"}), "JSON column"),
    (
        "dlt",
        dlt({"write_disposition": "append", "filters": {"excludes": ["ssn"]}}),
        "exclude_fields",
    ),
    (
        "dlt",
        dlt({"schema_contract": {"columns": "evolve", "data_type": "discard_row"}}),
        "no value or row is discarded",
    ),
    ("dlt", of_all_tables(schema_contract={"columns": "freeze"}), "schema_evolution"),
    ("airbyte", airbyte({"syncMode": "incremental_append"}), "Airbyte's own"),
    ("airbyte", airbyte({"syncMode": "full_refresh_append", "mappers": []}), "mask"),
    (
        "airbyte",
        airbyte({"syncMode": "full_refresh_append"}, schedule={"scheduleType": "cron"}),
        "schedules create",
    ),
    ("sling", sling(mode="change-capture"), "delete_missing"),
    ("sling", sling(mode="definition-only"), "disabled"),
    ("sling", sling(change_capture_options={"soft_delete": True}), "repair"),
    (
        "sling",
        sling(
            mode="incremental",
            primary_key="id",
            target_options={"merge_strategy": "history_insert"},
        ),
        "WRITE_HISTORY",
    ),
    (
        "sling",
        sling(target_options={"delete_missing": {"type": "hard", "source_where": "a > 1"}}),
        "delete_missing_where",
    ),
    ("sling", sling(update_key={"name": "updated_at"}), "keys under this one"),
    (
        "dlt",
        dlt({"write_disposition": "merge", "x-merge-strategy": "cdc"}, id=KEY),
        "deleted_column",
    ),
    ("dlt", dlt({"x-bigquery-partition": "RANGE_BUCKET(…)"}), "partition_field"),
    (
        "dlt",
        dlt(
            {},
            {
                "sources": {
                    "sql_database": {
                        "orders": {
                            "incremental": {
                                "cursor_path": "u",
                                "on_cursor_value_missing": "include",
                            }
                        }
                    }
                }
            },
        ),
        "on_cursor_value_missing=include",
    ),
    (
        "airbyte",
        airbyte({"syncMode": "incremental_append", "cursorField": ["_ab_cdc_lsn"]}),
        "Airbyte's own",
    ),
    ("google-template", {"connectionURL": "jdbc:mysql://db/shop"}, "other databases"),
    (
        "google-template",
        {"connectionURL": "jdbc:postgresql://db/shop", "KMSEncryptionKey": "k"},
        "Secret Manager",
    ),
    ("google-template", {"mongoDbUri": "mongodb://db/", "userOption": "FLATTEN"}, "_extra"),
    (
        "google-template",
        {"connectionURL": "jdbc:postgresql://db/shop", "table": "orders", "upperBound": "9000"},
        "no row outside",
    ),
]


@pytest.mark.parametrize(("tool", "document", "told"), REFUSED)
def test_what_can_t_be_honoured_is_refused_by_name_and_line_with_what_is_nearest(
    tool, document, told
):
    faults = made(tool, document)[2]
    assert len(faults) == 1
    assert told in faults[0]
    assert re.search(r"can't be honoured \(file, line \d+, column \d+\)", faults[0])
    assert "To mend: " in faults[0]


def test_change_data_capture_is_refused_with_what_is_nearest_and_can_be_left_out():
    key = "source.configuration.replication_method"
    document = airbyte({"syncMode": "full_refresh_overwrite"})
    settings = {"host": "db", "database": "shop", "username": "u"}
    document["source"] = {
        "configuration": {**settings, "replication_method": {"method": "CDC", "plugin": "pgoutput"}}
    }
    given = {name: text for name, text in GIVEN.items() if name != "source"}
    (fault,) = made("airbyte", document, given)[2]
    assert "delete_missing" in fault
    assert f"--without={key}" in fault
    assert config("airbyte", document, given, [key])["parameters"]["postgresql_host"] == "db"


SECRETS = [
    ("sling", {**sling(), "source": "postgres://reader:PASSWORD@db/shop"}),
    (
        "dlt",
        {
            **dlt({}),
            "secrets": {
                "sources": {
                    "sql_database": {"credentials": "postgresql+psycopg2://r:PASSWORD@db/shop"}
                }
            },
        },
    ),
    (
        "dlt",
        {
            **dlt({}),
            "secrets": {
                "sources": {
                    "sql_database": {
                        "credentials": {
                            "drivername": "postgresql",
                            "host": "h",
                            "database": "d",
                            "username": "u",
                            "password": "PASSWORD",
                        }
                    }
                }
            },
        },
    ),
    (
        "airbyte",
        {
            **airbyte({"syncMode": "full_refresh_append"}),
            "source": {
                "configuration": {
                    "host": "h",
                    "database": "d",
                    "username": "u",
                    "password": "PASSWORD",
                }
            },
        },
    ),
    (
        "google-template",
        {
            "connectionURL": "jdbc:postgresql://db/shop?user=u&password=PASSWORD",
            "table": "t",
            "outputTable": "my-project:shop.t",
        },
    ),
    (
        "google-template",
        {
            "connectionURL": "jdbc:postgresql://db/shop",
            "username": "u",
            "password": "PASSWORD",
            "table": "t",
            "outputTable": "my-project:shop.t",
        },
    ),
    (
        "google-template",
        {
            "mongoDbUri": "mongodb://u:PASSWORD@db/",
            "database": "d",
            "collection": "c",
            "outputTableSpec": "my-project:shop.t",
        },
    ),
]


@pytest.mark.parametrize(("tool", "document"), SECRETS)
def test_no_password_is_written_or_told_and_the_file_names_the_secret_to_make(tool, document):
    given = {n: t for n, t in GIVEN.items() if n != "source" and tool != "google-template"}
    document = json.loads(json.dumps(document).replace("PASSWORD", SECRET))
    text, notes, faults, _ = made(tool, document, given)
    assert faults == []
    assert SECRET not in text + str(notes)
    assert "-password/versions/latest" in text
    assert any("gcloud secrets create" in note for note in notes)
    config(tool, document, given)


def test_the_name_of_a_secret_stays():
    launch = {"connectionURL": "jdbc:postgresql://db/shop", "username": "u", "password": VERSION}
    ours = config(
        "google-template", {**launch, "table": "t", "outputTable": "my-project:shop.t"}, {}
    )
    assert ours["parameters"]["postgresql_password"] == VERSION


def test_a_secret_of_the_command_line_is_not_written():
    given = {**GIVEN, "source": f"postgresql://reader:{SECRET}@db/shop"}
    text, notes, _, _ = made("sling", sling(), given)
    assert SECRET not in text + str(notes)
    assert "postgresql_password: projects/my-project/secrets/postgresql-password" in text
    text, notes, _, _ = made("sling", sling(), {**GIVEN, "postgresql_password": SECRET})
    assert SECRET not in text + str(notes)


def test_toml_has_lines_and_a_broken_one_shows_nothing_of_itself():
    text = '[sources.sql_database]\nschema = "a"\n\n[sources.sql_database.x.incremental]\nfoo = 1\n'
    root, faults = dlt_files({"p/.dlt/config.toml": text})
    assert not faults
    draft = Draft("p", GIVEN)
    walked(root, TOOLS["dlt"].rules, draft)
    (fault,) = draft.sorted_faults()
    assert "config.sources.sql_database.x.incremental.foo" in str(fault)
    assert "line 5" in str(fault)
    _, (fault,) = dlt_files({"secrets.toml": f'password = "{SECRET}'})
    assert SECRET not in str(fault)


def test_a_script_is_not_read():
    _, faults = dlt_files({"pipeline.py": "import dlt"})
    assert "schema" in str(faults[0])


BASES = {
    "sling": {
        "source": "A",
        "target": "B",
        "defaults": {"mode": "incremental", "update_key": "u"},
        "streams": {"public.orders": {}},
    },
    "dlt": {
        "config": {},
        "schema": {
            "tables": {
                "orders": {
                    "write_disposition": "merge",
                    "columns": {"id": {"primary_key": True}, "u": {"data_type": "timestamp"}},
                }
            }
        },
    },
    "airbyte": airbyte(
        {"sync_mode": "incremental_append", "cursor_field": ["u"]}, namespace_definition="source"
    ),
    "google-template": {"parameters": {}},
}
NAMES = {
    "streams": "public.orders",
    "tables": "orders",
    "columns": "u",
    "sql_database": "orders",
    "mongodb": "orders",
}
VALUES = {
    "columns": {"amount": "decimal"},
    "table_keys": {"cluster": ["x"]},
    "merge_strategy": "insert",
    "column_casing": "snake",
    "add_new_columns": False,
    "adjust_column_type": True,
    "disabled": True,
    "selected": False,
    "status": "inactive",
    "selected_fields": [{"field_path": ["id"]}],
    "replication_method": {"method": "CDC"},
    "tunnel_method": {"tunnel_method": "SSH_KEY_AUTH"},
    "entra_service_principal_auth": True,
    "schema_enforced": False,
    "databases": ["other"],
    "connection_string": "mongodb://other/",
    "on_cursor_value_missing": "include",
    "included_columns": ["id"],
    "excluded_columns": ["id"],
    "delete_missing": "hard",
    "type": "soft",
    "ssl": True,
    "cursor_field": ["other"],
    "dedup_sort": "asc",
    "lag": 60,
    "numPartitions": 4,
    "isTruncate": "true",
    "createDisposition": "CREATE_IF_NEEDED",
    "schema_contract": "freeze",
    "write_disposition": "replace",
    "non_breaking_schema_updates_behavior": "propagate_columns",
    "connectionURL": "jdbc:postgresql://other/db",
    "mongoDbUri": "mongodb://other/db",
    "credentials": "postgresql://u@other/db",
    "connection_url": "mongodb://u@other/db",
    "source": "postgresql://u@other/db",
    "drivername": "postgresql",
    "target": "bigquery://other-project/d",
    "object": "raw.x",
    "outputTable": "other-project:d.t",
    "outputTableSpec": "other-project:d.t",
    "table_names": ["others"],
    "collection_names": ["others"],
    "SLING_LOADED_AT_COLUMN": True,
}
SHOP = {"host": "db", "database": "shop", "username": "reader"}
TARGET = {"configuration": {"project_id": "my-project", "dataset_id": "shop"}}
INNER = ("columns", "parameters")
REPLICA = {"instance": "replica", "server_addresses": "a:1"}
INSTANCE_OF = {
    "server_addresses": REPLICA,
    "replica_set": REPLICA,
    "cluster_url": {"instance": "atlas", "cluster_url": "a.example.net"},
}
"""Of a key the way to name servers that it belongs to."""
TWINS = {
    # What follows from another key of the base, or is one key written in several places.
    "airbyte": ("default_cursor_field", "source_defined_primary_key", "primary_key", "name",
                "namespace", "destination_sync_mode", "namespace_format"),
    "sling": (),
    "dlt": (),
    "google-template": (),
}  # fmt: skip


def with_key(document, parts, value):
    """A copy with this key; lists and names of the user's lead to the first that there is."""
    document = copy.deepcopy(document)
    node, last = document, ""
    for part in parts[:-1]:
        name = NAMES.get(last, "x") if part == ANY else part
        last = part
        node = node.setdefault(name, [{}] if name == "streams" and "sync_catalog" in parts else {})
        node = node[0] if isinstance(node, list) else node
    node[parts[-1]] = value
    return document


KEPT = [
    (tool, rule)
    for tool, one in TOOLS.items()
    for rule in one.rules
    if rule.how is How.KEPT and rule.parts[-1] not in TWINS[tool]
    and "launchParameter" not in rule.key and "launch_parameter" not in rule.key
    and "sync_catalog" not in rule.key and "connection.streams" not in rule.key
    and rule.parts[0] not in ("secrets", "--parameters")
]  # fmt: skip


@pytest.mark.parametrize(("tool", "rule"), KEPT, ids=lambda one: getattr(one, "key", one))
def test_a_key_that_is_kept_changes_the_file_or_is_told(tool, rule):
    base = BASES[tool]
    if rule.parts[0] in ("source", "destination") and tool == "airbyte":
        base = with_key(base, (rule.parts[0], "configuration", "host"), "h")
    if "mongodb" in rule.parts and rule.parts[-1] != "connection_url":
        base = with_key(base, (*rule.parts[:3], "connection_url"), "mongodb://u@db/d")
    if "on_cursor_value_missing" in rule.parts:
        base = with_key(base, (*rule.parts[:-1], "cursor_path"), "u")
    if rule.parts[-1] == "discover_sample_size" or "database_config" in rule.parts:
        uri = (*rule.parts[:2], "database_config", "connection_string")
        base = with_key(base, uri, "mongodb://db/")
        base = with_key(base, (*uri[:-1], "username"), "reader")
    if "instance_type" in rule.parts or rule.parts[-1] in ("user", "auth_source"):
        base = of_old_mongodb(INSTANCE_OF.get(rule.parts[-1], STANDALONE))
    given = {n: t for n, t in GIVEN.items() if n != "source"} if _of_source(rule) else GIVEN
    value = VALUES.get(rule.parts[-1], "other")
    document = with_key(base, rule.parts, value)
    before, after = made(tool, base, given), made(tool, document, given)
    assert before[:3] != after[:3]


def _of_source(rule):
    words = ("source", "credentials", "drivername", "connection_url", "connectionURL", "mongoDbUri")
    return any(part in words for part in rule.parts) or "sources" in rule.key


WORDS = st.sampled_from(["mode", "id", "pre_sql", "host", "nonsense", "query", "x", "password"])


@given(st.data())
def test_no_key_is_dropped_in_silence(data):
    """Each key of any document has a fate or a refusal, or only holds keys that have."""
    tool = data.draw(st.sampled_from(sorted(TOOLS)))
    document = copy.deepcopy(BASES[tool])
    for _ in range(data.draw(st.integers(0, 6))):
        rule = data.draw(st.sampled_from(list(TOOLS[tool].rules)))
        parts = [*rule.parts[:-1], data.draw(st.one_of(st.just(rule.parts[-1]), WORDS))]
        value = data.draw(st.sampled_from(["a", {"b": "c"}, []]))
        with suppress(AttributeError, TypeError, IndexError):  # a text where a mapping would be
            document = with_key(document, parts, value)
    draft = Draft("file", GIVEN)
    root = tree(tool, document)
    walked(root, TOOLS[tool].rules, draft)
    told = {fate.key for fate in draft.fates}
    told |= {fault.what.removesuffix(" can't be honoured") for fault in draft.sorted_faults()}
    for path in paths(root):
        assert any(path == key or path.startswith(f"{key}.") for key in told), path


def paths(node, above=()):
    """The paths of all texts and empty lists of a tree, as `walked` writes them."""
    if hasattr(node, "pairs"):
        for key, value in node.pairs:
            yield from paths(value, (*above, key.text))
    elif getattr(node, "items", ()):
        for item in node.items:
            yield from paths(item, above)
    elif getattr(node, "text", ""):
        yield ".".join(above)


def test_keys_are_left_out_by_the_names_that_refusals_give_them_and_told():
    document = sling(hooks={"pre": []}, source_options={"limit": 5})
    names = [re.search(r"--without=([^\s)]+)", fault)[1] for fault in made("sling", document)[2]]
    text, _, faults, fates = made("sling", document, without=names)
    assert (text, faults) == (made("sling", sling())[0], [])
    assert [fate.key for fate in fates if fate.is_left_out] == [
        "streams.public.orders.hooks",
        "streams.public.orders.source_options.limit",
    ]


def test_a_nested_table_of_dlt_is_left_out_whole():
    document = dlt({})
    document["schema"]["tables"]["orders__lines"] = {"parent": "orders", "columns": {}}
    ours = config("dlt", document, without=["schema.tables.orders__lines"])
    assert list(ours["tables"]) == ["public.orders"]


def test_a_key_to_leave_out_that_isn_t_there_is_an_error():
    assert "--without=hoooks" in made("sling", sling(), without=["hoooks"])[2][0]


def test_all_keys_of_a_rule_are_known_once():
    for tool in TOOLS.values():
        keys = [rule.key for rule in tool.rules]
        assert len(keys) == len(set(keys)), tool.title


RULES_OF = {name: tool.rules for name, tool in TOOLS.items()} | {"ingestr": ingestr_rules.RULES}


@pytest.mark.parametrize("tool", KEYS)
def test_each_setting_that_a_tool_has_has_an_equivalent_or_is_told_to_have_none(tool):
    """By its own name: a rule of many names would say the same of what is new tomorrow."""
    known = {rule.key for rule in RULES_OF[tool]}
    above = tuple(f"{rule.key}." for rule in RULES_OF[tool] if rule.parts[-1] != ANY)
    assert [key for key in KEYS[tool] if key not in known and not key.startswith(above)] == []


@pytest.mark.parametrize("tool", KEYS)
def test_what_stands_for_a_setting_is_a_parameter_of_ours(tool):
    """Words with an underscore are names: of parameters, or of columns and files that we write."""
    others = {
        *("select_fields", "exclude_fields", "field_mappings", "type_casts", "default_values"),
        *("temp_location", "machine_type", "num_workers", "max_num_workers", "new_tables"),
        *("service_account_email", "staging_location", "data_source", "_dataset", "_table"),
        *("_extra", "sync_run_id", "transform_sql"),
    }
    others |= {word for rule in RULES_OF[tool] for word in rule.parts}
    told = {
        word for rule in RULES_OF[tool] for word in re.findall(r"[a-z_]*_[a-z_]+", f"{rule.ours}")
    }
    assert told - set(BY_NAME) - others == set()


def test_each_way_of_writing_that_a_tool_has_is_known():
    for mode in MODES["sling"]:
        document = sling(mode=mode, primary_key="id", update_key="u")
        assert "no mode that is known" not in str(made("sling", document)[2])
    for strategy in MODES["dlt"]:
        document = dlt(
            {"write_disposition": "merge", "x-merge-strategy": strategy}, id=KEY, u=CURSOR
        )
        assert "none that is known" not in str(made("dlt", document)[2])
    for mode in MODES["airbyte"]:
        stream = {"sync_mode": mode, "cursor_field": ["u"], "primary_key": [["id"]]}
        assert made("airbyte", airbyte(stream))[2] == []


def test_the_page_of_moves_is_made_of_these_rules():
    assert PAGE.read_text(encoding="utf-8") == page(), "run make docs"
    for rules in TABLES.values():
        assert rules


def test_the_commands_of_the_page_make_a_file_each(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    connection = {**BASES["airbyte"], "source": {"configuration": SHOP}, "destination": TARGET}
    replication = {**BASES["sling"], "defaults": {"object": "shop.{stream_table}"}}
    launch = {
        "connectionURL": "jdbc:postgresql://db/shop",
        "username": "reader",
        "table": "orders",
        "outputTable": "my-project:shop.orders",
    }
    schemas = tmp_path / "my_pipeline" / "schemas" / "export"
    schemas.mkdir(parents=True)
    (schemas / "shop.schema.json").write_text(json.dumps(BASES["dlt"]["schema"]))
    (tmp_path / "my_pipeline" / ".dlt").mkdir()
    (tmp_path / "my_pipeline" / ".dlt" / "config.toml").write_text(
        '[sources.sql_database.credentials]\ndrivername = "postgresql"\nhost = "db"\n'
        'database = "shop"\nusername = "reader"\n[destination.bigquery]\ndataset_name = "shop"\n'
    )
    (tmp_path / "replication.yaml").write_text(yaml.safe_dump(replication))
    (tmp_path / "connection.json").write_text(json.dumps(connection))
    (tmp_path / "launch.json").write_text(json.dumps({"parameters": launch}))
    for shown in run_by(this_test()):
        told = main([*shown.words[1:], f"--output={shown.words[2]}.yaml"])
        printed = capsys.readouterr()
        assert told == 0, (shown.words, printed)
        assert re.search(r"\.yaml(: 1 entry)?\nnext: ", printed.out)
        made_file = (tmp_path / f"{shown.words[2]}.yaml").read_text()
        assert [*launch_faults(made_file, "ours", {})] == []
