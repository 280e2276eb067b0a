"""A file of tables: entries, the tables that they mean, their options, all faults at once."""

import json

import jsonschema
import pytest
import yaml

from auto_schema.errors import MOST_TOLD, ConfigError, ManyErrors, SchemaError, SyncError
from auto_schema.names import hashed_name
from pipeline.parameters.options import parse, unchecked
from pipeline.parameters.table import PARAMETERS
from pipeline.tables.entries import WithoutCursor
from pipeline.tables.file import keys_of, read_launch_part, read_tables
from pipeline.tables.json_schema import SHIPPED, json_schema, written
from pipeline.tables.new_tables import asked_datasets, without_new
from pipeline.tables.patterns import choose, unknown_exclusions, unread
from pipeline.tables.requests import launch_options, table_options, unheard
from pipeline.tables.selection import MOST_TABLES, select
from smart_sync.request import WriteDisposition
from sources.registry import SOURCES
from sources.tables import SourceTable
from warehouse.names import TableRef

LAUNCH = {
    "data_source": "postgresql",
    "postgresql_host": "db",
    "postgresql_database": "shop",
    "postgresql_username": "reader",
    "postgresql_password": "projects/p/secrets/s/versions/1",
    "destination_bigquery_project": "my-project",
    "destination_bigquery_dataset": "shop",
}
STAMPED = ("id", "updated_at")


def table(name, schema="public", **more):
    return SourceTable(name, schema, **({"keys": ("id",), "columns": STAMPED} | more))


def read(text, source="postgresql"):
    return read_tables(text, "tables.yaml", source)


def faults_of(text, source="postgresql"):
    """What is wrong with a file, as (what, where, why)."""
    with pytest.raises(SyncError) as caught:
        read(text, source)
    error = caught.value
    errors = error.errors if isinstance(error, ManyErrors) else (error,)
    return [(fault.what, fault.where, fault.why) for fault in errors]


def launched(text, catalog, **given):
    """The options of each table that a launch of this file syncs, and the file's faults."""
    given = LAUNCH | {"tables": "tables.yaml"} | given
    launch_options(given, (), {}, unchecked)
    file = read(text, given["data_source"])
    chosen, faults = choose(file, catalog)
    (every, _), (selected, unselected) = (select(w, chosen) for w in ("", given.get("select", "")))
    made, more = table_options(file, every, given, (), {}, selected=selected)
    return made, [*faults, *unselected, *more]


def test_entries_say_what_the_defaults_do_not():
    file = read(
        "defaults: {enable_smart_sync: true, merge_keys: auto, without_cursor: skip}\n"
        "tables:\n"
        "  public.*:\n"
        "  public.orders:\n"
        "    merge_keys: [id, line]\n"
        "    transformation_config: {field_mappings: {a: b}, mask: {c: null}}\n"
        "    tags: [hourly, money]\n"
        "  public.old: {disabled: true, tags: slow, without_cursor: replace}\n"
        "exclude: [public.tmp_*]\n"
    )
    every, orders, old = file.entries
    assert {name: text.text for name, text in every.parameters.items()} == {
        "enable_smart_sync": "true",
        "merge_keys": "auto",
    }
    said = {name: text.text for name, text in orders.parameters.items()}
    assert said["merge_keys"] == "id,line"
    assert json.loads(said["transformation_config"]) == {
        "field_mappings": {"a": "b"},
        "mask": {"c": None},
    }
    assert orders.tags == ("hourly", "money")
    assert (old.is_disabled, old.tags) == (True, ("slow",))
    assert (every.without_cursor, old.without_cursor) == (WithoutCursor.SKIP, WithoutCursor.REPLACE)
    assert [text.text for text in file.exclude] == ["public.tmp_*"]


def test_all_faults_of_a_file_are_told_at_once_by_line_and_column():
    faults = faults_of(
        "default: {}\n"
        "defaults: {partition_type: WEEK, runner: DataflowRunner, postgresql_host: h}\n"
        "tables:\n"
        "  public.a: {merge_key: id, source_table_for_schema: x}\n"
        "  public.b: [1]\n"
        "  public.c: {disabled: yes, without_cursor: drop, tags: {a: b}, max_dead_letters: [1]}\n"
    )
    assert [(what, where) for what, where, _ in faults] == [
        ("unknown key", "tables.yaml, line 1, column 1"),
        ("malformed parameter", "tables.yaml, line 2, column 28"),
        ("a key of the launch", "tables.yaml, line 2, column 34"),
        ("a key of the launch", "tables.yaml, line 2, column 58"),
        ("unknown key", "tables.yaml, line 4, column 14"),
        ("told twice", "tables.yaml, line 4, column 29"),
        ("'public.b' is no mapping", "tables.yaml, line 5, column 13"),
        ("malformed key", "tables.yaml, line 6, column 24"),
        ("malformed key", "tables.yaml, line 6, column 45"),
        ("malformed key", "tables.yaml, line 6, column 57"),
        ("malformed parameter", "tables.yaml, line 6, column 83"),
    ]


def test_a_filter_written_as_yaml_compares_numbers_with_numbers():
    text = "{tables: {users: {mongodb_query: {age: {$gte: 18}, code: '18', gone: null, on: true}}}}"
    said = read(text, "mongodb").entries[0].parameters["mongodb_query"].text
    assert said == '{"age": {"$gte": 18}, "code": "18", "gone": null, "on": true}'
    [(what, where, why)] = faults_of(text.replace("18}", "1_8}"), "mongodb")
    assert (what, where, why) == ("a number or a text", "tables.yaml, line 1, column 47", "'1_8'")


@pytest.mark.parametrize("keys", ["[id, region: eu]", "[[id], day]", "[id, ~]", "['id,day']"])
def test_a_list_of_columns_is_never_read_as_a_shorter_or_longer_one(keys):
    [(what, where, _)] = faults_of(f"{{tables: {{public.a: {{merge_keys: {keys}}}}}}}")
    assert what == "malformed parameter"
    assert where.startswith("tables.yaml, line 1, column 3")


def test_an_unknown_key_is_told_with_the_nearest_that_there_is():
    with pytest.raises(ConfigError, match=r"did you mean merge_keys\?"):
        read("tables: {public.a: {merge_key: id}}")
    with pytest.raises(ConfigError, match=r"give it to the launch: --postgresql_host"):
        read("tables: {public.a: {postgresql_host: h}}")


@pytest.mark.parametrize("text", ["", "tables:", "tables: {}", "defaults: {}"])
def test_a_file_without_tables_is_a_fault(text):
    assert faults_of(text)[0][0] == "a file without tables"


def test_each_parameter_is_one_of_the_launch_of_a_table_or_named_by_the_entry():
    for source, kind in SOURCES.items():
        named = kind.listing.parameters
        own = [p for p in PARAMETERS if p.source in ("", source)]
        launch = [p.name for p in own if p.of_launch]
        assert sorted([*launch, *keys_of(source), *named]) == sorted(p.name for p in own)
    secrets = [p for p in PARAMETERS if p.kind == "secret"]
    assert all(p.of_launch for p in secrets)  # a file in a bucket is no place for them


def test_a_transformation_is_a_mapping_of_its_own_keys():
    judge = jsonschema.Draft202012Validator(json_schema())
    for config, is_taken in (({"mask": {"a": "null"}}, True), ("a.json", True), ({"x": 1}, False)):
        file = {"tables": {"t": {"transformation_config": config}}}
        assert judge.is_valid(file) is is_taken


@pytest.mark.parametrize(
    ("source", "name", "is_taken"),
    [
        ("mongodb", "mongodb_query", True),
        ("mongodb", "mongodb_projection", True),
        ("postgresql", "smart_sync_timestamp_column", False),
        ("postgresql", "partition_field", False),
        ("postgresql", "dead_letter_table", False),
    ],
)
def test_a_mapping_is_a_document_to_the_parser_and_to_editors_and_else_no_text(
    source, name, is_taken
):
    file = {"tables": {"t": {name: {"x": 1}}}}
    assert not is_taken or read(json.dumps(file), source)
    assert is_taken or faults_of(json.dumps(file), source)[0][2] == f"{name} is a mapping"
    told = list(jsonschema.Draft202012Validator(json_schema()).iter_errors(file))
    assert bool(told) is not is_taken


def test_placeholders_in_another_name_than_the_destinations_are_refused():
    (fault,) = faults_of("tables: {public.*: {dead_letter_table: '{table}_dead'}}")
    assert (fault[0], "{table}_dead" in fault[2]) == ("malformed parameter", True)


def test_the_closest_entry_wins():
    text = (
        "tables:\n  '*.*': {tags: [all]}\n  public.*: {tags: [public]}\n"
        "  public.order*: {tags: [order]}\n  public.orders: {tags: [orders]}\n"
        "exclude: [public.order_tmp, public.orders]\n"
    )
    names = ["orders", "order_lines", "order_tmp", "users"]
    catalog = [*(table(name) for name in names), table("x", "other")]
    chosen, faults = choose(read(text), catalog)
    assert not faults
    assert [(one.table.full_name, one.entry.tags[0]) for one in chosen] == [
        ("public.orders", "orders"),
        ("public.order_lines", "order"),
        ("public.users", "public"),
        ("other.x", "all"),
    ]


def test_views_and_partitions_come_by_their_exact_names_only():
    catalog = [table("orders"), table("v", is_plain=False)]
    chosen, _ = choose(read("tables: {public.*: }"), catalog)
    assert [one.table.name for one in chosen] == ["orders"]
    chosen, faults = choose(read("tables: {public.v: }"), catalog)
    assert ([one.table.name for one in chosen], faults) == (["v"], [])
    _, (fault,) = choose(read("tables: {public.v*: }"), catalog)
    assert fault.fix == "only views or partitions do, which come by their exact names."


def test_tables_that_may_not_be_read_whole_are_told_where_a_pattern_means_them():
    part = table("part", is_plain=False, lacks="SELECT on some of its columns")
    gone = [table(n, is_plain=False, lacks="SELECT", is_hidden=True) for n in ("a", "b", "c", "d")]
    catalog = [table("orders"), part, *gone]
    file = read("tables: {public.*: , public.c: {disabled: true}, 'p*.d*': }\nexclude: [public.b]")
    assert [one.table.name for one in unread(file, catalog)] == ["part", "a", "d"]
    chosen, (fault, *_) = choose(file, catalog)
    assert [one.table.name for one in chosen] == ["orders"]
    assert fault.why == "the role may not read public.c: it lacks SELECT"
    assert not list(unknown_exclusions(file, catalog))
    chosen, faults = choose(read("tables: {public.part: }"), catalog)
    assert ([one.table.name for one in chosen], faults) == (["part"], [])
    _, (fault,) = choose(read("tables: {public.a*: }"), catalog)
    assert fault.fix.startswith("grant the role")


def test_names_with_signs_of_globs_are_their_own_entries():
    odd = [table("a*b"), table("axb"), table("[x]")]
    chosen, faults = choose(read("tables: {'public.a*b': {tags: star}, 'public.[x]': }"), odd)
    assert not faults
    assert [one.table.name for one in chosen] == ["a*b", "axb", "[x]"]


@pytest.mark.parametrize(
    ("text", "what", "part"),
    [
        ("{public.?a: , public.*a: }", "two patterns of equal weight", ""),
        ("{public.a*: , 'publi[c].*': }", "", ""),
        ("{public.b*: }", "a pattern that matches nothing", "like 'public.b*'"),
        ("{public.orders: }", "unknown table", "no table named 'public.orders'"),
        ("{hidden.*: }", "a pattern that matches nothing", "no table in 'hidden'"),
        ("{orders: }", "unknown table", "names no schema"),
    ],
)
def test_patterns_that_mean_nothing_or_too_much_are_told(text, what, part):
    _, faults = choose(read(f"tables: {text}"), [table("aa")])
    assert [fault.what for fault in faults] == ([what] if what else [])
    assert not what or (part in faults[0].why, "line 1" in faults[0].where) == (True, True)


