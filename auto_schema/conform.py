"""conform(batch, schema): whole columns are cast and checked; only what fails is bisected.

A cast that succeeds is no proof: drivers hand over wrapped infinities and flattened
arrays without an error. So every column is checked against what BigQuery can hold, and
a row that is refused becomes a dead letter with its column, reason and raw content.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from auto_schema import json_numbers, physical
from auto_schema.kernels import Array, arrow, pc
from auto_schema.limits import ROW_BYTES, letter_row, too_large
from auto_schema.raw_row import DAY_MICROS, cell_text, raw_row
from auto_schema.row_sums import DIGEST
from auto_schema.schema import Column, TableSchema, arrow_schema

DIMENSIONS_PREFIX = "__dimensions_of_"
"""Hidden int columns that the reader adds beside arrays: the array's dimensions."""

REFUSED_COLUMN, REFUSED_REASON = "\0refused column", "\0refused reason"
REFUSED_VALUE, RAW_ROW = "\0refused value", "\0raw row"
"""Hidden text columns of a reader that refuses values itself: in the rows that it refuses
the source's column, why, the value, and the whole row as JSON. No field has such a name."""

DEAD_LETTER_SCHEMA = pa.schema(
    [
        pa.field("column_name", pa.string()),
        pa.field("value", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("raw_row", pa.string()),
        pa.field("row_hash", pa.string()),
        pa.field("digest", pa.string()),
    ]
)
"""`digest` is the source's own, where a run is verified; the table doesn't keep it."""

MIN_DATE_DAYS, MAX_DATE_DAYS = -719162, 2932896
"""0001-01-01 and 9999-12-31 in days since 1970, BigQuery's range (both included)."""
MIN_MICROS, MAX_MICROS = -62135596800000000, 253402300799999999
"""0001-01-01 00:00:00 and 9999-12-31 23:59:59.999999 in microseconds since 1970."""
VALUE_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class Checks:
    """Which checks a plan asks for beyond the types' own."""

    utf8: bool = False
    json_numbers: str = "double"
    """`double` or `exact`: how numbers in JSON are judged; any other: not at all."""
    not_null: tuple[str, ...] = ()
    """Columns that tell rows apart: a row with NULL there is refused."""
    row_bytes: int = ROW_BYTES
    """A row of more is refused: BigQuery would refuse all that are loaded with it."""


@dataclass(frozen=True, slots=True)
class Conformed:
    """Rows of exactly the planned schema, and the dead letters of the others."""

    batch: pa.RecordBatch
    dead: pa.RecordBatch | None = None


def conform(batch: pa.RecordBatch, schema: TableSchema, checks: Checks | None = None) -> Conformed:
    """Cast and check a batch whose columns carry the schema's names.

    Args:
        batch: as the reader and the transformation left it, hidden columns included.
        schema: the planned destination.
        checks: what to check beyond the types.

    Returns:
        The good rows in their order, and one dead letter for each refused row: its first
        refused column in the schema's order.

    Raises:
        SourceChangedError: a column is of a type that the planned one can't come from.
    """
    checks = checks or Checks()
    refused = _refused_by_reader(batch, schema)
    arrays: list[Array] = []
    for column in schema:
        physical.check(column, batch.column(column.name).type)
        raw = plain(batch.column(column.name))
        hidden = DIMENSIONS_PREFIX + column.source_name
        dimensions = None if schema.find(hidden) else _hidden(batch, hidden)
        array, bad = _convert(raw, column, checks, dimensions)
        if column.name in checks.not_null:
            _note(bad, pc.is_null(raw), "NULL in a merge key")
        for index, reason in bad.items():
            refused.setdefault(index, (column.name, reason))
        arrays.append(array)
    for index, (place, why) in too_large(arrays, checks.row_bytes).items():
        refused.setdefault(index, (schema.columns[place].name, why))
    converted = arrow.RecordBatch.from_arrays(arrays, schema=arrow_schema(schema))
    if not refused:
        return Conformed(converted)
    keep = pa.array([i for i in range(batch.num_rows) if i not in refused], pa.int64())
    return Conformed(converted.take(keep), _dead_letters(batch, schema, refused))


def _refused_by_reader(batch: pa.RecordBatch, schema: TableSchema) -> dict[int, tuple[str, str]]:
    columns, reasons = _hidden(batch, REFUSED_COLUMN), _hidden(batch, REFUSED_REASON)
    if columns is None or reasons is None:
        return {}
    names = {column.source_name: column.name for column in schema}
    return {
        index: (names.get(columns[index].as_py(), columns[index].as_py()), reasons[index].as_py())
        for index in pc.indices_nonzero(pc.is_valid(columns)).to_pylist()
    }


def _hidden(batch: pa.RecordBatch, name: str) -> Array | None:
    index = batch.schema.get_field_index(name)
    return batch.column(index) if index >= 0 else None


def _hidden_text(batch: pa.RecordBatch, name: str, index: int) -> str | None:
    column = _hidden(batch, name)
    text: str | None = None if column is None else column[index].as_py()
    return text


def plain(array: Array) -> Array:
    """The storage behind an extension type."""
    return array.storage if isinstance(array, pa.ExtensionArray) else array


Bad = dict[int, str]


def _convert(
    raw: Array, column: Column, checks: Checks, dimensions: Array | None
) -> tuple[Array, Bad]:
    """The column in its planned type, with NULL where a row is refused, and why."""
    bad: Bad = {}
    if dimensions is not None:
        _note(bad, pc.greater(dimensions, 1), "array of more than one dimension")
    if column.is_repeated:
        array, more = _convert_list(raw, column.arrow, checks)
    else:
        array, more = _convert_values(raw, column.arrow, checks)
    bad = more | bad
    if column.max_length:
        bad = _too_long(array, column) | bad
    if column.is_json and checks.json_numbers in json_numbers.JUDGED:
        bad = json_numbers.refused(array, checks.json_numbers) | bad
    return (_nulled(array, bad) if bad else array), bad


def _convert_values(raw: Array, wanted: pa.DataType, checks: Checks) -> tuple[Array, Bad]:
    bad: Bad = {}
    if checks.utf8 and pa.types.is_string(raw.type):
        raw, bad = _valid_utf8(raw)
    array, more = _cast(raw, wanted)
    bad = more | bad
    _note_out_of_range(bad, array)
    return array, bad


def _convert_list(raw: Array, wanted: Any, checks: Checks) -> tuple[Array, Bad]:
    """Lists of checked values; a list of none comes out for a NULL one."""
    flat = plain(raw.flatten())
    lengths = pc.fill_null(pc.list_value_length(raw), 0).cast(pa.int32())
    offsets = arrow.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths)])
    values, more = _convert_values(flat, wanted.value_type, checks)
    array = arrow.ListArray.from_arrays(offsets, values)
    for index in pc.indices_nonzero(pc.is_null(flat)).to_pylist():
        more[index] = "array with a NULL element"
    return array, _by_list(array, more)


