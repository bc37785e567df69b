"""What vendors tell of their recording bots: verified, and taken for a reason to look, never more."""

import structlog
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from treff.notetaking import actions
from treff.notetaking.errors import BotsNotSetUp, Forged
from treff.web.policy import public

log = structlog.get_logger()
# Each piece of a transcript comes with its words and their times.
LARGEST_BODY = 256 * 1024


@public
@csrf_exempt
@require_POST
def told(request: HttpRequest, vendor: str) -> HttpResponse:
    """401 for what is not signed by the vendor, or is about a bot that is none of ours; 503: please tell us again."""
    length = request.headers.get("Content-Length", "")
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return HttpResponse(status=413)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        is_ours = actions.hear(vendor, request.body, headers)
    except BotsNotSetUp:
        return HttpResponse(status=404)
    except Forged:
        log.warning("bot_webhook_refused", vendor=vendor, length=len(request.body))
        return HttpResponse(status=401)
    except Error:
        log.exception("bot_webhook_not_heard", vendor=vendor)
        return HttpResponse(status=503)
    return HttpResponse(status=200 if is_ours else 401)
