"""COPY BINARY decoded by C and by Python: the same batches, wherever the stream is cut."""

import random
import resource
import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_schema.dead_letters import dimensions_of
from auto_schema.schema import Column
from sources.postgresql.statement import select_list
from sources.postgresql.wire import in_python
from sources.postgresql.wire.compiled import Decoder
from sources.postgresql.wire.decoder import IS_COMPILED
from sources.postgresql.wire.fields import ARRAYS, WIRES, Field, fields_of
from tests.wire_rows import END, HEAD, drawn_fields, encoded, row


def planned(name: str, arrow: pa.DataType) -> Column:
    return Column(name, name, "numeric", "{c}", arrow, "NUMERIC")


DRAWS = st.integers(0, 2**32).map(random.Random)
MOST_ROWS = 600


def batch_of(decoder: Any) -> pa.RecordBatch:
    return pa.RecordBatch._import_from_c_capsule(*decoder.take())


def pieces(draw: random.Random, data: bytes) -> list[bytes]:
    cut = []
    while data:
        size = draw.choice([1, 7, 100, 5000, len(data)])
        cut.append(data[:size])
        data = data[size:]
    return cut


def raw(array: Any) -> Any:
    """An array whose texts are bytes and whose floats are their bits, so that all compare."""
    if pa.types.is_list(array.type):
        return pa.ListArray.from_arrays(array.offsets, raw(array.values), mask=array.is_null())
    if pa.types.is_string(array.type):
        return array.view(pa.binary())
    return array.view(pa.int64()) if pa.types.is_floating(array.type) else array


def is_same(one: pa.RecordBatch, other: pa.RecordBatch) -> bool:
    one.validate()
    pairs = zip(one.columns, other.columns, strict=True)
    return one.schema == other.schema and all(raw(a).equals(raw(b)) for a, b in pairs)


def one_value(field: Field, value: bytes) -> Any:
    decoder = Decoder([field])
    decoder.feed(HEAD + struct.pack(">hi", 1, len(value)) + value)
    return batch_of(decoder).column(0)


def test_the_tests_run_on_the_compiled_decoder():
    assert IS_COMPILED


@given(DRAWS)
def test_both_decoders_give_the_same_batches_wherever_the_stream_is_cut(draw):
    fields = drawn_fields(draw)
    both = Decoder(fields), in_python.Decoder(fields)
    for turn in range(draw.randint(1, 3)):
        count = draw.choice([0, 1, 9, 70, MOST_ROWS] if turn == 0 else [0, 3])
        data = b"" if turn else HEAD
        data += b"".join(row(draw, fields) for _ in range(count))
        for piece in pieces(draw, data):
            assert [decoder.feed(piece) for decoder in both] == [False, False]
        assert both[0].rows == both[1].rows == count
        assert is_same(*(batch_of(decoder) for decoder in both))
    assert [decoder.feed(END) for decoder in both] == [True, True]


def texts_of(decoder: Any, values: list[bytes]) -> pa.RecordBatch:
    decoder.feed(b"".join(struct.pack(">hi", 1, len(value)) + value for value in values))
    return batch_of(decoder)


def test_a_batch_keeps_its_values_whatever_is_decoded_after_it_and_let_go():
    """Memory of batches that are gone is used again: see store.c."""
    draw = random.Random(7)

    def work(letter: bytes) -> None:
        decoder, held = Decoder([Field("t", "text")]), list[tuple[list[bytes], pa.RecordBatch]]()
        decoder.feed(HEAD)
        for turn in range(40):
            values = [letter * draw.randint(0, 3000) + b"%d" % turn for _ in range(200)]
            held.append((values, texts_of(decoder, values)))
            if draw.random() < 0.7:
                values, batch = held.pop(draw.randrange(len(held)))
                assert batch.column(0).view(pa.binary()).to_pylist() == values
                del batch
        for values, batch in held:
            assert batch.column(0).view(pa.binary()).to_pylist() == values

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, [b"a", b"b", b"c", b"d"]))


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_memory_of_batches_that_are_gone_goes_back_but_for_what_is_kept():
    """A batch that stays holds nothing of those before it: see store.c."""
    decoder, small, large = Decoder([Field("t", "text")]), b"x" * 9_000, b"x" * 900_000
    decoder.feed(HEAD)
    before, stay, held = resident(), list[pa.RecordBatch](), list[pa.RecordBatch]()
    for _ in range(200):
        held.append(texts_of(decoder, [large]))
        stay.append(texts_of(decoder, [small]))
    assert resident() - before > 150e6
    held.clear()
    assert resident() - before < 60e6
    assert len(stay) == 200


@given(DRAWS)
def test_bytes_that_are_no_rows_are_refused_by_both_or_by_none(draw):
    fields = drawn_fields(draw)
    data = bytearray(HEAD + b"".join(row(draw, fields) for _ in range(draw.randint(0, 3))))
    for _ in range(draw.randint(1, 4)):
        data[draw.randrange(len(data))] = draw.choice([0, 1, 2, 127, 128, 255])
    del data[draw.randint(0, len(data)) :]
    outcomes = []
    for decoder in (Decoder(fields), in_python.Decoder(fields)):
        try:
            outcomes.append((decoder.feed(bytes(data)), None))
        except ValueError as error:
            outcomes.append((None, str(error)))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    ("whole", "behind", "wanted"),
    [
        ("0", "", Decimal("0.00")),
        ("123456789012", "34", Decimal("123456789012.34")),
        ("0", "01", Decimal("0.01")),
        ("9" * 12, "99", Decimal("9" * 12 + ".99")),
        ("1" + "0" * 12, "00", "1" + "0" * 12 + ".00"),
        ("0", "001", "0.001"),
        ("5", "1000", Decimal("5.10")),
    ],
)
@pytest.mark.parametrize("is_negative", [False, True])
def test_a_number_is_a_decimal_if_it_fits_and_else_its_text(whole, behind, wanted, is_negative):
    value = encoded(whole, behind, is_negative=is_negative)
    array = one_value(Field("n", "decimal128", 14, 2), value)
    is_minus = is_negative and Decimal(f"{whole}.{behind or 0}") != 0
    if isinstance(wanted, str):
        assert array.to_pylist() == [f"-{wanted}" if is_minus else wanted]
    else:
        assert array.to_pylist() == [-wanted if is_minus else wanted]
        assert array.type == pa.decimal128(14, 2)


def test_a_batch_after_one_with_a_misfit_has_decimals_again():
    decoder = Decoder([Field("n", "decimal256", 76, 38)])
    cells = (encoded("1", "5", is_negative=True), encoded("1", "0" * 38 + "1", is_negative=False))
    decoder.feed(HEAD + b"".join(struct.pack(">hi", 1, len(cell)) + cell for cell in cells))
    texts = batch_of(decoder).column(0)
    assert texts.to_pylist() == ["-1." + "5".ljust(38, "0"), "1." + "0" * 38 + "1"]
    decoder.feed(struct.pack(">hi", 1, len(cells[0])) + cells[0])
    assert batch_of(decoder).column(0).to_pylist() == [Decimal("-1.5")]


def test_a_value_of_another_length_or_version_names_its_column():
    with pytest.raises(ValueError, match="column n: a value that is none of its type"):
        one_value(Field("n", "int4"), b"12345678")
    with pytest.raises(ValueError, match="column j: a value that is none of its type"):
        one_value(Field("j", "jsonb"), b'\2{"a": 1}')


@pytest.mark.parametrize("decoder_of", [Decoder, in_python.Decoder])
@pytest.mark.parametrize("sign", [0x0001, 0x8000, 0xFF01])
def test_a_number_of_a_sign_that_nobody_knows_is_refused_and_not_read_as_positive(sign, decoder_of):
    value = struct.pack(">HhHHH", 1, 0, sign, 0, 7)
    decoder = decoder_of([Field("n", "decimal128", 14, 2)])
    with pytest.raises(ValueError, match="column n: a value that is none of its type"):
        decoder.feed(HEAD + struct.pack(">hi", 1, len(value)) + value)


def test_what_is_no_copy_is_refused():
    with pytest.raises(ValueError, match="not COPY BINARY of 1 columns"):
        Decoder([Field("n", "int4")]).feed(b"x" * 30)
    with pytest.raises(ValueError, match="not COPY BINARY of 2 columns"):
        Decoder([Field("n", "int4"), Field("m", "int4")]).feed(HEAD + struct.pack(">hi", 1, -1))


@pytest.mark.parametrize(
    "field",
    [("n", "int3", 0, 0, False, ""), ("n", "decimal128", 39, 0, False, ""), ("n",), 5, None],
)
def test_fields_that_are_none_are_refused(field):
    with pytest.raises((ValueError, TypeError)):
        Decoder([field])


ONE_AND_TWO = (
    struct.pack(">IIIIiii", 1, 0, 23, 1, 1, 4, 7),
    struct.pack(">IIIIiIiii", 2, 0, 23, 1, 1, 1, 1, 4, 8),
    struct.pack(">III", 0, 0, 23),
)


@pytest.mark.parametrize("decoder_of", [Decoder, in_python.Decoder])
def test_the_dimensions_of_each_array_stand_beside_it(decoder_of):
    decoder = decoder_of([Field("a", "int4", is_list=True, dimensions="d"), Field("b", "int4")])
    tail = struct.pack(">ii", 4, 5)
    rows = b"".join(struct.pack(">hi", 2, len(value)) + value + tail for value in ONE_AND_TWO)
    decoder.feed(HEAD + rows + struct.pack(">hi", 2, -1) + tail)
    assert batch_of(decoder).to_pydict() == {
        "a": [[7], [8], [], None],
        "d": [1, 2, 0, 0],
        "b": [5] * 4,
    }


def test_the_wire_shows_dimensions_of_arrays_that_no_cast_has_made():
    lists = Column("c", "c", "int4[]", "{c}", pa.list_(pa.int64()), "INT64", "REPEATED")
    plain, cast, flat = lists, replace(lists, select="{c}::int8[]"), replace(lists, is_flat=True)
    for column, wanted in ((plain, dimensions_of("c")), (cast, ""), (flat, "")):
        (field,) = fields_of([("c", 1007, 0)], [column])
        assert field.dimensions == wanted
        assert ("array_ndims" in select_list((column,))) == (column is cast)


def test_each_array_type_is_of_a_type_that_is_read():
    assert set(ARRAYS.values()) < set(WIRES)
    for array, element in ARRAYS.items():
        if element != 1700:
            (field,) = fields_of([("c", array, 0)], [])
            assert field == Field("c", WIRES[element], is_list=True)


def test_a_numeric_takes_the_planned_precision_and_another_type_is_refused():
    decimals = planned("n", pa.decimal128(12, 2)), planned("m", pa.list_(pa.decimal256(76, 38)))
    assert fields_of([("n", 1700, 0), ("m", 1231, 0)], decimals) == [
        Field("n", "decimal128", 12, 2),
        Field("m", "decimal256", 76, 38, True),
    ]
    with pytest.raises(ValueError, match="'n' arrives as a numeric and int64 was planned"):
        fields_of([("n", 1700, 0)], [planned("n", pa.int64())])
    with pytest.raises(ValueError, match="OID 600, which isn't read"):
        fields_of([("p", 600, 0)], [])
