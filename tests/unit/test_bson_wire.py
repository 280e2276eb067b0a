"""BSON found and written by C and by Python: the same elements, texts, faults and refusals."""

import math
import random
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import bson
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sources.mongodb import bson_elements as b
from sources.mongodb import bson_json
from sources.mongodb.bson_elements import Buffer, Elements
from sources.mongodb.wire import compiled, decoder
from tests.hunt.mongodb_documents import Chance, a_document, a_shape, packed

DRAWS = st.integers(0, 2**32).map(random.Random)


@contextmanager
def in_python() -> Iterator[None]:
    """Without the compiled code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoder, "compiled", None)
        yield


def by_both(ask: Callable[[], Any]) -> tuple[Any, Any]:
    """What C answers and what Python does; an error counts as an answer."""

    def answer() -> Any:
        try:
            return ask()
        except (b.MalformedBsonError, ValueError, IndexError, OverflowError, pa.ArrowException):
            return "refused"

    one = answer()
    with in_python():
        return one, answer()


def drawn(draw: Chance) -> bytes:
    """Documents of one shape, of which some are odd."""
    shape = a_shape(draw)
    return b"".join(a_document(draw, shape, []).raw for _ in range(draw.choice((0, 1, 3, 20))))


def triples(elements: Elements) -> list[tuple[int, int, int]]:
    """The elements, where missing ones lie nowhere."""
    parts = (part.tolist() for part in (elements.type, elements.start, elements.size))
    many = zip(*parts, strict=True)
    return [one if one[0] else (0, 0, 0) for one in many]


def every_field(data: bytes) -> dict[bytes, Any]:
    """Each field of the documents: its elements, and which documents hold it twice."""
    buffer = Buffer(data)
    fields = b.complete_fields(buffer, *buffer.documents())
    told = {}
    for name in fields.found:
        elements, twice = fields.dense(name)
        again = [] if twice is None else np.flatnonzero(twice).tolist()
        kept = [one for row, one in enumerate(triples(elements)) if row not in again]
        told[name] = (kept, again)
    return told


def every_array(data: bytes) -> list[Any]:
    """Items and lengths of the arrays in each field."""
    buffer = Buffer(data)
    fields, told = b.complete_fields(buffer, *buffer.documents()), []
    for name in sorted(fields.found):
        elements = fields.dense(name)[0]
        arrays = elements.take(elements.type == b.ARRAY)
        items, lengths = b.items_of(buffer, arrays.start, arrays.start + arrays.size)
        told.append((triples(items), lengths.tolist()))
    return told


def every_text(data: bytes) -> tuple[list[bytes], list[tuple[int, str]]]:
    """Each document as JSON by the way that columns are written, and what it can't carry."""
    buffer = Buffer(data)
    starts, ends = buffer.documents()
    kinds = np.full(len(starts), b.DOCUMENT, np.uint8)
    texts = bson_json.texts(buffer, Elements(kinds, starts, ends - starts))
    texts.view(pa.binary()).validate(full=True)
    return texts.view(pa.binary()).to_pylist(), sorted(set(buffer.faults))


def one_by_one(data: bytes) -> tuple[list[bytes], list[tuple[int, str]]]:
    """The same, document by document and value by value."""
    buffer = Buffer(data)
    starts, ends = buffer.documents()
    places = zip(starts.tolist(), ends.tolist(), strict=True)
    with in_python():
        written = [bson_json.one_document(buffer, start, end) for start, end in places]
    return written, sorted(set(buffer.faults))


def test_the_tests_run_on_the_compiled_decoder() -> None:
    assert decoder.compiled is compiled


@given(DRAWS)
def test_both_find_the_same_fields_and_which_stand_twice(draw: Chance) -> None:
    data = drawn(draw)
    compiled_ones, twin = by_both(lambda: every_field(data))
    assert compiled_ones == twin != "refused"
    assert list(compiled_ones) == list(twin)  # the order of a new table's columns


@given(DRAWS)
def test_both_find_the_same_items(draw: Chance) -> None:
    data = drawn(draw)
    compiled_ones, twin = by_both(lambda: every_array(data))
    assert compiled_ones == twin != "refused"


