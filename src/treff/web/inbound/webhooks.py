"""Events from providers: verified over the raw bytes before anything else, then one verb, then 200 at once."""

import hashlib

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from treff.conferencing import actions
from treff.kernel import clock
from treff.providers.zoom import inbound
from treff.providers.zoom.inbound import Deauthorized, Forged, UrlValidation
from treff.web.policy import public

log = structlog.get_logger()
LARGEST_BODY = 64 * 1024


@public
@csrf_exempt
@require_POST
def zoom(request: HttpRequest) -> HttpResponse:
    """Zoom's events. Zoom waits three seconds and tries again after 5, 20 and 60 minutes for anything but 200.

    A body is logged by its length and digest only. Handling an event twice changes nothing, so nothing is kept to tell
    a repetition from a first delivery.
    """
    length = request.headers.get("Content-Length", "")
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return HttpResponse(status=413)
    raw = request.body
    try:
        signer = inbound.verify(
            raw,
            request.headers.get("x-zm-request-timestamp", ""),
            request.headers.get("x-zm-signature", ""),
            settings.TREFF_ZOOM_WEBHOOK_SECRETS,
            clock.now(),
        )
    except Forged:
        log.warning("webhook_refused", provider="zoom", length=len(raw), digest=hashlib.sha256(raw).hexdigest())
        return HttpResponse(status=401)
    event = inbound.read(raw, signer)
    if isinstance(event, UrlValidation):
        return JsonResponse(event.answer)
    if isinstance(event, Deauthorized):
        return _deauthorize(event)
    return HttpResponse(status=200)


def _deauthorize(event: Deauthorized) -> HttpResponse:
    if event.client_id != settings.TREFF_ZOOM_CLIENT_ID:
        return HttpResponse(status=400)
    try:
        concerned = actions.deauthorize("zoom", event.client_id, event.user_id, event.at)
    except DatabaseError:
        log.exception("webhook_not_stored", provider="zoom")
        return HttpResponse(status=503)  # Zoom comes again
    log.info("deauthorized", provider="zoom", workspaces=concerned)
    return HttpResponse(status=200)
