"""Where a PostgreSQL server is and who we are, as a value."""

from dataclasses import dataclass
from pathlib import Path

from auto_schema.errors import SourceRefusedError
from sources.postgresql.environment import forget_environment
from sources.secrets import Secret

APPLICATION_NAME = "bigquery-smart-sync"
READER_LOCK = (0x517D3A90, 0x6C2EB84F)
"""An advisory lock's halves, drawn by lot, which each reading transaction of ours holds."""
AS_READER = (
    f"SELECT pg_catalog.pg_try_advisory_xact_lock_shared({READER_LOCK[0] << 32 | READER_LOCK[1]})"
)
"""Said once a transaction is READ ONLY: it can write nothing any more, and guards see that."""
CONNECT_TIMEOUT_S = 15
READ_TIMEOUT_S = 600.0
NO_FILE = "/dev/null/none"
"""Of passwords: what a launch takes of one is read where its parameters are."""


@dataclass(frozen=True, slots=True)
class PostgresqlConnection:
    """Where the server is and who we are; the password is a Secret."""

    host: str
    port: int
    database: str
    user: str
    password: Secret
    sslmode: str = ""
    sslrootcert: str = ""
    sslcert: str = ""
    sslkey: str = ""
    further: tuple[tuple[str, str], ...] = ()
    """Options that libpq gets as they are written; none is secret."""
    read_timeout_s: float = READ_TIMEOUT_S
    """How long a session that reads may bring no byte; 0: for ever."""

    @property
    def place(self) -> str:
        """`postgresql://host:port/database`, without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"postgresql://{host}:{self.port}/{self.database}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a plan tells of how it logs in."""
        origin = self.password.origin
        return (f"the password of {self.user} comes from {origin}",) if origin else ()

    def parameters(
        self, *, application: str = APPLICATION_NAME, encoding: str = "UTF8"
    ) -> dict[str, str]:
        """Libpq keywords; resolves the password, so call it where a connection opens.

        Raises:
            SourceRefusedError: this machine lacks the client's certificate or key, without which
                libpq would go on as if none were given.
        """
        self._check_files()
        forget_environment()
        words = {
            "host": self.host,
            "port": str(self.port),
            "dbname": self.database,
            "user": self.user,
            "password": self.password.resolve(),
            "connect_timeout": str(CONNECT_TIMEOUT_S),
            "application_name": application,
            "sslmode": self.sslmode,
            "sslrootcert": self.sslrootcert,
            "sslcert": self.sslcert,
            "sslkey": self.sslkey,
            "client_encoding": encoding,
            "keepalives_idle": "60",
            "keepalives_interval": "10",
            "keepalives_count": "6",
            "tcp_user_timeout": "120000",
        }
        given = {word: value for word, value in words.items() if value}
        given |= dict(self.further)
        # said all the same, so that no environment's and no home's count
        return given | {"options": "", "passfile": NO_FILE}

    def _check_files(self) -> None:
        for name, path in (("sslcert", self.sslcert), ("sslkey", self.sslkey)):
            if path and not Path(path).is_file():
                fix = "the file must be there on launcher and workers, or leave the parameter out."
                why = f"no file {path!r} on this machine"
                raise SourceRefusedError("file missing", f"postgresql_{name}", why, fix)
