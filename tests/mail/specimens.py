"""One of each mail that we send, for tests.mail.pictures. Needs a database."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.core.mail import EmailMultiAlternatives
from django.utils import translation

from tests import house, offering
from treff.booking_types.rules import Question
from treff.booking_types.states import QuestionKind
from treff.kernel import clock
from treff.mail import notices
from treff.mail.rules import Template
from treff.mail.samples import sample
from treff.mail.states import Kind
from treff.notices.actions import tell_members
from treff.notices.models import Notice
from treff.notices.queries import reader_of
from treff.notices.states import NoticeKind
from treff.workspaces.models import Member
from treff.workspaces.rules import LOCALES


def specimens() -> Iterator[tuple[str, str]]:
    """Name and HTML."""
    for locale in LOCALES:
        place = house.workspace(f"nordlicht-{locale}", name="Nordlicht Solar GmbH", locale=locale)
        rita = house.member(place, name="Jule Hansen", locale=locale)
        for kind in Kind:
            yield f"{kind.value}-{locale}", _html(sample(rita, kind, locale, Template()))
        for name, notice in _notices(rita):
            reader = reader_of(notice)
            assert reader is not None
            message = notices._for_member(notice, reader)
            assert message is not None, name
            yield f"{name}-{locale}", _html(message)


def _html(message: EmailMultiAlternatives) -> str:
    return str(message.alternatives[0][0])


def _notices(rita: Member) -> Iterator[tuple[str, Notice]]:
    """What hosts read."""
    with translation.override(rita.user.locale):
        title = translation.gettext("First call")
    roof = (Question("roof", QuestionKind.TEXT, "Dachfläche in m²" if rita.user.locale == "de" else "Roof area in m²"),)
    kind = offering.kind(house.owner(rita.workspace), rita, title=title, provider="zoom", questions=roof)
    asked = offering.kind(house.owner(rita.workspace), rita, slug="asked", title=title, needs_approval=True)
    start_at = _monday(9)
    booked = offering.take(kind, start_at=start_at, name="Maria Muster", answers={"roof": "42"})
    yield "host-booked", _newest()
    offering.take(asked, start_at=start_at + timedelta(hours=2), name="Maria Muster")
    yield "host-request", _newest()
    mine = {"own": True, "appointments": [booked.appointment.public_id]}
    start = {"start": booked.appointment.start_at.isoformat()}
    yield "host-digest", _posted(rita, NoticeKind.DIGEST, {"own": True, "day": start_at.date().isoformat()})
    said = {
        **mine,
        **start,
        "zone": rita.time_zone,
        "was": (booked.appointment.start_at - timedelta(hours=1)).isoformat(),
    }
    yield "host-clocks", _posted(rita, NoticeKind.CLOCKS, said)
    late = {"provider": "zoom", "minutes": 30, "cause": "", "cure": ""}
    yield "host-no-link", _posted(rita, NoticeKind.NO_LINK, {**mine, **start, **late})


def _monday(hour: int) -> datetime:
    now = clock.now()
    monday = now + timedelta(days=7 - now.weekday())
    return monday.replace(hour=hour, minute=0, second=0, microsecond=0)


def _posted(reader: Member, kind: NoticeKind, detail: dict[str, object]) -> Notice:
    tell_members(reader.workspace_id, [reader.user], kind, f"picture:{kind}", detail)
    return _newest()


def _newest() -> Notice:
    return Notice.objects.latest("pk")
