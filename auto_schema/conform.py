"""conform(batch, schema): whole columns are cast and checked; only what fails is bisected.

A cast that succeeds is no proof: drivers hand over wrapped infinities and flattened
arrays without an error. So every column is checked against what BigQuery can hold, and
a row that is refused becomes a dead letter with its column, reason and raw content.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from auto_schema import json_numbers, physical, postgis
from auto_schema.casts import decimals_of_texts, held_decimals
from auto_schema.dead_letters import (
    REFUSED_COLUMN,
    REFUSED_REASON,
    Keeper,
    dead_letters,
    dimensions_of,
    hidden_column,
    is_staged_already,
)
from auto_schema.kept_row import AS_STAGED
from auto_schema.kernels import Array, arrow, pc
from auto_schema.limits import ROW_BYTES, too_large
from auto_schema.ranges import out_of_range
from auto_schema.reshaping import Reshaper
from auto_schema.row_filter import RowFilter
from auto_schema.row_sums import DIGEST, RowSums, digest_sums
from auto_schema.schema import Column, TableSchema, arrow_schema


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
    left_out: tuple[str, ...] = ()
    """Fields that nothing may hold; dead letters note their names."""


ANY_INTEGER = pa.decimal128(20, 0)
"""Holds every integer of 64 bits, with a sign or without."""


@dataclass(frozen=True, slots=True)
class Conformed:
    """Rows of exactly the planned schema, the dead letters of others, and those filtered out.

    `filtered` has the sums of their digests where rows bring one, else just their number.
    """

    batch: pa.RecordBatch
    dead: pa.RecordBatch | None = None
    filtered: RowSums = field(default_factory=RowSums)


def conform(
    batch: pa.RecordBatch,
    schema: TableSchema,
    checks: Checks | None = None,
    reshaper: Reshaper | None = None,
) -> Conformed:
    """Cast and check a batch whose columns carry the names of those that arrive.

    Args:
        batch: as the reader left it, renamed, hidden columns included.
        schema: the planned destination.
        checks: what to check beyond the types.
        reshaper: makes the planned columns of those that arrive; None: they are the same.

    Returns:
        The good rows in their order, and one dead letter for each refused row: its first
        refused column in the schema's order.

    Raises:
        SourceChangedError: a column is of a type that the planned one can't come from.
    """
    checks = checks or Checks()
    arriving = reshaper.reshaping.arriving if reshaper else schema
    refused = _refused_by_reader(batch, arriving)
    by_reader = frozenset(refused)
    arrays = _arriving_arrays(batch, arriving, checks, refused)
    if reshaper is not None:
        arrays = _reshaped_arrays(arrays, batch.num_rows, reshaper, refused)
    arrays = _with_staged(batch, arrays, schema, checks, refused)
    for index, (place, why) in too_large(arrays, checks.row_bytes).items():
        refused.setdefault(index, (schema.columns[place].name, why))
    converted = arrow.RecordBatch.from_arrays(arrays, schema=arrow_schema(schema))
    dead = None
    if refused:
        hidden = reshaper.masked_columns(arrays) if reshaper is not None else {}
        keeper = Keeper(batch, arriving, hidden, by_reader, checks.left_out)
        dead = dead_letters(keeper, refused)
    if reshaper is not None and reshaper.reshaping.keeps is not None:
        return _filtered(batch, converted, dead, (refused, reshaper.reshaping.keeps))
    if dead is None:
        return Conformed(converted)
    keep = pa.array([i for i in range(batch.num_rows) if i not in refused], pa.int64())
    return Conformed(converted.take(keep), dead)


Refused = dict[int, tuple[str, str]]
"""By row: the column, and why."""


def _arriving_arrays(
    batch: pa.RecordBatch, arriving: TableSchema, checks: Checks, refused: Refused
) -> list[Array]:
    """The columns in the types in which they arrive; what isn't of them is noted."""
    arrays: list[Array] = []
    for column in arriving:
        if batch.schema.get_field_index(column.name) < 0 and is_staged_already(batch, column):
            arrays.append(arrow.nulls(batch.num_rows, column.arrow))
            continue
        physical.check(column, batch.column(column.name).type)
        raw = plain(batch.column(column.name))
        dimensions = hidden_column(batch, dimensions_of(column.source_name))
        array, bad = _convert(raw, column, checks, dimensions)
        if column.is_hidden:  # a reason may quote the value
            bad = dict.fromkeys(bad, f"no value of {column.bigquery}")
        if column.name in checks.not_null:
            _note(bad, pc.is_null(raw), "NULL in a merge key")
        for index, reason in bad.items():
            refused.setdefault(index, (column.name, reason))
        arrays.append(array)
    return arrays


def _with_staged(
    batch: pa.RecordBatch,
    arrays: list[Array],
    schema: TableSchema,
    checks: Checks,
    refused: Refused,
) -> list[Array]:
    """The columns, with those in place that come as they are staged."""
    for place, column in enumerate(schema):
        if is_staged_already(batch, column):
            raw = plain(batch.column(AS_STAGED + column.source_name))
            physical.check(column, raw.type)
            arrays[place], bad = _convert(raw, column, checks, None)
            is_key = column.name in checks.not_null
            if is_key:
                _note(bad, pc.is_null(raw), "NULL in a merge key")
            for index, reason in bad.items():
                refused.setdefault(index, (column.name, reason))
    return arrays


