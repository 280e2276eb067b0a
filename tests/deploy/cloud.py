"""A recording stand-in for Google's APIs, made of their own discovery documents.

Each request must be a method that the document names, with a body that its schema allows.
Answers are the least that gcloud and bq go on with.
"""

import base64
import contextlib
import functools
import hashlib
import json
import re
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.discovery import document, errors

APIS = {
    "artifactregistry": "artifactregistry.v1",
    "bigquery": "bigquery.v2",
    "cloudbuild": "cloudbuild.v1",
    "cloudresourcemanager": "cloudresourcemanager.v1",
    "cloudscheduler": "cloudscheduler.v1",
    "compute": "compute.v1",
    "dataflow": "dataflow.v1b3",
    "iam": "iam.v1",
    "logging": "logging.v2",
    "monitoring": "monitoring.v3",
    "run": "run.v1",
    "secretmanager": "secretmanager.v1",
    "servicenetworking": "servicenetworking.v1",
    "serviceusage": "serviceusage.v1",
    "storage": "storage.v1",
}
"""gcloud's name of an API's endpoint, and its document."""
POLL_S = 0.05
"""So soon the stand-in ends with its test."""
PATHS = {"compute": "compute/v1/", "storage": "storage/v1/"}
"""Where gcloud wants the version within the endpoint."""
RUN_HOST = "run.invalid"
"""It is asked for through the stand-in as a proxy, whatever is written before it."""
THROUGH_PROXY = """() {{
  [ "$1" = run ] || {{ command gcloud "$@"; return; }}
  CLOUDSDK_PROXY_TYPE=http_no_tunnel CLOUDSDK_PROXY_ADDRESS={} CLOUDSDK_PROXY_PORT={} \\
    command gcloud "$@"
}}"""
"""For bash: a proxy for gcloud's commands of Cloud Run alone: bq of gcloud 528 breaks on one."""
NO_UPDATES = "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, understood: the method's id, its path's and query's values, its body."""

    method: str
    path: str
    values: dict[str, str]
    body: Any


@dataclass(slots=True)
class Cloud:
    """What was asked of the stand-in."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    uploads: dict[str, bytes] = field(default_factory=dict)

    def of(self, method: str) -> list[Request]:
        """The requests of one method, such as `dataflow.projects.jobs.list`."""
        return [request for request in self.requests if request.method == method]

    def environ(self, folder: Path) -> dict[str, str]:
        """What leads gcloud and bq here, and nowhere else."""
        token, settings = folder / "token", folder / "bigqueryrc"
        token.write_text("stand-in")
        settings.write_text(f"api = {self.url}/bigquery\n")
        name = "CLOUDSDK_API_ENDPOINT_OVERRIDES_{}"
        places = {
            name.format(api.upper()): f"{self.url}/{api}/{PATHS.get(api, '')}" for api in APIS
        }
        # gcloud writes the region before the host of Cloud Run's address, which no resolver knows.
        places[name.format("RUN")] = f"http://{RUN_HOST}/run/"
        _, _, address = self.url.rpartition("/")
        host, _, port = address.partition(":")
        return {
            **places,
            "CLOUDSDK_CONFIG": str(folder / "gcloud"),
            "BASH_FUNC_gcloud%%": THROUGH_PROXY.format(host, port),
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
            NO_UPDATES: "1",
            "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token),
            "BIGQUERYRC": str(settings),
        }


def _pattern(path: str) -> re.Pattern[str]:
    """A method's path, such as `v1/projects/{projectsId}:run`, as a pattern with its values."""
    text = re.escape(path).replace(r"\{", "{").replace(r"\}", "}").replace(r"\+", "")
    text = re.sub(r"{(object|\w+Object)}", r"(?P<\1>.+)", text)  # its name has slashes
    return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/:]+)", text))


@functools.cache
def _methods(api: str) -> list[tuple[str, re.Pattern[str], str, str]]:
    """Verb, path, id and request schema of each method, those with the longest paths first."""
    whole = document(APIS[api])
    found = []

    def walk(resources: dict[str, Any]) -> None:
        for resource in resources.values():
            for method in resource.get("methods", {}).values():
                path = whole["servicePath"] + method.get("flatPath", method["path"])
                schema = method.get("request", {}).get("$ref", "")
                found.append((path, method["httpMethod"], method["id"], schema))
            walk(resource.get("resources", {}))

    walk(whole["resources"])
    longest_first = sorted(found, key=lambda each: -len(each[0]))
    return [(verb, _pattern(path), name, schema) for path, verb, name, schema in longest_first]


OPERATION = "projects/p/locations/l/operations/o"
NOW = "2026-01-01T00:00:00Z"
JOB = {"id": "1", "name": "job", "createTime": NOW, "currentStateTime": NOW}
RUN_READY = {
    "apiVersion": "run.googleapis.com/v1",
    "kind": "Job",
    "metadata": {"name": "smart-sync", "namespace": "p", "generation": 1},
    "spec": {"template": {"spec": {"template": {"spec": {"containers": [{"image": "i"}]}}}}},
    "status": {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True"}]},
}
ANSWERS: dict[str, Any] = {
    "run.namespaces.jobs.create": RUN_READY,
    "run.namespaces.jobs.get": RUN_READY,
    "run.namespaces.jobs.run": RUN_READY | {"kind": "Execution"},
    "run.namespaces.executions.list": {"metadata": {}, "items": []},
    "dataflow.projects.locations.flexTemplates.launch": {"job": JOB},
    "dataflow.projects.locations.jobs.get": JOB | {"currentState": "JOB_STATE_DONE"},
    "dataflow.projects.locations.jobs.list": {
        "jobs": [JOB | {"currentState": "JOB_STATE_RUNNING"}]
    },
    "bigquery.jobs.getQueryResults": {
        "jobComplete": True,
        "schema": {"fields": []},
        "totalRows": "0",
    },
    "dataflow.projects.locations.jobs.update": JOB,
    "artifactregistry.projects.locations.repositories.create": {"name": OPERATION, "done": True},
    "artifactregistry.projects.locations.repositories.delete": {"name": OPERATION, "done": True},
    "secretmanager.projects.secrets.addVersion": {
        "name": "projects/p/secrets/s/versions/1",
        "clientSpecifiedPayloadChecksum": True,
    },
    "cloudbuild.projects.locations.builds.get": {
        "id": "1",
        "status": "SUCCESS",
        "createTime": NOW,
        "options": {"logging": "CLOUD_LOGGING_ONLY"},
    },
}


def _answer(request: Request, url: str) -> Any:
    """The least that the client goes on with."""
    name, body = request.method, request.body
    kind = name.rsplit(".", 1)[-1]
    if name in ANSWERS:
        return ANSWERS[name]
    if name in ("storage.objects.get", "storage.objects.rewrite"):
        return _object(request)
    if kind == "getIamPolicy":
        return {"etag": "BwX=", "version": 1, "bindings": []}
    if kind == "setIamPolicy":
        return body.get("policy", body)
    if name == "bigquery.jobs.insert":
        reference = {"projectId": "p", "jobId": "j", "location": "US"}
        statistics = {
            "creationTime": "0",
            "startTime": "0",
            "endTime": "1",
            "query": {"statementType": "SELECT"},
        }
        more = {"jobReference": reference, "statistics": statistics, "user_email": "a@b.c"}
        return {**body, **more, "id": "p:US.j", "status": {"state": "DONE"}}
    if name.startswith("cloudbuild"):
        build = {
            "@type": "type.googleapis.com/google.devtools.cloudbuild.v1.BuildOperationMetadata"
        }
        made = {"id": "1", "name": "projects/p/locations/l/builds/1", "projectId": "p"}
        return {"name": OPERATION, "metadata": build | {"build": body | made}}
    if name.startswith("compute."):
        made = f"{url}{request.path}/{(body or {}).get('name', 'o')}"
        if kind == "get":
            return {"name": "o"}
        place = request.path.rsplit("/", 1 if kind == "insert" else 2)[0]
        done = {"status": "DONE", "operationType": "insert", "targetLink": made}
        region = {"region": f"{url}{place}"} if "/regions/" in place else {}
        return {"name": "o", "selfLink": f"{url}{place}/operations/o"} | done | region
    if kind in ("list", "get") or not body:
        return {"name": request.values.get("name", "made"), "done": True}
    named = not name.startswith(("artifactregistry", "serv"))
    return {"done": True, "name": "made", **(body if named else {})}


def _object(request: Request) -> Any:
    """An object of a bucket, or what became of copying one."""
    is_copy = request.method.endswith("rewrite")
    words = ("destinationBucket", "destinationObject") if is_copy else ("bucket", "object")
    bucket, name = (request.values[word] for word in words)
    found = {"bucket": bucket, "name": name, "size": "2", "generation": "1", "etag": "CAE="}
    return {"done": True, "resource": found, "objectSize": "2"} if is_copy else found


def _handler(cloud: Cloud) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _read(self) -> bytes:
            if self.headers.get("transfer-encoding") == "chunked":
                parts = []
                while size := int(self.rfile.readline().strip() or b"0", 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)
            return self.rfile.read(int(self.headers.get("content-length") or 0))

        def _do(self) -> None:
            data = self._read()
            whole = urllib.parse.urlsplit(self.path)
            values = dict(urllib.parse.parse_qsl(whole.query))
            path = urllib.parse.unquote(whole.path)
            if path.endswith("/rest"):
                self._send(200, _bigquery_document(cloud.url))
            elif "/upload/" in path:
                self._upload(path, values, data)
            else:
                self._call(path, values, data)

        def _call(self, path: str, values: dict[str, str], data: bytes) -> None:
            api, _, rest = path.removeprefix("/").partition("/")
            for verb, pattern, name, schema in _methods(api) if api in APIS else ():
                found = pattern.fullmatch(rest)
                if verb == self.command and found:
                    body = json.loads(data) if data else None
                    request = Request(name, path, {**values, **found.groupdict()}, body)
                    cloud.requests.append(request)
                    if schema and body is not None:
                        cloud.faults += [f"{name}: {e}" for e in errors(APIS[api], schema, body)]
                    if name == "bigquery.datasets.get":
                        self._refuse("notFound")
                    else:
                        self._send(200, _answer(request, cloud.url))
                    return
            cloud.faults.append(f"no method of {api}: {self.command} {rest}")
            self._refuse("no such method")

        def _refuse(self, reason: str) -> None:
            error = {
                "code": 404,
                "message": reason,
                "errors": [{"reason": reason, "message": reason}],
            }
            self._send(404, {"error": error})

        def _upload(self, path: str, values: dict[str, str], data: bytes) -> None:
            name = values.get("name", "")
            content = data
            if data:
                marked = re.match(rb"--(.+)\r?\n", data)
                separator = b"--" + marked.group(1).rstrip() if marked else b"\0none"
                _, told, last, *_ = data.split(separator) if marked else (b"", b"", data)
                named = re.search(rb'"name": *"([^"]+)"', told)
                name = name or (named[1].decode() if named else "")
                content = re.split(rb"\r?\n\r?\n", last, maxsplit=1)[-1].removesuffix(b"\n")
                cloud.uploads[name] = content
            bucket = path.split("/b/")[1].split("/")[0]
            made = {"name": name, "bucket": bucket, "size": str(len(content))}
            md5 = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest())
            self._send(200, made | {"md5Hash": md5.decode()})

        def _send(self, status: int, body: Any) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _do  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Tests need no access log."""

    return Handler


def _bigquery_document(url: str) -> dict[str, Any]:
    """BigQuery's own description, led here: bq asks for it first."""
    place = {"rootUrl": f"{url}/bigquery/", "baseUrl": f"{url}/bigquery/bigquery/v2/"}
    return {**document("bigquery.v2"), **place}


@contextlib.contextmanager
def cloud_stand_in() -> Iterator[Cloud]:
    """Serve it on loopback."""
    cloud = Cloud()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(cloud))
    cloud.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(POLL_S,), daemon=True).start()
    try:
        yield cloud
    finally:
        server.shutdown()
        server.server_close()
