"""The simulator on a socket: threaded HTTP/1.1 that keeps connections open, as both vendors do.

Werkzeug's own handler closes after every answer, which would hide a client's mistakes with reused connections.
"""

from __future__ import annotations

import io
from typing import Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

_DROPPED = (ConnectionError, TimeoutError)


class KeepAliveHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def run_wsgi(self) -> None:
        """Reads the whole body first: what an early refusal left unread would be taken for the next request."""
        environ = self.make_environ()
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = (
            environ["wsgi.input"].read() if environ.get("wsgi.input_terminated") else self.rfile.read(length)
        )
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        try:
            self._send(Response.from_app(self.server.app, environ, buffered=True))
        except _DROPPED:
            self.close_connection = True

    def _send(self, answer: Response) -> None:
        body = answer.get_data()
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in {"content-length", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def send_response(self, code: int, message: str | None = None) -> None:
        """Without the Date that the base class adds: the application answers with the world's clock."""
        self.log_request(code)
        self.send_response_only(code, message)
        self.send_header("Server", "nginx")

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Silent: request lines carry authorization codes, and the access log of the world knows everything else."""

    def log_message(self, format: str, *args: Any) -> None:
        """Silent for the same reason."""


def listen(app: Flask, host: str, port: int) -> BaseWSGIServer:
    return make_server(host, port, app, threaded=True, request_handler=KeepAliveHandler)
