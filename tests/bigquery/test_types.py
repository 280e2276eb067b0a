"""Every type of BigQuery, nested ones too, arrives in BigQuery as it was."""

import json
from decimal import Decimal
from itertools import zip_longest

import pytest
from google.cloud import bigquery

from tests.sync import PROJECT

SMART = {"enable_smart_sync": "true", "enable_auto_schema": "true"}
MERGE = SMART | {"write_disposition": "WRITE_MERGE", "merge_keys": "id", "verify": "true"}
WAYS = {
    "in_place": SMART | {"bigquery_read_method": "in_place"},
    "in_place_staged": MERGE | {"bigquery_read_method": "in_place"},
    "workers": SMART | {"bigquery_read_method": "workers"},
    "workers_proven": MERGE | {"bigquery_read_method": "workers", "num_splits": "2"},
}
by_every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)

KIDS = "ARRAY<STRUCT<doc JSON, tags ARRAY<STRING>, span INTERVAL, when_ RANGE<TIMESTAMP>>>"
COLUMNS = {
    "number": ("INT64", ["9223372036854775807", "-9223372036854775808", "0"]),
    "real": (
        "FLOAT64",
        ["CAST('inf' AS FLOAT64)", "CAST('-inf' AS FLOAT64)", "CAST('nan' AS FLOAT64)"],
    ),
    "small": ("FLOAT64", ["5e-324", "-0.0", "0.1", "1.7976931348623157e308"]),
    "yes": ("BOOL", ["TRUE", "FALSE"]),
    "words": ("STRING", ["''", "'é\\n\\t\"\\\\😀'", "'null'"]),
    "short": ("STRING(5)", ["'12345'", "'äöüß€'"]),
    "raw": ("BYTES", ["b''", "b'\\x00\\xff'"]),
    "three": ("BYTES(3)", ["FROM_HEX('ff0061')"]),  # a literal would be four bytes here
    "day": ("DATE", ["DATE '0001-01-01'", "DATE '9999-12-31'"]),
    "hour": ("TIME", ["TIME '00:00:00'", "TIME '23:59:59.999999'"]),
    "moment": (
        "DATETIME",
        ["DATETIME '0001-01-01 00:00:00'", "DATETIME '9999-12-31 23:59:59.999999'"],
    ),
    "instant": (
        "TIMESTAMP",
        ["TIMESTAMP '0001-01-01 00:00:00+00'", "TIMESTAMP '9999-12-31 23:59:59.999999+00'"],
    ),
    "exact": (
        "NUMERIC",
        [
            "NUMERIC '99999999999999999999999999999.999999999'",
            "NUMERIC '-99999999999999999999999999999.999999999'",
            "NUMERIC '0.000000001'",
        ],
    ),
    "price": ("NUMERIC(10, 2)", ["NUMERIC '99999999.99'", "NUMERIC '-0.01'"]),
    "whole": ("NUMERIC(5)", ["NUMERIC '99999'"]),
    "big": (
        "BIGNUMERIC",
        [
            "BIGNUMERIC '-0.5'",  # the emulator reads Parquet's as doubles
            "BIGNUMERIC '0'",
        ],
    ),
    "vast": ("BIGNUMERIC(38, 30)", ["BIGNUMERIC '0.5'"]),
    "doc": (
        "JSON",
        [
            "JSON 'null'",
            'JSON \'{"a":{"b":[1,null,{"c":[]}]},"e":{}}\'',
            "JSON '[67.174118,1e300,0.1,-1,1.5e-7,12345678901234567890]'",
            "JSON '\"67.174118\"'",
            "JSON '\"007\"'",
            "JSON '\"null\"'",
            "JSON '[]'",
        ],
    ),
    "place": (
        "GEOGRAPHY",
        [
            "ST_GEOGPOINT(13.376935, 52.516181)",
            "ST_GEOGFROMTEXT('LINESTRING(0 0, 10.5 20.25)')",
            "ST_GEOGFROMTEXT('POLYGON((0 0, 1 0, 1 1, 0 1, 0 0))')",
        ],
    ),
    "span": (
        "INTERVAL",
        [
            "INTERVAL '1-2 3 4:5:6.789' YEAR TO SECOND",  # the emulator keeps no negative ones
            "INTERVAL '0-0 40 30:00:00' YEAR TO SECOND",
            "INTERVAL 0 DAY",
        ],
    ),
    "days": (
        "RANGE<DATE>",
        [
            "RANGE<DATE> '[2024-01-01, 2024-02-01)'",
            "RANGE<DATE> '[UNBOUNDED, 2024-02-01)'",
            "RANGE<DATE> '[2024-01-01, UNBOUNDED)'",
            "RANGE<DATE> '[UNBOUNDED, UNBOUNDED)'",
        ],
    ),
    "moments": (
        "RANGE<DATETIME>",
        ["RANGE<DATETIME> '[2024-01-01 00:00:00.000001, UNBOUNDED)'"],
    ),
    "instants": (
        "RANGE<TIMESTAMP>",
        ["RANGE<TIMESTAMP> '[UNBOUNDED, 2024-01-01 00:00:00.000001+00)'"],
    ),
    "deep": (
        "STRUCT<a INT64, b STRUCT<c STRING(7), d STRUCT<e JSON, f RANGE<DATE>, g NUMERIC>>>",
        [
            "STRUCT(1, STRUCT('x', STRUCT(JSON '{\"k\":1.5}',"
            " RANGE<DATE> '[2024-01-01, UNBOUNDED)', NUMERIC '1.234')))",
            "STRUCT(NULL, STRUCT(NULL, STRUCT(NULL, NULL, NULL)))",
            "STRUCT(NULL, STRUCT(NULL, NULL))",
            "STRUCT(NULL, NULL)",
            "STRUCT(2, STRUCT('', STRUCT(JSON 'null', NULL, NUMERIC '0')))",
        ],
    ),
    "flat": (
        "STRUCT<a INT64, b STRUCT<c FLOAT64, d ARRAY<STRING>>>",
        [
            "STRUCT(1, STRUCT(-0.5, ['x', '']))",
            "STRUCT(NULL, STRUCT(NULL, []))",
            "STRUCT(NULL, NULL)",
        ],
    ),
    "numbers": ("ARRAY<INT64>", ["[1, 2, 1]", "[]"]),
    "reals": ("ARRAY<FLOAT64>", ["[5e-324, CAST('inf' AS FLOAT64), CAST('nan' AS FLOAT64)]"]),
    "yeses": ("ARRAY<BOOL>", ["[TRUE, FALSE]"]),
    "texts": ("ARRAY<STRING(3)>", ["['', 'abc', ',']"]),
    "raws": ("ARRAY<BYTES>", ["[b'', b'\\xff']"]),
    "dates": ("ARRAY<DATE>", ["[DATE '2024-02-29', DATE '0001-01-01']"]),
    "hours": ("ARRAY<TIME>", ["[TIME '12:30:00.5']"]),
    "stamps": ("ARRAY<DATETIME>", ["[DATETIME '2024-02-29 12:30:00.5']"]),
    "zoned": ("ARRAY<TIMESTAMP>", ["[TIMESTAMP '2024-02-29 12:30:00.5+00']"]),
    "exacts": ("ARRAY<NUMERIC(10, 2)>", ["[NUMERIC '1.25', NUMERIC '-2']"]),
    "bigs": ("ARRAY<BIGNUMERIC>", ["[BIGNUMERIC '0.5']"]),
    "docs": ("ARRAY<JSON>", ["[JSON 'null', JSON '{\"b\":[67.174118]}', JSON '\"1\"']"]),
    "places": ("ARRAY<GEOGRAPHY>", ["[ST_GEOGPOINT(2, 1), ST_GEOGPOINT(1, 2)]"]),
    "spans": ("ARRAY<INTERVAL>", ["[INTERVAL 3 MONTH, INTERVAL 1 DAY]"]),
    "ranges": (
        "ARRAY<RANGE<DATETIME>>",
        ["[RANGE<DATETIME> '[2024-01-02 00:00:00, UNBOUNDED)']"],
    ),
    "tree": (
        f"ARRAY<STRUCT<n INT64, kids {KIDS}>>",
        [
            f"[STRUCT(1, {KIDS}[STRUCT(JSON '{{\"z\":1e300}}', ['b', 'a'], NULL,"
            " RANGE<TIMESTAMP> '[UNBOUNDED, 2024-01-01 00:00:00+00)'),"
            f" STRUCT(NULL, [], NULL, NULL)]), STRUCT(2, {KIDS}[])]",
            "[]",
            f"[STRUCT(NULL, {KIDS}[STRUCT(JSON 'null', ['x'], NULL, NULL)])]",
        ],
    ),
    "select": ("STRUCT<`from` INT64, `größe` ARRAY<JSON>>", ["STRUCT(1, [JSON '2'])"]),
    "größe": (
        "STRUCT<`order` STRUCT<`été` RANGE<DATE>>>",
        ["STRUCT(STRUCT(RANGE<DATE> '[2024-01-01, UNBOUNDED)'))"],
    ),
    "group": ("ARRAY<STRUCT<`end` DATE>>", ["[STRUCT(DATE '2024-01-01')]"]),
}
NULLS = ("doc", "deep", "deep.b", "deep.b.d", "deep.b.d.e", "deep.b.d.f", "flat", "flat.b", "days")
"""Of which a SQL NULL and a JSON null, or NULLs within, must be told apart."""


