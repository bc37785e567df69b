"""The demo's two workspaces: one alive, one that has just been made."""

import base64
import hashlib
import json
import secrets
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from treff.appointments import offers
from treff.appointments.actions import book, cancel
from treff.appointments.models import Appointment
from treff.appointments.ports import Booking, SlotRequest
from treff.appointments.self_service import book_offered
from treff.availability.rules import Span
from treff.booking_types.actions import create_booking_type
from treff.booking_types.models import BookingType
from treff.booking_types.ports import Description, Details, HostWish, Limits
from treff.booking_types.rules import Question, Window
from treff.booking_types.states import HostMode, Provider, QuestionKind, WindowKind
from treff.conferencing import actions as conferencing
from treff.conferencing import reconcile
from treff.conferencing.consent import Browser, Returned
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.kernel.zones import instant_of
from treff.mail.actions import tell
from treff.management import demo_notes
from treff.notetaking import consenting
from treff.people.actions import add_note, create_lead, edit_lead
from treff.people.models import Lead
from treff.workspaces import actions as workspaces
from treff.workspaces.actions import NewPerson
from treff.workspaces.models import Member, Workspace
from treff.workspaces.ports import Scope
from treff.workspaces.queries import member_of, scope_of
from treff.workspaces.states import Role

SOLAR, WAERME = "nordlicht-solar", "nordlicht-waerme"
ZONE = "Europe/Berlin"
ZOOM_USER = "nB7rQ2wXTkuZ0raBrandtA"  # Nora Brandt, of the simulator
MEMBERS = (
    ("petra.lindner@nordlicht.example", "Petra Lindner", Role.OWNER),
    ("murat.yilmaz@nordlicht.example", "Murat Yılmaz", Role.ADMIN),
    ("jule.hansen@nordlicht.example", "Jule Hansen", Role.REP),
    ("tim.okafor@nordlicht.example", "Tim Okafor", Role.REP),
)
LEAD_FIELDS = ("name", "email", "phone", "company", "locale", "time_zone")
LEADS = (
    ("Anna Bergmann", "anna.bergmann@web.example", "+49 40 5550101", "", "de", ZONE),
    ("Dr. Karl-Heinz Ötting", "oetting@praxis-oetting.example", "+49 4131 555020", "Praxis Dr. Ötting", "de", ZONE),
    ("Familie Sørensen", "lars@soerensen.example", "+45 5550 3344", "", "en", "Europe/Copenhagen"),
    ("Miriam Schäfer", "m.schaefer@schaefer-bau.example", "+49 421 5550177", "Schäfer Bau GmbH", "de", ZONE),
    ("Oliver Grant", "oliver.grant@grantfoods.example", "+44 20 5550 0199", "Grant Foods Ltd", "en", "Europe/London"),
    ("Yusuf Demir", "yusuf@demir-logistik.example", "+49 511 5550123", "Demir Logistik", "de", ZONE),
    ("Claudia Peters", "c.peters@post.example", "", "", "de", ZONE),
    ("Hannah Weiss", "hannah.weiss@weissholz.example", "+43 1 5550188", "Weiss Holz KG", "de", "Europe/Vienna"),
    ("Jonas Riedel", "jonas.riedel@riedel.example", "+49 351 5550145", "Autohaus Riedel", "de", ZONE),
    ("Emily Carter", "emily.carter@carterfarm.example", "+1 212 555 0142", "Carter Farm", "en", "America/New_York"),
    ("Thomas Krüger", "t.krueger@krueger.example", "+49 30 5550166", "", "de", ZONE),
    ("Sabine Löwe", "sabine@loewe-hotel.example", "+49 3831 555090", "Hotel Löwe", "de", ZONE),
)
_MORNINGS: tuple[Span, ...] = ((9 * 60, 13 * 60),)
_WORK_DAY: tuple[Span, ...] = ((9 * 60, 12 * 60), (13 * 60, 17 * 60))
TYPES = (
    Description(
        "erstberatung",
        "Erstberatung",
        timedelta(minutes=45),
        Provider.ZOOM,
        Details(
            description="Wir lernen Sie und Ihr Dach kennen und sagen, was sich lohnt.",
            step_minutes=30,
            buffer_after=timedelta(minutes=15),
            notice=timedelta(hours=4),
            window=Window(WindowKind.ROLLING_DAYS, 30),
            questions=(
                Question(
                    "", QuestionKind.CHOICE, "Was interessiert Sie?", True, ("Photovoltaik", "Speicher", "Beides")
                ),
                Question("", QuestionKind.PHONE, "Telefon für Rückfragen"),
                Question("", QuestionKind.LONG_TEXT, "Was sollten wir vorher wissen?"),
            ),
            confirmation_text="Legen Sie gern Ihre letzte Stromrechnung bereit.",
            asks_for_notes=True,
        ),
    ),
    Description(
        "angebot",
        "Angebotsbesprechung",
        timedelta(minutes=30),
        Provider.ZOOM,
        Details(
            more_minutes=(60,),
            notice=timedelta(hours=2),
            window=Window(WindowKind.BUSINESS_DAYS, 15),
            host_mode=HostMode.CHOICE,
        ),
    ),
    Description(
        "ortstermin",
        "Ortstermin",
        timedelta(minutes=90),
        Provider.NONE,
        Details(
            description="Wir kommen zu Ihnen und sehen uns alles an. Jeder Besuch wird einzeln zugesagt.",
            buffer_before=timedelta(minutes=30),
            buffer_after=timedelta(minutes=30),
            notice=timedelta(days=1),
            host_limits=Limits(day=2),
            needs_approval=True,
            questions=(
                Question("", QuestionKind.TEXT, "Adresse", True),
                Question("", QuestionKind.CHECKBOX, "Das Dach ist zugänglich"),
            ),
            weekly_hours=((), _WORK_DAY, (), _WORK_DAY, _MORNINGS, (), ()),
        ),
    ),
)
# Who receives: the reps, Jule Hansen twice as often; where there are none, whoever is there.
WEIGHTS = {MEMBERS[2][0]: 2, MEMBERS[3][0]: 1}


