"""Catalogs are shared by statements over equal columns, and no statement is taken for another."""

import pytest
from google.cloud.bigquery import ScalarQueryParameter, SchemaField
from google.protobuf.message import Message
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.proto.simple_catalog_pb2 import SimpleCatalogProto

from tests.googlesql.catalog import Table
from tests.googlesql.engine import GoogleSql, Variable
from tests.googlesql.errors import CrashError, Finding
from tests.googlesql.registered import FEW, MOST_FILLED, Registered
from tests.googlesql.resolved import Analysis
from tests.googlesql.types import simple
from tests.googlesql.wasm import Module

NUMBER = Table.of([SchemaField("id", "INT64"), SchemaField("n", "INT64")], [(1, 2)])
TEXT = Table.of([SchemaField("id", "INT64"), SchemaField("n", "STRING")])
SAME = {"p.d.orders": NUMBER, "p.d.copies": NUMBER.with_rows(())}


class Recording(Module):
    """Answers without GoogleSQL, and notes what is registered and what isn't any more."""

    def __init__(self) -> None:
        self.starts, self.registered, self.forgotten = 1, list[list[str]](), list[int]()

    def call(self, method: str, request: Message, answer: type) -> object:
        if isinstance(request, service.RegisterCatalogRequest):
            self.registered.append([table.name for table in request.simple_catalog.table])
            return answer(registered_id=len(self.registered))
        assert isinstance(request, service.UnregisterRequest), method
        self.forgotten.append(request.registered_id)
        return answer()


def wide(columns: int) -> Table:
    return Table.of([SchemaField(f"c{n}", "INT64") for n in range(columns)])


@pytest.mark.parametrize(
    ("sql", "outcome"),
    [
        ("SELECT orders.id FROM p.d.orders JOIN p.d.copies ON orders.id = copies.n", "id INT64"),
        ("SELECT copies.* FROM `p.d.orders`, `p.d`.copies", "id INT64, n INT64"),
        ("SELECT n FROM p.d.orders JOIN p.d.copies USING (id)", Finding("", 1, 8)),
        ("SELECT 1 FROM p.d.orders JOIN p.d.other USING (id)", Finding("", 1, 31)),
    ],
)
def test_two_tables_with_equal_columns_stay_two(
    googlesql: GoogleSql, sql: str, outcome: str | Finding
) -> None:
    said = googlesql.analyze(sql, SAME)

    if isinstance(outcome, str):
        assert isinstance(said, Analysis), said
        assert ", ".join(map(repr, said.columns)) == outcome
    else:
        assert isinstance(said, Finding)
        assert (said.line, said.column) == (outcome.line, outcome.column)


def test_what_was_right_is_asked_anew_over_other_columns_parameters_and_variables(
    googlesql: GoogleSql,
) -> None:
    sql = "SELECT n * @p * v FROM `p.d.t`"
    table, parameter = {"p.d.t": NUMBER}, [ScalarQueryParameter("p", "INT64", 1)]
    variables = {"v": Variable(simple("INT64"))}
    text = [ScalarQueryParameter("p", "STRING", "x")]

    for _ in range(2):
        assert isinstance(googlesql.analyze(sql, table, parameter, variables), Analysis)
        for said in (
            googlesql.analyze(sql, {"p.d.t": TEXT}, parameter, variables),
            googlesql.analyze(sql, table, text, variables),
            googlesql.analyze(sql, table, parameter, {"v": Variable(simple("STRING"))}),
            googlesql.analyze(sql, table, parameter),
        ):
            assert isinstance(said, Finding)


def test_a_catalog_grows_by_a_few_and_many_begin_another() -> None:
    module, root = Recording(), SimpleCatalogProto()
    registered = Registered(module)
    tables = [wide(n) for n in range(1, 2 * FEW)]
    registered.expect(tables[:FEW])

    names = [registered.name(table) for table in tables]
    numbers = [registered.number(root, [name]) for name in names]

    assert len(set(names)) == len(names)
    assert set(names[:FEW]) == set(module.registered[0])
    assert numbers[:FEW] == [1] * FEW
    assert module.registered[1:3] == [[names[FEW]], sorted(names[FEW : FEW + 2])]
    assert module.forgotten == list(range(2, FEW))
    assert registered.number(root, [names[0]]) == 1
    assert registered.number(root, [names[-1], names[FEW]]) == FEW


def test_rows_are_those_of_the_tables_that_are_asked(googlesql: GoogleSql) -> None:
    tables = [NUMBER.with_rows([(n, n)]) for n in range(MOST_FILLED + 2)]
    before = googlesql.module.calls["RegisterCatalog"]

    for table in (*tables, *tables):
        for _ in range(2):
            assert googlesql.query("SELECT id FROM `p.d.t`", {"p.d.t": table}).rows == (
                (table.rows[0][0],),
            )

    assert googlesql.module.calls["RegisterCatalog"] == before + 2 * len(tables)


def test_after_a_crash_a_catalog_is_told_again(
    googlesql: GoogleSql, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_: object) -> None:
        googlesql.module._start()
        raise CrashError("ended")

    assert isinstance(googlesql.analyze("SELECT id FROM `p.d.orders`", SAME), Analysis)
    with monkeypatch.context() as patch:
        patch.setattr(googlesql.module, "call", end)
        with pytest.raises(CrashError):
            googlesql.value("1")

    assert isinstance(googlesql.analyze("SELECT id, n FROM `p.d.orders`", SAME), Analysis)