def rows_of(columns, first):
    """VALUES of all values of these columns, the rest of each NULL."""
    rows = []
    values = (given for _, given in columns.values())
    for number, row in enumerate([*zip_longest(*values), [None] * len(columns)], first):
        stamp = f"TIMESTAMP '2024-05-01 00:00:{number:02}+00'"
        rows.append(f"({number}, {stamp}, {', '.join(value or 'NULL' for value in row)})")
    names = "".join(f", `{name}`" for name in columns)
    return f"INSERT INTO `{{s}}.s` (id, updated_at{names}) VALUES\n" + ",\n".join(rows)


def made(columns):
    """A table `s` of these columns and all their values."""
    kinds = "".join(f", `{name}` {kind}" for name, (kind, _) in columns.items())
    create = f"CREATE TABLE `{{s}}.s` (id INT64, updated_at TIMESTAMP{kinds})"
    return f"{create};\n{rows_of(columns, 1)}"


def contents(client, table, nulls=(), key="id"):
    """Each column's values as JSON, by id."""
    schema = client.get_table(table).schema
    items = [f"TO_JSON_STRING(`{field.name}`) AS `{field.name}`" for field in schema]
    items += [f"TO_JSON_STRING({name} IS NULL) AS null_{n}" for n, name in enumerate(nulls)]
    sql = f"SELECT {', '.join(items)} FROM `{table}` ORDER BY `{key}`"
    found = {
        name: []
        for name in [f.name for f in schema] + list(map("null_{}".format, range(len(nulls))))
    }
    for row in client.query_and_wait(sql):
        for name, value in row.items():
            found[name].append(value)
    for field in schema:
        if field.mode == "REPEATED":  # the emulator has NULL arrays, BigQuery hasn't
            found[field.name] = ["[]" if v == "null" else v for v in found[field.name]]
    return found


