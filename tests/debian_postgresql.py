"""A PostgreSQL of Debian with the extensions that its packages bring, for tests of their types.

python -m tests.debian_postgresql     installs what is missing (`make extensions` does)

The wheel's own PostgreSQL has pgvector and no other extension of types.
"""

from pathlib import Path

from tests.debian import install

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


if __name__ == "__main__":
    if packages := missing():
        install(packages, "the tests of extensions' types")
