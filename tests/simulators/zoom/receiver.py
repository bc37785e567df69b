"""A webhook endpoint on loopback that keeps what it received and answers as told."""

import hashlib
import hmac
import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from tests.simulators.zoom.driver import APP


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes

    def signed_with(self, secret: str) -> bool:
        message = f"v0:{self.headers['x-zm-request-timestamp']}:".encode() + self.body
        expected = "v0=" + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, self.headers.get("x-zm-signature", ""))


class Receiver:
    """``statuses`` are answered in turn, the last for ever; ``challenge`` is the secret that answers validations."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.statuses = [200]
        self.challenge = APP.webhook_secret
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    def wait_for(self, count: int) -> list[Received]:
        deadline = time.monotonic() + 10
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"only {len(self.received)} of {count} events came"
            time.sleep(0.01)
        return self.received

    def answer(self, body: bytes) -> tuple[int, bytes]:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        content = json.loads(body)
        if content["event"] != "endpoint.url_validation":
            return status, b"noted"
        plain = content["payload"]["plainToken"]
        encrypted = hmac.new(self.challenge.encode(), plain.encode(), hashlib.sha256).hexdigest()
        return status, json.dumps({"plainToken": plain, "encryptedToken": encrypted}).encode()

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
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append(Received({k.lower(): v for k, v in self.headers.items()}, body))
                status, answer = receiver.answer(body)
                self.send_response(status)
                if status == 204:
                    self.end_headers()
                    return
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler
