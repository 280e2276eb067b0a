"""What BigQuery's types are called, hold and may be used for.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
"""

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    pass
from collections.abc import Mapping
from types import MappingProxyType

NULLABLE = "NULLABLE"
REPEATED = "REPEATED"


MICROS = pa.timestamp("us")
UTC_MICROS = pa.timestamp("us", "UTC")
TIME_MICROS = pa.time64("us")
NUMERIC_ARROW = pa.decimal128(38, 9)
BIGNUMERIC_ARROW = pa.decimal256(76, 38)

LEGACY_NAMES: Mapping[str, str] = MappingProxyType(
    {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}
)
"""The API answers with legacy names: https://cloud.google.com/bigquery/docs/reference/rest/v2/tables"""

NUMERIC_TYPES: tuple[str, ...] = ("NUMERIC", "BIGNUMERIC", "STRING")
NUMERIC_RANGE = MappingProxyType({"NUMERIC": (29, 9), "BIGNUMERIC": (38, 38)})
"""Digits before and after the point that a type always holds."""


def fits(bigquery: str, integer_digits: int, scale: int) -> bool:
    """Whether a decimal type holds that many digits before and after the point.

    >>> fits("NUMERIC", 29, 9), fits("NUMERIC", 30, 0), fits("BIGNUMERIC", 38, 38)
    (True, False, True)
    """
    most_integer, most_scale = NUMERIC_RANGE[bigquery]
    return integer_digits <= most_integer and scale <= most_scale


PARTITION_TYPES = frozenset({"DATE", "DATETIME", "TIMESTAMP"})
CLUSTER_TYPES = frozenset(
    [
        "BIGNUMERIC",
        "BOOL",
        "DATE",
        "DATETIME",
        "GEOGRAPHY",
        "INT64",
        "NUMERIC",
        "RANGE",
        "STRING",
        "TIMESTAMP",
    ]
)
"""https://cloud.google.com/bigquery/docs/clustered-tables#cluster_column_types"""
MAX_CLUSTERING = 4
MERGE_KEY_TYPES = frozenset(
    [
        "BIGNUMERIC",
        "BOOL",
        "BYTES",
        "DATE",
        "DATETIME",
        "INT64",
        "NUMERIC",
        "STRING",
        "TIME",
        "TIMESTAMP",
    ]
)
"""Types whose equal values are equal; of FLOAT64 a NaN is not even equal to itself."""


def standard(bigquery: str) -> str:
    """The standard name of a type that the API may call by its legacy one.

    >>> standard("INTEGER"), standard("JSON")
    ('INT64', 'JSON')
    """
    return LEGACY_NAMES.get(bigquery, bigquery)
