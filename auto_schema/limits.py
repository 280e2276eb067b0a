"""What BigQuery takes of texts and rows: comments are cut and told, rows too large are refused.

https://cloud.google.com/bigquery/quotas#standard_tables and #load_jobs
"""

import json
from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from auto_schema.kernels import Array, arrow, pc
from auto_schema.schema import TableSchema

COLUMN_COMMENT, TABLE_COMMENT = 1_024, 16_384
"""Characters of a description."""
ROW_BYTES = 100_000_000
"""Of a row, and so of a value; BigQuery calls the limit approximate."""
LETTER_BYTES = 8_000_000
"""A dead letter's row that is longer is kept with its texts cut, so that it can be loaded."""
CUT_CHARACTERS = 1_000
MARK = "… (cut)"


def fitting(text: str, most: int) -> str:
    """A comment as BigQuery takes it: cut with a mark where it is too long.

    >>> fitting("a long comment", 10)
    'a l… (cut)'
    """
    return text if len(text) <= most else text[: most - len(MARK)] + MARK


def fitting_schema(schema: TableSchema) -> tuple[TableSchema, list[str]]:
    """A schema whose comments BigQuery takes, and what is told of those that were cut."""
    cut = [c.name for c in schema if len(c.description) > COLUMN_COMMENT]
    cut += ["the table's own"] if len(schema.description) > TABLE_COMMENT else []
    if not cut:
        return schema, []
    columns = (replace(c, description=fitting(c.description, COLUMN_COMMENT)) for c in schema)
    description = fitting(schema.description, TABLE_COMMENT)
    note = (
        f"comments cut to what BigQuery takes ({COLUMN_COMMENT:,} characters of a column,"
        f" {TABLE_COMMENT:,} of a table): {', '.join(cut)}"
    )
    return replace(schema, columns=tuple(columns), description=description), [note]


def too_large(arrays: Sequence[Array], most: int) -> dict[int, tuple[int, str]]:
    """Rows of more bytes than that: index → the largest column's place, and why.

    Nothing is looked at in a batch that as a whole holds less.
    """
    if sum(array.nbytes for array in arrays) <= most:
        return {}
    sizes = [_sizes(array) for array in arrays]
    total = sizes[0]
    for size in sizes[1:]:
        total = pc.add(total, size)
    culprits = {}
    for index in pc.indices_nonzero(pc.greater(total, most)).to_pylist():
        row_sizes = [size[index].as_py() for size in sizes]
        why = f"a row of {total[index].as_py():,} bytes, the most is {most:,}"
        culprits[index] = (row_sizes.index(max(row_sizes)), why)
    return culprits


def _sizes(array: Array) -> Array:
    """Bytes of each value."""
    kind = array.type
    if pa.types.is_list(kind):
        inner = pc.cumulative_sum(_sizes(array.flatten()))
        before = arrow.concat_arrays([pa.array([0], pa.int64()), inner])
        lengths = pc.fill_null(pc.list_value_length(array), 0).cast(pa.int64())
        ends = pc.cumulative_sum(lengths)
        return pc.subtract(before.take(ends), before.take(pc.subtract(ends, lengths)))
    if pa.types.is_struct(kind):
        total = pa.array([0] * len(array), pa.int64())
        for field in array.flatten():
            total = pc.add(total, _sizes(field))
        return total
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        return pc.fill_null(pc.binary_length(array), 0).cast(pa.int64())
    return pa.array([kind.bit_width // 8] * len(array), pa.int64())


def letter_row(text: str) -> str:
    """A dead letter's row as JSON that can be loaded: long texts of a long row are cut.

    >>> len(letter_row('{"a": "' + "x" * LETTER_BYTES + '"}')) < 1100
    True
    """
    if len(text) <= LETTER_BYTES:
        return text
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        row = text
    if not isinstance(row, dict):
        return json.dumps(text[:CUT_CHARACTERS] + MARK, ensure_ascii=False)
    return json.dumps({name: _cut(value) for name, value in row.items()}, ensure_ascii=False)


def _cut(value: object) -> object:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return value if len(text) <= CUT_CHARACTERS else text[:CUT_CHARACTERS] + MARK
