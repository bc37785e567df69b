"""What the pictures of the pages show of the demo's data, and what that lacks. Needs Django to stand, and the stage."""

import base64
import hashlib
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx2
from django.urls import reverse

from tests import house, notes, offering
from tests.tour import Stop, invited, stops
from treff.appointments.addresses import confirm_token
from treff.appointments.models import Appointment
from treff.appointments.ports import SlotRequest
from treff.appointments.self_service import book_offered, token_of
from treff.appointments.states import Status
from treff.availability.actions import add_feed
from treff.booking_types.actions import offer_provider
from treff.booking_types.models import BookingType
from treff.conferencing import actions as conferencing
from treff.conferencing import reconcile
from treff.conferencing.consent import Browser, Returned, digest
from treff.conferencing.models import PendingConnection
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.mail.actions import tell
from treff.mail.models import Letter, Recipient
from treff.mail.queries import stop_token
from treff.management.demo_world import MEMBERS, SOLAR
from treff.notetaking import consenting, queries
from treff.notetaking.models import Transcript
from treff.notetaking.ports import Draft as NotesDraft
from treff.notetaking.ports import NextStep, Point
from treff.people.actions import add_note, create_lead, save_view
from treff.people.importing import bring
from treff.people.models import Lead
from treff.support.actions import report_problem
from treff.support.ports import Draft, Fact
from treff.support.states import FactKind
from treff.team.actions import invite
from treff.workspaces.actions import NewPerson, create_workspace
from treff.workspaces.models import Member, User, Workspace
from treff.workspaces.ports import Scope
from treff.workspaces.states import Role

FRESH = "sonnenhof"
SESSION = "the-session-of-the-pictures"
# Pages of a workspace in which nothing has happened yet.
EMPTY = (
    *("today", "leads", "appointments", "agenda", "search", "availability", "calendar", "reports", "lead_duplicates"),
    *("video_provider", "booking_types", "notes_policy", "members", "sync", "mail_log", "settings", "brand"),
)
LEADS_FILE = """Name;E-Mail;Telefon;Firma
Birgit Hollmann;birgit@hollmann.example;+49 40 5550221;Hollmann Immobilien
Anna Bergmann;anna.bergmann@web.example;+49 40 5550101;
Ohne Adresse;;;
Ralf Thiele;keine-adresse;;Thiele Dach
"""


TALK = (
    ("Miriam Schäfer", "Danke, dass es so kurzfristig geklappt hat. Wir haben etwa sechzig Quadratmeter nach Süden."),
    ("Petra Lindner", "Das reicht für zehn Kilowatt. Brauchen Sie auch einen Speicher?"),
    ("Miriam Schäfer", "Nein. Wir hatten gerechnet: Ein Speicher lohnt sich bei uns erst in ein paar Jahren."),
    ("Petra Lindner", "Dann halten wir fest: zehn Kilowatt ohne Speicher, aber vorbereitet für später."),
    ("Miriam Schäfer", "Genau. Und das Gerüst steht ohnehin noch bis Ende Januar."),
    ("Petra Lindner", "Gut, ich schicke Ihnen das Angebot bis Dienstag. Der Zähler kommt dann von uns."),
    ("Miriam Schäfer", "Und ich schicke Ihnen heute noch die Fotos vom Dach."),
)
TALK_NOTES = NotesDraft(
    "Das Süddach hat etwa sechzig Quadratmeter; das Gerüst steht bis Ende Januar.\n"
    "Es soll eine Anlage ohne Speicher werden, die sich später nachrüsten lässt.",
    (Point("Zehn Kilowatt ohne Speicher, vorbereitet für später", "zehn Kilowatt ohne Speicher", 3),),
    (
        NextStep("Angebot schicken", "Petra Lindner", "Dienstag", "ich schicke Ihnen das Angebot bis Dienstag", 5),
        NextStep("Fotos vom Dach schicken", "Miriam Schäfer", "heute", "die Fotos vom Dach", 6),
    ),
)


def petra() -> Member:
    """The owner of both of the demo's workspaces; it is her who looks."""
    return Member.objects.select_related("workspace", "user").get(workspace__slug=SOLAR, user__email=MEMBERS[0][0])


def sights(zoom_url: str, base_url: str) -> Iterator[Stop]:
    """Every page of the tour, then those of a workspace without anything, then what is refused."""
    by = petra()
    _signed_in_lately(by)
    scope = house.scope(by)
    client = _client_books(by.workspace)
    ids = {**_ids(by, scope, client), "pending_id": _connect(by, zoom_url, base_url)}
    waiting = Appointment.objects.get(workspace=by.workspace, status=Status.REQUESTED)
    kind = BookingType.objects.get(workspace=by.workspace, slug="erstberatung")
    start = f"{offering.next_free(kind):%Y-%m-%dT%H:%MZ}"
    of_pages = {
        "console:appointment_decline": {"appointment_id": waiting.public_id},
        "public:confirm": {"token": _to_confirm(by)},
        "public:notes": {"token": consenting.token_for(client, client.lead.email)},
        "public:stop_reminders": {"token": stop_token(Recipient.objects.filter(appointment=client).latest("pk"))},
        "invitation": {"token": invited(by, "nina.neu@nordlicht.example")},
        "public:details": {"query": f"?start={start}&tz=Europe/Berlin"},
        "console:agenda_book": {"query": f"?start={start}"},
    }
    yield from stops(ids, of_pages)
    _fresh(by)
    for name in EMPTY:
        yield Stop(f"empty:{name}", reverse(f"console:{name}", kwargs={"workspace": FRESH}))
    yield Stop("empty:place", reverse("public:place", kwargs={"workspace": FRESH}), signed_in=False)


def _ids(by: Member, scope: Scope, client: Appointment) -> dict[str, str]:
    lead = Lead.objects.get(workspace=by.workspace, email="m.schaefer@schaefer-bau.example")
    next_one = Appointment.objects.filter(workspace=by.workspace, status=Status.BOOKED, start_at__gt=clock.now())
    appointment = next_one.order_by("start_at")[0]
    twin = create_lead(scope, {"name": "Miriam Schäfer", "email": "miriam@schaefer-bau.example"})
    facts = [Fact(FactKind.PAGE, f"/w/{SOLAR}/appointments/"), Fact(FactKind.VERSIONS, "Treff 0.1.0, Django 5.2")]
    words = "Nach dem Verschieben steht in der Kalendereinladung noch die alte Uhrzeit."
    return {
        "workspace": by.workspace.slug,
        "lead_id": lead.public_id,
        "other_id": twin.public_id,
        "appointment_id": appointment.public_id,
        "transcript_id": _talk(appointment).public_id,
        "provider": "zoom",
        "slug": "erstberatung",
        "member_id": by.public_id,
        "kind": "confirmation",
        "locale": "de",
        "mail_id": Letter.objects.filter(recipient__appointment=client).latest("pk").public_id,
        "invitation_id": invite(scope, "jan.neu@nordlicht.example", Role.REP, "de").public_id,
        "note_id": add_note(scope, lead.public_id, "Ruft nach der Messe zurück.").public_id,
        "view_id": save_view(scope, "Meine offenen Leads", "status=contacted", is_shared=False).public_id,
        "import_id": bring(scope, "messe-leads.csv", LEADS_FILE.encode()).public_id,
        "report_id": report_problem(scope, Draft("rep_picture1", words, facts, clock.now())).public_id,
        "feed_id": add_feed(scope, by.public_id, "https://kalender.example.com/petra.ics", "open").public_id,
        "token": _token(client),
        "reach": "own",
        "uidb36": "1",
        "key": "set-password",
    }


