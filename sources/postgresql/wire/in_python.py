"""Decoder in Python: what the compiled one does, value by value, for where there is no compiler."""

import ctypes
import struct
import uuid
from collections.abc import Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation
from typing import Any

import pyarrow as pa

from sources.postgresql.wire.fields import Field

SIGNATURE = b"PGCOPY\n\xff\r\n\x00"
HEAD = 19
JSONB_VERSION = b"\x01"
"""Of what follows: its text."""
EPOCH_DAYS = 10957
"""From 1970-01-01, Arrow's, to 2000-01-01, PostgreSQL's."""
EPOCH_MICROS = EPOCH_DAYS * 86_400_000_000
SIGNS = {0x0000: "", 0x4000: "-", 0xC000: "NaN", 0xD000: "Infinity", 0xF000: "-Infinity"}
_NUMBERS: dict[str, tuple[str, Any]] = {
    "bool": ("?", pa.bool_()),
    "int2": (">h", pa.int64()),
    "int4": (">i", pa.int64()),
    "int8": (">q", pa.int64()),
    "float4": (">f", pa.float64()),
    "float8": (">d", pa.float64()),
    "date": (">i", pa.date32()),
    "time": (">q", pa.time64("us")),
    "timestamp": (">q", pa.timestamp("us")),
    "timestamptz": (">q", pa.timestamp("us", "UTC")),
}
_SHIFTS = {"date": (EPOCH_DAYS, 32), "timestamp": (EPOCH_MICROS, 64)}
_SHIFTS["timestamptz"] = _SHIFTS["timestamp"]


class Decoder:
    """As `sources.postgresql.wire.decoder.Decoder` says."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._fields = [Field(*field) for field in fields]
        self._values: list[list[Any]] = [[] for _ in fields]
        self._dimensions: list[list[int]] = [[] for _ in fields]
        self._rest, self._is_begun = b"", False
        self.rows = self._spelled = 0

    def feed(self, piece: bytes) -> bool:
        """Decode a piece of the stream, wherever it was cut."""
        self._rest += piece
        if not self._is_begun and not self._begin():
            return False
        while len(self._rest) >= 2:
            (count,) = struct.unpack_from(">h", self._rest)
            if count == -1:
                return True
            if count != len(self._fields):
                raise ValueError(f"not COPY BINARY of {len(self._fields)} columns")
            cells = _cells(self._rest, 2, count)
            if cells is None:
                break
            row, end = cells
            columns = zip(self._fields, self._values, self._dimensions, row, strict=True)
            for field, values, dimensions, cell in columns:
                value = None if cell is None else _value(field, cell)
                values.append(value)
                dimensions.append(_dimensions(field, cell))
                if field.wire.startswith("decimal"):
                    self._spelled += sum(map(len, filter(None, _items(field, value))))
            self._rest = self._rest[end:]
            self.rows += 1
        return False

    def pull(self, connection: int, get: int, release: int, rows: int, size: int) -> int:
        """Decode from a libpq connection until a batch is full."""
        taken = 0
        get_copy_data = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_int
        )(get)
        free_memory = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(release)
        while True:
            piece = ctypes.c_void_p()
            count = int(get_copy_data(connection, ctypes.byref(piece), 0))
            if count > 0:
                try:
                    self.feed(ctypes.string_at(piece.value or 0, count))
                finally:
                    free_memory(piece)
                taken += count
            if count <= 0 or self.rows >= rows or taken + self._spelled >= size:
                return count

    def take(self) -> tuple[Any, Any]:
        """The batch so far, as Arrow's two capsules."""
        arrays, names = [], []
        for field, values, dimensions in zip(
            self._fields, self._values, self._dimensions, strict=True
        ):
            arrays.append(_array(field, values))
            names.append(field.name)
            if field.is_list and field.dimensions:
                arrays.append(pa.array(dimensions, pa.int64()))
                names.append(field.dimensions)
        batch: Any = pa.RecordBatch.from_arrays(arrays, names=names)
        self._values = [[] for _ in self._fields]
        self._dimensions = [[] for _ in self._fields]
        self.rows = self._spelled = 0
        capsules: tuple[Any, Any] = batch.__arrow_c_array__()
        return capsules

    def _begin(self) -> bool:
        if len(self._rest) < HEAD:
            return False
        if not self._rest.startswith(SIGNATURE):
            raise ValueError(f"not COPY BINARY of {len(self._fields)} columns")
        (extension,) = struct.unpack_from(">I", self._rest, HEAD - 4)
        if len(self._rest) < HEAD + extension:
            return False
        self._rest, self._is_begun = self._rest[HEAD + extension :], True
        return True


def _cells(data: bytes, at: int, count: int) -> tuple[list[bytes | None], int] | None:
    """So many values with their lengths before them, and where they end; None: not whole."""
    cells: list[bytes | None] = []
    for _ in range(count):
        if len(data) < at + 4:
            return None
        (size,) = struct.unpack_from(">i", data, at)
        at += 4
        if size > len(data) - at:
            return None
        cells.append(None if size < 0 else data[at : at + size])
        at += max(size, 0)
    return cells, at


def _value(field: Field, cell: bytes) -> Any:
    try:
        return _list(field, cell) if field.is_list else _scalar(field.wire, cell)
    except (struct.error, ValueError) as error:
        raise _bad_form(field) from error


def _items(field: Field, value: Any) -> Sequence[Any]:
    return value or () if field.is_list else (value,)


def _bad_form(field: Field) -> ValueError:
    return ValueError(f"column {field.name}: a value that is none of its type")


def _dimensions(field: Field, cell: bytes | None) -> int:
    return struct.unpack_from(">I", cell)[0] if field.is_list and cell is not None else 0


def _list(field: Field, cell: bytes) -> list[Any]:
    """Values of all dimensions one after the other."""
    (dimensions,) = struct.unpack_from(">I", cell)
    values = 1 if dimensions else 0
    for index in range(dimensions):
        values *= struct.unpack_from(">I", cell, 12 + 8 * index)[0]
    items = _cells(cell, 12 + 8 * dimensions, values) if values <= len(cell) else None
    if items is None or items[1] != len(cell):
        raise _bad_form(field)
    return [None if item is None else _scalar(field.wire, item) for item in items[0]]


def _scalar(wire: str, cell: bytes) -> Any:
    if wire in ("text", "bytea"):
        return cell
    if wire.startswith("decimal"):
        return _numeric(cell)
    if wire == "uuid":
        return str(uuid.UUID(bytes=cell)).encode()
    if wire == "jsonb":
        return _json(cell)
    (number,) = struct.unpack(_NUMBERS[wire][0], cell)
    if wire not in _SHIFTS:
        return number
    epoch, bits = _SHIFTS[wire]
    return (number + epoch + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def _json(cell: bytes) -> bytes:
    if not cell.startswith(JSONB_VERSION):
        raise ValueError("not jsonb")
    return cell[1:]


def _numeric(cell: bytes) -> str:
    """As PostgreSQL writes it."""
    count, weight, sign, places = struct.unpack_from(">HhHH", cell)
    digits = struct.unpack(f">{count}H", cell[8:])
    if sign not in SIGNS:
        raise ValueError("not a sign")
    if sign not in (0x0000, 0x4000):
        return SIGNS[sign]
    spelled = {weight - index: f"{digit:04}" for index, digit in enumerate(digits)}
    whole = "".join(spelled.get(at, "0000") for at in range(weight, -1, -1)).lstrip("0")
    behind = "".join(spelled.get(-1 - at, "0000") for at in range((places + 3) // 4))[:places]
    return SIGNS[sign] + (whole or "0") + ("." + behind if places else "")


def _array(field: Field, values: list[Any]) -> Any:
    if not field.is_list:
        return _column(field, values)
    lengths = [len(value or ()) for value in values]
    offsets = [sum(lengths[:index]) for index in range(len(lengths) + 1)]
    items = _column(field, [item for value in values for item in value or ()])
    mask = pa.array([value is None for value in values], pa.bool_())
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items, mask=mask)


def _column(field: Field, values: list[Any]) -> Any:
    if field.wire in (
        "text",
        "jsonb",
        "uuid",
    ):  # the bytes as they are, also where they aren't UTF-8
        return pa.array(values, pa.binary()).view(pa.string())
    if field.wire == "bytea":
        return pa.array(values, pa.binary())
    if field.wire.startswith("decimal"):
        return _decimals(field, values)
    kind = _NUMBERS[field.wire][1]
    is_moved = pa.types.is_temporal(kind)
    if not is_moved:
        return pa.array(values, kind)
    integer = pa.int32() if pa.types.is_date32(kind) else pa.int64()
    return pa.array(values, integer).view(kind)


def _decimals(field: Field, texts: list[str | None]) -> Any:
    """Decimals, or all as texts when one of them doesn't fit."""
    decimals = [None if text is None else _fitting(field, text) for text in texts]
    misfits = [at for at, text in enumerate(texts) if text is not None and decimals[at] is None]
    if misfits:
        before = [None if number is None else f"{number:f}" for number in decimals[: misfits[0]]]
        return pa.array(before + texts[misfits[0] :], pa.string())
    make = pa.decimal128 if field.wire == "decimal128" else pa.decimal256
    return pa.array(decimals, make(field.precision, field.scale))


def _fitting(field: Field, text: str) -> Decimal | None:
    number = Decimal(text)
    if not number.is_finite():
        return None
    exact = Context(
        prec=field.precision, traps=[Inexact, InvalidOperation], Emin=MIN_EMIN, Emax=MAX_EMAX
    )
    try:
        return number.quantize(Decimal(1).scaleb(-field.scale), context=exact)
    except (Inexact, InvalidOperation):
        return None
