"""A Cloud Scheduler in memory that speaks REST and gRPC, with Google's own message types.

Each job that arrives must be what the discovery documents allow: the job itself, and the launch
in its body.
"""

import base64
import contextlib
import json
import re
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from google.cloud import scheduler_v1
from google.protobuf import any_pb2, empty_pb2, json_format
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from tests.discovery import errors

PAGE = 2
"""Jobs of one page, so that three need a second one."""
SERVICE = "google.cloud.scheduler.v1.CloudScheduler"
STATE = scheduler_v1.Job.State
CODES = {
    "INVALID_ARGUMENT": (400, 3),
    "UNAUTHENTICATED": (401, 16),
    "PERMISSION_DENIED": (403, 7),
    "NOT_FOUND": (404, 5),
    "ALREADY_EXISTS": (409, 6),
    "ABORTED": (409, 10),
    "UNAVAILABLE": (503, 14),
    "RESOURCE_EXHAUSTED": (429, 8),
}
"""Of HTTP and of gRPC."""
REQUESTS = {
    "create": scheduler_v1.CreateJobRequest,
    "delete": scheduler_v1.DeleteJobRequest,
    "get": scheduler_v1.GetJobRequest,
    "list": scheduler_v1.ListJobsRequest,
    "pause": scheduler_v1.PauseJobRequest,
    "resume": scheduler_v1.ResumeJobRequest,
    "run": scheduler_v1.RunJobRequest,
    "update": scheduler_v1.UpdateJobRequest,
}


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """Google's no: its status, what it says, the reason in its details."""

    def __init__(self, status: str, message: str = "no", reason: str = "") -> None:
        super().__init__(status, message, reason)
        self.status, self.message, self.reason = status, message, reason


@dataclass(frozen=True, slots=True)
class Call:
    """One request: its method, the job's short name, what an update changes."""

    method: str
    name: str
    paths: tuple[str, ...] = ()


