"""BigQuery's own types through staging: what the source's statement makes, publishing turns back.

GEOGRAPHY is analyzed only: the reference implementation has none.
"""

from dataclasses import replace

import pytest
from google.cloud.bigquery import SchemaField

from auto_schema.bigquery_types import BigqueryType
from auto_schema.row_sums import DIGEST, RowSums
from pipeline.publish.proof import ContentProof
from smart_sync.facts import Facts, Target
from smart_sync.plan import SyncPlan
from smart_sync.publish_sql import publish_statement
from sources.bigquery.column_rules import BIGQUERY_COLUMNS
from sources.bigquery.connection import BigqueryConnection
from sources.bigquery.source import BigquerySource
from sources.profile import InBigquery, SourceIdentity, SourceProfile, Texts
from sources.values import Evidence, Extract, SourceColumn, Split
from tests.factories import NOW, plan_of, request_of
from tests.googlesql.catalog import Table
from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import GoogleSqlError
from tests.googlesql.resolved import Analysis
from tests.googlesql.scripts import Session
from warehouse.names import TableRef

SOURCE, DESTINATION = "p.raw.t", TableRef("p", "d", "t")
BORDER = "578960446186580977117854925043439539266.349923328202820197287920039565648199"
"""Of BIGNUMERIC, without the last two digits."""
PART = BigqueryType(
    "STRUCT",
    fields=(
        ("j", BigqueryType("JSON"), ""),
        ("on", BigqueryType("DATE", is_array=True), ""),
        ("span", BigqueryType("RANGE", element="DATE"), ""),
    ),
)
VALUES: dict[str, tuple[BigqueryType, list[str]]] = {
    "a_interval": (
        BigqueryType("INTERVAL"),
        [
            "MAKE_INTERVAL(1, -2, 3, 4, 5, 6)",
            "INTERVAL '-0.000001' SECOND",
            "MAKE_INTERVAL(-10000)",
            "MAKE_INTERVAL(day => -3660000)",
            "MAKE_INTERVAL(hour => 87840000)",
            "INTERVAL 0 DAY",
            "INTERVAL '-0:0:0.999999' HOUR TO SECOND",
        ],
    ),
    "day_range": (
        BigqueryType("RANGE", element="DATE"),
        ["RANGE<DATE> '[0001-01-01, UNBOUNDED)'", "RANGE<DATE> '[UNBOUNDED, 9999-12-31)'"],
    ),
    "a_range": (
        BigqueryType("RANGE", element="TIMESTAMP"),
        [
            "RANGE<TIMESTAMP> '[0999-01-01 00:00:00.000001+00, 1000-01-01 00:00:00+00)'",
            "RANGE<TIMESTAMP> '[UNBOUNDED, UNBOUNDED)'",
        ],
    ),
    "wall_range": (
        BigqueryType("RANGE", element="DATETIME"),
        ["RANGE<DATETIME> '[0001-01-01 00:00:00, 9999-12-31 23:59:59.999999)'"],
    ),
    "a_json": (
        BigqueryType("JSON"),
        [
            """JSON '{"b":[1,1.5,null,"x"],"a":{"":{}}}'""",
            "JSON 'null'",
            "JSON '[18446744073709551615,-9223372036854775808]'",
            "PARSE_JSON('[1e-7,5e-324,1.7976931348623157e308,0.1,1e22,-0.0]',"
            " wide_number_mode=>'round')",
            "PARSE_JSON('0.123456789012345678', wide_number_mode=>'round')",
            r"""JSON '"\\u2028\\ud83d\\ude00\\u0000"'""",
        ],
    ),
    "a_time": (BigqueryType("TIME"), ["TIME '00:00:00'", "TIME '23:59:59.999999'"]),
    "a_bignumeric": (
        BigqueryType("BIGNUMERIC"),
        [
            "BIGNUMERIC '1E-38'",
            f"BIGNUMERIC '{BORDER}67'",
            f"BIGNUMERIC '-{BORDER}68'",
        ],
    ),
    "a_bytes": (BigqueryType("BYTES"), ["b''", r"b'\x00\xff'"]),
    "a_date": (
        BigqueryType("DATE"),
        ["DATE '0001-01-01'", "DATE '0999-12-31'", "DATE '9999-12-31'"],
    ),
    "a_datetime": (BigqueryType("DATETIME"), ["DATETIME '0001-01-01 00:00:00.000001'"]),
    "a_double": (
        BigqueryType("FLOAT64"),
        ["5e-324", "1.7976931348623157e308", "CAST('-inf' AS FLOAT64)", "-0.0", "0.1"],
    ),
    "intervals": (BigqueryType("INTERVAL", is_array=True), ["[INTERVAL 1 MONTH]", "[]"]),
    "ranges": (
        BigqueryType("RANGE", is_array=True, element="DATE"),
        ["[RANGE<DATE> '[2020-01-01, 2020-01-02)', RANGE<DATE> '[UNBOUNDED, 2020-01-02)']"],
    ),
    "jsons": (BigqueryType("JSON", is_array=True), ["[JSON '1', JSON '{\"a\": []}']", "[]"]),
    "part": (
        PART,
        [
            "(JSON '[1.5]', [DATE '0001-01-01', DATE '2020-01-01'],"
            " RANGE<DATE> '[2020-01-01, UNBOUNDED)')",
            "(NULL, [], NULL)",
            "(JSON 'null', NULL, NULL)",
        ],
    ),
    "parts": (
        replace(PART, is_array=True),
        ["[STRUCT(JSON '1' AS j, [DATE '0001-01-01'] AS `on`, CAST(NULL AS RANGE<DATE>) AS span)]"],
    ),
}


