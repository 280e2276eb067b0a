"""A case of PostgreSQL whose columns have types of extensions, on Debian's server."""

import random
from dataclasses import replace

from tests.hunt.contents import EXTENSIONS
from tests.hunt.postgresql import PostgresqlCase
from tests.hunt.postgresql import make_case as usual_case
from tests.hunt.schemas import Schema, quoted, with_others

KINDS = tuple(EXTENSIONS)
OF_THE_WHEEL = ("vector", "halfvec", "sparsevec")


def make_case(seed: int) -> PostgresqlCase:
    """The case of a seed; the other server, of a shard, would lack the extensions."""
    case = usual_case(seed)
    schema = with_others(random.Random(f"extensions {seed}"), case.schema, KINDS, 1.0)
    return replace(case, schema=_of_debian(schema), shard=False)


def _of_debian(schema: Schema) -> Schema:
    """The schema without what only PostgreSQL 18 and the wheel's server know."""
    columns = tuple(
        replace(column, kind="ltree") if column.kind in OF_THE_WHEEL else column
        for column in schema.columns
    )
    is_newer = any("CONSTRAINT seems NOT NULL" in text for text in schema.constraints)
    own = (f"PRIMARY KEY ({quoted(schema.key)})",)
    constraints = own if is_newer else schema.constraints
    return replace(schema, columns=columns, constraints=constraints)
