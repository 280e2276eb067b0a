"""What PARSE_JSON makes of JSON texts, in both modes, beside what conforming lets through."""

import json
import random
import string
from typing import Any

import pyarrow as pa
from google.cloud.bigquery import SchemaField
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_schema.json_numbers import DEPTH_REASON, REASON, SURROGATE_REASON, refused
from auto_schema.schema import Column
from tests.googlesql.catalog import Table
from tests.googlesql.engine import GoogleSql
from tests.staged_json import fault

NAME = "p.d.t"
RESTORED = Column("v", "v", "json", "{c}", pa.string(), "JSON").staged.restored
TEXTS = 3_000
HARD_NUMBERS = [
    *("0", "-0", "-0.0", "0e0", "1E5", "1e+5", "1.10", "0.1", "67.174118", "1e23", "1e22"),
    "67.17411800000001",
    *("9007199254740993", "9007199254740993.0", "-9223372036854775808", "-9223372036854775809"),
    *("18446744073709551615", "18446744073709551616", "18446744073709551617", "1e400", "-1e400"),
    *("1e-400", "5e-324", "2.5e-324", "1.7976931348623157e308", "1.7976931348623159e308"),
    *("100000000000000000000000", "0.1234567890123456789", "1" * 400, f"0.{'0' * 400}1"),
    *("2.2250738585072014e-308", "2.2250738585072011e-308", "1.50000000000000000000"),
]
HARD_TEXTS = [
    *(r'"\ud83d"', r'"\ude00\ud83d"', r'"\ud83d\ude00"', r'"\\ud83d"', r'"\ud83dx"', r'"\u0000"'),
    *('{"a":1,"a":2}', '{"b":1,"a":{"d":null,"c":[]}}', '{"":""}', " null ", "[]"),
    *('"\uffff\u2028"', '{"a":"1e400"}', '{"1e400":1}', '[1,[2,[3,"x"]]]\n'),
]


def a_number(source: random.Random) -> str:
    digits = "".join(source.choices(string.digits, k=source.choice([1, 2, 7, 15, 16, 17, 19, 25])))
    text = source.choice(["", "-"]) + (digits.lstrip("0") or "0")
    if source.random() < 0.7:
        text += "." + "".join(source.choices(string.digits, k=source.randrange(1, 20)))
    if source.random() < 0.3:
        text += f"{source.choice('eE')}{source.choice(['', '+', '-'])}{source.randrange(330)}"
    return text if source.random() < 0.8 else repr(source.uniform(-1e6, 1e6))


def a_text(source: random.Random, depth: int = 0) -> str:
    """A number, alone or within arrays and objects."""
    kind = source.random()
    if depth > 2 or kind < 0.7:
        return a_number(source) if kind < 0.9 else source.choice(HARD_TEXTS)
    parts = [a_text(source, depth + 1) for _ in range(source.randrange(3))]
    if kind < 0.85:
        return f"[{', '.join(parts)}]"
    members = ",".join(f'"{source.choice("abc")}": {part}' for part in parts)
    return f"{{{members}}}"


def parsed(engine: GoogleSql, expression: str, texts: list[str]) -> list[str | None]:
    """The JSON of each text as its text; None where it is refused."""
    table = Table.of([SchemaField("n", "INT64"), SchemaField("v", "STRING")], enumerate(texts))
    value = f"SAFE.{expression}"
    sql = f"SELECT IF({value} IS NULL, NULL, TO_JSON_STRING({value})) FROM `{NAME}` ORDER BY n"
    return [row[0] for row in engine.query(sql, {NAME: table}).rows]


def first_of_each_key(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))


def content(text: str) -> Any:
    """What a text says: numbers as doubles, integers of 64 bits whole, the first of equal keys."""

    def whole(number: str) -> Any:
        value = int(number)
        return value if -(2**63) <= value < 2**64 else float(number)

    return json.loads(text, parse_int=whole, object_pairs_hook=first_of_each_key)


