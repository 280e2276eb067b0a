"""Cases that failed once, small: they stay, whatever the seeds make of a later generator."""

import json
from collections.abc import Mapping
from typing import Any

from tests.hunt.bench import Moment
from tests.hunt.histories import LIKE_OURS
from tests.hunt.parameters import Parameters
from tests.hunt.postgresql import PostgresqlCase
from tests.hunt.schemas import Column, Schema
from tests.hunt.steps import History, Insert, Row, Run, Sql

ID, STAMP = Column("id", "int8"), Column("updated_at", "timestamptz")
SMART = {
    "enable_smart_sync": "true",
    "smart_sync_timestamp_column": "updated_at",
    "smart_sync_margin": "0s",
}
MERGE = SMART | {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
REPLACE = {"write_disposition": "WRITE_TRUNCATE"}
PRIMARY = ('PRIMARY KEY ("id")',)


def row(number: int, stamp: str = "now()", **values: str) -> Row:
    return (("id", str(number)), ("updated_at", stamp), *values.items())


def rows(count: int, **values: str) -> Insert:
    """Rows of the last minutes."""
    return Insert(
        tuple(row(n, f"now() - {n} * interval '1 minute'", **values) for n in range(count))
    )


def a_case(mode: str, history: History, words: Mapping[str, str], **schema: Any) -> PostgresqlCase:
    """A case over the table «orders»."""
    others = schema.pop("columns", ())
    made = Schema(
        "orders", (ID, STAMP, *others), "id", "updated_at", schema.pop("key", "id"), **schema
    )
    common = {"max_dead_letters": "1000", **words}
    return PostgresqlCase(0, made, Parameters(mode, tuple(common.items()), ()), history)


def values_of(kinds: Mapping[str, tuple[str, ...]]) -> PostgresqlCase:
    """Values of these kinds, each in a row of its own with NULL in all other columns."""
    columns = tuple(Column(f"value_{n}", kind) for n, kind in enumerate(kinds))
    pairs = [(c.name, text) for c in columns for text in kinds[c.kind]]
    table = Insert(tuple(row(n, **{name: text}) for n, (name, text) in enumerate(pairs)))
    return a_case("replace", (table,), REPLACE, columns=columns)


FAR = (
    "'0001-01-01'",
    "'9999-12-31'",
    "'infinity'",
    "'0044-03-15 BC'",
    "'2024-01-01'",
    "'2024-01-02'",
)

SWAP = "ALTER TABLE orders DROP COLUMN email, ADD COLUMN middle text DEFAULT 'm'"

KEPT: Mapping[str, PostgresqlCase] = {
    "arrays with odd bounds, addresses and half a surrogate pair": values_of(
        {
            "int4[]": ("'{1,2}'", "'[5:6]={7,8}'", "'[0:1]={7,8}'"),
            "text[]": ("'[2:3]={x,y}'", "'{a,NULL}'", "'{}'"),
            "inet": ("'10.0.0.1'", "'10.0.0.0/8'", "'::1'"),
            "inet[]": ("'{10.0.0.1,10.0.0.0/8}'", "'{::1}'"),
            "json": ("'\"\\ud83d\"'", "'{\"a\": 1}'"),
        }
    ),
    "far dates as a key": a_case(
        "replace",
        (Insert(tuple(row(number, day=value) for number, value in enumerate(FAR))),),
        REPLACE | {"num_splits": "3"},
        columns=(Column("day", "date"),),
        key="day",
        constraints=('PRIMARY KEY ("day")',),
    ),
    "quote_all_identifiers": a_case(
        "replace",
        (rows(3),),
        REPLACE,
        settings=(("ROLE", "quote_all_identifiers", "on"),),
    ),
    "an application whose name begins like ours": a_case(
        "append",
        (
            Sql("BEGIN", LIKE_OURS),
            Insert((row(1),), LIKE_OURS),
            Insert((row(2),)),
            Run(),
        ),
        SMART,
    ),
    "sentinels": a_case(
        "append", (Insert((row(1), row(2, "'0001-01-01'"))), Run(), Insert((row(3),))), SMART
    ),
    "a self outer join": a_case(
        "replace",
        (rows(60),),
        REPLACE | {"num_splits": "3"},
        constraints=PRIMARY,
        query="boss_alone",
    ),
    "a column swapped between plan and read": a_case(
        "append",
        (
            Insert(tuple(row(number, email="'a'") for number in range(9))),
            Run(during=((Moment("split"), (Sql(SWAP),)),)),
        ),
        SMART,
        columns=(Column("email", "text"), Column("first", "text")),
    ),
    "a column named s": a_case(
        "merge",
        (
            rows(3, s="'a'"),
            Run(),
            Insert((row(9, s="'b'"),)),
            Sql("UPDATE orders SET s = 'c', updated_at = now()"),
        ),
        MERGE,
        columns=(Column("s", "text"),),
    ),
    "a column excluded later": a_case(
        "merge",
        (
            rows(3, iban="'a'"),
            Run(),
            Sql("UPDATE orders SET iban = 'b', updated_at = now()"),
            Run((("transformation_config", json.dumps({"exclude_fields": ["iban"]})),)),
        ),
        MERGE,
        columns=(Column("iban", "text"),),
    ),
}
