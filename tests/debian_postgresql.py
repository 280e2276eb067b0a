"""A PostgreSQL of Debian with the extensions that its packages bring, for tests of their types.

python -m tests.debian_postgresql     installs what is missing (`make extensions` does)

The wheel's own PostgreSQL has pgvector and no other extension of types.
"""

import os
import subprocess
import sys
from pathlib import Path

VERSION = 15
"""Debian 12's."""
PROGRAMS = Path(f"/usr/lib/postgresql/{VERSION}/bin")
CONTROL_FILES = Path(f"/usr/share/postgresql/{VERSION}/extension")
PACKAGES = {
    "hstore": f"postgresql-{VERSION}",
    "postgis": f"postgresql-{VERSION}-postgis-3",
    "ip4r": f"postgresql-{VERSION}-ip4r",
    "semver": f"postgresql-{VERSION}-semver",
    "debversion": f"postgresql-{VERSION}-debversion",
    "prefix": f"postgresql-{VERSION}-prefix",
    "pgmp": f"postgresql-{VERSION}-pgmp",
}
"""An extension and its package; the first is the server and what belongs to PostgreSQL itself."""


def missing() -> list[str]:
    """The packages that are not installed."""
    wanted = {p for e, p in PACKAGES.items() if not (CONTROL_FILES / f"{e}.control").exists()}
    return sorted(wanted)


def install() -> None:
    """Install with apt-get what is missing.

    Raises:
        SystemExit: not root, or apt-get fails.
    """
    packages = missing()
    if not packages:
        return
    if os.geteuid() != 0:
        sys.exit(f"the tests of extensions' types need: apt-get install {' '.join(packages)}")
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=True, env=environ)
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    subprocess.run(command, check=True, env=environ)


if __name__ == "__main__":
    install()
