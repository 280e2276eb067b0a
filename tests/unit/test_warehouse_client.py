"""What BigQuery's client takes from the environment."""

import pytest
from requests import Request

from warehouse.client import bounded_client


@pytest.fixture
def session(monkeypatch, tmp_path):
    """A client's session, before a proxy, a folder of certificates and a password file."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password theirs\n")
    words = {
        "HTTPS_PROXY": "http://proxy.example:3128",
        "NO_PROXY": "near.example",
        "REQUESTS_CA_BUNDLE": "/etc/own.pem",
        "NETRC": str(netrc),
    }
    for name, value in words.items():
        monkeypatch.setenv(name, value)
    return bounded_client("p", None, "https://far.example", 1)._http


def settings(session, host):
    """What a request to the host is sent with."""
    return session.merge_environment_settings(f"https://{host}/v2", {}, None, None, None)


def test_proxies_and_certificates_of_the_environment_are_used_host_by_host(session):
    for _ in range(2):
        far, near = settings(session, "far.example"), settings(session, "near.example")
        assert far["proxies"]["https"] == "http://proxy.example:3128"
        assert "https" not in near["proxies"]
        assert far["verify"] == near["verify"] == "/etc/own.pem"


def test_no_password_file_takes_the_place_of_the_token(session):
    request = Request("GET", "https://far.example/v2", headers={"authorization": "Bearer token"})
    assert session.prepare_request(request).headers["authorization"] == "Bearer token"
