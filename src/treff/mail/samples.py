"""What a mail to clients would look like: of an appointment that does not exist, to try one's own words."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import translation
from django.utils.translation import gettext

from treff.appointments.addresses import CONFIRM_WITHIN
from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.booking_types.states import Provider
from treff.kernel import clock
from treff.kernel.zones import wall_of
from treff.mail.plan import Facts
from treff.mail.rendering import Envelope, compose
from treff.mail.rules import Template
from treff.mail.states import Kind
from treff.people.models import Lead
from treff.workspaces.models import Member

_OFF = (Kind.CANCELLED, Kind.DECLINED)
_WITHOUT_LINK = (*_OFF, Kind.REQUESTED, Kind.CONFIRM_ADDRESS)
_LENGTH = timedelta(minutes=30)


def sample(reader: Member, kind: Kind, locale: str, template: Template) -> EmailMultiAlternatives:
    """To the reader's address, as a client would get it. Its links lead nowhere, and it holds no invitation."""
    with translation.override(locale):
        name, title = gettext("Maria Example"), gettext("First call")
    lead = Lead(name=name, email=reader.user.email, locale=locale, time_zone=reader.time_zone)
    start_at = _next_morning(reader.time_zone)
    appointment = Appointment(
        workspace=reader.workspace,
        lead=lead,
        host=reader,
        title=title,
        provider=Provider.ZOOM,
        start_at=start_at,
        expires_at=clock.now() + CONFIRM_WITHIN,
        status=Status.CANCELLED if kind in _OFF else Status.BOOKED,
    )
    facts = Facts(
        start_at=start_at,
        duration=_LENGTH,
        join_url="" if kind in _WITHOUT_LINK else "https://zoom.us/j/1234567890",
        has_video=True,
        takes_place=kind not in _WITHOUT_LINK,
        booked_at=clock.now(),
        changed_at=clock.now(),
        sequence=0,
        awaits=kind == Kind.REQUESTED,
        asks=kind == Kind.CONFIRM_ADDRESS,
    )
    envelope = Envelope(reader.user.email, kind, "sample", 0, stop_token="sample" if kind == Kind.REMINDER else "")
    manage_url = "" if kind in (*_OFF, Kind.CONFIRM_ADDRESS) else f"{settings.TREFF_BASE_URL}/book/manage/sample/"
    return compose(appointment, facts, envelope, template, manage_url)


def _next_morning(zone_name: str) -> datetime:
    """Tomorrow at ten."""
    tomorrow = wall_of(clock.now(), zone_name) + timedelta(days=1)
    return tomorrow.replace(hour=10, minute=0, second=0, microsecond=0).astimezone(UTC)
