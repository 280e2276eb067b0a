"""A case of PostgreSQL whose columns have types of extensions, on Debian's server."""

import random
from dataclasses import replace

from tests.hunt.contents import EXTENSIONS
from tests.hunt.postgresql import PostgresqlCase
from tests.hunt.postgresql import make_case as usual_case
from tests.hunt.schemas import with_others

KINDS = tuple(EXTENSIONS)


def make_case(seed: int) -> PostgresqlCase:
    """The case of a seed; the other server, of a shard, would lack the extensions."""
    case = usual_case(seed)
    schema = with_others(random.Random(f"extensions {seed}"), case.schema, KINDS, 1.0)
    return replace(case, schema=schema, shard=False)
