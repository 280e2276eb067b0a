"""A stand-in of Secret Manager that its real client library talks to over REST."""

import base64
import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextlib.contextmanager
def secret_manager(secrets: Mapping[str, str]) -> Iterator[str]:
    """Serve `secrets` (version name → text); yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.split("?")[0].removeprefix("/v1/").removesuffix(":access")
            if name in secrets:
                data = base64.b64encode(secrets[name].encode()).decode()
                self._answer(200, {"name": name, "payload": {"data": data}})
            else:
                error = {"code": 404, "status": "NOT_FOUND", "message": f"{name} not found"}
                self._answer(404, {"error": error})

        def _answer(self, status: int, body: object) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Tests need no access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
