"""A client's endpoint on loopback, for webhooks and for Zoom tokens: keeps what it received and answers as told."""

import base64
import hashlib
import hmac
import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.simulators.attendee.driver import PROJECT, canonical


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        return json.loads(self.body)

    @property
    def change(self) -> tuple[str, str]:
        """Trigger, and the state that a change of state led to."""
        return self.content["trigger"], self.content["data"].get("new_state", "")

    def signed_with(self, secret: str = PROJECT.webhook_secret) -> bool:
        digest = hmac.new(base64.b64decode(secret), canonical(self.content), hashlib.sha256).digest()
        return hmac.compare_digest(base64.b64encode(digest).decode(), self.headers.get("x-webhook-signature", ""))


class Receiver:
    """``statuses`` are answered in turn, the last for ever; ``answer`` is the body."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.statuses = [200]
        self.answer: Any = {"noted": True}
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
                status = receiver.statuses.pop(0) if len(receiver.statuses) > 1 else receiver.statuses[0]
                answer = json.dumps(receiver.answer).encode()
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