@settings(max_examples=1, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_what_is_let_through_is_published_as_it_is(googlesql: GoogleSql, seed: int) -> None:
    source = random.Random(seed)
    texts = [*HARD_NUMBERS, *HARD_TEXTS, *(a_text(source) for _ in range(TEXTS))]
    reasons = refused(pa.array(texts))
    assert set(reasons.values()) == {REASON, SURROGATE_REASON}

    stored = parsed(googlesql, RESTORED.replace("`v`", "v"), texts)
    exactly = parsed(googlesql, "PARSE_JSON(v, wide_number_mode=>'exact')", texts)

    fit = [place for place in range(len(texts)) if place not in reasons]
    assert len(fit) > TEXTS / 4
    assert [texts[n] for n in fit if stored[n] is None] == [], "one would end the whole statement"
    wrong = [(texts[n], stored[n]) for n in fit if content(texts[n]) != content(stored[n] or "")]
    assert wrong == []
    taken = [n for n, text in enumerate(exactly) if text is not None]
    judged = refused(pa.array(texts), "exact")
    assert [n for n in range(len(texts)) if n not in judged] == taken, "json_numbers=exact"
    assert [texts[n] for n in taken if exactly[n] != stored[n]] == []


def test_rounding_never_makes_another_double(googlesql: GoogleSql) -> None:
    """The way of `bigquery` sources, where nothing is refused before PARSE_JSON."""
    source = random.Random(7)
    texts = [*HARD_NUMBERS, *(a_number(source) for _ in range(TEXTS))]
    stored = parsed(googlesql, RESTORED.replace("`v`", "v"), texts)

    assert [text for text, kept in zip(texts, stored, strict=True) if kept is None] == [
        text for text in texts if abs(float(text)) == float("inf")
    ]
    pairs = zip(texts, stored, strict=True)
    assert [pair for pair in pairs if pair[1] and content(pair[0]) != content(pair[1])] == []
    printed = [kept for kept in stored if kept is not None]
    assert parsed(googlesql, RESTORED.replace("`v`", "v"), printed) == printed, "once more"
    exactly = parsed(googlesql, "PARSE_JSON(v, wide_number_mode=>'exact')", printed)
    assert exactly == printed, "so json_numbers=exact refuses no JSON that BigQuery holds"


def test_depth_is_the_services_own_bound(googlesql: GoogleSql) -> None:
    """The reference implementation has none: that conforming stops at 500 is by the documents."""
    texts = ["[" * depth + "]" * depth for depth in (500, 501)]

    assert refused(pa.array(texts)) == {1: DEPTH_REASON}
    assert parsed(googlesql, RESTORED.replace("`v`", "v"), texts) == texts


def test_keys_are_sorted_and_the_first_of_equal_ones_stays(googlesql: GoogleSql) -> None:
    texts = ['{"b":1,"a":{"d":1,"c":2},"b":2}', '{"B":1,"a":2,"":3,"é":4,"b":5}']

    assert parsed(googlesql, RESTORED.replace("`v`", "v"), texts) == [
        '{"a":{"c":2,"d":1},"b":1}',
        '{"":3,"B":1,"a":2,"b":5,"é":4}',
    ]


def test_the_guard_of_other_tests_refuses_what_parse_json_does(googlesql: GoogleSql) -> None:
    """But for half surrogate pairs, which the local BigQuery refuses itself."""
    bad = ["[1,]", "NaN", "Infinity", "01", "1.", ".5", "+1", "", "'a'", '"a" x', '"\t"', '{"a"}']
    texts = [*bad, *HARD_NUMBERS, *(text for text in HARD_TEXTS if "\\ud83" not in text)]

    refusals = [text for text in texts if fault(text)]

    stored = parsed(googlesql, RESTORED.replace("`v`", "v"), texts)
    assert refusals == [text for text, kept in zip(texts, stored, strict=True) if kept is None]
    assert set(bad) < set(refusals)
