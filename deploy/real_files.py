"""I/O. The Parquet files that checks load, written as a run writes its own."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.destination.files import COMPRESSION, COMPRESSION_LEVEL

_ROWS = pa.table({"name": ["a", "b", "c"], "id": [1, 2, 3]})
_STAMP = datetime(2025, 7, 22, 12, 34, 56, 789_012, UTC)
TABLES: dict[str, pa.Table] = {
    "rows": _ROWS,
    "empty": _ROWS.slice(0, 0),
    "wider": pa.table({"id": [4], "extra": ["e"], "name": ["d"]}),
    "broken": pa.table({"name": ["x"], "id": ["not a number"]}),
    "texts": pa.table({"j": ['{"a": 1}']}),
    "unicode": pa.table({"größe": [1]}),
    "lists": pa.table({"id": [1, 2], "tags": pa.array([["x", "y"], []], pa.list_(pa.string()))}),
    "gap": pa.table({"tags": pa.array([["x", None]], pa.list_(pa.string()))}),
    "nested": pa.table({"r": [[{"a": 1, "b": ["x", "y"]}, {"a": 2, "b": []}]]}),
    "times": pa.table(
        {
            "dt": pa.array([_STAMP.replace(tzinfo=None)], pa.timestamp("us")),
            "ts": pa.array([_STAMP], pa.timestamp("us", "UTC")),
            "d": pa.array([date(1, 1, 1)]),
            "t": pa.array([time(23, 59, 59, 999_999)], pa.time64("us")),
        }
    ),
    "decimals": pa.table(
        {
            "n": pa.array([Decimal("99999999999999999999999999999.999999999")]),
            "b": pa.array(
                [
                    Decimal(
                        "12345678901234567890123456789012345678." + "1234567890" * 3 + "12345678"
                    )
                ],
                pa.decimal256(76, 38),
            ),
        }
    ),
    "floats": pa.table({"f": [float("nan"), float("-inf"), -0.0, 5e-324]}),
    "bytes": pa.table({"b": [b"\x00\xff"], "s": ["Zoë\u2028"]}),
}


def write_files(folder: Path) -> None:
    """Write all of them into a folder."""
    for name, table in TABLES.items():
        pq.write_table(
            table,
            folder / f"{name}.parquet",
            compression=COMPRESSION,
            compression_level=COMPRESSION_LEVEL,
            use_dictionary=False,
            write_statistics=False,
        )
