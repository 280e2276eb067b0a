"""Which statements are one to GoogleSQL, and which look alike and aren't."""

import pytest

from tests.googlesql.catalog import Table, Tables
from tests.googlesql.engine import GoogleSql
from tests.googlesql.rehearsal import rehearse
from tests.googlesql.shape import shape
from tests.googlesql.types import simple

Case = tuple[str, Tables]


def table(*columns: str) -> Table:
    """A table of columns such as `id INT64`, `tags STRING REPEATED`, `s RECORD(a DATE)`."""
    return Table.of(map(_field, columns))


def _field(column: str) -> dict[str, object]:
    name, of, *mode = column.removesuffix(")").split("(")[0].split()
    inner = column.removesuffix(")").partition("(")[2]
    return {
        "name": name,
        "type": of,
        "mode": mode[0] if mode else "NULLABLE",
        "fields": [_field(inner)] if inner else [],
    }


def shape_of(case: Case) -> str:
    sql, tables = case
    return shape(sql, [("at", simple("DATE"))], tables)


RUNS = "_sync_staging_20250722t150000_3f9a0c1d", "_sync_staging_20260101t000000_00000000"
ONE = (
    "SELECT `id`, t.`day` FROM `p.d1_1.{}` AS t WHERE t.`day` = @at",
    table("id INT64", "day DATE"),
)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            (ONE[0].format("a"), {"p.d1_1.a": ONE[1]}),
            (
                "SELECT `Größe`, t.`x` FROM `q.d2_7.b` AS t WHERE t.`x` = @at",
                {"q.d2_7.b": table("Größe INT64", "x DATE")},
            ),
        ),
        (
            (ONE[0].format(RUNS[0]), {f"p.d1_1.{RUNS[0]}": ONE[1]}),
            (ONE[0].format(RUNS[1]), {f"p.d1_1.{RUNS[1]}": ONE[1]}),
        ),
        (
            ("SELECT `s`.`a` FROM `p.d.t`", {"p.d.t": table("s RECORD(a DATE)")}),
            ("SELECT `a`.`s` FROM `p.d.t`", {"p.d.t": table("a RECORD(s DATE)")}),
        ),
        (
            ("SELECT DATE '2025-07-22', TIME '12:00:00.5', 12345", {}),
            ("SELECT DATE '2026-01-03', TIME '23:59:59.25', 98765432101", {}),
        ),
        (
            ("CREATE TABLE p.d1_2.t (a INT64)", {}),
            ("CREATE TABLE p.graph_77_launch_3.t (a INT64)", {}),
        ),
        (
            ("SELECT 1 FROM `p.d.t`", {"p.d.t": table("a INT64", "from DATE")}),
            ("SELECT 1 FROM `p.d.u`", {"p.d.u": table("b INT64", "from DATE")}),
        ),
    ],
)
def test_names_that_could_be_any_others_make_no_difference(first: Case, second: Case) -> None:
    assert shape_of(first) == shape_of(second)


LIKE_T = {"p.d.t": table("a INT64", "b STRING")}
STAGED = {f"p.d.{RUNS[0]}": table("a INT64"), f"p.d.{RUNS[1]}": table("a DATE")}
WILDCARD = "SELECT `a` * 2 FROM `p.d.e_*`"
JOIN = "SELECT l.`a` * 2 FROM `p.d.{}` AS l, `p.d.{}`"


@pytest.mark.parametrize(
    ("right", "other"),
    [
        (("SELECT `a` FROM `p.d.t`", LIKE_T), ("SELECT `c` FROM `p.d.t`", LIKE_T)),
        (("SELECT `a` FROM `p.d.t`", LIKE_T), ("SELECT `a` FROM `p.d.T`", LIKE_T)),
        (("SELECT `a` FROM `p.d.t`", LIKE_T), ("SELECT `a` FROM `p.d.t`", {})),
        (("SELECT 1 AS `cube`", {}), ("SELECT 1 AS cube", {})),
        (
            ("SELECT a FROM `p.d.t`", LIKE_T),
            ("SELECT hash FROM `p.d.t`", {"p.d.t": table("hash INT64", "b STRING")}),
        ),
        (
            ("SELECT `a` + 1 FROM `p.d.t`", LIKE_T),
            ("SELECT `a` + 1 FROM `p.d.t`", {"p.d.t": table("a STRING", "b STRING")}),
        ),
        (
            ("SELECT `a` + 1 FROM `p.d.t`", LIKE_T),
            ("SELECT `a` + 1 FROM `p.d.t`", {"p.d.t": table("a INT64 REPEATED", "b STRING")}),
        ),
        (("SELECT DATE '2025-02-28'", {}), ("SELECT DATE '2025-02-31'", {})),
        (("SELECT TIME '12:00:00'", {}), ("SELECT TIME '12:60:00'", {})),
        (("SELECT DATE '2025-02-28'", {}), ("SELECT DATE '2025-2-28x'", {})),
        (("SELECT NUMERIC '1.100000000'", {}), ("SELECT NUMERIC '1.1000000001'", {})),
        (("SELECT `ABS`(`a`) FROM `p.d.t`", LIKE_T), ("SELECT `ABT`(`a`) FROM `p.d.t`", LIKE_T)),
        (
            ("SELECT b, `a` FROM `p.d.t`", LIKE_T),
            ("SELECT b, `a` FROM `p.d.t`", {"p.d.t": table("a INT64", "c STRING")}),
        ),
        (
            ("EXECUTE IMMEDIATE 'SELECT a, b FROM `p.d.t`'", LIKE_T),
            (
                "EXECUTE IMMEDIATE 'SELECT a, b FROM `p.d.t`'",
                {"p.d.t": table("a INT64", "c STRING")},
            ),
        ),
        ((JOIN.format(*RUNS), STAGED), (JOIN.format(*reversed(RUNS)), STAGED)),
        (
            (WILDCARD, {"p.d.e_1": table("a DATE"), "p.d.e_2": table("a INT64")}),
            (WILDCARD, {"p.d.e_2": table("a DATE"), "p.d.e_1": table("a INT64")}),
        ),
    ],
)
def test_what_googlesql_takes_is_not_taken_for_what_it_refuses(
    googlesql: GoogleSql, right: Case, other: Case
) -> None:
    assert rehearse(googlesql, *right) == []
    assert rehearse(googlesql, *other) != []
    assert shape_of(right) != shape_of(other)
