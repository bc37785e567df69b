"""The only module that knows everybody: who listens to what, which providers there are, what is swept."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial

import procrastinate
from django.conf import settings
from django.db import transaction

from treff.appointments import tasks as appointment_tasks
from treff.availability import ports as availability
from treff.availability import tasks as availability_tasks
from treff.bots.attendee.adapter import AttendeeBots
from treff.bots.attendee.client import AttendeeClient
from treff.bots.recall.adapter import RecallBots
from treff.bots.recall.client import RecallClient
from treff.conferencing import free_busy, grant_secrets, reconcile, wakeups
from treff.conferencing import ports as conferencing
from treff.conferencing import tasks as conferencing_tasks
from treff.events import ports as events
from treff.events.ports import Listener
from treff.llm.adapter import OpenAiCompatible
from treff.llm.client import ChatClient
from treff.mail import ports as mail
from treff.mail import tasks as mail_tasks
from treff.notetaking import ports as notetaking
from treff.notetaking import tasks as notetaking_tasks
from treff.notices.actions import tell_operator
from treff.notices.states import NoticeKind
from treff.outbound import http
from treff.people import tasks as people_tasks
from treff.privacy import ports as privacy
from treff.privacy import tasks as privacy_tasks
from treff.providers.google_meet.adapter import GoogleMeetProvider
from treff.providers.google_meet.client import GoogleClient
from treff.providers.teams.adapter import TeamsProvider
from treff.providers.teams.client import TeamsClient
from treff.providers.zoom.adapter import ZoomProvider
from treff.providers.zoom.client import ZoomClient
from treff.support import actions as support
from treff.support.queries import found_about, letter_of
from treff.web import idempotency
from treff.workspaces import vault

LISTENERS: Mapping[str, Sequence[Listener]] = {
    "appointment.changed": (conferencing_tasks.look, mail_tasks.tell),
    "appointment.link_changed": (mail_tasks.tell,),
    "appointment.look_again": (conferencing_tasks.look,),
    "mail.wanted_again": (mail_tasks.tell,),
    "booking_type.reminders_changed": (mail_tasks.look_at_type,),
    "booking_type.notes_changed": (notetaking_tasks.look_at_type,),
    "lead.deleted": (notetaking_tasks.look_at_lead,),
    "notes_policy.changed": (notetaking_tasks.look_at_workspace,),
    "consent.changed": (notetaking_tasks.look_at_appointment,),
    "bot.told": (notetaking_tasks.look,),
    "notes.wanted": (notetaking_tasks.write_notes,),
    "notice.posted": (mail_tasks.send_notice,),
    "connection.changed": (conferencing_tasks.look_at_workspace,),
    "grant.check_asked": (conferencing_tasks.check_grant,),
    "grant.lost": (conferencing_tasks.sound_alarms,),
    "inbox.received": (conferencing_tasks.handle_event,),
}

# A lost wake-up is found in the one window while workers run, and in the other when the first one starts again.
RECENT, EVER = timedelta(minutes=15), timedelta(days=731)
# Each takes the time in which changes are checked for lost wake-ups, and says how many it woke.
SWEEPS: Sequence[Callable[[timedelta], int]] = (
    appointment_tasks.sweep,
    conferencing_tasks.sweep,
    conferencing_tasks.sweep_inbox,
    conferencing_tasks.sweep_connections,
    mail_tasks.sweep,
    mail_tasks.sweep_notices,
    mail_tasks.sweep_digests,
    conferencing_tasks.sweep_tellings,
    availability_tasks.sweep_feeds,
    people_tasks.sweep_imports,
    notetaking_tasks.sweep,
    privacy_tasks.sweep,
)


def connect(_app: procrastinate.App) -> None:
    """Called once per process, when models and tasks are loaded (PROCRASTINATE_ON_APP_READY)."""
    events.connect(LISTENERS)
    http.guard(refuse_in_transaction)
    http.go_through(settings.TREFF_PROXY_URL)
    conferencing.connect({provider.name: provider for provider in _providers()})
    notetaking.connect({bots.name: bots for bots in _bots()}, f"{settings.TREFF_BASE_URL}/integrations")
    notetaking.connect_model(_language_model())
    availability.connect(free_busy.read)
    mail.connect(letter_of)
    privacy.connect((privacy.Holder(support.forget_about, found_about), privacy.Holder(idempotency.forget_about)))
    vault.connect(
        (vault.data_keys_of_workspaces, grant_secrets.stored_data_keys), partial(tell_operator, NoticeKind.KEY_TROUBLE)
    )


def hold() -> None:
    """While a recovery is under way, again and again: keep what this machine knows, and hear what providers say."""
    reconcile.recover()
    conferencing_tasks.sweep_inbox(RECENT)
    mail_tasks.sweep_notices(RECENT)


def refuse_in_transaction() -> None:
    """Nothing in the database may stay locked while a vendor is spoken to. Raises RuntimeError.

    As `transaction.atomic(durable=True)` asks, but without a connection: a transaction around a test is none of ours.
    """
    blocks = transaction.get_connection().atomic_blocks
    if blocks and not getattr(blocks[-1], "_from_testcase", False):
        raise RuntimeError("a vendor must not be spoken to inside a transaction")


def recover() -> None:
    """What a starting worker does first: pick up what a dead one left on this machine, and all that was overlooked."""
    reconcile.recover()
    wakeups.server_changed()
    appointment_tasks.compare_clocks()
    for sweep in SWEEPS:
        sweep(EVER)


def _providers() -> list[conferencing.MeetingProvider]:
    """Those that are set up on this server, in the order in which people see them."""
    return [provider for provider in (_zoom(), _google_meet(), _teams()) if provider.client_id]


def _zoom() -> conferencing.MeetingProvider:
    client = ZoomClient(
        client_id=settings.TREFF_ZOOM_CLIENT_ID,
        client_secret=settings.TREFF_ZOOM_CLIENT_SECRET,
        oauth_url=settings.TREFF_ZOOM_OAUTH_URL,
        api_url=settings.TREFF_ZOOM_API_URL,
    )
    return ZoomProvider(client)


def _google_meet() -> conferencing.MeetingProvider:
    client = GoogleClient(
        client_id=settings.TREFF_GOOGLE_CLIENT_ID,
        client_secret=settings.TREFF_GOOGLE_CLIENT_SECRET,
        accounts_url=settings.TREFF_GOOGLE_ACCOUNTS_URL,
        oauth_url=settings.TREFF_GOOGLE_OAUTH_URL,
        openid_url=settings.TREFF_GOOGLE_OPENID_URL,
        api_url=settings.TREFF_GOOGLE_API_URL,
    )
    return GoogleMeetProvider(client)


def _teams() -> conferencing.MeetingProvider:
    client = TeamsClient(
        client_id=settings.TREFF_MICROSOFT_CLIENT_ID,
        client_secret=settings.TREFF_MICROSOFT_CLIENT_SECRET,
        login_url=settings.TREFF_MICROSOFT_LOGIN_URL,
        api_url=settings.TREFF_MICROSOFT_API_URL,
        tenant=settings.TREFF_MICROSOFT_TENANT,
    )
    return TeamsProvider(client)


def _bots() -> list[notetaking.BotProvider]:
    """Those that are set up on this server; the first gets new orders."""
    return [provider for provider in (_attendee(), _recall()) if provider is not None]


def _attendee() -> notetaking.BotProvider | None:
    if not settings.TREFF_ATTENDEE_API_KEY.reveal():
        return None
    client = AttendeeClient(settings.TREFF_ATTENDEE_URL, settings.TREFF_ATTENDEE_API_KEY)
    return AttendeeBots(client, tuple(settings.TREFF_ATTENDEE_WEBHOOK_SECRETS))


def _recall() -> notetaking.BotProvider | None:
    if not settings.TREFF_RECALL_API_KEY.reveal():
        return None
    client = RecallClient(settings.TREFF_RECALL_URL, settings.TREFF_RECALL_API_KEY)
    return RecallBots(client, tuple(settings.TREFF_RECALL_WEBHOOK_SECRETS))


def _language_model() -> notetaking.LanguageModel | None:
    if not settings.TREFF_LLM_URL:
        return None
    return OpenAiCompatible(ChatClient(settings.TREFF_LLM_URL, settings.TREFF_LLM_API_KEY), settings.TREFF_LLM_MODEL)
