"""The options of libpq as a connection URI or a service names them: taken, passed on, refused.

https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
"""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode

FURTHER = "postgresql_connection_options"
OWN: Mapping[str, str] = MappingProxyType(
    {
        "host": "postgresql_host",
        "port": "postgresql_port",
        "dbname": "postgresql_database",
        "user": "postgresql_username",
        "password": "postgresql_password",
        "sslmode": "postgresql_sslmode",
        "sslrootcert": "postgresql_sslrootcert",
        "sslcert": "postgresql_sslcert",
        "sslkey": "postgresql_sslkey",
    }
)
"""Those that have a parameter."""
PASSED_ON = frozenset(
    {
        "channel_binding",
        "connect_timeout",
        "gssdelegation",
        "gssencmode",
        "hostaddr",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "krbsrvname",
        "require_auth",
        "requirepeer",
        "ssl_max_protocol_version",
        "ssl_min_protocol_version",
        "sslcertmode",
        "sslcrl",
        "sslcrldir",
        "sslnegotiation",
        "sslsni",
        "target_session_attrs",
        "tcp_user_timeout",
    }
)
"""What each connection hands to libpq as it is written."""
LOCAL = ("service", "passfile")
"""Files of the machine that launches."""
ONE_SERVER = (
    "a run reads one server: its clock, its open transactions and its rows must be the same one's"
)
_OWN_NAME = ("a run's sessions have a name of their own", "leave it out.")
_SCRAM_KEY = ("it stands for a password, and no parameter holds it", "give the password.")
REFUSED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "options": (
            "a run says the settings of its sessions itself",
            "set it for the role: ALTER ROLE … SET name = value.",
        ),
        "application_name": _OWN_NAME,
        "fallback_application_name": _OWN_NAME,
        "client_encoding": ("rows are read in the encoding that a run chooses", "leave it out."),
        "load_balance_hosts": (ONE_SERVER, "give the host of one server."),
        "replication": ("rows are read by queries, not by replication", "leave it out."),
        "sslpassword": (
            "a key's passphrase would be one more secret, which no parameter holds",
            "store the key without one, readable by its user alone.",
        ),
        "servicefile": ("it is another way to say PGSERVICEFILE", "set PGSERVICEFILE."),
        "gsslib": ("libpq takes it on Windows only", "leave it out."),
        "sslcompression": ("libpq no longer heeds it", "leave it out."),
        "requiressl": ("libpq no longer has it", "write sslmode=require."),
        "scram_client_key": _SCRAM_KEY,
        "scram_server_key": _SCRAM_KEY,
    }
)
"""Options of libpq that can't be honoured: why, and the mend."""
UNKNOWN_FIX = "leave it out; docs/connecting.md lists the options that are honoured."


def refusal(name: str) -> tuple[str, str]:
    """Why an option that is neither a parameter's nor passed on is refused, and the mend."""
    return REFUSED.get(name, ("this program doesn't take it", UNKNOWN_FIX))


def as_text(options: Mapping[str, str]) -> str:
    """Options that are passed on as the parameter's text.

    >>> as_text({"sslsni": "0", "channel_binding": "require"})
    'channel_binding=require&sslsni=0'
    """
    return urlencode(sorted(options.items()))


def of_text(text: str) -> tuple[tuple[str, str], ...]:
    """The parameter's text as options, in its order.

    >>> of_text("channel_binding=require&sslsni=0")
    (('channel_binding', 'require'), ('sslsni', '0'))
    """
    return tuple(parse_qsl(text, keep_blank_values=True))