def fields(client, table):
    """The table's schema as the API has it, without modes that say nothing."""
    return {field.name: plain(field.to_api_repr()) for field in client.get_table(table).schema}


def plain(field):
    found = {key: value for key, value in field.items() if value and value != "NULLABLE"}
    if "fields" in found:
        found["fields"] = [plain(each) for each in found["fields"]]
    return found


def value(text):
    """A value of JSON, whose numbers keep their digits and sign but not their zeros."""

    def number(digits):
        return ("number", str(Decimal(digits).normalize()))

    return json.loads(text, parse_float=number, parse_int=number, parse_constant=number)


def same(client, source, dataset, nulls=NULLS, lengths=True):
    """Assert that both tables hold the same rows in columns of the same types."""
    here, there = f"{PROJECT}.{source}.s", f"{PROJECT}.{dataset}.t"
    wanted, found = contents(client, here, nulls), contents(client, there, nulls)
    assert list(found) == list(wanted)
    for name, values in wanted.items():
        assert [*map(value, found[name])] == [*map(value, values)], name
    if lengths:
        assert fields(client, there) == fields(client, here)


def columns_for(way):
    """All columns; through workers without those that the emulator can't make of staged forms.

    It has no `oriented =>` in ST_GEOGFROMWKB, and casts no text like `0-0 3 4:5:6` to INTERVAL.
    """
    if way["bigquery_read_method"] == "in_place":
        return COLUMNS
    unfit = ("GEOGRAPHY", "INTERVAL", "ARRAY<GEOGRAPHY>", "ARRAY<INTERVAL>")
    return {name: column for name, column in COLUMNS.items() if column[0] not in unfit}