@given(DRAWS)
def test_c_writes_to_the_byte_what_python_writes_value_by_value(draw: Chance) -> None:
    data = drawn(draw)
    (written, faults), (expected, told) = every_text(data), one_by_one(data)
    assert faults == told
    faulty = {int(np.searchsorted(Buffer(data).documents()[0], at, "right")) - 1 for at, _ in told}
    for row, (text, wanted) in enumerate(zip(written, expected, strict=True)):
        assert text == wanted or row in faulty  # those are refused, and written one by one


@given(DRAWS, st.data())
def test_both_refuse_or_read_what_is_broken(draw: Chance, more: st.DataObject) -> None:
    data = bytearray(drawn(draw))
    for _ in range(more.draw(st.integers(1, 3))):
        if data:
            at = more.draw(st.integers(0, len(data) - 1))
            data[at] = more.draw(st.sampled_from([0, 1, 2, 3, 4, 5, 0x7F, 0x80, 0xFF]))
    broken = bytes(data[: more.draw(st.integers(0, len(data)))]) if draw.random() < 0.3 else data
    for ask in (every_field, every_array):
        compiled_ones, twin = by_both(lambda ask=ask: ask(bytes(broken)))
        assert compiled_ones == twin
    compiled_ones, twin = by_both(lambda: len(every_text(bytes(broken))[0]))
    assert compiled_ones == twin


@pytest.mark.parametrize(
    "body",
    [
        b"\x0aa\0\0\x0aa\0",  # ends before its length says
        b"\x10a\0\1\0\0",  # the closing zero is the value's
        b"\x10a\0\1\0",
        b"\x02a\0\x09\0\0\0text\0",
        b"\x02a\0\0\0\0\0",
        b"\x05a\0\xff\xff\xff\xff\0",
        b"\x03a\0\x04\0\0\0",
        b"\x0ba\0pattern\0options",
        b"\x0aname",
        b"\x14a\0",  # no type
        b"\x0a",
    ],
)
def test_what_does_not_add_up_is_refused_by_both(body: bytes) -> None:
    good, inner = packed([(b.NULL, b"v", b"")]), struct.pack("<i", len(body) + 5) + body + b"\0"
    for data in (good + inner, good + packed([(b.DOCUMENT, b"v", inner), (b.NULL, b"w", b"")])):
        assert by_both(lambda data=data: every_text(data)) == ("refused", "refused")
    assert by_both(lambda: every_field(good + inner)) == ("refused", "refused")
    arrays = packed([(b.ARRAY, b"v", inner), (b.NULL, b"w", b"")])
    assert by_both(lambda: every_array(arrays)) == ("refused", "refused")


def text_of(type_: int, value: bytes) -> bytes:
    """One value as C writes it, or leaves it to Python."""
    return every_text(packed([(type_, b"v", value)]))[0][0]


short_doubles = st.builds(
    lambda figures, places: figures / 10**places, st.integers(-(10**16), 10**16), st.integers(0, 9)
)


next_doubles = short_doubles.map(lambda number: math.nextafter(number, math.inf))


@example(0.1 + 0.2)
@given(st.floats() | short_doubles | next_doubles | st.integers(-(2**60), 2**60).map(float))
def test_a_double_has_the_text_that_arrow_gives_it(number: float) -> None:
    value = struct.pack("<d", number)
    with in_python():
        expected = text_of(b.DOUBLE, value)
    assert text_of(b.DOUBLE, value) == expected
    if math.isfinite(number):
        assert float(expected[5:-1]) == number


@given(st.integers(-(2**63), 2**63 - 1) | st.integers(-100_000, 253402300800999))
def test_a_date_and_a_long_have_the_same_text(number: int) -> None:
    value = struct.pack("<q", number)
    for type_ in (b.DATE, b.INT64):
        with in_python():
            expected = text_of(type_, value)
        assert text_of(type_, value) == expected


@given(st.binary(max_size=12) | st.text(max_size=4).map(str.encode))
def test_names_are_utf8_where_python_says_so_and_have_the_same_text(name: bytes) -> None:
    data = packed([(b.INT32, name.replace(b"\0", b""), b"\1\0\0\0")])
    assert every_text(data) == one_by_one(data)


@pytest.mark.parametrize("size", range(8))
def test_bytes_of_any_length_are_base64(size: int) -> None:
    data = bson.encode({"v": bson.Binary(bytes(range(250, 250 + size % 6)) * 2, size)})
    assert every_text(data) == one_by_one(data)


