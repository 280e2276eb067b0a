"""Rows as COPY BINARY writes them, drawn at random: see sources/postgresql/wire."""

import random
import struct
from collections.abc import Sequence

from sources.postgresql.wire.fields import Field

HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
WIDTHS = {
    "bool": 1,
    "int2": 2,
    "int4": 4,
    "int8": 8,
    "float4": 4,
    "float8": 8,
    "date": 4,
    "time": 8,
    "timestamp": 8,
    "timestamptz": 8,
    "uuid": 16,
}
DECIMALS = {"decimal128": 38, "decimal256": 76}
WIRES = (*WIDTHS, "text", "bytea", "jsonb", *DECIMALS)
NULL = struct.pack(">i", -1)


def drawn_fields(draw: random.Random) -> list[Field]:
    """Columns of any types, none of them too."""
    return [_field(draw, f"c{index}") for index in range(draw.randint(0, 6))]


def _field(draw: random.Random, name: str) -> Field:
    wire = draw.choice(WIRES)
    is_list = draw.random() < 0.3
    dimensions = f"{name} dimensions" if draw.random() < 0.5 else ""
    if wire not in DECIMALS:
        return Field(name, wire, is_list=is_list, dimensions=dimensions)
    precision = draw.randint(1, DECIMALS[wire])
    scale = draw.randint(0, min(precision, draw.choice([2, 9, precision])))
    return Field(name, wire, precision, scale, is_list, dimensions)


def row(draw: random.Random, fields: Sequence[Field]) -> bytes:
    """A row of such columns."""
    return struct.pack(">h", len(fields)) + b"".join(_cell(draw, field) for field in fields)


def _cell(draw: random.Random, field: Field) -> bytes:
    if draw.random() < 0.1:
        return NULL
    return _sized(_array(draw, field.wire) if field.is_list else _value(draw, field.wire))


def _sized(value: bytes) -> bytes:
    return struct.pack(">i", len(value)) + value


def _array(draw: random.Random, wire: str) -> bytes:
    lengths = [draw.randint(1, 3) for _ in range(draw.choice([0, 1, 1, 1, 2]))]
    count = 1 if lengths else 0
    for length in lengths:
        count *= length
    head = struct.pack(">III", len(lengths), 0, 0)
    sides = b"".join(struct.pack(">Ii", length, draw.randint(-2, 5)) for length in lengths)
    items = (NULL if draw.random() < 0.1 else _sized(_value(draw, wire)) for _ in range(count))
    return head + sides + b"".join(items)


def _value(draw: random.Random, wire: str) -> bytes:
    if wire in DECIMALS:
        return numeric(draw)
    if wire == "bool":
        return draw.choice([b"\0", b"\1"])
    if wire == "jsonb":
        return b"\1" + draw.randbytes(draw.choice([0, 1, 30]))
    if wire not in WIDTHS:
        return draw.randbytes(draw.choice([0, 1, 5, 30]))
    width = WIDTHS[wire]
    ends = (b"\x7f" + b"\xff" * (width - 1), b"\x80" + bytes(width - 1), bytes(width))
    return draw.choice(ends) if draw.random() < 0.2 else draw.randbytes(width)


def numeric(draw: random.Random) -> bytes:
    """A number as PostgreSQL sends it: no zeros around its digits, and no zero with a sign."""
    if draw.random() < 0.02:
        return struct.pack(">HhHH", 0, 0, draw.choice([0xC000, 0xD000, 0xF000]), 0)
    size, places = (
        draw.choice([0, 1, 3, 4, 5, 9, 20, 38, 40, 77]),
        draw.choice([0, 1, 2, 9, 38, 50]),
    )
    whole = str(draw.choice([0, 1, 9, 10 ** max(size - 1, 0), 10**size - 1]))
    behind = "".join(draw.choice("0009123456789") for _ in range(draw.randint(0, places)))
    return encoded(whole, behind.ljust(places, "0"), is_negative=draw.random() < 0.5)


def encoded(whole: str, behind: str, *, is_negative: bool) -> bytes:
    """The bytes of a number of these decimal digits."""
    text = whole.zfill(-(-len(whole) // 4) * 4) + behind.ljust(-(-len(behind) // 4) * 4, "0")
    digits = [int(text[at : at + 4]) for at in range(0, len(text), 4)]
    weight = -(-len(whole) // 4) - 1
    while digits and not digits[0]:
        del digits[0]
        weight -= 1
    while digits and not digits[-1]:
        del digits[-1]
    sign = 0x4000 if is_negative and digits else 0
    count = len(digits)
    return struct.pack(f">HhHH{count}H", count, weight if digits else 0, sign, len(behind), *digits)
