"""Values that Arrow holds and BigQuery doesn't: years beyond 1 to 9999, times from 24:00."""

from typing import Any

import pyarrow as pa

from auto_schema.kernels import Array, pc
from auto_schema.raw_row import DAY_MICROS

MIN_DATE_DAYS, MAX_DATE_DAYS = -719162, 2932896
"""0001-01-01 and 9999-12-31 in days since 1970, BigQuery's range (both included)."""
MIN_MICROS, MAX_MICROS = -62135596800000000, 253402300799999999
"""0001-01-01 00:00:00 and 9999-12-31 23:59:59.999999 in microseconds since 1970."""
YEARS = "outside the years 1 to 9999"
_types: Any = pa.types
_RANGES = (
    (_types.is_timestamp, pa.int64(), MIN_MICROS, MAX_MICROS, YEARS),
    (_types.is_date32, pa.int32(), MIN_DATE_DAYS, MAX_DATE_DAYS, YEARS),
    (_types.is_time64, pa.int64(), 0, DAY_MICROS - 1, "not a time before 24:00:00"),
)


def out_of_range(array: Array) -> tuple[Array, str] | None:
    """Where values lie outside (NULL where they are NULL), and why; None: none does."""
    for is_type, integer, low, high, reason in _RANGES:
        if is_type(array.type) and len(array) > array.null_count:
            numbers = array.view(integer)
            ends = pc.min_max(numbers)
            if ends["min"].as_py() < low or ends["max"].as_py() > high:
                return pc.or_(pc.less(numbers, low), pc.greater(numbers, high)), reason
    return None