@by_every_way
def test_every_type_arrives_unchanged_in_a_new_table_and_an_old_one(
    sync, run, client, source, dataset, way
):
    columns = columns_for(way)
    run(made(columns))
    sync.ok(**way)
    same(client, source, dataset)
    run(rows_of(columns, 31))
    sync.ok(**way)
    same(client, source, dataset)
    assert sync.rows("COUNT(*)") == [(16,)]


RESTORED = {
    "place": "ST_GEOGFROMWKB(`place`, oriented => TRUE) AS `place`",
    "span": "CAST(`span` AS INTERVAL) AS `span`",
    "places": "ARRAY(SELECT ST_GEOGFROMWKB(e0, oriented => TRUE) FROM UNNEST(`places`) AS e0"
    " WITH OFFSET AS o0 ORDER BY o0) AS `places`",
    "nested": "IF(`nested` IS NULL, NULL, STRUCT(ARRAY(SELECT IF(e0 IS NULL, NULL,"
    " STRUCT(CAST(e0.`to` AS INTERVAL) AS `to`)) FROM UNNEST(`nested`.`a`) AS e0"
    " WITH OFFSET AS o0 ORDER BY o0) AS `a`)) AS `nested`",
}


def test_geography_and_interval_arrive_from_workers_by_these_statements(sync, run, sent_jobs):
    """The emulator refuses the last of them; it is real BigQuery's SQL."""
    nested = ("STRUCT<a ARRAY<STRUCT<`to` INTERVAL>>>", ["STRUCT([STRUCT(INTERVAL 1 DAY)])"])
    columns = {name: COLUMNS[name] for name in RESTORED if name in COLUMNS} | {"nested": nested}
    run(made(columns))
    result = sync(**WAYS["workers"])
    assert "st_geogfromwkb() does not support the supplied arguments" in result.err
    queries = [job["configuration"].get("query", {}).get("query", "") for job in sent_jobs]
    (read,) = [sql for sql in queries if "FROM `demo-project" in sql and "ST_ASBINARY(q" in sql]
    assert "ST_ASBINARY(q.`place`) AS `place`" in read
    assert "CAST(q.`span` AS STRING) AS `span`" in read
    (publish,) = [sql for sql in queries if sql.startswith("CREATE TABLE `") and "\nAS " in sql]
    for text in RESTORED.values():
        assert text in publish


TOLD = {
    "name": "told",
    "type": "RECORD",
    "mode": "REPEATED",
    "description": 'top "level"',
    "fields": [
        {"name": "from", "type": "NUMERIC", "precision": "9", "scale": "3", "description": "é\n'"},
        {"name": "kids", "type": "RECORD", "mode": "REPEATED", "description": "within",
         "fields": [{"name": "short", "type": "STRING", "maxLength": "5", "description": "\\end"}]},
    ],
}  # fmt: skip
DEFINED = (
    '`told` ARRAY<STRUCT<`from` NUMERIC(9, 3) OPTIONS (description="é\\n\'"),'
    ' `kids` ARRAY<STRUCT<`short` STRING(5) OPTIONS (description="\\\\end")>>'
    ' OPTIONS (description="within")>> OPTIONS (description="top \\"level\\"")'
)