def a_plan(kinds: dict[str, BigqueryType]) -> SyncPlan:
    """A sync of these columns from another location: through workers and staging."""
    connection = BigqueryConnection("p", "raw", "t", "p")
    request = request_of(
        "bigquery", connection, DESTINATION, temp_location="gs://bkt/temp", verify=True
    )
    profile = SourceProfile(
        tuple(SourceColumn(name, kind) for name, kind in kinds.items()),
        BIGQUERY_COLUMNS,
        identity=SourceIdentity(tables=(SOURCE,)),
        texts=Texts(json_is_exact=True),
        in_bigquery=InBigquery("EU", ((SOURCE, ""),), layout=(None, ())),
    )
    source = BigquerySource(connection, location="EU", extract=Extract(run_id="r"))
    facts = Facts(profile, Target("US"), source, Evidence())
    plan = plan_of(request, facts, run_id="r", now=NOW)
    assert plan.publishing.way.is_staged
    return plan


def staging(plan: SyncPlan) -> str:
    """The source's own statement, as a table."""
    return (
        f"CREATE TABLE {plan.run.staging.table.sql} AS\n"
        f"SELECT * EXCEPT ({DIGEST}) FROM (\n{statement(plan)}\n);"
    )


def statement(plan: SyncPlan) -> str:
    return plan.reading.source.with_proof(digests=True).statement(Split(0))


def the_source(engine: GoogleSql) -> Session:
    """One column of each type; values in rows, NULL where a type has no more of them."""
    session, count = Session(engine, {}), max(len(values) for _, values in VALUES.values())
    columns = ", ".join(f"{name} {kind.sql(parameters=True)}" for name, (kind, _) in VALUES.items())
    rows = [
        ", ".join(
            [*values, *["NULL"] * (count + 1 - len(values))][place] for _, values in VALUES.values()
        )
        for place in range(count + 1)
    ]
    session.run(
        f"CREATE TABLE `{SOURCE}` ({columns});"
        f" INSERT INTO `{SOURCE}` ({', '.join(VALUES)}) VALUES ({'), ('.join(rows)});"
    )
    return session


def test_values_are_staged_proven_and_given_back(googlesql: GoogleSql) -> None:
    plan = a_plan({name: kind for name, (kind, _) in VALUES.items()})
    session = the_source(googlesql)

    digests = [row[-1] for row in googlesql.query(statement(plan), session.tables).rows]
    session.run(staging(plan))
    (proof,) = googlesql.query(ContentProof().query(plan), session.tables).rows
    session.run(publish_statement(plan))

    there, here = session.tables[SOURCE], session.tables[str(DESTINATION)]
    assert len(set(digests)) == len(digests) == len(there.rows)
    assert RowSums.of(proof) == RowSums.of_digests(digests)
    assert repr(here.columns) == repr(there.columns)
    for place, column in enumerate(there.columns):
        values = [[repr(row[place]) for row in table.rows] for table in (there, here)]
        assert values[0] == values[1], column


def test_places_on_earth_are_staged_as_the_analyzer_wants_it(googlesql: GoogleSql) -> None:
    kinds = {"place": BigqueryType("GEOGRAPHY"), "places": BigqueryType("GEOGRAPHY", is_array=True)}
    plan = a_plan(kinds)
    tables = {
        SOURCE: Table.of(
            [SchemaField("place", "GEOGRAPHY"), SchemaField("places", "GEOGRAPHY", "REPEATED")]
        ),
    }

    staged = googlesql.analyze(staging(plan), tables)
    assert isinstance(staged, Analysis), staged
    assert list(map(repr, staged.columns)) == ["place BYTES", "places ARRAY<BYTES>"]
    tables[str(plan.run.staging.table)] = Table(staged.columns)
    published = googlesql.analyze(publish_statement(plan), tables)
    assert isinstance(published, Analysis), published
    assert list(map(repr, published.columns)) == ["place GEOGRAPHY", "places ARRAY<GEOGRAPHY>"]


PLACES = (
    "ST_GEOGFROMWKB(b'', oriented => TRUE)",
    "ST_ASBINARY(CAST(NULL AS GEOGRAPHY))",
    "ST_GEOGPOINT(1, 2)",
    "ST_GEOGFROMTEXT('POINT(1 2)')",
    "ST_GEOGFROMGEOJSON('{}')",
    "ST_ASTEXT(CAST(NULL AS GEOGRAPHY))",
)


def test_the_reference_implementation_holds_no_place_but_null(googlesql: GoogleSql) -> None:
    """So that staging of places runs nowhere here but on the local BigQuery."""
    for expression in PLACES:
        assert isinstance(googlesql.analyze(f"SELECT {expression}"), Analysis)
        with pytest.raises(GoogleSqlError, match="Unsupported built-in function: st_"):
            googlesql.value(expression)
    nothing = "CAST(NULL AS GEOGRAPHY)"
    assert googlesql.value(f"[TO_JSON_STRING({nothing}), TO_JSON_STRING([{nothing}])]") == [
        "null",
        "[null]",
    ]
