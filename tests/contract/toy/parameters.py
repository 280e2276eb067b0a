"""The parameters of the toy, and its kind."""

from collections.abc import Iterator

from auto_schema.errors import ConfigError, SyncError
from pipeline.parameters.table import Kind, P
from sources.kind import SourceKind
from sources.parameters import Values
from tests.contract.toy.source import ToyConnection
from warehouse.names import Endpoints

GROUP = "Toy"
PARAMETERS = (
    P("toy_table", GROUP, "Table", "What is read.", source="toy"),
    P("toy_key", GROUP, "Key", "Its unique column.", source="toy", default="id"),
    P("toy_line", GROUP, "Line", "Over which it is read.", Kind.INT, "1", source="toy"),
)
"""The rows that a source has in `pipeline.parameters.table`."""


def faults(values: Values) -> Iterator[SyncError]:
    if not values["toy_table"]:
        yield ConfigError("missing parameter", "toy_table", "nothing says what to read", "")


def query(values: Values) -> str:
    return ""


def connection(values: Values, endpoints: Endpoints) -> ToyConnection:
    return ToyConnection(values["toy_table"], values["toy_key"], int(values["toy_line"]))


TOY = SourceKind("toy", faults, query, connection, "tests.contract.toy.inspector")