@pytest.mark.parametrize("way", ["in_place", "workers"])
def test_descriptions_and_lengths_within_a_struct_arrive_in_a_new_table_and_a_new_column(
    sync, run, client, source, dataset, sent_jobs, way
):
    """The emulator keeps those of new tables' own columns only: statements are looked at."""
    key = {"name": "id", "type": "INTEGER"}
    stamp = {"name": "updated_at", "type": "TIMESTAMP", "description": "when"}
    words = {"name": "doc", "type": "JSON", "description": "as text"}
    later = {**TOLD, "name": "later"}
    schema = [bigquery.SchemaField.from_api_repr(f) for f in (key, stamp, words, TOLD)]
    table = client.create_table(bigquery.Table(f"{PROJECT}.{source}.s", schema))
    row = "TIMESTAMP '2024-05-01 00:00:0{n}+00', JSON '1', [STRUCT(NUMERIC '1.5', [STRUCT('x')])]"
    no_kids = "ARRAY<STRUCT<short STRING>>[]"
    run(f"INSERT INTO `{{s}}.s` SELECT 1, {row.format(n=1)}")
    sync.ok(**WAYS[way], json_numbers="text")
    table.schema = [*schema, bigquery.SchemaField.from_api_repr(later)]
    client.update_table(table, ["schema"])
    run(f"INSERT INTO `{{s}}.s` SELECT 2, {row.format(n=2)}, [STRUCT(NUMERIC '2.5', {no_kids})]")
    sync.ok(**WAYS[way], json_numbers="text")
    statements = [job["configuration"].get("query", {}).get("query", "") for job in sent_jobs]
    created, added = (
        next(sql for sql in statements if start in sql)
        for start in (f"CREATE TABLE `{PROJECT}.{dataset}.t`", "ADD COLUMN IF NOT EXISTS")
    )
    assert DEFINED in created
    assert f"ADD COLUMN IF NOT EXISTS {DEFINED.replace('`told`', '`later`')}" in added
    found = {f.name: f.description for f in sync.table().schema if f.name != "later"}
    assert found == {
        "id": None,
        "updated_at": "when",
        "doc": "as text",
        "told": TOLD["description"],
    }
    nested = [{"from": 1.5, "kids": [{"short": "x"}]}]
    assert sync.rows("id, doc, TO_JSON_STRING(told)") == [
        (number, "1", json.dumps(nested, separators=(",", ":"))) for number in (1, 2)
    ]
    assert sync.rows("ARRAY_LENGTH(later)")[-1] == (1,)


DOCS = {
    "doc": ("JSON", ["JSON 'null'", "JSON '{\"a\":[67.174118,1e300]}'", "JSON '\"67.1\"'"]),
    "docs": ("ARRAY<JSON>", ["[JSON '1', JSON 'null']", "[]"]),
    "deep": ("STRUCT<a STRUCT<b JSON>>", ["STRUCT(STRUCT(JSON '[1]'))", "STRUCT(NULL)"]),
    "left": ("STRUCT<a STRUCT<b JSON>>", ["STRUCT(STRUCT(JSON '[1]'))"]),
    "order": ("RANGE<DATE>", ["RANGE<DATE> '[2024-01-01, UNBOUNDED)'"]),
}


