"""A staged row of a dead letter that SQL has kept, as one row of Arrow again. Pure.

SQL writes each value as an exact text (`smart_sync/staged_row_sql.py`): numbers in digits, days and
microseconds since 1970 as integers, bytes in base64. A header says what the texts are of.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from auto_schema.kept_row import AS_STAGED, LEFT_OUT, MASKS
from auto_schema.typed_values import ARROW

FORM = "staged1:"
Described = tuple[str, str, bool, str]
"""Of a column: the source's name, its type while staged, whether it is repeated, and what was made
of its values (the mark of a mask, or a cast in words; empty: nothing)."""


_READERS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {
        "STRING": str,
        "BYTES": lambda text: base64.b64decode(text, validate=True),
        "BOOL": lambda text: text.lower() == "true",
        "INT64": int,
        "FLOAT64": float,
        "NUMERIC": Decimal,
        "BIGNUMERIC": Decimal,
        "DATE": int,
        "DATETIME": int,
        "TIME": int,
        "TIMESTAMP": int,
    }
)


def header(columns: Sequence[Described], left_out: Sequence[str]) -> str:
    """What stands before the texts of a row."""
    told = {"columns": columns, "left_out": sorted(left_out)}
    return f"{FORM}{json.dumps(told, ensure_ascii=False)}\n"


def unpacked_staged(text: str) -> pa.RecordBatch:
    """The row, its columns hidden ones that come as they are staged.

    Raises:
        ValueError: it was kept in another form.
    """
    first, _, rest = text.removeprefix(FORM).partition("\n")
    told, texts = json.loads(first), list(json.loads(rest).values())
    columns: list[Described] = [(n, k, r, m) for n, k, r, m in told["columns"]]
    arrays, names, marks = list[Any](), list[str](), dict[str, str]()
    for (name, kind, is_repeated, what), value in zip(columns, texts, strict=True):
        arrays.append(_array(value, kind, is_repeated=is_repeated))
        names.append(AS_STAGED + name)
        if what:
            marks[name] = what
    metadata: dict[bytes | str, bytes | str] = {
        LEFT_OUT: json.dumps(told["left_out"]).encode(),
        MASKS: json.dumps(marks).encode(),
    }
    schema = pa.schema([pa.field(n, a.type) for n, a in zip(names, arrays, strict=True)], metadata)
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(value: str | None, kind: str, *, is_repeated: bool) -> Any:
    """One value, or one list of them."""
    texts = json.loads(value or "[]") if is_repeated else [value]
    read, wanted = _READERS[kind], ARROW[kind]
    values = [None if text is None else read(text) for text in texts]
    if kind in ("DATE", "DATETIME", "TIME", "TIMESTAMP"):
        storage: Any = pa.int32() if kind == "DATE" else pa.int64()
        flat = pa.array(values, storage).view(wanted)
    else:
        flat = pa.array(values, wanted)
    if not is_repeated:
        return flat
    ends = pa.array([0, len(values)], pa.int32())
    return pa.ListArray.from_arrays(ends, flat)