def _reshaped_arrays(
    arrays: list[Array], rows: int, reshaper: Reshaper, refused: Refused
) -> list[Array]:
    """The planned columns of those that arrived; what a cast refuses is noted."""
    names = (column.name for column in reshaper.reshaping.arriving)
    reshaped = reshaper.reshape(dict(zip(names, arrays, strict=True)), rows)
    for name, where, why in reshaped.refused:
        for index in pc.indices_nonzero(where).to_pylist():
            refused.setdefault(index, (name, why))
    for column, array in zip(reshaper.published, reshaped.arrays, strict=True):
        if column.changed and column.max_length:
            for index, why in _too_long(array, column).items():
                refused.setdefault(index, (column.name, why))
    return list(reshaped.arrays)


def _filtered(
    batch: pa.RecordBatch,
    converted: pa.RecordBatch,
    dead: pa.RecordBatch | None,
    asked: tuple[Refused, RowFilter],
) -> Conformed:
    """The rows that are neither refused nor filtered out, and what is known of the latter."""
    refused, keeps = asked
    kept = keeps.kept(converted)
    good = arrow.repeat(True, batch.num_rows)
    if refused:
        good = pa.array([index not in refused for index in range(batch.num_rows)])
    staged = pc.and_(good, kept)
    rows = pc.sum(staged).as_py() or 0
    gone = batch.num_rows - len(refused) - rows
    if not gone:
        return Conformed(converted.filter(staged) if refused else converted, dead)
    digests = hidden_column(batch, DIGEST)
    if digests is None:
        return Conformed(converted.filter(staged), dead, RowSums(gone))
    out = digests.filter(pc.and_(good, pc.invert(kept)))
    return Conformed(converted.filter(staged), dead, digest_sums(out))


def _refused_by_reader(batch: pa.RecordBatch, schema: TableSchema) -> dict[int, tuple[str, str]]:
    columns, reasons = hidden_column(batch, REFUSED_COLUMN), hidden_column(batch, REFUSED_REASON)
    if columns is None or reasons is None:
        return {}
    names = {column.source_name: column.name for column in schema}
    return {
        index: (names.get(columns[index].as_py(), columns[index].as_py()), reasons[index].as_py())
        for index in pc.indices_nonzero(pc.is_valid(columns)).to_pylist()
    }


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
    if column.bigquery == "GEOGRAPHY" and column.is_parsed:
        _note(bad, pc.invert(pc.starts_with(array, postgis.HEX_BEGINS)), postgis.REFUSED)
    return (_nulled(array, bad) if bad else array), bad


def _convert_values(raw: Array, wanted: pa.DataType, checks: Checks) -> tuple[Array, Bad]:
    bad: Bad = {}
    if checks.utf8 and pa.types.is_string(raw.type):
        raw, bad = _valid_utf8(raw)
    array, more = _cast(raw, wanted)
    bad = more | bad
    if outside := out_of_range(array):
        _note(bad, *outside)
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
    bad: Bad = {}
    if pa.types.is_decimal(wanted) and raw.type != wanted:
        raw, bad = _measured(raw, wanted)
    if raw.type == wanted:
        return raw, bad
    try:
        return raw.cast(wanted, safe=True), bad
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        if len(raw) == 0:
            return arrow.nulls(0, wanted), {}
        if len(raw) == 1:
            return arrow.nulls(1, wanted), {0: _reason(error, wanted)}
        middle = len(raw) // 2
        left, more = _cast(raw.slice(0, middle), wanted)
        right, most = _cast(raw.slice(middle), wanted)
        bad = bad | more | {middle + index: reason for index, reason in most.items()}
        return arrow.concat_arrays([left, right]), bad


def _measured(raw: Array, wanted: Any) -> tuple[Array, Bad]:
    """What is cast to decimals, without the values that Arrow would make others of."""
    odd = None
    if pa.types.is_string(raw.type):
        raw, odd = decimals_of_texts(raw, wanted)
    elif pa.types.is_decimal(raw.type):
        raw, odd = held_decimals(raw, wanted)
    elif pa.types.is_integer(raw.type):
        raw = raw.cast(ANY_INTEGER)  # Arrow would refuse all where only some don't fit
    indices = [] if odd is None else pc.indices_nonzero(odd).to_pylist()
    return raw, dict.fromkeys(indices, _no_decimal(wanted))


def _reason(error: Exception, wanted: pa.DataType) -> str:
    text = str(error).splitlines()[0]
    return f"{_no_decimal(wanted)} ({text})" if pa.types.is_decimal(wanted) else text


def _no_decimal(wanted: Any) -> str:
    before, after = wanted.precision - wanted.scale, wanted.scale
    return f"not a number of at most {before} digits before and {after} after the point"


def _note(bad: Bad, mask: Array, reason: str) -> None:
    if pc.any(mask).as_py():
        for index in pc.indices_nonzero(pc.fill_null(mask, False)).to_pylist():
            bad.setdefault(index, reason)


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
