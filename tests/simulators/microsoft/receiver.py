"""A notification endpoint on loopback that keeps what it received and answers as told."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Receiver:
    """``statuses`` are answered in turn, the last for ever; ``echo`` makes of a validation token what is answered."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.statuses = [202]
        self.echo = lambda token: token
        self.validation_status = 200
        self.content_type = "text/plain"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/notify?kept=1"

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        deadline = time.monotonic() + 10
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"only {len(self.received)} of {count} notifications came"
            time.sleep(0.01)
        return self.received

    def answer(self, query: dict[str, list[str]], body: bytes) -> tuple[int, str]:
        assert query["kept"] == ["1"]
        if "validationToken" in query:
            return self.validation_status, self.echo(query["validationToken"][0])
        self.received += json.loads(body)["value"]
        return (self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]), ""

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, text = receiver.answer(parse_qs(urlsplit(self.path).query), body)
                self.send_response(status)
                self.send_header("Content-Type", receiver.content_type)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler
