"""What libpq would take from the environment of a machine, kept away from our connections.

A launcher's PGTZ would be taken for the server's zone, its PGHOSTADDR lead elsewhere, and
workers have neither: the parameters alone say how to connect. libpq reads the variables
itself, so they are removed from the process.
"""

import logging
import os

LIBPQ = frozenset(
    {
        "PGAPPNAME",
        "PGCHANNELBINDING",
        "PGCLIENTENCODING",
        "PGCONNECT_TIMEOUT",
        "PGDATABASE",
        "PGDATESTYLE",
        "PGGEQO",
        "PGGSSDELEGATION",
        "PGGSSENCMODE",
        "PGGSSLIB",
        "PGHOST",
        "PGHOSTADDR",
        "PGKRBSRVNAME",
        "PGLOADBALANCEHOSTS",
        "PGLOCALEDIR",
        "PGMAXPROTOCOLVERSION",
        "PGMINPROTOCOLVERSION",
        "PGOPTIONS",
        "PGPASSWORD",
        "PGPORT",
        "PGREQUIREAUTH",
        "PGREQUIREPEER",
        "PGREQUIRESSL",
        "PGSERVICE",
        "PGSSLCERT",
        "PGSSLCERTMODE",
        "PGSSLCOMPRESSION",
        "PGSSLCRL",
        "PGSSLCRLDIR",
        "PGSSLKEY",
        "PGSSLMAXPROTOCOLVERSION",
        "PGSSLMINPROTOCOLVERSION",
        "PGSSLMODE",
        "PGSSLNEGOTIATION",
        "PGSSLROOTCERT",
        "PGSSLSNI",
        "PGTARGETSESSIONATTRS",
        "PGTZ",
        "PGUSER",
    }
)
"""https://www.postgresql.org/docs/current/libpq-envars.html, but for those that name files:
PGPASSFILE, PGSERVICEFILE and PGSYSCONFDIR change nothing where a connection says `passfile` and
no service, and a launch looks there when it is asked to (`sources/postgresql/home.py`)."""


SERVICE_HINT = ". A service is named by --source=postgresql://?service=NAME"


def forget_environment() -> None:
    """Remove libpq's variables from this process, and say which were there."""
    variables = sorted(LIBPQ & os.environ.keys())
    for name in variables:
        del os.environ[name]
    if variables:
        logging.getLogger("smart_sync").warning(
            "not used: %s of the environment; the postgresql_… parameters say how to connect,"
            " here and on workers alike%s",
            ", ".join(variables),
            SERVICE_HINT if "PGSERVICE" in variables else "",
        )
