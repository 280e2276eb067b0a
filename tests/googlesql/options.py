"""OPTIONS that BigQuery knows; the analyzer refuses others.

Each from the page of its statement under
https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language.
"""

from collections.abc import Mapping
from types import MappingProxyType

from zetasql.wasi._pb2.zetasql.proto.options_pb2 import AllowedHintsAndOptionsProto

from tests.googlesql.types import simple

OF_ANY_TYPE = ""
OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "description": "STRING",
        "friendly_name": "STRING",
        "labels": OF_ANY_TYPE,
        "tags": OF_ANY_TYPE,
        "expiration_timestamp": "TIMESTAMP",
        "partition_expiration_days": "FLOAT64",
        "require_partition_filter": "BOOL",
        "kms_key_name": "STRING",
        "default_rounding_mode": "STRING",
        "enable_change_history": "BOOL",
        "max_staleness": "INTERVAL",
        "storage_uri": "STRING",
        "file_format": "STRING",
        "table_format": "STRING",
        "rounding_mode": "STRING",
        "data_policies": OF_ANY_TYPE,
        "enable_refresh": "BOOL",
        "refresh_interval_minutes": "FLOAT64",
        "location": "STRING",
        "default_table_expiration_days": "FLOAT64",
        "default_partition_expiration_days": "FLOAT64",
        "max_time_travel_hours": "INT64",
        "storage_billing_model": "STRING",
        "is_case_insensitive": "BOOL",
        "uri": "STRING",
        "uris": OF_ANY_TYPE,
        "format": "STRING",
        "overwrite": "BOOL",
        "header": "BOOL",
        "compression": "STRING",
        "field_delimiter": "STRING",
        "use_avro_logical_types": "BOOL",
        "strict_mode": "BOOL",
    }
)


def add_allowed(allowed: AllowedHintsAndOptionsProto) -> None:
    """Refuse what BigQuery would."""
    allowed.disallow_unknown_options = True
    allowed.disallow_duplicate_option_names = True
    for name, of in OPTIONS.items():
        option = allowed.option.add(name=name)
        if of:
            option.type.CopyFrom(simple(of))
