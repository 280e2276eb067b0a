"""Shapes of statements, by which the tests' local BigQuery knows one again."""

import pytest

from tests.local_bigquery.statements import shape_of

STATEMENT = "SELECT 'd12_3' FROM `p.d12_3.t` JOIN `p.d12_34.t` ON d12_35 = 7 -- other.d9_9.t"


def test_two_datasets_have_one_shape_if_their_names_are_as_long() -> None:
    shape, other = shape_of("SELECT * FROM `p.d12_3.t`"), shape_of("SELECT * FROM `p.d99_9.t`")
    assert shape is not None
    assert other is not None
    assert shape.text == other.text
    assert len(shape.text) == len("SELECT * FROM `p.d12_3.t`")


def test_two_runs_have_one_shape() -> None:
    text = "SELECT '{0}-{1}' FROM `p.d1_1.staged_{0}_{1}` JOIN `p.d1_1.staged_{0}_aaaaaaaa`"
    shapes = [
        shape_of(text.format(*run))
        for run in (("20260102t030405", "0a1b2c3d"), ("20270203t040506", "fedcba98"))
    ]
    one, other = shapes
    assert one is not None
    assert other is not None
    assert one.text == other.text
    assert other.with_names(one.text) == text.format("20270203t040506", "fedcba98")


def test_two_tables_have_one_shape_if_their_names_are_as_long() -> None:
    text = "INSERT INTO `p.d1_1.{0}` (a{0}) SELECT a{0} FROM `p.d1_1._{0}` AS s"
    shape, other = shape_of(text.format("t1")), shape_of(text.format("t2"))
    assert shape is not None
    assert other is not None
    assert shape.text != other.text  # of other columns
    text = text.replace("a{0}", "a")
    shape, other = shape_of(text.format("t1")), shape_of(text.format("t2"))
    assert shape is not None
    assert other is not None
    assert shape.text == other.text
    assert other.with_names(shape.text) == text.format("t2")


def test_names_come_back_where_they_were() -> None:
    shape = shape_of(STATEMENT)
    assert shape is not None
    assert "d12_3" not in shape.text
    assert "d9_9" in shape.text
    assert shape.with_names(shape.text) == STATEMENT
    assert shape.without_names(STATEMENT) == shape.text


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("SELECT 1 FROM `p.d1_1.t`", "SELECT 2 FROM `p.d1_1.t`"),
        ("SELECT 'a' FROM `p.d1_1.t`", "SELECT 'A' FROM `p.d1_1.t`"),
        ("SELECT 1 FROM `p.d1_1.t`", "SELECT 1 FROM `p.d1_1.tt`"),
        ("SELECT 1 AS t FROM `p.d1_1.t`", "SELECT 1 AS u FROM `p.d1_1.u`"),
        ("SELECT 1 FROM `p.d1_1.t`, d1_1.t", "SELECT 1 FROM `p.d1_1.u`, d1_1.u"),
        ("SELECT 1 FROM `p.d1_1.t`, `p.d1_1.u`", "SELECT 1 FROM `p.d1_1.t`, `p.d1_1.t`"),
        ("SELECT 1 FROM `p.d1_1.t`", "SELECT 1 FROM `p.d1_11.t`"),
        ("SELECT '20260102t030405-0a1b2c3d'", "SELECT '20260102t030405-0A1B2C3D'"),
        (
            "SELECT 1 FROM `p.d1_1.t`, `p.d2_2.t`",
            "SELECT 1 FROM `p.d1_1.t`, `p.d1_1.t`",
        ),
    ],
)
def test_all_else_makes_another_shape(left: str, right: str) -> None:
    one, other = shape_of(left), shape_of(right)
    assert one is not None
    assert other is not None
    assert one.text != other.text


@pytest.mark.parametrize(
    "text",
    [
        "SELECT @@row_count",
        "SELECT * FROM `p.d1_1.INFORMATION_SCHEMA.TABLES`",
        "SELECT * FROM `p.d1_1.t_*`",
        "SELECT SESSION_USER() FROM `p.d1_1.t`",
        "SELECT * FROM `p.d1_1.t` FOR  SYSTEM_TIME AS OF @moment",
        "SELECT '\ue000' FROM `p.d1_1.t`",
    ],
)
def test_what_depends_on_more_than_its_text_has_none(text: str) -> None:
    assert shape_of(text) is None
