"""How instants, sizes and events read on a page. English; instants in UTC unless the event names its zone."""

import dataclasses
import datetime
import email.utils
import zlib
from urllib.parse import urlsplit

from markupsafe import Markup

from simulators.mailbox.invitations import Event, Person, read_events, to_utc
from simulators.mailbox.messages import Message

HUES = 6
# RFC 5546 1.4, in words for people
METHODS = {
    "REQUEST": ("Invitation", "good"),
    "CANCEL": ("Cancelled", "bad"),
    "REPLY": ("Reply", "plain"),
    "PUBLISH": ("Event", "plain"),
    "COUNTER": ("Counter-proposal", "plain"),
}
# RFC 5545 3.2.12
ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "maybe", "NEEDS-ACTION": "not answered"}

Moment = datetime.datetime | datetime.date


@dataclasses.dataclass(frozen=True)
class EventCard:
    """An event in words; `utc` is "" where there is no instant, `links` (text, address) are safe to follow."""

    event: Event
    label: str
    tone: str
    month: str
    day: str
    weekday: str
    when: str
    utc: str
    length: str
    location_link: str
    url_link: str


def pick_hue(address: str) -> int:
    """A colour number that stays with the address."""
    return zlib.crc32(address.encode("utf-8", "replace")) % HUES


def write_size(number: int) -> str:
    """Bytes as people read them."""
    if number < 1000:
        return f"{number} bytes"
    return f"{number / 1000:.1f} kB" if number < 1_000_000 else f"{number / 1_000_000:.1f} MB"


def mark_breaks(address: str) -> Markup:
    """An address that breaks before its domain rather than anywhere."""
    return Markup("<wbr>@").join(address.split("@"))


def write_utc(moment: datetime.datetime) -> str:
    """An instant for readers without the script, which turns it into their own zone."""
    return f"{moment.astimezone(datetime.UTC):%Y-%m-%d %H:%M} UTC"


def read_date(value: str) -> datetime.datetime | None:
    """A Date header as an instant, None if it is none or has no zone."""
    try:
        moment = email.utils.parsedate_to_datetime(value)
        return moment.astimezone(datetime.UTC) if moment.tzinfo else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def present_events(message: Message) -> list[EventCard]:
    """The cards of all events in all calendar parts."""
    return [
        _present(event)
        for part in message.calendars
        for event in read_events(part.content, part=part.index, method=part.method)
    ]


def write_person(person: Person) -> str:
    """`Name <address>`, or what there is of it."""
    return f"{person.name} <{person.email}>" if person.name and person.email else person.name or person.email


def write_answer(person: Person) -> str:
    """What the person answered, in words."""
    return ANSWERS.get(person.partstat, person.partstat.lower())


def _present(event: Event) -> EventCard:
    label, tone = METHODS.get(event.method, (event.method.capitalize() or "Event", "plain"))
    if event.status == "CANCELLED":
        label, tone = METHODS["CANCEL"]
    start, end = event.start, event.end
    return EventCard(
        event=event,
        label=label,
        tone=tone,
        month=f"{start:%b}" if start else "",
        day=str(start.day) if start else "?",
        weekday=f"{start:%a}" if start else "",
        when=_write_span(start, end),
        utc=_write_span(to_utc(start), to_utc(end)).replace(" (UTC+00:00)", ""),
        length=_write_length(start, end),
        location_link=_pick_link(event.location),
        url_link=_pick_link(event.url),
    )


def _write_span(start: Moment | None, end: Moment | None) -> str:
    if start is None:
        return ""
    if not isinstance(start, datetime.datetime):
        last = end - datetime.timedelta(days=1) if end is not None and end > start else start
        return f"{_write_day(start)}, all day" if last == start else f"{_write_day(start)} – {_write_day(last)}"
    beginning = f"{_write_day(start)}, {start:%H:%M}"
    if not isinstance(end, datetime.datetime):
        return beginning + _write_offset(start)
    if (end.date(), end.utcoffset()) == (start.date(), start.utcoffset()):
        return f"{beginning}–{end:%H:%M}{_write_offset(start)}"
    return f"{beginning}{_write_offset(start)} – {_write_day(end)}, {end:%H:%M}{_write_offset(end)}"


def _write_day(day: Moment) -> str:
    return f"{day:%A}, {day.day} {day:%B} {day.year}"


def _write_offset(moment: datetime.datetime) -> str:
    offset = moment.utcoffset()
    if offset is None:
        return ""
    minutes = round(offset.total_seconds() / 60)
    return f" (UTC{'−' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02})"


def _write_length(start: Moment | None, end: Moment | None) -> str:
    begun, ended = to_utc(start), to_utc(end)
    if begun is None or ended is None:
        return ""
    minutes = round((ended - begun).total_seconds() / 60)
    if minutes < 0:
        return "ends before it starts"
    hours, rest = divmod(minutes, 60)
    return " ".join(
        text for text in (f"{hours} h" if hours else "", f"{rest} min" if rest or not hours else "") if text
    )


def _pick_link(text: str) -> str:
    """The text as a web address, "" if it is none."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return ""
    return text.strip() if parts.scheme in ("http", "https") and parts.netloc and " " not in text.strip() else ""
