"""What the web server serves."""

import os
import threading
import time
from collections.abc import Iterable

import structlog
from django import db
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "treff.settings")
_pages = get_wsgi_application()

db.connections.databases["default"]["OPTIONS"]["options"] = settings.WEB_SESSION

from treff.workspaces import vault  # noqa: E402  it has models, which are loaded only now

log = structlog.get_logger()
PAUSE_SECONDS = 5.0


class Proven:
    """The pages, behind the proof of our keys, which comes before the first request.

    A database that does not answer yet stops nobody: the proof comes before a later request then.
    """

    def __init__(self, pages: WSGIHandler) -> None:
        self._pages = pages
        self._lock = threading.Lock()
        self._is_proven = False
        self._again_at = 0.0

    def __call__(self, environ: dict[str, object], start_response: object) -> Iterable[bytes]:
        if not self._is_proven:
            self._prove()
        return self._pages(environ, start_response)  # type: ignore[arg-type]

    def _prove(self) -> None:
        with self._lock:
            if self._is_proven or time.monotonic() < self._again_at:
                return
            try:
                vault.prove_keys()
                self._is_proven = True
            except db.Error as error:
                self._again_at = time.monotonic() + PAUSE_SECONDS
                log.warning("keys_not_proven_yet", error=type(error).__name__)


application = Proven(_pages)
