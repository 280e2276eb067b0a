"""The module: kept once it is compiled, and up again after a crash."""

from pathlib import Path

import pytest
import wasmtime
from google.cloud.bigquery import SchemaField
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service

from tests.googlesql.catalog import Table, add_numbered_table, contents
from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import CrashError
from tests.googlesql.features import language
from tests.googlesql.wasm import compiled

GENERATED = 1


def code(name: str) -> bytes:
    return bytes(wasmtime.wat2wasm(f'(module (memory (export "{name}") 1))'))


def compiled_files(cache: Path) -> list[Path]:
    return [path for path in cache.iterdir() if path.name != "lock"]


def exported(module: wasmtime.Module) -> list[str]:
    return [export.name for export in module.exports]


def test_a_module_is_compiled_once(tmp_path: Path) -> None:
    engine, cache = wasmtime.Engine(), tmp_path / "cache"

    assert exported(compiled(engine, code("first"), cache)) == ["first"]
    (kept,) = compiled_files(cache)
    kept.write_bytes(wasmtime.Module(engine, code("second")).serialize())
    assert exported(compiled(engine, code("first"), cache)) == ["second"]


def test_other_code_is_kept_apart(tmp_path: Path) -> None:
    engine = wasmtime.Engine()

    assert exported(compiled(engine, code("first"), tmp_path)) == ["first"]
    assert exported(compiled(engine, code("second"), tmp_path)) == ["second"]
    assert len(compiled_files(tmp_path)) == 2


def test_a_crash_costs_one_call_only(googlesql: GoogleSql) -> None:
    """An UPDATE of a table with a generated column crashes the package."""
    assert googlesql.value("1") == 1
    table = Table.of([SchemaField("a", "INT64")], [(1,)])
    request = service.EvaluateModifyRequest(sql="UPDATE t SET a = 2 WHERE TRUE")
    request.options.language_options.CopyFrom(language())
    request.simple_catalog.builtin_function_options.language_options.CopyFrom(language())
    add_numbered_table(request.simple_catalog, "t", table)
    column = request.simple_catalog.table[0].column[1]
    column.column_expression.expression_kind = GENERATED
    column.column_expression.expression_string = "1"
    request.table_content["t"].CopyFrom(contents(table, is_numbered=True))

    with pytest.raises(CrashError, match="wasm"):
        googlesql.module.call("EvaluateModify", request, service.EvaluateModifyResponse)

    assert googlesql.value("1 + 1") == 2
