"""Python values and GoogleSQL's, both ways.

BOOL bool · INT64 int · FLOAT64 float · NUMERIC, BIGNUMERIC Decimal · STRING, JSON str ·
BYTES bytes · DATE date · TIME time · DATETIME naive datetime · TIMESTAMP datetime in UTC ·
INTERVAL Interval · RANGE Range · ARRAY list · STRUCT dict, a tuple where names are missing
or repeated · NULL None
"""

import datetime as dt
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from zetasql.wasi._pb2.zetasql.public import type_pb2 as kinds
from zetasql.wasi._pb2.zetasql.public.type_pb2 import StructFieldProto, TypeProto
from zetasql.wasi._pb2.zetasql.public.value_pb2 import ValueProto

EPOCH = dt.date(1970, 1, 1)
INSTANT = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
EXACT = Context(prec=80)
"""Enough for BIGNUMERIC's 77 digits."""
SCALES = {kinds.TYPE_NUMERIC: 9, kinds.TYPE_BIGNUMERIC: 38}
INTERVAL = struct.Struct("<qiI")
"""Microseconds, days, and months with the nanoseconds' rest: the form that values travel in."""
MONTHS_SHIFT, MONTHS_BITS = 13, (1 << 18) - 1
NEGATIVE = 1 << 31


@dataclass(frozen=True, slots=True)
class Interval:
    """An INTERVAL; its parts don't carry over into each other."""

    months: int = 0
    days: int = 0
    micros: int = 0


@dataclass(frozen=True, slots=True)
class Range:
    """A RANGE: `start` is included, `end` isn't; None is unbounded."""

    start: Any
    end: Any


def sent(value: Any, of: TypeProto) -> ValueProto:
    """GoogleSQL's value of this type.

    Raises:
        TypeError, ValueError: The value isn't one of the type.
    """
    if value is None:
        return ValueProto()
    return _SENT[of.type_kind](value, of)


def received(value: ValueProto, of: TypeProto) -> Any:
    """The Python value."""
    if value.WhichOneof("value") is None:
        return None
    return _RECEIVED[of.type_kind](value, of)


def _plain(field: str, *accepted: type) -> Callable[[Any, TypeProto], ValueProto]:
    def made(value: Any, _: TypeProto) -> ValueProto:
        if type(value) not in accepted:
            raise TypeError(f"{value!r} is not {' or '.join(one.__name__ for one in accepted)}")
        return ValueProto(**{field: value})

    return made


def _sent_decimal(value: Any, of: TypeProto) -> ValueProto:
    scaled = EXACT.scaleb(Decimal(value), SCALES[of.type_kind])
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"{value} has more than {SCALES[of.type_kind]} digits after the point")
    length = (whole + (whole < 0)).bit_length() // 8 + 1
    body = whole.to_bytes(length, "little", signed=True)
    if of.type_kind == kinds.TYPE_NUMERIC:
        return ValueProto(numeric_value=body)
    return ValueProto(bignumeric_value=body)


def _received_decimal(value: ValueProto, of: TypeProto) -> Decimal:
    is_numeric = of.type_kind == kinds.TYPE_NUMERIC
    body = value.numeric_value if is_numeric else value.bignumeric_value
    whole = Decimal(int.from_bytes(body, "little", signed=True))
    return EXACT.scaleb(whole, -SCALES[of.type_kind]).normalize(EXACT)


def _sent_instant(value: dt.datetime, _: TypeProto) -> ValueProto:
    if value.tzinfo is None:
        raise TypeError(f"{value} has no zone, a TIMESTAMP is an instant")
    made = ValueProto()
    whole = value - INSTANT
    made.timestamp_value.seconds = whole.days * 86_400 + whole.seconds
    made.timestamp_value.nanos = whole.microseconds * 1000
    return made


def _received_instant(value: ValueProto, _: TypeProto) -> dt.datetime:
    stamp = value.timestamp_value
    return INSTANT + dt.timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)


def _clock(value: dt.datetime | dt.time) -> int:
    return value.hour << 12 | value.minute << 6 | value.second


def _sent_datetime(value: dt.datetime, _: TypeProto) -> ValueProto:
    if value.tzinfo is not None:
        raise TypeError(f"{value} has a zone, a DATETIME has none")
    made = ValueProto()
    days = value.year << 9 | value.month << 5 | value.day
    made.datetime_value.bit_field_datetime_seconds = days << 17 | _clock(value)
    made.datetime_value.nanos = value.microsecond * 1000
    return made


def _received_datetime(value: ValueProto, _: TypeProto) -> dt.datetime:
    bits = value.datetime_value.bit_field_datetime_seconds
    days, micros = bits >> 17, value.datetime_value.nanos // 1000
    date = dt.date(days >> 9, days >> 5 & 15, days & 31)
    return dt.datetime.combine(date, _time(bits, micros))


def _time(bits: int, micros: int) -> dt.time:
    return dt.time(bits >> 12 & 31, bits >> 6 & 63, bits & 63, micros)


def _sent_time(value: dt.time, _: TypeProto) -> ValueProto:
    return ValueProto(time_value=_clock(value) << 30 | value.microsecond * 1000)