def test_an_exclusion_that_could_never_exclude_anything_is_told():
    catalog = [table("orders"), table("secrets")]
    file = read("tables: {public.*: }\nexclude: [secrets, public.secrts, public.tmp_*]\n")
    _, (fault,) = choose(file, catalog)
    assert (fault.what, fault.fix) == (
        "an exclusion that excludes nothing",
        "write schema.secrets.",
    )
    assert "line 2, column 11" in fault.where
    collections = [SourceTable("orders"), SourceTable("secrets")]
    bare = read("tables: {'*': }\nexclude: [secrets]\n")
    assert choose(bare, collections, has_schemas=False)[1] == []
    told = "exclude, line 2, column 20: the source shows no table 'public.secrts'"
    assert told in unknown_exclusions(file, catalog)
    assert not list(unknown_exclusions(bare, collections))


def test_more_tables_than_a_launch_takes_are_refused():
    catalog = [table(f"t{n}") for n in range(MOST_TABLES + 1)]
    chosen, faults = choose(read("tables: {public.*: , public.t0: {disabled: true}}"), catalog)
    assert (faults, select("", chosen)[1]) == ([], [])
    chosen, _ = choose(read("tables: {public.*: }"), catalog)
    _, (fault,) = select("", chosen)
    assert (fault.what, "1,001 tables" in fault.why) == ("too many tables", True)
    assert select("public.t1*", chosen)[1] == []  # which is what the message says to do


def test_select_takes_names_patterns_and_tags_and_never_what_is_disabled():
    text = (
        "tables:\n  public.a: {tags: [x]}\n  public.b: {tags: [y]}\n"
        "  public.c: {tags: [x], disabled: true}\n  public.d:\n"
    )
    chosen, _ = choose(read(text), [table(name) for name in "abcd"])

    def selected(words):
        kept, faults = select(words, chosen)
        return "".join(one.table.name for one in kept), [fault.why for fault in faults]

    assert selected("") == ("abd", [])
    assert selected("tag:x, public.d") == ("ad", [])
    assert selected("public.[bc]") == ("b", [])
    assert selected("public.c") == ("", [])
    assert selected("tag:z,public.a,e") == ("a", ["'tag:z'", "'e'"])


def test_a_table_has_the_options_of_a_launch_of_it_alone():
    text = (
        "defaults: {enable_smart_sync: true, write_disposition: WRITE_MERGE, merge_keys: auto}\n"
        "tables:\n  public.*: {destination_bigquery_table: '{schema}_orders'}\n"
        "  shop.lines: {smart_sync_margin: 1m, destination_bigquery_dataset: other}\n"
    )
    catalog = [table('Ord"ers'), table("lines", "shop", keys=("order", "line"))]
    (orders, lines), faults = launched(text, catalog, smart_sync_margin="5m")
    assert not faults
    request = orders.options.request
    assert request.reading.schema_table == '"public"."Ord""ers"'
    assert str(request.destination) == "my-project.shop.public_orders"
    assert request.publishing.write_disposition is WriteDisposition.MERGE
    assert request.publishing.merge_keys == ("id",)
    assert request.window.margin.total_seconds() == 300
    request = lines.options.request
    assert str(request.destination) == "my-project.other.lines"
    assert request.publishing.merge_keys == ("order", "line")
    assert request.window.margin.total_seconds() == 60


