"""Documents from a seed, as raw BSON: edge values, shapes that change, odd names.

Written byte by byte, since no driver writes a name twice or a text that isn't UTF-8. What a
server takes: its lengths add up. Each document says what is odd about it.
"""

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Element = tuple[int, bytes, bytes]
"""Type, name, value."""
Chance = random.Random

NAMES = (b"a", b"b", b"c", b"A", b"a.b", b"$x", b"", b"_extra", b"big name of it", b"\xc3\xa9")
NAMES += (b"_partition_x", b"9", b"a\nb", b"__proto__", b"x" * 130, b"s", b"t", b"id")
DOUBLES = (0.0, -0.0, 1.5, 2.0, -1e300, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, 1e16)
DOUBLES += (2**53 + 2.0, float("nan"), float("inf"), float("-inf"), 123456789.125, 1e-7, -4e15)
NANS = (b"\x01\0\0\0\0\0\xf8\x7f", b"\xff" * 8, b"\x01\0\0\0\0\0\xf0\x7f")
LONGS = (0, 1, -1, 2**31, -(2**31) - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63))
INTS = (0, 1, -1, 2**31 - 1, -(2**31), 7)
MILLIS = (0, -1, 1, 1_700_000_000_123, -62135596800000, -62135596800001, 253402300799999)
MILLIS += (253402300800000, 2**63 - 1, -(2**63), 9223372036854775, 9223372036854776, -86_400_000)
TEXTS = (b"", b"x", b"\0", b"a\0b", 'é🎉"\\\n\t\x7f\u2028'.encode(), b'{"a":1}', b"null", b"1e400")
TEXTS += (b" " * 3, b"\x01\x1f", b"long " * 300, "\ufeffbom".encode(), b"\xf0\x9f\x8f\xb3")
BROKEN = (b"\xff", b"ok\xc3", b"\xed\xa0\x80", b"\xc0\x80")
DECIMALS = (
    "0", "-0", "0E+3", "1.10", "-20000000000", "NaN", "-NaN", "Infinity", "-Infinity", "1E-6176",
    "9.999999999999999999999999999999999E+6144", "123456.789",
)  # fmt: skip
FAR_DECIMALS = (*DECIMALS, "123456789012345678901234567890.1234", "1E+33", "1E-38")
FAR_DECIMALS += ("-9999999999999999999999999999999999",)
"""Of these a column BIGNUMERIC of the local BigQuery holds no more than 38 digits, 18 of them of
a fraction, and reads them as doubles: only within documents, which become JSON."""
PATTERNS = ((b"", b""), (b'^a.*"b\\d', b"imsx"), (b"\xc3\xa9", b"u"), (b"(?<x>y)", b"i"))
MOST_DEEP = 4


@dataclass(frozen=True, slots=True)
class Made:
    """A document, and why it may be refused: nothing, or some of `twice`, `name`, `text`."""

    raw: bytes
    odd: frozenset[str]


class Maker:
    """Values by chance; what is odd about them is noted in `odd`."""

    def __init__(self, chance: Chance, strange: float) -> None:
        self.chance, self.strange = chance, strange
        self.odd = set[str]()

    def document(self, elements: Sequence[Element]) -> bytes:
        names = [name for _, name, _ in elements]
        if len(set(names)) < len(names):
            self.odd.add("twice")
        if not all(map(_is_utf8, names)):
            self.odd.add("name")
        return packed(elements)

    def name(self) -> bytes:
        if self.chance.random() < self.strange / 3:
            return self.chance.choice((b"\xff", b"a\xc3", b"a"))
        return self.chance.choice(NAMES)

    def value(self, depth: int = 0) -> tuple[int, bytes]:
        """Any type, the usual ones more often."""
        makers = _SCALARS if depth >= MOST_DEEP or self.chance.random() < 0.7 else _NESTED
        type_, make = self.chance.choice(makers)
        return type_, make(self, depth)

    def of(self, type_: int) -> bytes:
        """A value of that type."""
        make = next(make for kind, make in (*_SCALARS, *_NESTED) if kind == type_)
        return make(self, 1)

    def text(self) -> bytes:
        if self.chance.random() < self.strange / 3:
            self.odd.add("text")
            content = self.chance.choice(BROKEN)
        else:
            content = self.chance.choice(TEXTS)
        return struct.pack("<i", len(content) + 1) + content + b"\0"

    def inner(self, depth: int) -> bytes:
        count = self.chance.choice((0, 1, 1, 2, 3, 5))
        names = [self.name() for _ in range(count)]
        if self.chance.random() > self.strange:
            names = list(dict.fromkeys(names))
        return self.document([_named(name, self.value(depth + 1)) for name in names])

    def items(self, depth: int) -> bytes:
        count = self.chance.choice((0, 1, 2, 3, 3, 10))
        if depth == 0 and self.chance.random() < 0.01:
            count = self.chance.choice((1999, 2000, 2001, 4000))
            values = [(0x10, struct.pack("<i", number)) for number in range(count)]
        elif self.chance.random() < 0.5:
            type_ = self.chance.choice((0x10, 0x02, 0x01, 0x07, 0x09, 0x12, 0x08))
            values = [(type_, self.of(type_)) for _ in range(count)]
        else:
            values = [self.value(max(depth, 1)) for _ in range(count)]
        names = [str(number).encode() for number in range(count)]
        if self.chance.random() < self.strange / 5:
            names = [b""] * count
        return packed([_named(name, value) for name, value in zip(names, values, strict=True)])

    def binary(self) -> bytes:
        subtype = self.chance.choice((0, 0, 0, 1, 2, 3, 4, 4, 5, 6, 9, 128, 255))
        content = self.chance.choice((b"", b"\0\xff", bytes(16), b"x" * 16, bytes(range(16))))
        if subtype == 2:
            content = struct.pack("<i", len(content)) + content
        if self.chance.random() < self.strange / 5:
            content = content[:3]
        return struct.pack("<iB", len(content), subtype) + content

    def scoped(self, depth: int) -> bytes:
        body = self.text() + self.inner(depth + 1)
        return struct.pack("<i", len(body) + 4) + body


def packed(elements: Sequence[Element]) -> bytes:
    """A document of these elements."""
    body = b"".join(bytes([kind]) + name + b"\0" + value for kind, name, value in elements)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def decimal(text: str) -> bytes:
    """A decimal128."""
    from bson.decimal128 import Decimal128

    return bytes(Decimal128(text).bid)


def _named(name: bytes, value: tuple[int, bytes]) -> Element:
    return value[0], name, value[1]


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _double(maker: Maker, _: int) -> bytes:
    if maker.chance.random() < 0.05:
        return maker.chance.choice(NANS)
    return struct.pack("<d", maker.chance.choice(DOUBLES))


def _packer(kind: str, values: Sequence[int]) -> Callable[[Maker, int], bytes]:
    return lambda maker, _: struct.pack(kind, maker.chance.choice(values))


def _stamp(maker: Maker, depth: int) -> bytes:
    """An empty one only within a document: at the top the server puts its own time instead."""
    values = (1, 2**64 - 1, 1700000000 << 32)
    return struct.pack("<Q", maker.chance.choice((0, *values) if depth else values))


def _pointer(maker: Maker, _: int) -> bytes:
    return maker.text() + bytes(range(12))


def _decimals(depth: int) -> Sequence[str]:
    """Those that a column may hold, or a document within one."""
    return DECIMALS if depth < 2 else FAR_DECIMALS


def _regex(maker: Maker, _: int) -> bytes:
    pattern, options = maker.chance.choice(PATTERNS)
    return pattern + b"\0" + options + b"\0"


_SCALARS: tuple[tuple[int, Callable[[Maker, int], bytes]], ...] = (
    (0x01, _double),
    (0x01, _double),
    (0x02, lambda maker, _: maker.text()),
    (0x02, lambda maker, _: maker.text()),
    (0x05, lambda maker, _: maker.binary()),
    (0x06, lambda _, __: b""),
    (0x07, lambda maker, _: maker.chance.randbytes(12)),
    (0x08, lambda maker, _: maker.chance.choice((b"\0", b"\1"))),
    (0x09, _packer("<q", MILLIS)),
    (0x0A, lambda _, __: b""),
    (0x0B, _regex),
    (0x0C, _pointer),
    (0x0D, lambda maker, _: maker.text()),
    (0x0E, lambda maker, _: maker.text()),
    (0x10, _packer("<i", INTS)),
    (0x10, _packer("<i", INTS)),
    (0x11, _stamp),
    (0x12, _packer("<q", LONGS)),
    (0x13, lambda maker, depth: decimal(maker.chance.choice(_decimals(depth)))),
    (0x7F, lambda _, __: b""),
    (0xFF, lambda _, __: b""),
)
_NESTED: tuple[tuple[int, Callable[[Maker, int], bytes]], ...] = (
    (0x03, lambda maker, depth: maker.inner(depth)),
    (0x04, lambda maker, depth: maker.items(depth)),
    (0x0F, lambda maker, depth: maker.scoped(depth)),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of a collection: each with the type that most documents have there."""

    fields: tuple[tuple[bytes, int], ...]
    strange: float
    """How often a document differs: another type, a missing or additional field."""


def a_shape(chance: Chance) -> Shape:
    """A collection's shape."""
    names = chance.sample(NAMES, chance.randrange(1, 7))
    kinds = [0x01, 0x02, 0x03, 0x04, 0x05, 0x07, 0x08, 0x09, 0x10, 0x12, 0x13]
    return Shape(
        tuple((name, chance.choice(kinds)) for name in names), chance.choice((0.0, 0.02, 0.2))
    )


def a_document(chance: Chance, shape: Shape, first: Sequence[Element]) -> Made:
    """A document of a shape, after its first elements (the key, the cursor)."""
    maker = Maker(chance, shape.strange)
    elements = list(first)
    for name, kind in shape.fields:
        if chance.random() < shape.strange:
            continue
        odd = chance.random() < shape.strange
        elements.append(_named(name, maker.value() if odd else (kind, maker.of(kind))))
    if chance.random() < shape.strange:
        elements.append(_named(maker.name(), maker.value()))
    if chance.random() < shape.strange / 2:
        chance.shuffle(elements)
    return Made(maker.document(elements), frozenset(maker.odd))