def _by_list(array: Array, bad: Bad) -> Bad:
    """What stands against values within lists, by the lists; of each the first."""
    if not bad:
        return {}
    parents = pc.list_parent_indices(array)
    return {parents[index].as_py(): bad[index] for index in sorted(bad, reverse=True)}


def _too_long(array: Array, column: Column) -> Bad:
    """Texts and bytes, or lists with one, of which an existing column takes less."""
    bad: Bad = {}
    values = array.flatten() if column.is_repeated else array
    is_text = column.bigquery == "STRING"
    lengths = (pc.utf8_length if is_text else pc.binary_length)(values)
    unit = "characters" if is_text else "bytes"
    reason = f"longer than the {column.max_length} {unit} of {column.bigquery}({column.max_length})"
    _note(bad, pc.greater(lengths, column.max_length), reason)
    return _by_list(array, bad) if column.is_repeated else bad


def _cast(raw: Array, wanted: pa.DataType) -> tuple[Array, Bad]:
    """Cast strictly; when that fails, bisect for the culprits and leave NULL there."""
    if raw.type == wanted:
        return raw, {}
    try:
        return raw.cast(wanted, safe=True), {}
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        if len(raw) == 0:
            return arrow.nulls(0, wanted), {}
        if len(raw) == 1:
            return arrow.nulls(1, wanted), {0: _reason(error, wanted)}
        middle = len(raw) // 2
        left, bad = _cast(raw.slice(0, middle), wanted)
        right, more = _cast(raw.slice(middle), wanted)
        bad = bad | {middle + index: reason for index, reason in more.items()}
        return arrow.concat_arrays([left, right]), bad


