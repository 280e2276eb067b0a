"""Each type of Debian's extensions end to end: the published value and the BigQuery type."""

from decimal import Decimal
from typing import Any

from auto_schema.postgis import LOSSES
from auto_schema.postgresql_extensions import EXTENSIONS
from auto_schema.warehouse_types import standard
from tests.e2e.test_types import Case

EXTENSION_NAMES = (
    "citext",
    "cube",
    "debversion",
    "hstore",
    "ip4r",
    "isn",
    "ltree",
    "pgmp",
    "prefix",
    "seg",
    "semver",
)
MAKE = 'CREATE SCHEMA "my ext"; ' + "".join(
    f'CREATE EXTENSION {name} SCHEMA "my ext"; ' for name in EXTENSION_NAMES
)
SEARCH = "SELECT set_config('search_path', 'public, \"my ext\"', false)"
LONG = "9" * 200

CASES = {
    "citext.citext": Case("citext", "AbC", "STRING", "AbC"),
    "hstore.hstore": Case(
        "hstore",
        '"say \\"x\\""=>NULL, "a"=>"", b=>1.50, "größe"=>"\\"q\\" \\\\ {}"',
        "JSON",
        {"a": "", "b": "1.50", "größe": '"q" \\ {}', 'say "x"': None},
    ),
    "ltree.ltree": Case("ltree", "Top.Size_1.x", "STRING", "Top.Size_1.x"),
    "ltree.lquery": Case(
        "lquery", "Top.*{0,2}.sport*@|tennis", "STRING", "Top.*{,2}.sport@*|tennis"
    ),
    "ltree.ltxtquery": Case("ltxtquery", "Europe & !Asia@*", "STRING", "Europe & !Asia@*"),
    "cube.cube": Case("cube", "(0.1,1e-300),(1.5,5e-324)", "STRING", "(0.1, 1e-300),(1.5, 5e-324)"),
    "seg.seg": Case("seg", "~6.50 .. <7.0", "STRING", "~6.50 .. <7.0"),
    "isn.ean13": Case("ean13", "9780110005331", "STRING", "978-0-11-000533-1"),
    "isn.isbn13": Case("isbn13", "9780393040029", "STRING", "978-0-393-04002-9"),
    "isn.ismn13": Case("ismn13", "979-0-060-11561-5", "STRING", "979-0-060-11561-5"),
    "isn.issn13": Case("issn13", "977-1436-452-00-8", "STRING", "977-1436-452-00-8"),
    "isn.isbn": Case("isbn", "0-393-04002-X", "STRING", "0-393-04002-X"),
    "isn.ismn": Case("ismn", "M-060-11561-5", "STRING", "M-060-11561-5"),
    "isn.issn": Case("issn", "1436-4522", "STRING", "1436-4522"),
    "isn.upc": Case("upc", "220356483481", "STRING", "220356483481"),
    "ip4r.ip4": Case("ip4", "255.255.255.255", "STRING", "255.255.255.255"),
    "ip4r.ip4r": Case("ip4r", "10.0.0.0/8", "STRING", "10.0.0.0/8"),
    "ip4r.ip6": Case("ip6", "2001:db8::1", "STRING", "2001:db8::1"),
    "ip4r.ip6r": Case("ip6r", "::-ffff::", "STRING", "::-ffff::"),
    "ip4r.ipaddress": Case("ipaddress", "::ffff:1.2.3.4", "STRING", "::ffff:1.2.3.4"),
    "ip4r.iprange": Case("iprange", "-", "STRING", "-"),
    "semver.semver": Case("semver", "1.2.3-beta.1+b5", "STRING", "1.2.3-beta.1+b5"),
    "debversion.debversion": Case("debversion", "1:2.0~rc1-3+b1", "STRING", "1:2.0~rc1-3+b1"),
    "prefix.prefix_range": Case("prefix_range", "123[4-5]", "STRING", "123[4-5]"),
    "pgmp.mpz": Case("mpz", LONG, "STRING", LONG),
    "pgmp.mpq": Case("mpq", f"-6/{LONG}", "STRING", f"-2/{'3' * 200}"),
}


def _make(sql: Any) -> None:
    """A table with each type, an array of it and a domain over it; row 2 holds NULLs."""
    sql(MAKE)
    sql(SEARCH)
    columns = []
    for name, case in CASES.items():
        sql(f'CREATE DOMAIN "d {name}" AS {case.source}')
        columns += [
            f'"{name}" {case.source}',
            f'"{name}s" {case.source}[]',
            f'"{name}d" "d {name}"',
        ]
    sql(f"CREATE TABLE every (id int8, {', '.join(columns)})")
    marks, values = [], []
    for case in CASES.values():
        kind = case.source
        marks += [f"%s::{kind}", f"ARRAY[%s::{kind}, %s::{kind}]", f"%s::{kind}"]
        values += [case.literal] * 4
    sql(f"INSERT INTO every VALUES (1, {', '.join(marks)})", *values)
    sql("INSERT INTO every (id) VALUES (2)")


def test_each_type_of_an_extension_arrives_as_the_table_says_also_in_arrays_and_domains(sync, sql):
    _make(sql)
    names = [f"{name}{suffix}" for name in CASES for suffix in ("", "s", "d")]
    new = {name: f"c{number}" for number, name in enumerate(names)}
    selected = ", ".join(f'"{name}" AS {new[name]}' for name in names)
    sync.ok(postgresql_query=f"SELECT id, {selected} FROM every", verify="true")
    types = sync.types()
    first, second = sync.rows(", ".join(("id", *new.values())))
    arrived, nulls = (
        dict(zip(names, first[1:], strict=True)),
        dict(zip(names, second[1:], strict=True)),
    )
    for name, case in CASES.items():
        several = "JSON" if case.bigquery == "JSON" else "STRING[]"
        kinds = [standard(types[new[f"{name}{suffix}"]]) for suffix in ("", "s", "d")]
        assert kinds == [case.bigquery, several, case.bigquery], name
        values = [arrived[f"{name}{suffix}"] for suffix in ("", "s", "d")]
        assert values == [case.value, [case.value] * 2, case.value], name
        missing = [nulls[f"{name}{suffix}"] for suffix in ("", "s", "d")]
        assert missing == [None, None if case.bigquery == "JSON" else [], None], name


def test_arrays_of_more_dimensions_or_with_nulls_are_json_of_the_same_texts(sync, sql):
    sql(MAKE)
    sql(SEARCH)
    sql(
        "CREATE TABLE a (id int8, h hstore[], c cube[]);"
        "INSERT INTO a VALUES (1, '{{\"a=>1\"},{NULL}}', '{\"(1,2)\",NULL}')"
    )
    sync.ok(postgresql_query="SELECT * FROM a")
    assert sync.rows() == [(1, [[{"a": "1"}], [None]], ["(1, 2)", None])]


def test_an_integer_of_any_length_is_a_bignumeric_while_all_fit_and_a_later_one_a_dead_letter(
    sync, sql
):
    sql(MAKE)
    sql(SEARCH)
    most = "9" * 38
    sql("CREATE TABLE z (id int8, fits mpz, wide mpz)")
    sql(f"INSERT INTO z VALUES (1, '-1024', '1{most}'), (2, NULL, NULL), (3, '0', '-0')")
    sync.ok(postgresql_query="SELECT * FROM z")
    assert sync.types() == {"id": "INTEGER", "fits": "BIGNUMERIC", "wide": "STRING"}
    fitting = Decimal(-1024)
    assert sync.rows() == [(1, fitting, f"1{most}"), (2, None, None), (3, Decimal(0), "0")]
    sql(f"INSERT INTO z VALUES (4, '1{most}', '7')")
    done = sync(postgresql_query="SELECT * FROM z WHERE id > 3")
    assert done.code == 7
    assert "at most 38 digits before" in done.err


def test_an_own_type_called_like_an_extensions_is_not_taken_for_it(sync, sql):
    sql(
        "CREATE SCHEMA hstore; CREATE TYPE hstore.hstore;"
        "CREATE FUNCTION i(cstring) RETURNS hstore.hstore AS 'textin' LANGUAGE internal"
        " IMMUTABLE STRICT;"
        "CREATE FUNCTION o(hstore.hstore) RETURNS cstring AS 'textout' LANGUAGE internal"
        " IMMUTABLE STRICT;"
        "CREATE TYPE hstore.hstore (INPUT = i, OUTPUT = o, LIKE = text);"
        "CREATE TABLE o (id int8, h hstore.hstore); INSERT INTO o VALUES (1, 'a=>1')"
    )
    sync.ok(postgresql_query="SELECT * FROM o")
    assert sync.types() == {"id": "INTEGER", "h": "STRING"}
    assert sync.rows() == [(1, "a=>1")]


def test_each_row_of_the_table_of_extensions_has_a_case():
    vectors = {"vector.vector", "vector.halfvec", "vector.sparsevec"}  # in tests/e2e
    assert set(CASES) | vectors | set(LOSSES) == set(EXTENSIONS)  # shapes: test_places.py