@dataclass(slots=True)
class Scheduler:
    """The jobs, what was asked, and what is to be refused.

    Attributes:
        address: what CLOUD_SCHEDULER_EMULATOR_HOST must be.
        refusals: by method, or by `method name`.
    """

    address: str = ""
    jobs: dict[str, Any] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    refusals: dict[str, Refusal] = field(default_factory=dict)
    launches: list[dict[str, Any]] = field(default_factory=list)

    def launched(self, uri: str, body: Any) -> Any:
        """A launch that was asked for directly; its host's answer."""
        data = base64.b64encode(json.dumps(body).encode()).decode()
        self.faults += body_errors({"uri": uri, "body": data})
        if "launch" in self.refusals:
            raise self.refusals["launch"]
        self.launches.append({"uri": uri, "body": body})
        if "//dataflow." in uri:
            return {"job": {"id": "2026-01-01_job", "name": body["launchParameter"]["jobName"]}}
        return {"name": "operations/o", "metadata": {"name": f"{uri}/executions/smart-sync-x7"}}

    def names(self) -> list[str]:
        return sorted(name.rsplit("/", 1)[-1] for name in self.jobs)

    def job(self, name: str) -> dict[str, Any]:
        """The job of a short name, as REST tells it."""
        (found,) = (job for full, job in self.jobs.items() if full.endswith(f"/jobs/{name}"))
        told: dict[str, Any] = json_format.MessageToDict(found)
        return told

    def launch(self, name: str) -> dict[str, Any]:
        """What the job of a short name posts."""
        body = json.loads(base64.b64decode(self.job(name)["httpTarget"]["body"]))
        launch: dict[str, Any] = body["launchParameter"]
        return launch

    def put(self, job: dict[str, Any]) -> None:
        """A job that somebody made by other means."""
        made = scheduler_v1.Job.pb(scheduler_v1.Job())
        json_format.ParseDict(job, made)
        made.state = made.state or STATE.ENABLED
        self.jobs[made.name] = made

    def changed(self) -> list[str]:
        """The calls that change something, in words."""
        return [f"{c.method} {c.name}" for c in self.calls if c.method not in ("get", "list")]

    def call(self, method: str, request: Any) -> Any:
        """Carry out a request of any transport."""
        full = request.job.name if method in ("create", "update") else ""
        full = full or getattr(request, "name", "")
        short = full.rsplit("/", 1)[-1]
        paths = tuple(request.update_mask.paths) if method == "update" else ()
        self.calls.append(Call(method, short, paths))
        for key in (method, f"{method} {short}"):
            if key in self.refusals:
                raise self.refusals[key]
        if method == "list":
            return self._list(request)
        if method == "create":
            return self._create(request)
        if full not in self.jobs:
            raise Refusal("NOT_FOUND", "Job not found.")
        return self._on(method, full, request)

    def _list(self, request: Any) -> Any:
        of_parent = [j for n, j in sorted(self.jobs.items()) if n.startswith(request.parent + "/")]
        start = int(request.page_token or 0)
        answer = scheduler_v1.ListJobsResponse.pb(scheduler_v1.ListJobsResponse())
        answer.jobs.extend(of_parent[start : start + PAGE])
        more = start + PAGE < len(of_parent)
        answer.next_page_token = str(start + PAGE) if more else ""
        return answer

    def _create(self, request: Any) -> Any:
        self._check(request.job)
        if not request.job.name.startswith(request.parent + "/jobs/"):
            raise Refusal("INVALID_ARGUMENT", "Job name must be in the parent.")
        if request.job.name in self.jobs:
            raise Refusal("ALREADY_EXISTS", f"Job {request.job.name} already exists.")
        request.job.state = STATE.ENABLED
        request.job.user_update_time.FromJsonString("2026-01-01T00:00:00Z")
        self.jobs[request.job.name] = request.job
        return request.job

    def _on(self, method: str, full: str, request: Any) -> Any:
        job = self.jobs[full]
        if method == "delete":
            del self.jobs[full]
            return empty_pb2.Empty()
        if method == "update":
            self._check(request.job)
            for path in request.update_mask.paths:
                job.ClearField(path)
                if isinstance(getattr(job, path), str):
                    setattr(job, path, getattr(request.job, path))
                else:
                    getattr(job, path).CopyFrom(getattr(request.job, path))
        if method in ("pause", "resume"):
            job.state = STATE.PAUSED if method == "pause" else STATE.ENABLED
        return job

    def _check(self, job: Any) -> None:
        told = json_format.MessageToDict(job)
        self.faults += errors("cloudscheduler.v1", "Job", told)
        self.faults += body_errors(told["httpTarget"])
        size = job.ByteSize()
        if size > 1_000_000:
            raise Refusal("INVALID_ARGUMENT", f"The job is {size} bytes.")


def body_errors(target: dict[str, Any]) -> list[str]:
    """What a job posts that its address doesn't take."""
    body = json.loads(base64.b64decode(target["body"]))
    if "//dataflow.googleapis.com/" in target["uri"]:
        return errors("dataflow.v1b3", "LaunchFlexTemplateRequest", body)
    path = target["uri"].removeprefix("https://run.googleapis.com/")
    if not RUN.fullmatch(path):
        return [f"no method of Cloud Run: {target['uri']}"]
    return errors("run.v2", "GoogleCloudRunV2RunJobRequest", body)


RUN = re.compile(r"v2/projects/[^/]+/locations/[^/]+/jobs/[^/:]+:run")
"""The flatPath of `run.projects.locations.jobs.run`."""
LAUNCHES = re.compile(r"/((?:dataflow|run)[.]googleapis[.]com/.*)")
"""What would go to the hosts of syncs."""
JOBS = re.compile(r"/v1/(projects/[^/]+/locations/[^/]+)/jobs")
JOB = re.compile(r"/v1/(projects/[^/]+/locations/[^/]+/jobs/[^/:]+)(?::(\w+))?")


def _request(verb: str, path: str, query: dict[str, str], body: Any) -> tuple[str, Any]:
    """A REST request as its method and message."""
    if found := JOBS.fullmatch(path):
        values: dict[str, Any] = {"parent": found[1]}
        values |= {"job": body} if verb == "POST" else {"pageToken": query.get("pageToken", "")}
        return _made("create" if verb == "POST" else "list", values)
    found = JOB.fullmatch(path)
    if found is None:
        raise Refusal("NOT_FOUND", f"no such path: {verb} {path}")
    if verb == "PATCH":
        job = {**body, "name": found[1]}
        return _made("update", {"job": job, "updateMask": query.get("updateMask", "")})
    method = found[2] or {"GET": "get", "DELETE": "delete"}[verb]
    return _made(method, {"name": found[1]})


def _made(method: str, values: dict[str, Any]) -> tuple[str, Any]:
    kind = REQUESTS[method]
    return method, json_format.ParseDict(values, kind.pb(kind()))


def _handler(scheduler: Scheduler) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            data = self.rfile.read(int(self.headers.get("content-length") or 0))
            whole = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(whole.query))
            path = urllib.parse.unquote(whole.path)
            try:
                body = json.loads(data) if data else {}
                if found := LAUNCHES.fullmatch(path):
                    self._send(200, scheduler.launched(f"https://{found[1]}", body))
                    return
                method, request = _request(self.command, path, query, body)
                answer = scheduler.call(method, request)
            except Refusal as no:
                self._send(CODES[no.status][0], _error(no))
            except json_format.ParseError as error:
                scheduler.faults.append(str(error))
                self._send(400, _error(Refusal("INVALID_ARGUMENT", str(error))))
            else:
                whole_numbers = "enum-encoding=int" in self.path
                told = json_format.MessageToDict(answer, use_integers_for_enums=whole_numbers)
                self._send(200, told)

        def _send(self, status: int, body: Any) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = do_DELETE = _do  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Tests need no access log."""

    return Handler


def _error(no: Refusal) -> dict[str, Any]:
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    details = [{"@type": kind, "reason": no.reason, "domain": "googleapis.com"}]
    error = {"code": CODES[no.status][0], "message": no.message, "status": no.status}
    return {"error": error | ({"details": details} if no.reason else {})}


@contextlib.contextmanager
def rest(scheduler: Scheduler) -> Iterator[Scheduler]:
    """Serve it over REST, on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(scheduler))
    scheduler.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.daemon = True
    thread.start()
    try:
        yield scheduler
    finally:
        server.shutdown()
        server.server_close()


def _abort(context: Any, no: Refusal) -> None:
    status = status_pb2.Status(code=CODES[no.status][1], message=no.message)
    if no.reason:
        info = any_pb2.Any()
        info.Pack(error_details_pb2.ErrorInfo(reason=no.reason, domain="googleapis.com"))
        status.details.append(info)
    context.abort_with_status(rpc_status.to_status(status))


def _served(scheduler: Scheduler, method: str) -> Callable[[Any, Any], Any]:
    def answer(request: Any, context: Any) -> Any:
        try:
            return scheduler.call(method, request)
        except Refusal as no:
            return _abort(context, no)

    return answer


@contextlib.contextmanager
def over_grpc(scheduler: Scheduler) -> Iterator[Scheduler]:
    """Serve it over gRPC, on loopback."""
    handlers = {
        f"{method.capitalize()}Job{'s' * (method == 'list')}": grpc.unary_unary_rpc_method_handler(
            _served(scheduler, method),
            request_deserializer=kind.pb().FromString,
            response_serializer=lambda message: message.SerializeToString(),
        )
        for method, kind in REQUESTS.items()
    }
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    scheduler.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield scheduler
    finally:
        server.stop(None).wait()


TRANSPORTS = {"rest": rest, "grpc": over_grpc}