def _reason(error: Exception, wanted: pa.DataType) -> str:
    text = str(error).splitlines()[0]
    if pa.types.is_decimal(wanted):
        digits = f"at most {wanted.precision - wanted.scale} digits before and {wanted.scale} after"
        return f"not a number of {digits} the point ({text})"
    return text


def _note(bad: Bad, mask: Array, reason: str) -> None:
    if pc.any(mask).as_py():
        for index in pc.indices_nonzero(pc.fill_null(mask, False)).to_pylist():
            bad.setdefault(index, reason)


_RANGES = (
    (pa.types.is_timestamp, pa.int64(), MIN_MICROS, MAX_MICROS, "outside the years 1 to 9999"),
    (pa.types.is_date32, pa.int32(), MIN_DATE_DAYS, MAX_DATE_DAYS, "outside the years 1 to 9999"),
    (pa.types.is_time64, pa.int64(), 0, DAY_MICROS - 1, "not a time before 24:00:00"),
)


def _note_out_of_range(bad: Bad, array: Array) -> None:
    """Note values that Arrow holds and BigQuery doesn't (infinities arrive wrapped)."""
    for is_type, integer, low, high, reason in _RANGES:
        if is_type(array.type) and len(array) > array.null_count:
            numbers = array.view(integer)
            ends = pc.min_max(numbers)
            if ends["min"].as_py() < low or ends["max"].as_py() > high:
                outside = pc.or_(pc.less(numbers, low), pc.greater(numbers, high))
                _note(bad, outside, reason)


def _valid_utf8(raw: Array) -> tuple[Array, Bad]:
    try:
        raw.validate(full=True)
    except pa.ArrowInvalid:
        if len(raw) == 1:
            return arrow.nulls(1, raw.type), {0: "bytes that are not UTF-8"}
        middle = len(raw) // 2
        left, bad = _valid_utf8(raw.slice(0, middle))
        right, more = _valid_utf8(raw.slice(middle))
        bad = bad | {middle + index: reason for index, reason in more.items()}
        return arrow.concat_arrays([left, right]), bad
    return raw, {}


def _nulled(array: Array, bad: Mapping[int, str]) -> Array:
    """Rows to be dropped get NULL, so that the batch stays valid until they are."""
    if pa.types.is_list(array.type):
        return array
    mask = pa.array([index in bad for index in range(len(array))])
    return pc.if_else(mask, arrow.nulls(len(array), array.type), array)


def _dead_letters(
    batch: pa.RecordBatch, schema: TableSchema, refused: Mapping[int, tuple[str, str]]
) -> pa.RecordBatch:
    names = [column.name for column in schema]
    columns = {name: batch.column(name) for name in names}
    rows = []
    for index in sorted(refused):
        name, reason = refused[index]
        raw, value = _hidden_text(batch, RAW_ROW, index), None
        if raw is None:
            raw = json.dumps(raw_row(columns, index), ensure_ascii=False, sort_keys=True)
            value = cell_text(columns[name], index)
        else:
            value = _hidden_text(batch, REFUSED_VALUE, index)
        rows.append(
            {
                "column_name": name,
                "value": None if value is None else value[:VALUE_CHARACTERS],
                "reason": reason,
                "raw_row": letter_row(raw),
                "row_hash": hashlib.sha256(raw.encode()).hexdigest(),
                "digest": _hidden_text(batch, DIGEST, index),
            }
        )
    return pa.RecordBatch.from_pylist(rows, schema=DEAD_LETTER_SCHEMA)
