"""I/O. What users of PostgreSQL keep on their machine: services, and passwords.

Both are looked up where a launch that runs here reads its parameters, and never where a
connection opens: workers have neither.
"""

import logging
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from auto_schema.errors import ConfigError, SyncError, shown
from sources.postgresql.options import LOCAL, OWN, PASSED_ON, refusal
from sources.postgresql.passfile import entry_for
from sources.postgresql.uri import said_of_service
from sources.secrets import Secret
from sources.uri import KIND, PARAMETER, Said

LOGGER = logging.getLogger("smart_sync")
SYSTEM_FOLDERS = ("/etc/postgresql-common", "/etc/sysconfig/pgsql", "/usr/local/etc/postgresql")
"""Where distributions have libpq look, if neither PGSYSCONFDIR nor pg_config says it."""
SERVICE = f"{PARAMETER}, service"
MOST_BYTES = 1 << 20


def with_service(said: Said, environ: Mapping[str, str]) -> Said:
    """What a URI says and, below it, the service that it names.

    https://www.postgresql.org/docs/current/libpq-pgservice.html

    Raises:
        ConfigError: there is no such service, or its file can't be read; or the URI says nothing
            at all, and the environment names a service.
    """
    if not said.service:
        if not said.parameters.keys() - {KIND} and (named := environ.get("PGSERVICE")):
            why = "PGSERVICE of the environment isn't used, and the URI names no service"
            fix = f"write --source=postgresql://?service={quote(named, safe='')}."
            raise ConfigError("missing parameter", PARAMETER, why, fix)
        return said
    files = list(_service_files(environ))
    for path in files:
        text = _text(path, SERVICE)
        words = None if text is None else _service(text, said.service, path)
        if words is not None:
            return said_of_service(words, said)
    why = f"{shown(said.service)} stands in none of {', '.join(map(str, files))}"
    fix = f"write [{said.service}] and below it host=…, dbname=… and user=… into the first of them."
    raise ConfigError("no such service", SERVICE, why, fix)


def password_of(
    given: Mapping[str, str], passfile: str, environ: Mapping[str, str]
) -> Secret | None:
    """The password that the user's file has for this connection; None: none.

    Args:
        given: where the server is, as parameters.
        passfile: the file; empty: PGPASSFILE, or ~/.pgpass.
        environ: the process's environment.
    """
    path = Path(passfile or environ.get("PGPASSFILE") or _in_home(".pgpass"))
    if not _is_private(path):
        return None
    text = _text(path, "postgresql_password") or ""
    port = given.get("postgresql_port") or "5432"
    names = ("postgresql_host", "postgresql_database", "postgresql_username")
    host, database, user = (given.get(name, "") for name in names)
    entry = entry_for(text, host, str(int(port)) if port.isdigit() else port, database, user)
    if entry is None or not entry.password:
        return None
    return Secret(plain=entry.password, origin=f"line {entry.line} of {path}")


def _is_private(path: Path) -> bool:
    """Whether it is a file that nobody else may read, as libpq asks; it is warned of others."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    if not stat.S_ISREG(mode):
        LOGGER.warning("not used: the file of passwords %s is no plain file", path)
        return False
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        LOGGER.warning(
            "not used: the file of passwords %s has group or world access; chmod 600 %s", path, path
        )
        return False
    return True


def _service_files(environ: Mapping[str, str]) -> Iterator[Path]:
    """The user's own, then the system's."""
    own = environ.get("PGSERVICEFILE")
    yield Path(own) if own else _in_home(".pg_service.conf")
    folder = environ.get("PGSYSCONFDIR") or _configured_folder()
    folders = [folder] if folder else SYSTEM_FOLDERS
    yield from (Path(place) / "pg_service.conf" for place in folders)


def _in_home(name: str) -> Path:
    """A file of the user's home; of a user without one a file that isn't there."""
    try:
        return Path.home() / name
    except RuntimeError:  # an account that the machine doesn't know, as in some containers
        return Path("/nonexistent", name)


def _configured_folder() -> str:
    """Where this machine's own libpq looks; empty: it doesn't tell."""
    program = shutil.which("pg_config")
    if program is None:
        return ""
    command = [program, "--sysconfdir"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    return told.stdout.strip()


def _text(path: Path, parameter: str) -> str | None:
    """A file's text; None: there is none.

    Raises:
        ConfigError: it can't be read.
    """
    fix = "make it a text file in UTF-8 that the user of this run may read."
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) <= MOST_BYTES:
            return data.decode()
        why = f"{path}: more than {MOST_BYTES:,} bytes"
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        why = f"{path}: {getattr(error, 'strerror', None) or type(error).__name__}"
    raise ConfigError("file can't be read", parameter, why, fix)


def _service(text: str, name: str, path: Path) -> dict[str, str] | None:
    """The words of one service, the first of each; None: it isn't there.

    Raises:
        ConfigError: what is written there isn't understood; values are not shown.
    """
    words: dict[str, str] | None = None
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            if words is not None:
                return words
            words = {} if line.startswith(f"[{name}]") else None
        elif words is not None:
            word, has_value, value = line.partition("=")
            if fault := _line_fault(word, has_value, f"{path}, line {number}"):
                raise fault
            words.setdefault(word, value)
    return words


def _line_fault(word: str, has_value: str, where: str) -> SyncError | None:
    if word.startswith("ldap") and not has_value:
        why = "a service from LDAP, which this program doesn't ask"
        return ConfigError("option refused", f"{SERVICE}, {where}", why, "write its words out.")
    if not has_value:
        fix = "write name=value, without blanks around the =."
        return ConfigError("malformed service", f"{SERVICE}, {where}", "no name=value", fix)
    if word in OWN or word in PASSED_ON or word == "passfile":
        return None
    if word in LOCAL:
        fix = "write its words out."
        return ConfigError("option refused", f"{SERVICE}, {where}", "a service of a service", fix)
    why, fix = refusal(word)
    return ConfigError("option refused", f"{SERVICE}, {where}, {shown(word)}", why, fix)
