"""Requests and their answers, without what nobody reads and without tasks of their own."""

import functools
import inspect
from typing import Any


class Caller:
    """Tells row access policies who calls, as the middleware of `local_bigquery.app` does.

    That one runs each request in a task beside its answer, through two queues.
    """

    def __init__(self, app: Any) -> None:
        from local_bigquery.catalog import row_access

        self._app, self._row_access = app, row_access

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = dict(scope["headers"]).get(b"authorization")
        identity = self._row_access.identify(said.decode("latin-1") if said else None)
        token = self._row_access.caller.set(identity)
        try:
            await self._app(scope, receive, send)
        finally:
            self._row_access.caller.reset(token)


def answer_at_once() -> None:
    """Know the caller by `Caller`, and log no requests."""
    import uvicorn
    from local_bigquery import app as module_or_app
    from local_bigquery.app import app, identify_caller
    from starlette.middleware import Middleware
    from starlette.middleware.base import BaseHTTPMiddleware

    assert module_or_app is app  # which uvicorn is told to run
    places = [
        place
        for place, middleware in enumerate(app.user_middleware)
        if middleware.cls is BaseHTTPMiddleware
        and middleware.kwargs.get("dispatch") is identify_caller
    ]
    assert len(places) == 1
    assert 'request.headers.get("authorization")' in inspect.getsource(identify_caller)
    app.user_middleware[places[0]] = Middleware(Caller)
    uvicorn.run = functools.partial(uvicorn.run, access_log=False)