def _received_time(value: ValueProto, _: TypeProto) -> dt.time:
    bits = value.time_value
    return _time(bits >> 30, (bits & (1 << 30) - 1) // 1000)


def _sent_interval(value: Interval, _: TypeProto) -> ValueProto:
    months = abs(value.months) << MONTHS_SHIFT | (NEGATIVE if value.months < 0 else 0)
    return ValueProto(interval_value=INTERVAL.pack(value.micros, value.days, months))


def _received_interval(value: ValueProto, _: TypeProto) -> Interval:
    micros, days, bits = INTERVAL.unpack(value.interval_value)
    months = bits >> MONTHS_SHIFT & MONTHS_BITS
    return Interval(-months if bits & NEGATIVE else months, days, micros)


def _sent_range(value: Range, of: TypeProto) -> ValueProto:
    made = ValueProto()
    made.range_value.start.CopyFrom(sent(value.start, of.range_type.element_type))
    made.range_value.end.CopyFrom(sent(value.end, of.range_type.element_type))
    return made


def _received_range(value: ValueProto, of: TypeProto) -> Range:
    element = of.range_type.element_type
    ends = value.range_value
    return Range(received(ends.start, element), received(ends.end, element))


def _sent_array(value: Sequence[Any], of: TypeProto) -> ValueProto:
    made = ValueProto()
    made.array_value.SetInParent()
    made.array_value.element.extend(sent(one, of.array_type.element_type) for one in value)
    return made


def _received_array(value: ValueProto, of: TypeProto) -> list[Any]:
    return [received(one, of.array_type.element_type) for one in value.array_value.element]


def _sent_struct(value: Mapping[str, Any] | Sequence[Any], of: TypeProto) -> ValueProto:
    fields = of.struct_type.field
    if isinstance(value, Mapping):
        strange = set(value) - {field.field_name for field in fields}
        if strange:
            raise ValueError(f"no such field: {sorted(strange)}")
        value = [value.get(field.field_name) for field in fields]
    made = ValueProto()
    made.struct_value.SetInParent()
    made.struct_value.field.extend(
        sent(part, field.field_type) for part, field in zip(value, fields, strict=True)
    )
    return made


def _received_struct(value: ValueProto, of: TypeProto) -> dict[str, Any] | tuple[Any, ...]:
    fields: Sequence[StructFieldProto] = of.struct_type.field
    parts = [
        received(part, field.field_type)
        for part, field in zip(value.struct_value.field, fields, strict=True)
    ]
    names = [field.field_name for field in fields]
    if all(names) and len(set(names)) == len(names):
        return dict(zip(names, parts, strict=True))
    return tuple(parts)


_SENT: Mapping[int, Callable[[Any, TypeProto], ValueProto]] = {
    kinds.TYPE_BOOL: _plain("bool_value", bool),
    kinds.TYPE_INT64: _plain("int64_value", int),
    kinds.TYPE_DOUBLE: _plain("double_value", float, int),
    kinds.TYPE_STRING: _plain("string_value", str),
    kinds.TYPE_JSON: _plain("json_value", str),
    kinds.TYPE_BYTES: _plain("bytes_value", bytes),
    kinds.TYPE_NUMERIC: _sent_decimal,
    kinds.TYPE_BIGNUMERIC: _sent_decimal,
    kinds.TYPE_DATE: lambda value, _: ValueProto(date_value=(value - EPOCH).days),
    kinds.TYPE_TIMESTAMP: _sent_instant,
    kinds.TYPE_DATETIME: _sent_datetime,
    kinds.TYPE_TIME: _sent_time,
    kinds.TYPE_INTERVAL: _sent_interval,
    kinds.TYPE_RANGE: _sent_range,
    kinds.TYPE_ARRAY: _sent_array,
    kinds.TYPE_STRUCT: _sent_struct,
}
_RECEIVED: Mapping[int, Callable[[ValueProto, TypeProto], Any]] = {
    kinds.TYPE_BOOL: lambda value, _: value.bool_value,
    kinds.TYPE_INT64: lambda value, _: value.int64_value,
    kinds.TYPE_DOUBLE: lambda value, _: value.double_value,
    kinds.TYPE_STRING: lambda value, _: value.string_value,
    kinds.TYPE_JSON: lambda value, _: value.json_value,
    kinds.TYPE_BYTES: lambda value, _: value.bytes_value,
    kinds.TYPE_NUMERIC: _received_decimal,
    kinds.TYPE_BIGNUMERIC: _received_decimal,
    kinds.TYPE_DATE: lambda value, _: EPOCH + dt.timedelta(days=value.date_value),
    kinds.TYPE_TIMESTAMP: _received_instant,
    kinds.TYPE_DATETIME: _received_datetime,
    kinds.TYPE_TIME: _received_time,
    kinds.TYPE_INTERVAL: _received_interval,
    kinds.TYPE_RANGE: _received_range,
    kinds.TYPE_ARRAY: _received_array,
    kinds.TYPE_STRUCT: _received_struct,
}