def test_a_table_without_a_key_or_cursor_is_its_own_fault_or_what_its_entry_says():
    merge = "write_disposition: WRITE_MERGE, merge_keys: auto, enable_smart_sync: true"
    catalog = [table("k", keys=()), table("c", columns=("id",)), table("good")]

    def told(more):
        made, faults = launched(f"tables: {{public.*: {{{merge}{more}}}}}", catalog)
        assert not faults
        return {one.chosen.table.name: one for one in made}

    made = told("")
    assert made["good"].fault is None
    assert (made["k"].fault.what, made["c"].fault.what) == ("no primary key", "no cursor column")
    assert isinstance(made["k"].fault, SchemaError)
    assert (made["c"].is_skipped, told(", without_cursor: skip")["c"].is_skipped) == (False, True)
    replaced = told(", without_cursor: replace")["c"].options.request
    assert (replaced.window.smart_sync, replaced.replaces) == (False, True)


def test_a_table_that_lacks_the_cursor_and_a_key_needs_no_key_to_be_replaced_or_left_alone():
    catalog = [table("log", keys=(), columns=("line",))]

    def told(word):
        text = "write_disposition: WRITE_MERGE, merge_keys: auto, enable_smart_sync: true"
        (one,), faults = launched(f"tables: {{public.*: {{{text}, {word}}}}}", catalog)
        assert not faults
        return one

    replaced = told("without_cursor: replace")
    assert replaced.fault is None
    assert replaced.options.request.replaces
    assert told("without_cursor: skip").is_skipped
    assert told("without_cursor: fail").fault.what == "no cursor column"


@pytest.mark.parametrize("text", ["", "write_disposition: WRITE_APPEND, "])
def test_only_what_finds_rows_by_key_needs_one(text):
    catalog = [table("log", keys=(), columns=("line", "updated_at"))]
    text += "merge_keys: auto, enable_smart_sync: true"
    (one,), faults = launched(f"tables: {{public.*: {{{text}}}}}", catalog)
    assert (faults, one.fault) == ([], None)
    text = "write_disposition: WRITE_HISTORY, merge_keys: auto, enable_smart_sync: true"
    (one,), _ = launched(f"tables: {{public.*: {{{text}}}}}", catalog)
    assert one.fault.what == "no primary key"


def test_the_faults_of_tables_parameters_are_told_once_by_their_place():
    text = (
        "tables:\n  public.*: {sync_start: 2025-01-01, enable_smart_sync: true}\n"
        "  public.b: {destination_bigquery_table: '{owner}_b'}\n"
    )
    _, faults = launched(text, [table("a"), table("b")])
    wheres = [fault.where for fault in faults]
    assert any("line 2, column 26, public.a, sync_start" in where for where in wheres)
    assert "unknown placeholder" in [fault.what for fault in faults]


def test_two_tables_of_one_destination_are_an_error_and_so_is_a_name_that_is_taken():
    catalog = [table("orders"), table("orders", "shop")]
    _, (fault,) = launched("tables: {public.*: , shop.*: }", catalog)
    assert (fault.what, "shop.orders" in fault.why) == ("two tables, one destination", True)
    catalog = [table("orders"), table("orders_dead_letters"), table("sync_runs")]
    views = [table("sync_runs_latest"), table("sync_batches_latest")]
    catalog += [table("sync_batches"), table("sync_checks"), *views]
    _, faults = launched("tables: {public.*: }", catalog)
    assert [fault.what for fault in faults] == ["a destination that is taken"] * 6
    assert "the dead letters of my-project.shop.orders" in faults[0].why


@pytest.mark.parametrize(
    ("more", "beam", "where"),
    [
        ({"source_table_for_schema": "public.a"}, (), "source_table_for_schema"),
        ({"verify_only": "true"}, (), "verify_start, verify_end"),
        ({"retry_failed": "last"}, (), "retry_failed"),
        ({}, ("--runner=DataflowRunner", "--temp_location=/here"), "temp_location"),
        ({"partition_type": "WEEK"}, (), "partition_type"),
        ({"postgresql_host": ""}, (), "postgresql_host"),
        ({"max_tables_at_once": "0"}, (), "max_tables_at_once"),
    ],
    ids=str,
)
def test_the_launch_s_own_faults_are_told_before_the_source_is_asked(more, beam, where):
    given = LAUNCH | {"tables": "x"} | more
    with pytest.raises(SyncError) as caught:
        launch_options(given, beam, {"SMART_SYNC_IMAGE": "image:1"}, unchecked)
    assert where in str(caught.value)