@dataclass(frozen=True, slots=True)
class _Entry:
    """An appointment of the sample calendar: working days from today, wall time, who with whom, what."""

    days: int
    at: time
    host: int
    lead: int
    kind: str
    cancelled: str = ""


PAST = (
    _Entry(-5, time(9, 0), 2, 0, "erstberatung"),
    _Entry(-5, time(13, 30), 3, 5, "erstberatung"),
    _Entry(-4, time(10, 0), 2, 3, "ortstermin"),
    _Entry(-4, time(15, 0), 3, 6, "erstberatung", "Frau Peters ist krank und meldet sich."),
    _Entry(-3, time(11, 0), 3, 8, "angebot"),
    _Entry(-2, time(9, 30), 2, 1, "angebot"),
    _Entry(-1, time(14, 0), 2, 9, "erstberatung"),
)
FUTURE = (
    _Entry(1, time(9, 0), 2, 1, "angebot"),
    _Entry(1, time(10, 30), 3, 5, "angebot"),
    _Entry(1, time(14, 0), 2, 4, "erstberatung"),
    _Entry(2, time(9, 30), 3, 7, "erstberatung"),
    _Entry(2, time(13, 0), 2, 11, "ortstermin"),
    _Entry(3, time(11, 0), 2, 9, "angebot"),
    _Entry(4, time(10, 0), 3, 2, "erstberatung"),
    _Entry(5, time(15, 30), 2, 10, "erstberatung"),
)

# Lead, who looks after them, status, note.
WORK = (
    (0, 2, "won", "Auftrag unterschrieben, Montage im März."),
    (1, 3, "qualified", "Dach nach Süden, 84 m². Möchte zwei Varianten sehen, mit und ohne Speicher."),
    (2, 2, "contacted", ""),
    (4, 2, "qualified", "Entscheidet zusammen mit der Zentrale in London."),
    (5, 3, "contacted", "Am besten vormittags anrufen."),
    (6, 3, "lost", "Baut nun doch nicht."),
    (9, 2, "qualified", ""),
)


def seed_past(zoom_url: str, base_url: str, *, password: str, bots_url: str = "") -> None:
    """Both workspaces, and last week as it would have come about: at its own time, with real meetings and mails.

    `bots_url`: of the simulated recording bots, one of which took notes then; without it none did.
    """
    if Workspace.objects.exists():
        return
    now = clock.now()
    began = now - timedelta(days=9)
    with clock.at(began):
        solar = _workspace(SOLAR, "Nordlicht Solar GmbH", Secret(password))
        _workspace(WAERME, "Nordlicht Wärme GmbH", Secret(password), only=2)
        for values in LEADS:
            create_lead(solar, dict(zip(LEAD_FIELDS, values, strict=True)))
        _control(zoom_url, "clock", {"now": began.isoformat()})
        _connect_zoom(solar, zoom_url, base_url)
        if bots_url:
            consenting.set_policy(solar, is_enabled=True, confirms=True, retention_days=30)
    for entry in PAST:
        start_at = _start(entry, now)
        booked_at = start_at - timedelta(hours=20)
        _control(zoom_url, "clock", {"now": booked_at.isoformat()})
        with clock.at(booked_at):
            appointment = _book(entry, start_at)
        if entry is PAST[0] and bots_url:
            demo_notes.take(appointment, bots_url)
    _control(zoom_url, "clock", {"offset_seconds": 0})
    with clock.at(now - timedelta(hours=3)):
        _work_on_leads()


