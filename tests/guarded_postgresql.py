"""A PostgreSQL that asks who comes: by peer, by password (SCRAM), by certificate.

Debian's, since the wheel's own speaks no TLS (`make extensions` installs it).
"""

import contextlib
import datetime
import getpass
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from demo.servers import UNPRIVILEGED, PostgresqlServer, postgresql_server
from tests.debian_postgresql import PROGRAMS
from tests.sync import PASSWORD

RULES = """\
local all postgres trust
local all by_peer peer map=here
host all by_password 127.0.0.1/32 scram-sha-256
hostssl all by_certificate 127.0.0.1/32 cert
hostssl all by_both 127.0.0.1/32 scram-sha-256 clientcert=verify-full
"""
ROLES = ("by_peer", "by_password", "by_certificate", "by_both")


@dataclass(frozen=True)
class Guarded:
    """The server, and what its users have in their hands.

    Attributes:
        server: with a Unix socket in its host, and the same port on loopback.
        files: ca.crt, and NAME.crt and NAME.key of each role that logs in by certificate.
    """

    server: PostgresqlServer
    files: Path

    def uri(self, role: str, *, password: str = "", by_socket: bool = False, more: str = "") -> str:
        """A URI that leads to it."""
        host = self.server.host.replace("/", "%2F") if by_socket else "127.0.0.1"
        login = f"{role}:{password}" if password else role
        place = f"{host}:{self.server.port}/{self.server.database}"
        return f"postgresql://{login}@{place}" + (f"?{more}" if more else "")


@contextlib.contextmanager
def guarded_postgresql() -> Iterator[Guarded]:
    """Run it, with a table `orders` of two rows that each of ROLES may read."""
    folder = Path(tempfile.mkdtemp(prefix="smart-sync-guarded-"))
    folder.chmod(0o755)
    try:
        _certificates(folder)
        (folder / "hba.conf").write_text(RULES)
        (folder / "ident.conf").write_text(f"here {getpass.getuser()} by_peer\n")
        if os.geteuid() == 0:
            shutil.chown(folder / "server.key", UNPRIVILEGED)
        settings = {
            "hba_file": str(folder / "hba.conf"),
            "ident_file": str(folder / "ident.conf"),
            "ssl": "on",
            "ssl_cert_file": str(folder / "server.crt"),
            "ssl_key_file": str(folder / "server.key"),
            "ssl_ca_file": str(folder / "ca.crt"),
        }
        with postgresql_server(settings=settings, programs=PROGRAMS) as server:
            _fill(server)
            yield Guarded(server, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(server: PostgresqlServer) -> None:
    with contextlib.closing(psycopg2.connect(server.dsn)) as opened:
        opened.autocommit = True
        with opened.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, updated_at timestamptz);"
                "INSERT INTO orders VALUES (1, '2025-01-01'), (2, '2025-01-02')"
            )
            for role in ROLES:
                cursor.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
                cursor.execute(f"GRANT SELECT ON orders TO {role}")


def _certificates(folder: Path) -> None:
    """An authority of the test's own, the server's certificate and those of two roles."""
    authority = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    for name in ("ca", "server", "by_certificate", "by_both"):
        key = authority if name == "ca" else ec.generate_private_key(ec.SECP256R1())
        common = {"ca": "authority", "server": "127.0.0.1"}.get(name, name)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
        now = datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=name == "ca", path_length=None), critical=True)
            .sign(authority, hashes.SHA256())
        )
        (folder / f"{name}.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        path = folder / f"{name}.key"
        path.touch(0o600)
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