def test_the_shipped_json_schema_is_made_from_the_table_and_judges_as_the_program_does():
    assert SHIPPED.read_text(encoding="utf-8") == written()
    judge = jsonschema.Draft202012Validator(json_schema())
    judge.check_schema(json_schema())
    good = (
        "defaults: {enable_smart_sync: true, merge_keys: auto, fallback_days: 3}\n"
        "tables:\n  public.*:\n  public.a: {tags: [x], disabled: false, partition_field: at,\n"
        "    clustering_fields: [id], max_dead_letters: '5', transformation_config: {}}\n"
        "exclude: [public.b]\n"
        "parameters: {postgresql_host: db, runner: DataflowRunner, num_workers: 2, verify: true}\n"
    )
    assert [error.message for error in judge.iter_errors(yaml.safe_load(good))] == []
    read(good)
    one = "parameters: {postgresql_host: db, destination_bigquery_table: t, clustering_fields: [a]}"
    assert [error.message for error in judge.iter_errors(yaml.safe_load(one))] == []
    part, faults = read_launch_part(one, "sync.yaml")
    assert ({*part.origins}, part.is_of_many, faults) == (
        {"postgresql_host", "destination_bigquery_table", "clustering_fields"},
        False,
        [],
    )
    for bad in (
        "tables: {public.a: {partition_type: WEEK}}",
        "tables: {public.a: {merge_key: id}}",
        "tables: {public.a: {postgresql_host: h}}",
        "tables: {public.a: {max_dead_letters: many}}",
        "tables: {}",
        "defaults: {tags: [a]}\ntables: {public.a: }",
    ):
        assert list(judge.iter_errors(yaml.safe_load(bad))), bad
        assert faults_of(bad)
    for bad in (
        "parameters: {postgresql_hst: h}",
        "parameters: {tables: t.yaml}",
        "postgresql_host: h",
        "parameters: [a]",
    ):
        assert list(judge.iter_errors(yaml.safe_load(bad))), bad
        assert read_launch_part(bad, "sync.yaml")[1], bad


@pytest.mark.parametrize("name", ["tables", "select", "max_tables_at_once", "retry_failed"])
def test_a_parameter_of_many_tables_is_refused_where_one_is_launched(name):
    text = "20250722t150000-3f9a0c1d" if name == "retry_failed" else "2"
    given = LAUNCH | {"destination_bigquery_table": "t", "source_table_for_schema": "t", name: text}
    with pytest.raises(ConfigError, match=rf"a parameter of many tables \({name}\)"):
        parse([f"--{key}={text}" for key, text in given.items()], {})


def merging(entry):
    """The merge keys of a table whose primary key is `id`."""
    text = "defaults: {write_disposition: WRITE_MERGE, merge_keys: auto}\n"
    [made], faults = launched(f"{text}tables: {{public.a: {entry}}}", [table("a")])
    assert not faults
    return made.options.request.publishing.merge_keys if made.options else made.fault.what


def test_the_primary_key_is_taken_under_its_destination_name():
    renamed = "transformation_config: {field_mappings: {id: key, other: id}}"
    assert merging(f"{{{renamed}}}") == ("key",)
    assert merging("{postgresql_query: SELECT * FROM a JOIN b USING (id)}") == "no primary key"
    text = "{defaults: {write_disposition: WRITE_MERGE, merge_keys: auto}, tables: {public.*: }}"
    [made], _ = launched(text, [table("a", keys=("id,day",))])
    assert made.fault.what == "no primary key"  # else it would be the columns id and day
    assert made.fault.fix.startswith("set rename_columns=auto")
    [made], _ = launched(text, [table("a", keys=("id,day",))], rename_columns="auto")
    assert made.options.request.publishing.merge_keys == (hashed_name("id,day"),)


