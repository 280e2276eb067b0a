"""Translations that outlive a server: in a file for all servers of this machine.

The file is named by all that a translation comes of: SQLGlot, DuckDB, `local-bigquery` and the code
of this folder, but for modules that only move what is asked and answered. So whoever changes any of
them begins with an empty one. What isn't read or written because another is at it is translated.
"""

import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = "SMART_SYNC_TEST_TRANSLATIONS"
"""The variable that names the folder; without it nothing is kept. `tests/conftest.py` sets it."""
PACKAGES = ("sqlglot", "duckdb", "local-bigquery")
BESIDE = frozenset(
    {
        "as_it_is.py",
        "by_fastapi.py",
        "connections.py",
        "endpoints.py",
        "full_access.py",
        "once.py",
        "record.py",
        "results.py",
    }
)
"""Modules of this folder that bear on no translation."""
WAIT_S = 0.2
MOST = 50_000
"""Translations in a file; one that has more begins anew."""


class Kept:
    """Texts by the digests of others, in one file."""

    def __init__(self, file: Path, most: int = MOST) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            file, timeout=WAIT_S, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute("CREATE TABLE IF NOT EXISTS kept (asked TEXT, told TEXT)")
        self._connection.execute("CREATE UNIQUE INDEX IF NOT EXISTS once ON kept (asked, told)")
        (newest,) = self._connection.execute("SELECT MAX(rowid) FROM kept").fetchone()
        if (newest or 0) > most:
            self._connection.execute("DELETE FROM kept")

    def all_of(self, key: str) -> list[str]:
        """What was kept under a key, the newest first."""
        sql = "SELECT told FROM kept WHERE asked = ? ORDER BY rowid DESC"
        try:
            with self._lock:
                return [told for (told,) in self._connection.execute(sql, [_digest(key)])]
        except sqlite3.Error:
            return []

    def keep(self, key: str, text: str) -> None:
        """Add a text to those of a key."""
        try:
            with self._lock:
                self._connection.execute(
                    "INSERT OR IGNORE INTO kept VALUES (?, ?)", [_digest(key), text]
                )
        except sqlite3.Error:
            return  # it is translated again


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def name_of(folders: Iterable[Path], packages: Iterable[str] = PACKAGES) -> str:
    """The name of the file for the code in some folders and the packages as they are installed."""
    digest = hashlib.sha256()
    for package in packages:
        digest.update(f"{package} {metadata.version(package)}\n".encode())
    for folder in folders:
        for file in sorted(folder.rglob("*.py")):
            if folder != HERE or file.name not in BESIDE:
                digest.update(f"{file.relative_to(folder)}\n".encode() + file.read_bytes())
    return f"{digest.hexdigest()[:16]}.sqlite"


def kept_translations() -> Kept | None:
    """Those of this machine; None: they aren't kept."""
    import local_bigquery

    folder = os.environ.get(FOLDER)
    if not folder:
        return None
    package = Path(str(local_bigquery.__file__)).parent
    try:
        return Kept(Path(folder) / name_of([HERE, package]))
    except (sqlite3.Error, OSError):
        return None
