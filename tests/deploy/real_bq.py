"""The real `bq` command against the local BigQuery, which has no discovery document."""

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.discovery import document
from tests.fault_proxy import FaultProxy, fault_proxy
from tests.fault_rules import Answer, Exchange, Rule

SHIM = """#!/bin/bash
exec {curl} "${{@/https:\\/\\/bigquery.googleapis.com/{url}}}"
"""


def _discovery(url: str) -> dict[str, object]:
    """BigQuery's own document, leading to another address."""
    places = {"rootUrl": f"{url}/", "baseUrl": f"{url}/bigquery/v2/"}
    return {**document("bigquery.v2"), **places, "servicePath": "bigquery/v2/"}


@contextlib.contextmanager
def discovering(upstream: str) -> Iterator[FaultProxy]:
    """A proxy that answers for the discovery service, and passes all else on."""
    with fault_proxy(upstream) as proxy:
        body = json.dumps(_discovery(proxy.url)).encode()

        def describe(_: Exchange) -> Answer:
            return Answer(200, (("Content-Type", "application/json"),), body)

        proxy.add(Rule(describe, path=r"/[$]discovery/rest|/discovery/v1/apis"))
        yield proxy


def bq_environ(url: str, folder: Path) -> Mapping[str, str]:
    """Leads bq, gcloud and curl to a stand-in, with a token that means nothing."""
    (folder / "config").mkdir()
    token, rc, shim = folder / "token", folder / "bigqueryrc", folder / "bin" / "curl"
    token.write_text("none")
    rc.write_text(f"api = {url}\n")
    shim.parent.mkdir()
    shim.write_text(SHIM.format(curl=shutil.which("curl"), url=url.replace("/", "\\/")))
    shim.chmod(0o755)
    return {
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token),
        "CLOUDSDK_CONFIG": str(folder / "config"),
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "BIGQUERYRC": str(rc),
        "PATH": f"{shim.parent}:/usr/bin:/bin",
    }