def test_names_that_hash_alike_are_told_apart() -> None:
    def low_bits(name: bytes) -> int:
        hash_ = 2166136261
        for byte in name:
            hash_ = (hash_ ^ byte) * 16777619 & 0xFFFFFFFF
        return hash_ & 0xFF

    alike = [name for i in range(40_000) if low_bits(name := b"%x" % i) == 7][:100]
    data = packed([(b.INT32, name, struct.pack("<i", n)) for n, name in enumerate(alike)])
    assert compiled.fields(data, np.array([0]), np.array([len(data)])) is None  # Python's
    compiled_ones, twin = by_both(lambda: every_field(data))
    assert compiled_ones == twin
    assert len(twin) == 100


@pytest.mark.parametrize("times", [2, 9, 10, 40])
def test_a_field_any_number_of_times_is_twice(times: int) -> None:
    one = (b.INT32, b"a", b"\1\0\0\0")
    data = packed([one] * times) + packed([one]) + packed([(b.NULL, b"z", b""), one, one])
    compiled_ones, twin = by_both(lambda: every_field(data))
    assert compiled_ones == twin
    assert twin[b"a"][1] == [0, 2]
    assert every_text(data)[1] == one_by_one(data)[1] != []


@pytest.mark.parametrize("count", [1, 2, 7, 11, 12, 500])
def test_a_name_twice_among_many_is_seen_wherever_it_stands(count: int) -> None:
    many = [(b.NULL, b"%d" % n, b"") for n in range(count)]
    for at in (0, count // 2, count - 1):
        data = packed([(b.DOCUMENT, b"d", packed([*many, many[at]]))])
        assert len(every_text(data)[1]) == 1
    assert every_text(packed(many))[1] == []


@pytest.mark.parametrize("levels", [180, 249, 250, 300])
def test_documents_of_any_depth_are_written(levels: int) -> None:
    inner = packed([])
    for level in range(levels):
        inner = packed([(b.ARRAY if level % 3 else b.DOCUMENT, b"0", inner)])
    assert every_text(inner) == one_by_one(inner)


def test_holes_at_the_ends_of_texts_are_filled_each_with_its_own() -> None:
    numbers = [bson.Decimal128(str(n)) for n in range(6)]
    rows = [{"v": numbers[0]}, {"v": [numbers[1], numbers[2]]}, {}, {"v": {"x": numbers[3]}}]
    data = b"".join(map(bson.encode, rows))
    buffer = Buffer(data)
    elements = b.complete_fields(buffer, *buffer.documents()).dense(b"v")[0]
    decimals = [f'{{"$numberDecimal":"{n}"}}' for n in range(4)]
    expected = [decimals[0], f"[{decimals[1]},{decimals[2]}]", None, f'{{"x":{decimals[3]}}}']
    assert bson_json.texts(buffer, elements).to_pylist() == expected


def test_what_does_not_fit_together_is_an_error_and_reads_no_memory() -> None:
    data, one = bson.encode({"a": 1}), np.array([0])
    with pytest.raises(ValueError, match="lengths"):
        compiled.fields(data, one, np.array([5, 6]))
    with pytest.raises(ValueError, match="lengths"):
        compiled.texts(data, bytes(1), one, np.array([5, 6]))
    for start, end in ((-1, 8), (0, 2**62), (9, 5), (2**62, 2**63 - 1), (0, 4)):
        places = np.array([start]), np.array([end])
        assert compiled.fields(data, *places) is None
        assert compiled.items(data, *places) is None
        assert compiled.texts(data, b"\x03", places[0], places[1] - places[0]) is None
    offsets = np.array([0, 1], np.int32)
    with pytest.raises(ValueError, match="holes"):
        compiled.filled(offsets, b"\0", np.array([0], np.int32), b"")
    with pytest.raises(ValueError, match="holes"):
        compiled.filled(offsets, b"x", offsets, b"y")
    for wrong in ([0, 9], [-1, 1], [1, 0], []):
        with pytest.raises(ValueError, match="offsets"):
            compiled.filled(np.array(wrong, np.int32), b"\0", offsets, b"y")


def test_without_compiled_code_it_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    decoder.warn_if_slow.cache_clear()
    decoder.warn_if_slow()
    assert caplog.text == ""
    decoder.warn_if_slow.cache_clear()
    with in_python():
        decoder.warn_if_slow()
        decoder.warn_if_slow()
    assert caplog.text.count("the compiled decoder wasn't built") == 1
