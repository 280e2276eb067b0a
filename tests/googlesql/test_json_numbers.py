"""The rule of exact JSON numbers, held equal to GoogleSQL's own over many thousands of numbers."""

import math
import random
import struct
import sys
from collections.abc import Callable
from decimal import Decimal, localcontext

import numpy as np
import pyarrow as pa
import pytest
from google.cloud.bigquery import ScalarQueryParameter
from hypothesis import given
from hypothesis import strategies as st

from auto_schema.json_round_trip import refused_rows, round_trips
from auto_schema.printed_doubles import printed
from tests.googlesql.engine import GoogleSql
from tests.googlesql.seeds import FEW_SEEDS

NUMBERS = 1_000
"""Of each way to make one, in each example."""
LARGEST = sys.float_info.max
HARD = (
    "0",
    "-0",
    "-0.0",
    "-0e5",
    "0.000",
    "1.10",
    "67.174118",
    "67.17411800000001",
    "0.2002386475503002",
    "1e22",
    "1e23",
    "1E+2",
    "1e-00000000000000000000002",
    "5e-324",
    "4.9406564584124654e-324",
    "2.4703282292062327e-324",
    "2.4703282292062328e-324",
    "2.2250738585072014e-308",
    "2.225073858507201e-308",
    "1.7976931348623157e308",
    "1.7976931348623159e308",
    "1e400",
    "-1e400",
    "1e-400",
    "-1e-400",
    "1e-2000",
    "1e99999999999999999999",
    "1e-99999999999999999999",
    "0e400",
    "0e-2000",
    "0e99999999999999999999",
    "0e+99999999999999999999",
    "0e-99999999999999999999",
    "0e9223372036854774733",
    "0.0e9223372036854774734",
    "0e9223372036854775808",
    f"1{'0' * 308}",
    f"1{'0' * 309}",
    f"1.{'0' * 1498}",
    f"1.{'0' * 1499}",
    f"0.{'0' * 400}1e401",
    f"0.{'0' * 322}5",
    f"{'9' * 400}.5e-390",
    *(
        f"{sign}{2**power + more}"
        for power in (53, 63, 64)
        for more in (-1, 0, 1, 2)
        for sign in ("-", "")
    ),
    *(f"{2**power + more}.0" for power in (53, 63, 64) for more in (-1, 0, 1, 2)),
)


def a_double(source: random.Random) -> float:
    """Finite, of any size; with few bits, or beside a power of ten or two, more often than not."""
    kind = source.randrange(4)
    if kind == 0:
        value = 10.0 ** source.randrange(-320, 309)
    elif kind == 1:
        value = 2.0 ** source.randrange(-1074, 1024)
    else:
        exponent = source.choice([0, 1, source.randrange(2047), 1023 + source.randrange(-60, 60)])
        bits = exponent << 52 | source.choice([source.getrandbits(52), 1 << source.randrange(52)])
        value = float(struct.unpack("<d", struct.pack("<Q", bits))[0])
    for _ in range(source.randrange(3)):
        value = math.nextafter(value, source.choice([0.0, LARGEST]))
    return min(value, LARGEST)


def shortest(source: random.Random) -> str:
    return repr(a_double(source))


def of_digits(source: random.Random) -> str:
    """A double with as many digits as asked for, fewer than it needs or more."""
    return f"{a_double(source):.{source.randrange(1, 22)}{source.choice('eg')}}"


def halfway(source: random.Random) -> str:
    """Close to where two doubles meet, which printing draws in by a unit."""
    low = a_double(source)
    with localcontext(prec=1_100):
        middle = (Decimal(low) + Decimal(math.nextafter(low, math.inf))) / 2
    with localcontext(prec=source.choice([15, 16, 17, 18, 20, 30])):
        return str(+middle)


def plain(source: random.Random) -> str:
    """What people write: some digits, some of them after a point, and zeros around."""
    whole = source.getrandbits(source.randrange(1, 66))
    after = source.randrange(0, 20)
    fraction = f"{source.randrange(10**after):0{after}}{'0' * source.randrange(3)}" if after else ""
    return f"{source.choice(['', '-'])}{whole}{'.' if fraction else ''}{fraction}"


def with_places(source: random.Random) -> str:
    """As coordinates and prices are written."""
    return f"{source.uniform(-10, 10) ** source.randrange(1, 13):.{source.randrange(1, 8)}f}"


def with_exponent(source: random.Random) -> str:
    digits = source.randrange(10 ** source.randrange(1, 22))
    return f"{digits}{source.choice('eE')}{source.choice(['', '+', '-'])}{source.randrange(340)}"


WAYS: tuple[Callable[[random.Random], str], ...] = (
    shortest,
    of_digits,
    halfway,
    plain,
    with_places,
    with_exponent,
)


def said(engine: GoogleSql, numbers: list[str]) -> list[tuple[bool, str]]:
    """Of each number: whether the exact mode takes it, and how its double is printed, if any."""
    answer = engine.query(
        "SELECT STRING_AGG(CONCAT("
        "IF(SAFE.PARSE_JSON(n, wide_number_mode=>'exact') IS NULL, '-', '+'),"
        " TO_JSON_STRING(SAFE.PARSE_JSON(n, wide_number_mode=>'round'))), ';' ORDER BY place)"
        " FROM UNNEST(SPLIT(@numbers, ';')) AS n WITH OFFSET AS place",
        parameters=[ScalarQueryParameter("numbers", "STRING", ";".join(numbers))],
    )
    texts = answer.value.split(";")
    return [(text[0] == "+", text[1:].replace("null", "")) for text in texts]


def hold_equal(engine: GoogleSql, numbers: list[str]) -> int:
    """Both sides agree on each number, by itself and within a text; how many are refused."""
    answers = said(engine, numbers)
    taken = [is_taken for is_taken, _ in answers]
    here = round_trips(numbers).tolist()
    differ = [(n, a, b) for n, a, b in zip(numbers, taken, here, strict=True) if a != b]
    assert differ == []
    texts = pa.array([f'{{"at": "10:00:67.174118", "n": [1, {number}]}}' for number in numbers])
    assert refused_rows(texts) == [n for n, is_taken in enumerate(taken) if not is_taken]
    finite = [(n, text) for n, (_, text) in zip(numbers, answers, strict=True) if text]
    digits, exponents = printed(np.array([float(number) for number, _ in finite]))
    for (number, text), digit, exponent in zip(finite, digits, exponents, strict=True):
        is_double = not text.removeprefix("-").isdigit()
        assert not is_double or abs(Decimal(text)) == Decimal(f"{digit}E{exponent}"), number
    return taken.count(False)


def test_hard_numbers(googlesql: GoogleSql) -> None:
    assert 20 < hold_equal(googlesql, list(HARD)) < 40


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@FEW_SEEDS
@given(seed=st.integers(0, 2**32))
def test_a_number_is_taken_if_and_only_if_googlesql_takes_it(
    googlesql: GoogleSql, way: Callable[[random.Random], str], seed: int
) -> None:
    source = random.Random(seed)
    refused = hold_equal(googlesql, [way(source) for _ in range(NUMBERS)])
    assert 0 < refused < NUMBERS
