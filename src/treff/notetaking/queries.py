"""Every read about consents, recordings, transcripts and notes."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q
from django.utils import translation

from treff.appointments.models import Appointment, CoHost
from treff.booking_types.models import BookingType
from treff.booking_types.states import Provider
from treff.kernel import clock
from treff.kernel.errors import Unavailable
from treff.notetaking import ports
from treff.notetaking.models import Bot, Consent, MeetingNotes, NotesPolicy, Recording, Transcript
from treff.notetaking.rules import WORDING, WORDINGS, Grounds, standing_of
from treff.notetaking.states import Standing
from treff.people.models import Lead
from treff.workspaces.models import ScopedQuerySet, Workspace
from treff.workspaces.ports import Scope
from treff.workspaces.states import Permission

# How the address of somebody who was erased begins.
DIGEST = "hmac-sha256:"


def digest_of(email: str) -> str:
    """A keyed digest: the same address gives the same one, in any case, and it does not give the address."""
    text = b"consent\0" + email.casefold().encode()
    return DIGEST + hmac.digest(settings.SECRET_KEY.encode(), text, "sha256").hex()


def policy_of(workspace_id: int) -> NotesPolicy:
    """Without a row one that is not saved: nothing is taken."""
    return NotesPolicy.objects.filter(workspace_id=workspace_id).first() or NotesPolicy(workspace_id=workspace_id)


def are_set_up() -> bool:
    """Whether this server has recording bots."""
    try:
        ports.default_provider()
    except Unavailable:
        return False
    return True


def asks(place: Workspace, kind: BookingType | None) -> bool:
    """Whether clients of this booking type are asked for their consent."""
    is_asked = kind is not None and kind.asks_for_notes and kind.provider != Provider.NONE
    return is_asked and are_set_up() and policy_of(place.pk).is_enabled


def wording_for(place: Workspace, locale: str) -> str:
    """What somebody agrees to, in the newest wording."""
    with translation.override(locale):
        days = policy_of(place.pk).retention_days
        after = translation.ngettext("after %(days)d day", "after %(days)d days", days) % {"days": days}
        return translation.gettext(WORDINGS[WORDING]) % {"workspace": place.name, "after": after}


def attendees_of(appointment: Appointment) -> list[str]:
    """Everybody of the client's side, the lead first; each address once."""
    others = appointment.attendees.order_by("pk").values_list("email", flat=True)
    return list({email.casefold(): email for email in reversed([appointment.lead.email, *others])}.values())[::-1]


def answers_of(appointment: Appointment) -> dict[str, bool | None]:
    """The newest answer of each of them; None of who has not answered."""
    said = {
        email.casefold(): agrees
        for email, agrees in Consent.objects.filter(appointment=appointment)
        .order_by("pk")
        .values_list("email", "agrees")
    }
    return {email: said.get(email.casefold()) for email in attendees_of(appointment)}


def standing(appointment: Appointment) -> Standing:
    """Whether notes may be taken of it; read anew, in five statements."""
    kind = appointment.booking_type
    called_off = Recording.objects.filter(appointment=appointment, called_off_at__isnull=False)
    return standing_of(
        Grounds(
            is_set_up=are_set_up(),
            is_enabled=policy_of(appointment.workspace_id).is_enabled and kind is not None and kind.asks_for_notes,
            has_video=appointment.provider != Provider.NONE,
            takes_place=appointment.is_wanted,
            is_called_off=called_off.exists(),
            answers=answers_of(appointment),
        )
    )


def concerns(appointment: Appointment) -> bool:
    """Whether clients have something to say about notes of it: they are asked, or have answered."""
    is_asked = appointment.is_wanted and asks(appointment.workspace, appointment.booking_type)
    return is_asked or Consent.objects.filter(appointment=appointment).exists()


def may_keep(appointment: Appointment) -> bool:
    """Whether what was heard of it may be kept: nobody has taken their yes back, nor deleted it or its lead."""
    is_gone = appointment.deleted_at is not None or appointment.lead.deleted_at is not None
    return not is_gone and all(answers_of(appointment).values())


def retention_of(appointment: Appointment) -> timedelta:
    """How long what is heard now is kept: as the workspace says, and never longer than somebody agreed to."""
    agreed = Consent.objects.filter(appointment=appointment, agrees=True).values_list("retention_days", flat=True)
    return timedelta(days=min([policy_of(appointment.workspace_id).retention_days, *agreed]))


def consents(appointment: Appointment) -> list[Consent]:
    """Every yes and no, newest first."""
    return list(Consent.objects.filter(appointment=appointment).order_by("-pk"))


def consents_of_lead(scope: Scope, lead: Lead) -> list[Consent]:
    """Every yes and no about the lead's appointments, newest first."""
    found = Consent.objects.within(scope).filter(appointment__lead=lead).select_related("appointment")
    return list(found.order_by("-pk"))


def recording_of(appointment: Appointment) -> Recording | None:
    return Recording.objects.filter(appointment=appointment).first()


def bots_of(recording: Recording) -> list[Bot]:
    """The oldest first."""
    return list(recording.bots.order_by("pk"))


def transcripts_of(appointment: Appointment) -> list[Transcript]:
    """In the order of capture, each with its notes, where there are any."""
    return list(Transcript.objects.filter(appointment=appointment).select_related("notes").order_by("pk"))


def readable(scope: Scope) -> ScopedQuerySet[Transcript]:
    """Transcripts that whoever asks may read: of appointments that they host, or all for an administrator."""
    found = Transcript.objects.within(scope).filter(appointment__deleted_at__isnull=True)
    if not scope.may(Permission.READ_TRANSCRIPTS):
        if scope.member_id is None:
            return found.none()
        together = CoHost.objects.filter(appointment=OuterRef("appointment"), member_id=scope.member_id)
        found = found.filter(Q(appointment__host_id=scope.member_id) | Q(Exists(together)))
    return found.select_related("workspace", "appointment__lead", "appointment__host__user", "notes")


def may_read(scope: Scope, appointment: Appointment) -> bool:
    hosts = {appointment.host_id, *appointment.co_hosts.values_list("member_id", flat=True)}
    return scope.may(Permission.READ_TRANSCRIPTS) or scope.member_id in hosts


def due(window: timedelta, limit: int) -> list[int]:
    """Recordings to look at now: their time has come, or their appointment changed within `window` and was not seen."""
    now = clock.now()
    free = Recording.objects.filter(lease_until__lte=now)
    timed = free.filter(next_look_at__lte=now).order_by("next_look_at").values_list("pk", flat=True)[:limit]
    unseen = ~Q(appointment__generation=F("observed_generation")) | ~Q(appointment__sequence=F("observed_sequence"))
    changed = free.filter(unseen, appointment__changed_at__gt=now - window).values_list("pk", flat=True)[:limit]
    return list(dict.fromkeys([*timed, *changed]))


def notes_due(limit: int) -> list[int]:
    now = clock.now()
    found = MeetingNotes.objects.filter(next_look_at__lte=now, lease_until__lte=now)
    return list(found.order_by("next_look_at").values_list("pk", flat=True)[:limit])


def expired(now: datetime, limit: int) -> Sequence[Transcript]:
    """Those whose time is over."""
    found = Transcript.objects.filter(expires_at__lte=now).select_related("appointment")
    return list(found.order_by("expires_at")[:limit])
