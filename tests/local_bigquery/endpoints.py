"""Requests and their answers: each calls the function that `local-bigquery` has for it.

What FastAPI does between a connection and such a function costs more than many of them. So here
path, query and body are read by what the function declares of its arguments. A request that this
doesn't read goes to FastAPI itself, which answers it or says what is wrong with it.
"""

import functools
import inspect
import json
import logging
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any, get_args
from urllib.parse import parse_qsl

from by_fastapi import ByFastApi
from connections import Answer, Request, listen

LOG = logging.getLogger(__name__)
ROOT = "/bigquery/v2"
UPLOAD = re.compile(rf"POST /upload{ROOT}/projects/(?P<project>[^/%]+)/jobs")
BOUNDARY = re.compile(r'multipart/related; boundary="?(?P<boundary>[^"]+)"?')


class UnreadError(Exception):
    """A request is none that is read here."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One of a function's arguments, and where a request holds it."""

    name: str
    place: str
    """`path`, `query`, `header` or `body`."""
    key: str
    """Its name there."""
    read: Callable[[Any], Any]
    """Raises ValueError for what it can't be."""
    default: Any
    """`inspect.Parameter.empty`: there is none."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A function, and the paths that call it."""

    segments: tuple[str, ...]
    """Of the path; `{…}` holds an argument."""
    call: Callable[..., Any]
    status: int
    arguments: tuple[Argument, ...]

    def held(self, segments: list[str]) -> dict[str, str] | None:
        """The arguments in a path of as many segments; None: it is another's."""
        found = {}
        for own, given in zip(self.segments, segments, strict=True):
            if own.startswith("{"):
                found[own[1:-1]] = given
            elif own != given:
                return None
        return found

    def answer(self, places: Mapping[str, Mapping[str, Any]]) -> Answer:
        """Call the function with what a request holds in each place.

        Raises:
            UnreadError: that doesn't suit.
        """
        words = {one.name: _read(one, places[one.place].get(one.key)) for one in self.arguments}
        return _told(self.call(**words), self.status)


def _read(argument: Argument, given: Any) -> Any:
    if given is None and argument.default is inspect.Parameter.empty:
        raise UnreadError(argument.key)
    if given is None:
        return argument.default
    try:
        return argument.read(given)
    except ValueError:
        raise UnreadError(argument.key) from None


def _told(value: Any, status: int) -> Answer:
    from starlette.responses import Response

    if isinstance(value, Response):
        return Answer(value.status_code, bytes(value.body))
    if value is None:
        return Answer(status, b"")
    if isinstance(value, dict):
        return Answer(status, _compact(value))
    return Answer(status, value.model_dump_json(by_alias=True, exclude_unset=True).encode())


def _compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def arguments_of(call: Callable[..., Any], path: str) -> tuple[Argument, ...] | None:
    """What a function declares of its arguments; None: more than is read here."""
    from fastapi import params
    from pydantic import BaseModel, TypeAdapter

    found = []
    for name, one in inspect.signature(call).parameters.items():
        default, kinds = one.default, set(get_args(one.annotation) or [one.annotation])
        if isinstance(one.annotation, type) and issubclass(one.annotation, BaseModel):
            read = functools.partial(_body, one.annotation)
            found.append(Argument(name, "body", "", read, default))
            continue
        if not kinds <= {str, int, bool, NoneType}:
            return None
        place, key = "path" if f"{{{name}}}" in path else "query", name
        if isinstance(default, params.Param):
            place = default.in_.value
            key = default.alias or (name.replace("_", "-") if place == "header" else name)
            default = default.default
        read = TypeAdapter(one.annotation).validate_python
        found.append(Argument(name, place, key, read, default))
    return tuple(found)


def _body(model: Any, body: bytes) -> Any:
    return model.model_validate(json.loads(body))


def _json_of(request: Request) -> dict[str, bytes]:
    if not request.body:
        return {}
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise UnreadError("content-type")
    return {"": request.body}


def _endpoints() -> Iterator[tuple[str, Endpoint]]:
    """What `local-bigquery` has for jobs, tables and datasets, with its method."""
    from local_bigquery.api import datasets, jobs, tables

    for route in (*jobs.router.routes, *tables.router.routes, *datasets.router.routes):
        arguments = arguments_of(route.endpoint, route.path)
        if arguments is not None:
            (method,), segments = route.methods, tuple(f"{ROOT}{route.path}".split("/"))
            status = route.status_code or 200
            yield method, Endpoint(segments, route.endpoint, status, arguments)


class Endpoints:
    """All that are read here, by method and number of segments; FastAPI for the rest."""

    def __init__(self, by_fastapi: Callable[[Request], Answer]) -> None:
        from local_bigquery.api import uploads
        from local_bigquery.app import PREFIX, PROJECT_ID
        from local_bigquery.catalog import row_access
        from local_bigquery.errors import from_exception

        assert PREFIX == ROOT
        self._project, self._uploads, self._row_access = PROJECT_ID, uploads, row_access
        self._from_exception, self._by_fastapi = from_exception, by_fastapi
        self._known = dict[tuple[str, int], list[Endpoint]]()
        for method, endpoint in _endpoints():
            self._known.setdefault((method, len(endpoint.segments)), []).append(endpoint)

    def __call__(self, request: Request) -> Answer:
        """Answer a request."""
        identity = self._row_access.identify(request.headers.get("authorization"))
        self._row_access.caller.set(identity)  # of this thread, for this request
        try:
            return self._answer(request)
        except UnreadError:
            return self._by_fastapi(request)
        except Exception as error:
            told = self._from_exception(error)
            if told.reason == "dontRetry":
                LOG.exception(told.message)
            return Answer(told.code, _compact(told.response()))

    def _answer(self, request: Request) -> Answer:
        path, _, rest = request.target.partition("?")
        pairs = parse_qsl(rest, keep_blank_values=True)
        query = dict(pairs)
        if "%" in path or len(query) != len(pairs):
            raise UnreadError(request.target)
        upload = UPLOAD.fullmatch(f"{request.method} {path}")
        if upload and query.get("uploadType") == "multipart":
            return self._upload(upload["project"], request)
        segments = path.split("/")
        for endpoint in self._known.get((request.method, len(segments)), ()):
            held = endpoint.held(segments)
            if held is not None and self._project.match(held["project_id"]):
                given = {"path": held, "query": query, "header": request.headers}
                return endpoint.answer(given | {"body": _json_of(request)})
        raise UnreadError(request.target)

    def _upload(self, project: str, request: Request) -> Answer:
        """Load a job's own data, which come in one request with it."""
        said = BOUNDARY.fullmatch(request.headers.get("content-type", ""))
        parts = request.body.split(f"--{said['boundary']}".encode()) if said else []
        if len(parts) != 4 or not self._project.match(project):
            raise UnreadError(request.target)
        job, data = (part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n") for part in parts[1:3])
        file = Path(self._uploads._file(str(uuid.uuid4())))
        told = self._uploads._job(job)
        file.write_bytes(data)
        return _told(self._uploads._start(project, told, str(file)), 200)


def answer_at_once() -> None:
    """Answer requests in the threads of their connections, where uvicorn would run FastAPI."""
    import uvicorn

    def run(_: str, *, host: str, port: int) -> None:
        listen(host, port, Endpoints(ByFastApi(host, port)))

    uvicorn.run = run
