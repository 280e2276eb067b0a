"""Requests that FastAPI answers, one by one, on an event loop of their own."""

import asyncio
import threading
from typing import Any
from urllib.parse import unquote

from connections import Answer, Request


class ByFastApi:
    """The application of `local-bigquery` as it is, called from threads."""

    def __init__(self, host: str, port: int) -> None:
        from local_bigquery import app

        self._app, self._server = app, (host, port)
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def __call__(self, request: Request) -> Answer:
        """Answer a request."""
        return asyncio.run_coroutine_threadsafe(self._answer(request), self._loop).result()

    async def _answer(self, request: Request) -> Answer:
        sent, came = list[dict[str, Any]](), asyncio.Event()

        async def receive() -> dict[str, Any]:
            if came.is_set():
                await asyncio.Event().wait()  # nothing comes after the body
            came.set()
            return {"type": "http.request", "body": request.body}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        try:
            await self._app(self._scope(request), receive, send)
        except Exception:
            if not sent:  # else it has told the client, and raises for the log
                raise
        start, *rest = sent
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]
        }
        headers.pop("content-length", None)
        return Answer(start["status"], b"".join(one.get("body", b"") for one in rest), headers)

    def _scope(self, request: Request) -> dict[str, Any]:
        path, _, query = request.target.partition("?")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode("latin-1"),
            "root_path": "",
            "query_string": query.encode("latin-1"),
            "headers": [
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in request.headers.items()
            ],
            "client": ("127.0.0.1", 0),
            "server": self._server,
        }