@pytest.mark.parametrize("way", ["in_place_staged", "workers"])
def test_renamed_and_chosen_columns_arrive_whole_and_json_as_its_text(
    sync, run, client, source, way
):
    run(made(DOCS))
    mappings = {"id": "doc_id", "doc": "left", "deep": "größe", "order": "select"}
    kept = {"select_fields": ["id", "updated_at", "doc", "docs", "deep", "order", "left"]}
    config = {"field_mappings": mappings, "exclude_fields": ["left"]} | kept
    more = {"json_numbers": "text", "transformation_config": json.dumps(config)}
    if "merge_keys" in WAYS[way]:
        more["merge_keys"] = "doc_id"
    sync.ok(**WAYS[way] | more)
    run("INSERT INTO `{s}.s` (id, updated_at, doc) VALUES (9, '2024-06-01 00:00:00+00', JSON '2')")
    sync.ok(**WAYS[way] | more)
    assert sync.types() == {
        "doc_id": "INTEGER",
        "updated_at": "TIMESTAMP",
        "left": "STRING",
        "docs": "JSON[]",
        "größe": "RECORD",
        "select": "RANGE",
    }
    wanted = contents(client, f"{PROJECT}.{source}.s")
    texts = ["null", '{"a":[67.174118,1e300]}', '"67.1"', None, "2"]
    assert [text for (text,) in sync.rows("`left`", order="doc_id")] == texts
    found = contents(client, f"{PROJECT}.{sync.dataset}.t", key="doc_id")
    for old, new in (("docs", "docs"), ("deep", "größe"), ("order", "select")):
        assert [*map(value, found[new])] == [*map(value, wanted[old])]


DIFFERING = {
    "a": ("STRUCT<x STRUCT<y INT64>>", "STRUCT<x STRUCT<y FLOAT64>>"),
    "b": ("ARRAY<STRUCT<x JSON>>", "ARRAY<STRUCT<x STRING>>"),
    "c": ("STRUCT<x ARRAY<INT64>>", "STRUCT<x INT64>"),
    "d": ("STRUCT<x INT64, y INT64>", "STRUCT<y INT64, x INT64>"),
    "e": ("STRUCT<x INT64, y INT64>", "STRUCT<x INT64>"),
    "f": ("STRUCT<x INT64>", "STRUCT<x INT64, y INT64>"),
    "g": ("RANGE<DATE>", "RANGE<DATETIME>"),
    "h": ("ARRAY<INT64>", "INT64"),
    "i": ("INT64", "ARRAY<INT64>"),
    "j": ("BIGNUMERIC", "NUMERIC"),
    "k": ("STRUCT<x INT64>", "JSON"),
    "l": ("DATETIME", "TIMESTAMP"),
    "m": ("NUMERIC(10, 4)", "NUMERIC(10, 2)"),
    "n": ("NUMERIC(12, 1)", "NUMERIC(12)"),
    "o": ("BIGNUMERIC(38, 20)", "BIGNUMERIC(30, 10)"),
}
FITTING = {
    "q": ("NUMERIC(10, 2)", "NUMERIC(12, 4)"),
    "r": ("NUMERIC(10, 2)", "NUMERIC"),
    "s": ("STRING(5)", "STRING"),
}


@pytest.mark.parametrize("way", ["in_place", "workers"])
def test_a_table_whose_nested_types_differ_is_left_as_it_is(sync, run, client, dataset, way):
    run(made({name: (here, []) for name, (here, _) in (DIFFERING | FITTING).items()}))
    columns = ", ".join(f"`{name}` {kind}" for name, (_, kind) in (DIFFERING | FITTING).items())
    table = f"{PROJECT}.{dataset}.t"
    client.query(f"CREATE TABLE `{table}` (id INT64, updated_at TIMESTAMP, {columns})").result()
    before = fields(client, table)
    result = sync(**WAYS[way])
    assert result.code == 4, result.err
    assert [name for name in DIFFERING if f"column '{name}' is " not in result.err] == []
    assert [name for name in FITTING if f"column '{name}'" in result.err] == []
    assert fields(client, table) == before
    assert sync.rows("COUNT(*)") == [(0,)]


def test_every_type_arrives_unchanged_by_a_copy_job(sync, run, client, source, dataset, sent_jobs):
    run(made(COLUMNS))
    sync.ok(bigquery_read_method="in_place")
    assert any("copy" in job["configuration"] for job in sent_jobs)
    same(client, source, dataset, lengths=False)  # the emulator's copies have none
    assert sync.history()[-1]["rows_published"] == 8