def _work_on_leads() -> None:
    """Who looks after whom, how far they have got, and what they noted."""
    for number, owner, status, note in WORK:
        scope, lead = _scope(owner), _lead(number)
        edit_lead(scope, lead.public_id, {"owner": scope.actor.id, "status": status})
        if note:
            add_note(scope, lead.public_id, note)


def seed_future() -> None:
    """Next week, made into meetings by the worker. Nothing if there is something already."""
    now = clock.now()
    if Appointment.objects.filter(start_at__gt=now).exists() or len(PAST) != Appointment.objects.count():
        return
    for entry in FUTURE:
        _book_later(entry, _start(entry, now))
    _request(now)


def _request(now: datetime) -> None:
    """Somebody asks for a visit in a few days, and waits for an answer."""
    place = Workspace.objects.get(slug=SOLAR)
    kind = BookingType.objects.get(workspace=place, slug="ortstermin")
    within = (int((now + timedelta(days=3)).timestamp()), int((now + timedelta(days=14)).timestamp()))
    first = next(iter(offers.slots(offers.grounds(place, kind, within, now), kind.duration)), None)
    if first is None:
        return
    lead = dict(zip(LEAD_FIELDS, LEADS[3], strict=True))
    answers = dict(zip((given["id"] for given in kind.questions), ("Deichstraße 12, 28195 Bremen", "yes"), strict=True))
    book_offered(place, kind, SlotRequest(offers.instant(first.start), lead, answers=answers))


def _workspace(slug: str, name: str, password: Secret, only: int | None = None) -> Scope:
    (owner_email, owner_name, _role), *others = MEMBERS[:only]
    row = workspaces.create_workspace(slug, name, ZONE, "de", NewPerson(owner_email, owner_name, password, "de"))
    for email, member_name, role in others:
        workspaces.add_member(row, NewPerson(email, member_name, password, "de"), role)
    owner = Member.objects.select_related("workspace", "user").get(workspace=row, role=Role.OWNER)
    people = {member.user.email: member for member in Member.objects.select_related("user").filter(workspace=row)}
    receiving = {email: weight for email, weight in WEIGHTS.items() if email in people} or dict.fromkeys(people, 1)
    hosts = tuple(HostWish(people[email].public_id, weight) for email, weight in receiving.items())
    for kind in TYPES:
        create_booking_type(scope_of(owner), replace(kind, hosts=hosts))
    return scope_of(owner)


def _connect_zoom(scope: Scope, zoom_url: str, base_url: str) -> None:
    """What the consent window does, without the window."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    redirect_uri = f"{base_url}/integrations/zoom/callback"
    order = {"user_id": ZOOM_USER, "redirect_uri": redirect_uri, "code_challenge": challenge}
    code = Secret(_control(zoom_url, "authorize", order)["code"])
    owner = Member.objects.select_related("user").get(public_id=scope.actor.id)
    returned = Returned(scope, "zoom", False, Secret(verifier), Browser(owner.user, "demo"))
    conferencing.finish_connecting(returned, code, redirect_uri)


def _book(entry: _Entry, start_at: datetime) -> Appointment:
    """Booked, its meeting made and its mails sent, all in the present moment of the clock."""
    appointment = _book_later(entry, start_at)
    reconcile.look(appointment.pk)
    tell(appointment.pk)
    if entry.cancelled:
        cancel(_scope(entry.host), appointment.public_id, entry.cancelled)
        reconcile.look(appointment.pk)
        tell(appointment.pk)
    return appointment


def _book_later(entry: _Entry, start_at: datetime) -> Appointment:
    return book(
        _scope(entry.host), Booking(lead_id=_lead(entry.lead).public_id, start_at=start_at, booking_type=entry.kind)
    )


def _lead(number: int) -> Lead:
    return Lead.objects.get(workspace__slug=SOLAR, email=LEADS[number][1])


def _scope(host: int) -> Scope:
    member = Member.objects.select_related("user").get(workspace__slug=SOLAR, user__email=MEMBERS[host][0])
    return scope_of(member_of(member.user, SOLAR))


def _start(entry: _Entry, now: datetime) -> datetime:
    """The entry's instant: so many working days before or after today."""
    day, step, left = now.date(), 1 if entry.days > 0 else -1, abs(entry.days)
    while left:
        day += timedelta(days=step)
        left -= day.weekday() < 5
    return instant_of(datetime.combine(day, entry.at), ZONE)


def _control(zoom_url: str, what: str, order: Mapping[str, object]) -> dict[str, str]:
    request = urllib.request.Request(  # noqa: S310  our own simulator
        f"{zoom_url}/_control/{what}", json.dumps(order).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        found: dict[str, str] = json.load(answer)
        return found