def _client_books(place: Workspace) -> Appointment:
    """A client takes what is offered, and the worker does its part."""
    kind = BookingType.objects.get(workspace=place, slug="angebot")
    lead = {"name": "Thomas Krüger", "email": "t.krueger@krueger.example", "locale": "de"}
    appointment = book_offered(place, kind, SlotRequest(offering.next_free(kind), lead)).appointment
    reconcile.look(appointment.pk)
    tell(appointment.pk)
    return Appointment.objects.get(pk=appointment.pk)


def _talk(appointment: Appointment) -> Transcript:
    """As if it had taken place, with notes; and the workspace's policy, confirmed."""
    scope = house.scope(petra())
    consenting.set_policy(scope, is_enabled=True, confirms=True, retention_days=30)
    assert appointment.booking_type is not None
    notes.asking(appointment.booking_type)
    text = queries.wording_for(appointment.workspace, "de")
    of_lead = Appointment.objects.filter(lead__email="m.schaefer@schaefer-bau.example").earliest("start_at")
    for about, agrees, how in ((of_lead, False, "form"), (of_lead, True, "link"), (appointment, True, "form")):
        notes.consent(about, agrees=agrees, how=how, text=text, locale="de")
    return notes.transcript(appointment, TALK, draft=TALK_NOTES)


def _to_confirm(by: Member) -> str:
    """The token of the mail that asks a client whether the address is right."""
    kind = offering.kind(by, by, slug="kennenlernen", title="Kennenlernen", confirm_address=True)
    return confirm_token(offering.take(kind, offering.next_free(kind), locale="de").appointment).reveal()


def _token(client: Appointment) -> str:
    found = token_of(client)
    assert found is not None
    return found.reveal()


def _allow(user: dict[str, str], zoom_url: str, redirect_uri: str, by: Member, *, own: bool) -> Any:
    """Consent at the simulated Zoom, without its window."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    made = httpx2.post(f"{zoom_url}/_control/users", json=user).raise_for_status().json()
    order = {"user_id": made["id"], "redirect_uri": redirect_uri, "code_challenge": challenge}
    code = httpx2.post(f"{zoom_url}/_control/authorize", json=order).raise_for_status().json()["code"]
    returned = Returned(house.scope(by), "zoom", False, Secret(verifier), Browser(by.user, SESSION), own)
    return conferencing.finish_connecting(returned, Secret(code), redirect_uri)


def _connect(by: Member, zoom_url: str, base_url: str) -> str:
    """The member's own account; and another one for the workspace, which waits to be confirmed: its id."""
    offer_provider(house.scope(by), "zoom", is_offered=True, own_accounts=True)
    back = f"{base_url}/integrations/zoom/callback"
    own = {"email": "petra@lindner.example", "first_name": "Petra", "last_name": "Lindner"}
    _allow(own, zoom_url, back, by, own=True)
    other = {"email": "video@nordlicht.example", "first_name": "Nordlicht", "last_name": "Video"}
    pending = _allow(other, zoom_url, back, by, own=False)
    return str(pending.public_id)


def _signed_in_lately(by: Member) -> None:
    """Everybody of the workspace at some time of the days before; signing in by a cookie would leave the true time."""
    for number, member in enumerate(Member.objects.filter(workspace=by.workspace).order_by("pk")):
        User.objects.filter(pk=member.user_id).update(last_login=clock.now() - timedelta(hours=1 + 21 * number))


def _fresh(by: Member) -> None:
    """A workspace of hers in which nothing has happened yet."""
    create_workspace(FRESH, "Sonnenhof GmbH", "Europe/Berlin", "de", NewPerson(by.user.email, str(by), None, "de"))


def session() -> str:
    """The cookie of a browser in which she is signed in, and which began to connect an account."""
    browser = house.client_of(petra())
    _signed_in_lately(petra())
    cookie = browser.cookies["session"].value
    PendingConnection.objects.update(session_digest=digest(browser.session.session_key or ""))
    return str(cookie)
