"""The module: kept once it is compiled, and up again after a crash."""

from pathlib import Path

import pytest
import wasmtime

from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import CrashError
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


def test_a_crash_costs_one_call_only(googlesql: GoogleSql, monkeypatch: pytest.MonkeyPatch) -> None:
    assert googlesql.value("1") == 1

    def trap(*_: object) -> None:
        raise wasmtime.Trap("wasm trap")

    starts = googlesql.module.starts
    with monkeypatch.context() as patch:
        patch.setattr(googlesql.module, "_carried", trap)
        with pytest.raises(CrashError, match="wasm"):
            googlesql.value("1")
    assert googlesql.module.starts == starts + 1
    assert googlesql.value("1 + 1") == 2
