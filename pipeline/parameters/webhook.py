"""notify_webhook as a value, and what an address may be."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from sources.secrets import Secret


@dataclass(frozen=True, slots=True)
class Webhook:
    """notify_webhook and notify_on; the address is read where it is used."""

    secret: Secret
    every_run: bool = False


def address_fault(address: str) -> str:
    """What is wrong with an address, without any of it; empty for a good one.

    >>> address_fault("http://hooks.example.com/x")
    'it does not begin with https://'
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port  # a port that is none raises
    except ValueError:
        return "it is no address"
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(host or "")):
        return "it does not begin with https://"
    if not host or not address.isprintable() or " " in address:
        return "it is no address"
    return ""


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
