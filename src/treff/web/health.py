"""What machines ask: alive, ready, figures."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from treff.web.policy import public

_LOOPBACK = ("127.0.0.1", "::1")


@public
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """The process serves."""
    return HttpResponse("ok\n", content_type="text/plain")


@public
@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """The process serves, the database answers, and no migration is missing there."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return HttpResponse("the database does not answer\n", status=503, content_type="text/plain")
    if missing:
        return HttpResponse("migrations are missing: run treff migrate\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")


@public
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus figures of this process, for this machine only; a proxy in front must not pass it on."""
    if request.META.get("REMOTE_ADDR") not in _LOOPBACK or "X-Forwarded-For" in request.headers:
        return HttpResponse(status=404)
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