QUERY = "postgresql_query: SELECT * FROM a"


@pytest.mark.parametrize(
    ("text", "given", "where"),
    [
        (f"{{defaults: {{{QUERY}}}, tables: {{public.a: }}}}", {}, "line 1, column 13"),
        (f"{{tables: {{'public.*': {{{QUERY}}}}}}}", {}, "line 1, column 42"),
        ("{tables: {public.a: }}", {"postgresql_query": "SELECT 1"}, "postgresql_query"),
    ],
)
def test_one_query_is_never_read_into_many_tables(text, given, where):
    try:
        _, faults = launched(text, [table("a"), table("b")], **given)
    except SyncError as error:
        faults = [error]
    assert {fault.what for fault in faults} == {"one query for many tables"}
    assert all(where in fault.where for fault in faults)


def test_two_destinations_meet_whichever_of_the_tables_is_selected():
    text = "tables: {public.*: , shop.*: }"
    catalog = [table("orders"), table("orders", "shop"), table("users")]
    _, (fault,) = launched(text, catalog, select="public.orders")
    assert fault.what == "two tables, one destination"
    disabled = "tables: {public.*: , shop.*: {disabled: true}}"
    made, faults = launched(disabled, catalog, select="public.orders")
    assert (len(made), faults) == (1, [])


def test_tables_that_have_one_name_are_told_apart_from_none():
    catalog = [table("b.c", "a"), table("c", "a.b")]
    _, (fault,) = choose(read("tables: {a.b.c: }"), catalog)
    assert (fault.what, "'a', and one of 'a.b'" in fault.why) == ("two tables of one name", True)


def test_an_excluded_table_ties_no_patterns():
    text = "{tables: {'public.*a': , 'public.*b*': }, exclude: [public.ba]}"
    chosen, faults = choose(read(text), [table("ba"), table("a"), table("b")])
    assert ([one.table.name for one in chosen], faults) == (["a", "b"], [])


def test_a_flag_that_the_file_leaves_no_table_to_is_told():
    text = "{defaults: {smart_sync_margin: 5m}, tables: {public.*: , public.a: {num_splits: 2}}}"
    given = {"smart_sync_margin": "1m", "num_splits": "3", "postgresql_host": "other"}
    made, _ = launched(text, [table("a"), table("b")], **given)
    (told,) = unheard(given, made)
    assert told.startswith("smart_sync_margin of the launch holds for no table")
    assert "line 1, column 32" in told
    assert list(unheard({"smart_sync_margin": "5m"}, made)) == list(unheard(given, ())) == []


def test_a_fault_of_the_defaults_is_told_once_for_all_tables():
    text = "{defaults: {smart_sync_lookback: 1h, enable_smart_sync: true}, tables: {public.*: }}"
    _, (fault,) = launched(text, [table("a"), table("b")])
    assert fault.where == "tables.yaml, line 1, column 34, public.a, smart_sync_lookback"


def test_a_table_that_is_replaced_whole_takes_nothing_of_windows_from_the_defaults():
    text = (
        "{defaults: {enable_smart_sync: true, write_disposition: WRITE_MERGE, merge_keys: auto,"
        " stale_columns: keep, without_cursor: replace, %s}, tables: {public.*: }}"
    )
    deletes = (
        'delete_missing: hard, max_deleted_percent: 9, delete_missing_where: \'[["id", ">", 1]]\''
    )
    ends = "sync_start: 2025-01-01, sync_end: 2025-02-01"
    for window in ("smart_sync_lookback: 1h", ends, deletes, "repair: true"):
        made, faults = launched(text % window, [table("a", columns=("id",)), table("b")])
        assert faults == []
        dispositions = [one.options.request.publishing.write_disposition for one in made]
        assert dispositions == [WriteDisposition.TRUNCATE, WriteDisposition.MERGE]
    text = text.replace("WRITE_MERGE", "WRITE_HISTORY") % "hard_deletes: invalidate"
    made, faults = launched(text, [table("a", columns=("id",)), table("b")])
    assert faults == []
    assert [one.options.request.missing.ends for one in made] == [False, True]


def test_a_name_that_bigquery_reads_otherwise_or_refuses_is_its_own_table_s_matter():
    names = ["a$20250101", "a.b", "c*", "d@1", "_sync_lock_e", "größe 1-b", "f"]
    made, faults = launched("{tables: {public.*: }}", [table(name) for name in names])
    assert faults == []
    assert [one.options is not None for one in made] == [*[False] * 5, True, True]
    assert {one.fault.what for one in made[:5]} == {"a name that no destination may have"}


def test_a_table_that_is_read_is_no_destination():
    given = {
        "data_source": "bigquery",
        "source_bigquery_project": "my-project",
        **{name: "" for name in LAUNCH if name.startswith("postgresql")},
    }
    catalog = [table("orders", "shop"), table("orders_copy", "shop")]
    text = "{tables: {shop.*: {destination_bigquery_table: '{table}_copy'}}%s}"
    _, faults = launched(text % "", catalog, **given)
    assert [fault.why for fault in faults] == [
        "my-project.shop.orders_copy is a table that is read"
    ]
    made, faults = launched(text % ", exclude: ['shop.*_copy']", catalog, **given)
    assert (len(made), faults) == (1, [])


def test_new_tables_that_a_pattern_brings_are_ignored_by_one_question_for_all():
    text = (
        "{defaults: {new_tables: ignore, write_disposition: WRITE_MERGE, merge_keys: auto},"
        " tables: {public.*: , public.exact: , shop.*: {new_tables: load}}}"
    )
    names = ["known", "new", "exact"]
    catalog = [*map(table, names), table("keyless", keys=()), table("loaded", "shop")]
    made, faults = launched(text, catalog)
    assert faults == []
    assert asked_datasets(made) == {("my-project", "shop")}
    there = {TableRef("my-project", "shop", "known")}
    after = {one.chosen.table.name: one for one in without_new(read(text), made, there)}
    assert {name for name, one in after.items() if one.is_skipped} == {"new", "keyless"}
    assert after["new"].fault.fix == "name it in an entry of its own, or say new_tables: load."
    assert [after[name].options is not None for name in ("known", "exact", "loaded")] == [True] * 3
    made, _ = launched(text.replace("new_tables: ignore, ", ""), catalog)
    assert asked_datasets(made) == frozenset()


def test_a_table_that_can_not_be_synced_meets_others_in_its_destination():
    text = "{defaults: {write_disposition: WRITE_MERGE, merge_keys: auto}, tables: {'*.*': }}"
    _, faults = launched(text, [table("a", keys=()), table("a", "shop")])
    assert [fault.what for fault in faults] == ["two tables, one destination"]


def test_a_verify_only_leaves_alone_what_has_no_window():
    text = "{defaults: {enable_smart_sync: true}, tables: {public.*: {without_cursor: replace}}}"
    window = {"verify_only": "true", "verify_start": "2025-01-01", "verify_end": "2025-02-01"}
    made, faults = launched(text, [table("a"), table("b", columns=("id",))], **window)
    assert (faults, [one.is_skipped for one in made]) == ([], [False, True])
    assert made[0].options.request.run.verify_window == ("2025-01-01", "2025-02-01")
    assert made[1].fault.what == "no window to verify"


def test_of_ten_thousand_faults_so_many_are_told_as_somebody_reads():
    keys = ", ".join(f"no_such_key_{number}: x" for number in range(10_000))
    with pytest.raises(ManyErrors) as caught:
        read(f"tables: {{public.a: {{{keys}}}}}")
    assert len(caught.value.errors) == 10_000
    lines = caught.value.text.splitlines()
    assert len(lines) == MOST_TOLD + 1
    assert lines[-1] == f"… and {10_000 - MOST_TOLD:,} more."
    assert len(caught.value.text) < 20_000
