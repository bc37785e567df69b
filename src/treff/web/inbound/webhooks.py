"""Events from providers: verified over the raw bytes before anything else, kept, answered; handled afterwards."""

import hashlib

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from treff.conferencing import inbox
from treff.conferencing.queries import account_key
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

    A body is logged by its length and digest only. What cannot be verified is not obeyed; if it claims that a user
    removed the app, that is looked into.
    """
    length = request.headers.get("Content-Length", "")
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return HttpResponse(status=413)
    raw, timestamp = request.body, request.headers.get("x-zm-request-timestamp", "")
    signature, secrets = request.headers.get("x-zm-signature", ""), settings.TREFF_ZOOM_WEBHOOK_SECRETS
    try:
        signer = inbound.verify(raw, timestamp, signature, secrets, clock.now())
    except Forged:
        log.warning("webhook_refused", provider="zoom", length=len(raw), digest=hashlib.sha256(raw).hexdigest())
        _doubt(raw)
        return HttpResponse(status=401)
    event = inbound.read(raw, signer)
    if isinstance(event, UrlValidation):
        return JsonResponse(event.answer)
    if isinstance(event, Deauthorized):
        return _keep(event, hashlib.sha256(inbound.signed_content(raw, timestamp)).hexdigest())
    return HttpResponse(status=200)


def _keep(event: Deauthorized, digest: str) -> HttpResponse:
    if event.client_id != settings.TREFF_ZOOM_CLIENT_ID:
        return HttpResponse(status=400)
    try:
        fresh = inbox.receive("zoom", digest, account_key("zoom", event.client_id, event.user_id), event.at)
    except Exception:  # of the database, or of the jobs in it
        log.exception("webhook_not_kept", provider="zoom")
        return HttpResponse(status=503)  # Zoom comes again
    log.info("webhook_kept", provider="zoom", digest=digest, repeated=not fresh)
    return HttpResponse(status=200)


def _doubt(raw: bytes) -> None:
    claim = inbound.read_claim(raw)
    if claim is not None and claim.client_id == settings.TREFF_ZOOM_CLIENT_ID:
        inbox.doubt("zoom", account_key("zoom", claim.client_id, claim.user_id))
