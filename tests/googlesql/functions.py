"""Functions that BigQuery has and GoogleSQL's own catalog hasn't: they are analyzed, never run.

https://cloud.google.com/bigquery/docs/reference/standard-sql/search_functions
"""

from collections.abc import Mapping
from types import MappingProxyType

from zetasql.wasi._pb2.zetasql.proto.function_pb2 import FunctionSignatureProto
from zetasql.wasi._pb2.zetasql.proto.simple_catalog_pb2 import SimpleCatalogProto
from zetasql.wasi._pb2.zetasql.public.function_pb2 import ARG_TYPE_ANY_1, FunctionEnums

from tests.googlesql.types import simple

ANY = "ANY"
FUNCTIONS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "CONTAINS_SUBSTR": ("BOOL", "expression ANY, search_value_literal STRING", "json_scope"),
        "SEARCH": (
            "BOOL",
            "data_to_search ANY, search_query STRING",
            "json_scope analyzer analyzer_options",
        ),
    }
)
"""Result, arguments, and the optional ones that are named and STRING."""


def add_functions(catalog: SimpleCatalogProto) -> None:
    """Put them into a catalog."""
    for name, (result, arguments, named) in FUNCTIONS.items():
        function = catalog.custom_function.add(
            name_path=[name], group="BigQuery", mode=FunctionEnums.SCALAR
        )
        signature = function.signature.add()
        signature.return_type.type.CopyFrom(simple(result))
        signature.return_type.num_occurrences = 1
        for argument in arguments.split(", "):
            _add_argument(signature, *argument.split())
        for argument in named.split():
            _add_argument(signature, argument, "STRING", is_named=True)


def _add_argument(
    signature: FunctionSignatureProto, name: str, of: str, *, is_named: bool = False
) -> None:
    argument = signature.argument.add(num_occurrences=0 if is_named else 1)
    if of == ANY:
        argument.kind = ARG_TYPE_ANY_1
    else:
        argument.type.CopyFrom(simple(of))
    argument.options.argument_name = name
    if is_named:
        argument.options.cardinality = FunctionEnums.OPTIONAL
        argument.options.named_argument_kind = FunctionEnums.NAMED_ONLY
