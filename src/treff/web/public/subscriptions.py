"""The calendars that members subscribe to: read by programs, by a secret address, without a session. Looking changes
nothing.
"""

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.mail.subscriptions import etag_of, subscription, text_of
from treff.web.policy import public
from treff.web.public import limits
from treff.workspaces.queries import calendar_address_at


@require_safe
@public
def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever has been here and finds nothing new gets a 304 before anything is written out."""
    with limits.counting_wrong_tokens(request):
        address = calendar_address_at(Secret(token))
    found = subscription(address, clock.now())
    etag = etag_of(found)
    answer = get_conditional_response(request, etag=etag)
    if not isinstance(answer, HttpResponse):
        answer = HttpResponse(text_of(found), content_type="text/calendar; charset=utf-8")
        answer.headers["Content-Disposition"] = 'inline; filename="calendar.ics"'  # not named after the secret
        answer.headers["Content-Language"] = found.locale
    answer.headers["ETag"] = etag
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer
