"""The hunt's own judgement: a seed makes one case, and each kind of fault is seen."""

import datetime as dt

import pytest
from google.cloud.bigquery import SchemaField

from tests.hunt.case import Fault, Verdict
from tests.hunt.expected import DEAD, expected
from tests.hunt.kept import KEPT
from tests.hunt.oracle import Destination, Seen, arrival, judge
from tests.hunt.postgresql import make_case
from tests.hunt.shrink import shrink
from tests.hunt.world import Snapshot

FIELDS = (SchemaField("id", "INTEGER"), SchemaField("at", "TIMESTAMP"), SchemaField("v", "STRING"))
NAMES, KINDS = ("id", "at", "v"), ("int8", "timestamptz", "text")
ONE, TWO = ("1", "2024-01-01 00:00:00+00", "a"), ("2", "2024-01-02 00:00:00+00", "b")
NEWER = ("1", "2024-01-03 00:00:00+00", "c")


def arrived(*rows):
    return tuple((int(i), dt.datetime.fromisoformat(at), v) for i, at, v in rows)


def faults(rows, mode="merge", letters=(), source=(ONE, TWO), promised=frozenset({"1", "2"})):
    verdict = Verdict()
    snapshot = Snapshot(NAMES, KINDS, frozenset(source))
    before = Snapshot(NAMES, KINDS, frozenset({ONE, TWO}))
    runs = [Seen({}, (before, snapshot), 0)]
    judge(
        verdict,
        Destination(FIELDS, arrived(*rows), letters),
        runs,
        columns=("id", "at"),
        mode=mode,
        promised=set(promised),
    )
    return [fault.kind for fault in verdict.faults]


def test_what_arrived_as_it_was_is_no_fault():
    assert faults([ONE, TWO]) == []
    assert faults([ONE, TWO, NEWER], mode="append", source=(NEWER, TWO)) == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", {"rows": [ONE]}),
        ("missing", {"rows": [ONE, TWO], "source": (NEWER, TWO)}),
        ("doubled", {"rows": [ONE, TWO, TWO]}),
        ("doubled", {"rows": [ONE, TWO, TWO], "mode": "append"}),
        ("doubled", {"rows": [ONE, NEWER, TWO], "source": (NEWER, TWO)}),
        ("changed value", {"rows": [ONE, (*TWO[:2], "B")]}),
        ("ghost", {"rows": [ONE, TWO, ("3", TWO[1], "b")]}),
        ("needless dead letter", {"rows": [ONE], "letters": ({"id": "2"},)}),
    ],
)
def test_each_kind_of_fault_is_seen(kind, words):
    assert faults(**words) == [kind]


def test_a_row_that_no_window_promised_may_wait():
    assert faults([ONE], promised={"1"}) == []


@pytest.mark.parametrize(
    ("text", "kind", "column", "value"),
    [
        ("10.0.0.1", "inet", "STRING", "10.0.0.1"),
        ("5e-324", "float8", "FLOAT", "5e-324"),
        ("1.1", "float4", "FLOAT", "1.100000023841858"),
        ("infinity", "date", "DATE", DEAD),
        ("24:00:00", "time", "TIME", DEAD),
        ("0044-03-15 00:00:00 BC", "timestamp", "DATETIME", DEAD),
        ('"\\ud83d"', "json", "JSON", DEAD),
        ("12345678901234567890", "json", "JSON", "1.2345678901234567e+19"),
        ("123456789012345678901", "json", "JSON", DEAD),
        ("[5:6]={-0,NULL}", "_float8", "JSON", ["-0.0", None]),
        ('{1.10,NULL,"a"}', "_text", "STRING", '["1.10", null, "a"]'),
        ("{1.10,NULL}", "_numeric", "STRING", "[1.1,null]"),
        ("NaN", "numeric", "NUMERIC", DEAD),
        (None, "int8", "INTEGER", None),
    ],
)
def test_the_model_says_what_must_arrive(text, kind, column, value):
    assert expected(text, kind, SchemaField("c", column)) == value


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ('{"a": 67.174118}', "json", DEAD),
        ('{"a": 0.1}', "json", {"a": "0.1"}),
        ("1e23", "json", DEAD),
        ("{1.10,1e23}", "_numeric", DEAD),
        ("{{0.1,NaN},{NULL,-0}}", "_float8", [["0.1", "NaN"], [None, "-0.0"]]),
    ],
)
def test_a_number_that_bigquery_prints_otherwise_is_a_dead_letter_with_exact(text, kind, value):
    field = SchemaField("c", "JSON")
    assert arrival(text, kind, field, {"json_numbers": "exact"}) == value
    assert arrival(text, kind, field, {}) is not DEAD


def test_an_array_is_not_any_text():
    items = expected("{1,2}", "_int8", SchemaField("c", "STRING"))
    assert all(items != text for text in ("[1]", "[2,1]", "{1,2}", None))


def test_the_same_seed_makes_the_same_case():
    assert [repr(make_case(seed)) for seed in range(50)] == [
        repr(make_case(seed)) for seed in range(50)
    ]


def test_a_case_shrinks_to_what_makes_it_fail():
    case = KEPT["a column named s"]
    small = shrink(case, lambda smaller: "SET s = 'c'" in smaller.script(), seconds=20)
    assert len(small.history) == 1
    assert small.script().count("SET s = 'c'") == 1
    assert small.script().splitlines()[-1].startswith("$ main.py --postgresql_query=")


def test_a_fault_is_told_with_its_kind():
    verdict = Verdict()
    verdict.fault("missing", "3 rows")
    assert verdict.faults == [Fault("missing", "3 rows")]
    assert verdict.kinds == {"missing"}
