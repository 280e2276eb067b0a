"""A URI of PostgreSQL as libpq reads it → the parameters that it stands for. Pure.

https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from urllib.parse import unquote

from auto_schema.errors import SyncError
from sources.postgresql.options import FURTHER, LOCAL, ONE_SERVER, OWN, PASSED_ON, as_text, refusal
from sources.uri import ENCODE, Said, Uri, malformed, refused

EXAMPLE = "write postgresql://user@host:5432/database?sslmode=require"
FORM_FIX = f"{EXAMPLE}, an IPv6 address in brackets."
STAND_INS: Mapping[str, str] = MappingProxyType(
    {
        "postgresql_host": "source",
        "postgresql_database": "source",
        "postgresql_username": "source",
    }
)
"""What is taken for the parameters of a URI that isn't at hand."""
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+(?:%25[\w.-]+)?)\]|([^:\[\]]*))(?::([^:\[\]]*))?")
_PORT = re.compile(r"[0-9]{1,5}")


def said_by(uri: Uri, text: str) -> Said:
    """What a URI of the scheme `postgresql` or `postgres` says; see `SourceKind.uri`."""
    del text
    if uri.fault:
        return Said(faults=(malformed(uri.fault, FORM_FIX),))
    faults = list[SyncError]()
    words = {"user": uri.user, "dbname": unquote(uri.path)}
    password = unquote((uri.login or "").partition(":")[2])
    words |= {"password": password} | _address(uri.address, faults)
    words = {name: text for name, text in words.items() if text}
    named = dict(_options(uri, faults))
    faults += _told_twice(words, named)
    words |= named
    faults += _hosts_faults(words)
    return _said(words, faults, hides_names="password" in named)


def said_of_service(words: Mapping[str, str], over: Said) -> Said:
    """What a service says, below what a URI says itself; options as libpq names them."""
    said = _said(words, list(_hosts_faults(words)), hides_names="password" in words)
    further = "&".join(filter(None, (s.parameters.get(FURTHER) for s in (said, over))))
    parameters = {**said.parameters, **over.parameters}
    if further:
        parameters[FURTHER] = further
    return Said(parameters, said.faults, over.service, over.passfile or said.passfile)


def _said(words: Mapping[str, str], faults: Iterable[SyncError], *, hides_names: bool) -> Said:
    """Sort options by what becomes of them."""
    own = {OWN[name]: text for name, text in words.items() if name in OWN}
    further = {name: text for name, text in words.items() if name in PASSED_ON}
    if further:
        own[FURTHER] = as_text(further)
    rest = [name for name in words if name not in OWN and name not in (*PASSED_ON, *LOCAL)]
    wrong = [*faults, *(_refusal(name, hides_names=hides_names) for name in rest)]
    port = own.get("postgresql_port", "")
    if port and not _PORT.fullmatch(port):
        del own["postgresql_port"]
        is_one = "," not in port  # else that is what is told
        wrong += [malformed(f"its port is no number; {ENCODE}", FORM_FIX)] if is_one else []
    return Said(own, tuple(wrong), words.get("service", ""), words.get("passfile", ""))


def _refusal(name: str, *, hides_names: bool) -> SyncError:
    """Of an option that libpq doesn't know, either, the name may be a piece of a password."""
    why, fix = refusal(name)
    if re.fullmatch(r"[a-z][a-z_]{0,30}", name) and not hides_names:
        return refused(name, why, fix)
    return malformed(f"an option whose name is unknown; {ENCODE}", fix)


def _address(address: str, faults: list[SyncError]) -> dict[str, str]:
    """Hosts and ports, each joined by commas as libpq wants them."""
    hosts, ports = list[str](), list[str]()
    for one in address.split(","):
        match = _HOST.fullmatch(one)
        if match is None:
            faults.append(malformed(f"what should be its host is none; {ENCODE}", FORM_FIX))
            return {}
        hosts.append(unquote(match[1] or match[2] or ""))
        ports.append(unquote(match[3] or ""))
    return {"host": ",".join(hosts), "port": ",".join(ports) if any(ports) else ""}


def _options(uri: Uri, faults: list[SyncError]) -> Iterator[tuple[str, str]]:
    given = set[str]()
    for name, text in uri.pairs():
        if not name:
            faults.append(malformed(f"an option without a name or a value; {ENCODE}", FORM_FIX))
            continue
        name, text = ("sslmode", "require") if (name, text) == ("ssl", "true") else (name, text)
        if name in given and name in (*OWN, *PASSED_ON, *LOCAL):
            faults.append(refused(name, "it is given twice", "give it once."))
        given.add(name)
        yield name, text


def _told_twice(words: Mapping[str, str], named: Mapping[str, str]) -> Iterator[SyncError]:
    for name in words.keys() & named.keys():
        if words[name] != named[name]:
            why = "the option says something else than what stands before the ?"
            yield refused(name, why, "leave one of them out.")


def _hosts_faults(words: Mapping[str, str]) -> Iterator[SyncError]:
    if any("," in words.get(name, "") for name in ("host", "port", "hostaddr")):
        fix = "give the one whose rows are read, or a name that follows the primary."
        yield refused("several hosts", ONE_SERVER, fix)
