"""JSON texts that one pass in C passes over: the patterns refuse none of them."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_schema import compiled, json_numbers, json_scan

DRAWS = st.integers(0, 2**32).map(random.Random)
LENGTHS = (1, 1, 2, 3, 4, 5, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 299, 300, 301, 1001)
SPACES = ("", "", " ", "\n", "\t ", "\r")
MODES = ("double", "exact")


@contextmanager
def by_patterns_alone() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_scan, "compiled", None)
        yield


def digits(draw: random.Random) -> str:
    count = draw.choice(LENGTHS)
    kind = draw.choice(["any", "zeros", "one behind"])
    if kind == "any":
        return "".join(draw.choices("0123456789", k=count))
    return "0" * (count - 1) + ("1" if kind == "one behind" else "0")


def number(draw: random.Random) -> str:
    whole = digits(draw)
    text = draw.choice(["", "-"]) + (whole.lstrip("0") or "0")
    if draw.random() < 0.5:
        text += "." + digits(draw)
    if draw.random() < 0.2:
        text += (
            draw.choice("eE") + draw.choice(["", "+", "-"]) + draw.choice(["0", "7", "21", "400"])
        )
    return text


def string(draw: random.Random) -> str:
    pieces: tuple[Callable[[], str], ...] = (
        lambda: number(draw),
        lambda: draw.choice(['\\"', "\\\\", "\\n", "\\u00e9", "\\ud83d", "\\uDE00", "\\u000d"]),
        lambda: draw.choice(["a", "9e", ": ", ",", "[", "{", "é", "2024-01-01", "/", "\\\\ud83d"]),
    )
    return '"' + "".join(draw.choice(pieces)() for _ in range(draw.randint(0, 4))) + '"'


def value(draw: random.Random, level: int = 0) -> str:
    space = draw.choice(SPACES)
    kind = draw.choice(["number", "number", "string", "word", "list", "object"])
    if kind == "number" or (level > 2 and kind in ("list", "object")):
        return space + number(draw) + space
    if kind == "string":
        return space + string(draw) + space
    if kind == "word":
        return space + draw.choice(["true", "false", "null"])
    inner = [value(draw, level + 1) for _ in range(draw.randint(0, 3))]
    if kind == "list":
        return f"[{','.join(inner)}]{space}"
    return "{" + ",".join(f"{space}{string(draw)}:{each}" for each in inner) + "}"


def text(draw: random.Random) -> str | None:
    if draw.random() < 0.1:
        return None
    if draw.random() < 0.05:
        levels = draw.choice([499, 500, 501])
        return "[" * levels + number(draw) + "]" * levels
    if draw.random() < 0.3:  # nothing to be seen in it, so that whole blocks are passed over
        return json.dumps({"items": draw.randint(0, 9), "price": draw.randint(0, 999) / 100})
    return value(draw)


def test_the_tests_run_on_the_compiled_scan() -> None:
    assert json_scan.compiled is compiled


@given(DRAWS, st.sampled_from(MODES))
def test_with_and_without_the_scan_the_same_texts_are_refused(draw, mode):
    texts = pa.array([text(draw) for _ in range(draw.choice([0, 1, 30, 300]))], pa.string())
    begin = draw.randint(0, len(texts))
    sliced = texts.slice(begin, draw.randint(0, len(texts) - begin))
    refused = json_numbers.refused(sliced, mode)
    with by_patterns_alone():
        assert refused == json_numbers.refused(sliced, mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("around", range(90))
def test_a_text_is_found_wherever_it_lies_among_quiet_ones(around, mode):
    loud = ["[0.1234567890123456789]", "[1e400]", r'["\ud83d"]', "[" * 501 + "]" * 501]
    quiet = [f'"{"x" * around}"', *['{"a": 1}'] * 20]
    for each in loud:
        texts = pa.array([*quiet, each, *quiet])
        assert list(json_numbers.refused(texts, mode)) == [len(quiet)]


@pytest.mark.parametrize(("price", "is_exact"), [("12.25", True), ("12.2500000000000000", False)])
def test_what_is_usual_is_passed_over(price, is_exact):
    text = f'{{"at": "2024-01-01T10:00:00Z", "n": 1700000000, "price": {price}}}'
    texts = pa.array([text, '"x"', None, "[]"] * 50)
    assert json_scan.doubtful(texts, is_exact=is_exact) == []


def test_bytes_under_a_null_are_no_text():
    offsets = pa.array([0, 5, 6], pa.int32()).buffers()[1]
    texts = pa.StringArray.from_buffers(2, offsets, pa.py_buffer(b"1e4001"), pa.py_buffer(b"\2"), 1)
    assert texts.to_pylist() == [None, "1"]
    assert json_numbers.refused(texts) == {}


@pytest.mark.parametrize(
    ("offsets", "first", "count"),
    [
        ([0, 4], 0, 1),
        ([-1, 1], 0, 1),
        ([2, 1], 0, 1),
        ([0, 1], 0, 2),
        ([0, 1], 2, 0),
        ([0, 1], -1, 1),
        ([0, 1], 0, -1),
        ([0, 1], 2**40, 2**62),
        ([], 0, 0),
    ],
)
def test_texts_that_lie_outside_of_their_bytes_are_not_read(offsets, first, count):
    places = pa.array(offsets, pa.int32()).buffers()[1]
    places = places.slice(0, 4 * len(offsets))
    with pytest.raises(ValueError, match="outside"):
        compiled.doubtful(b"123", places, first, count, False)
