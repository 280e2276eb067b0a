"""The package's WebAssembly module in this process: compiled once per machine, then kept.

The package has a client of its own. It compiles the module for each process and carries every
byte over in Python; this one keeps the machine's code in a file and copies memory at once.
"""

import contextlib
import ctypes
import fcntl
import hashlib
import threading
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import tzdata
import wasmtime
from google.protobuf.message import Message
from zetasql.wasi import get_wasm_path

from demo.cache import cache_folder
from tests.googlesql.errors import CrashError, service_error

Answer = TypeVar("Answer", bound=Message)
CACHE = cache_folder() / "googlesql"
"""What is kept for all checkouts on a machine, by the content of all that goes into it."""
METHOD = "ZetaSqlLocalService_"
WORD_BYTES = 4
"""A pointer, and a size, in the module's memory."""


class Module:
    """GoogleSQL's local service. One call at a time; a crash costs the instance, not the process.

    Args:
        cache: Where the compiled module lies, by what it was compiled of; 76 MB.
    """

    def __init__(self, cache: Path = CACHE) -> None:
        config = wasmtime.Config()
        config.shared_memory = True
        self._engine = wasmtime.Engine(config)
        self._module = compiled(self._engine, Path(get_wasm_path()).read_bytes(), cache)
        self._lock = threading.Lock()
        self.starts = 0
        self.calls = Counter[str]()
        self._start()

    def call(self, method: str, request: Message, answer: type[Answer]) -> Answer:
        """The answer of one of the service's methods.

        Raises:
            GoogleSqlError: The service refused: its code and message.
            CrashError: The module trapped; the next call meets a fresh one.
        """
        with self._lock:
            self.calls[method] += 1
            try:
                return answer.FromString(self._carried(METHOD + method, request))
            except wasmtime.Trap as trap:
                self._start()
                raise CrashError(str(trap).splitlines()[0]) from trap
            except wasmtime.ExitTrap as end:
                self._start()
                raise CrashError(str(end)) from end

    @property
    def memory_bytes(self) -> int:
        """What the module holds at present; it never gives any back."""
        return self._memory.data_len()

    def close(self) -> None:
        """Give everything back; at the interpreter's end it would be too late."""
        self._exports = self._memory = None
        for held in (self._store, self._module, self._engine):
            held.close()

    def _carried(self, name: str, request: Message) -> bytes:
        body = request.SerializeToString()
        sent = self._exports["wasm_malloc"](self._store, max(len(body), 1))
        size = self._exports["wasm_malloc"](self._store, WORD_BYTES)
        ctypes.memmove(self._address() + sent, body, len(body))
        got = self._exports[name](self._store, sent, len(body), size)
        try:
            if not got:
                raise service_error(self._last_error())
            length = int.from_bytes(self._read(size, WORD_BYTES), "little")
            answer = self._read(got, length)
            self._exports["wasm_free"](self._store, got)
            return answer
        finally:
            self._exports["wasm_free"](self._store, sent)
            self._exports["wasm_free"](self._store, size)

    def _last_error(self) -> str:
        size = self._exports["wasm_get_last_error_size"](self._store)
        return self._read(self._exports["wasm_get_last_error"](self._store), size).decode()

    def _read(self, start: int, size: int) -> bytes:
        return ctypes.string_at(self._address() + start, size)

    def _address(self) -> int:
        return ctypes.addressof(self._memory.data_ptr().contents)

    def _start(self) -> None:
        """A fresh instance: zones of the wheel `tzdata`, no files, no environment.

        What was registered with the one before is gone.
        """
        self.starts += 1
        wasi = wasmtime.WasiConfig()
        wasi.preopen_dir(str(Path(tzdata.__file__).parent / "zoneinfo"), "/usr/share/zoneinfo")
        self._store = wasmtime.Store(self._engine)
        self._store.set_wasi(wasi)
        linker = wasmtime.Linker(self._engine)
        linker.define_wasi()
        self._exports = linker.instantiate(self._store, self._module).exports(self._store)
        self._exports["_initialize"](self._store)
        self._memory = self._exports["memory"]


def compiled(engine: wasmtime.Engine, code: bytes, cache: Path) -> wasmtime.Module:
    """The module from its file, or compiled and written for the next process.

    Workers that start at the same time wait for the one that compiles: it takes both cores.
    """
    kept = cache / f"{hashlib.sha256(code).hexdigest()[:16]}-{version('wasmtime')}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if kept.exists():
            with contextlib.suppress(wasmtime.WasmtimeError):  # as of a processor that can more
                return wasmtime.Module.deserialize_file(engine, str(kept))
        whole = kept.with_suffix(".part")
        whole.write_bytes(wasmtime.Module(engine, code).serialize())
        whole.replace(kept)
    return wasmtime.Module.deserialize_file(engine, str(kept))
