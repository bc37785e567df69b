"""Delivery of notices: claim, read who may still know and what is true, send outside any transaction, record."""

import random
from collections.abc import Sequence
from datetime import date
from email.utils import formataddr
from smtplib import SMTPException
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext, ngettext

from treff.appointments.models import Appointment
from treff.appointments.queries import ahead, appointments, upcoming, waiting
from treff.booking_types.states import Provider
from treff.kernel import clock
from treff.kernel.desks import away
from treff.kernel.zones import wall_of
from treff.mail import digests, guest_texts
from treff.mail.actions import GIVE_UP_AFTER, LEASE
from treff.mail.member_texts import to_member
from treff.mail.operator_texts import reported, to_operator
from treff.mail.ports import report_named
from treff.mail.rendering import mail_domain
from treff.mail.rules import Template, back_off, reply_code
from treff.mail.samples import sample
from treff.mail.states import Kind
from treff.mail.wording import Occasion, Wording, isolated, plain
from treff.notetaking.transcripts import notes_to_send
from treff.notices.models import Notice
from treff.notices.queries import may_go, reader_of
from treff.notices.states import NoticeKind, NoticeState
from treff.team import queries as team
from treff.workspaces.models import Member
from treff.workspaces.queries import scope_of

log = structlog.get_logger()
MOST_LISTED, MOST_OF_A_DAY = 10, 50
# Told to people who are no users here.
FOR_GUESTS = (NoticeKind.INVITED, NoticeKind.MEETING_NOTES)
# Without an appointment there is nothing to tell.
NEED_ONE = (NoticeKind.DIGEST, NoticeKind.NO_LINK, NoticeKind.REQUESTED, NoticeKind.BY_CLIENT, NoticeKind.CLOCKS)


def send(notice_id: int) -> None:
    """Send one notice, unless it went out, was given up, or somebody else has it in hand.

    1. Claim by compare-and-swap; while a recovery is under way, only the word of that itself.
    2. Who is no member any more, or may not know any more, is not written to. The operator without an address is told
       by the log. Who is invited has the address of the invitation.
    3. Make the mail of what is true now, if anything still is, and hand it to the SMTP server.
    4. Record that it went out, or when to try again. A pass that dies between the server's yes and this commit sends
       the same Message-ID again.
    """
    notice = _claim(notice_id)
    if notice is None:
        return
    reader = reader_of(notice)
    if notice.user_id is not None and reader is None:
        _give_up(notice, "not a member any more")
        return
    for_operator = reader is None and notice.kind not in FOR_GUESTS
    if for_operator and not settings.TREFF_SUPPORT_EMAIL:
        log.error("operator_notice", notice=notice.public_id, kind=notice.kind, detail=notice.detail)
        _record_sent(notice)
        return
    try:
        message = _message(notice, reader)
        if message is None:
            _give_up(notice, "not true any more")
            return
        with away():
            message.send()
    except Exception as error:  # a text that cannot be made must not come back for ever either
        _record_failure(notice, error)
        return
    _record_sent(notice)
    log.info("notice_sent", notice=notice.public_id, kind=notice.kind)


def _claim(notice_id: int) -> Notice | None:
    now = clock.now()
    wordable = Notice.objects.filter(may_go(), state=NoticeState.OPEN, kind__in=NoticeKind)
    free = wordable.filter(pk=notice_id, lease_until__lte=now)
    claimed = free.update(lease_until=now + LEASE, epoch=F("epoch") + 1, next_look_at=now)
    return Notice.objects.get(pk=notice_id) if claimed else None


# ---- the mail ----


def _message(notice: Notice, reader: Member | None) -> EmailMultiAlternatives | None:
    """None if there is nothing to tell any more."""
    if notice.kind == NoticeKind.INVITED:
        return _invitation(notice)
    if notice.kind == NoticeKind.MEETING_NOTES:
        return _meeting_notes(notice)
    return _for_operator(notice) if reader is None else _for_member(notice, reader)


def _for_member(notice: Notice, reader: Member) -> EmailMultiAlternatives | None:
    """None if the link that was missing has come, the request is answered, or the appointment is gone or over."""
    if notice.kind == NoticeKind.TEST_MAIL:
        return _test_mail(notice, reader)
    workspace = reader.workspace
    affected = _affected(notice, reader)
    if notice.kind in NEED_ONE and not affected:
        return None
    with translation.override(reader.user.locale):
        wording = to_member(
            NoticeKind(notice.kind), notice.detail, Occasion(workspace.name, reader.time_zone, affected)
        )
        why = gettext("You are receiving this email because you are a member of %(place)s.")
        listed = affected if wording.heading else []
        most = MOST_OF_A_DAY if notice.kind == NoticeKind.DIGEST else MOST_LISTED
        rest = len(listed) - most
        return _mail(
            notice,
            wording,
            (workspace.name, reader.user.name, reader.user.email),
            {
                "locale": reader.user.locale,
                "why": why % {"place": isolated(workspace.name)},
                "zone": reader.time_zone.replace("_", " "),
                "affected": [_listed(notice, row, reader.time_zone) for row in listed[:most]],
                "more": ngettext("and %(count)d more", "and %(count)d more", rest) % {"count": rest}
                if rest > 0
                else "",
                "page": settings.TREFF_BASE_URL + _page(notice, workspace.slug, affected),
            },
        )


def _test_mail(notice: Notice, reader: Member) -> EmailMultiAlternatives:
    detail = notice.detail
    template = Template(detail["subject"], detail["opening"], detail["closing"])
    message = sample(reader, Kind(detail["kind"]), detail["locale"], template)
    with translation.override(reader.user.locale):
        message.subject = gettext("Test: %(subject)s") % {"subject": message.subject}
    message.extra_headers["Message-ID"] = f"<{notice.public_id}@{mail_domain()}>"
    return message


def _page(notice: Notice, slug: str, affected: Sequence[Appointment]) -> str:
    """Where the reader can do something about it."""
    match notice.kind:
        case NoticeKind.CLEAN_UP:
            return reverse("console:sync", args=[slug]) + "#clean-up"
        case NoticeKind.NO_LINK | NoticeKind.REQUESTED | NoticeKind.BY_CLIENT | NoticeKind.CLOCKS:
            return reverse("console:appointment", args=[slug, affected[0].public_id])
        case NoticeKind.DIGEST:
            return reverse("console:today", args=[slug])
    return reverse("console:video_provider", args=[slug])


def _affected(notice: Notice, reader: Member) -> Sequence[Appointment]:
    """Those that are named and the reader's own workspace's, soonest first: still ahead and wanted.

    Of leftovers all, also of appointments that are over or deleted. Of a missing link only if it is missing still, the
    start is the same and the reader hosts it; of new clocks while the start is the same; of a request while it waits;
    of what a client did until it would begin.
    """
    if notice.kind == NoticeKind.DIGEST:
        return list(digests.appointments_of(reader, date.fromisoformat(notice.detail["day"])))
    named = notice.detail.get("appointments")
    if not isinstance(named, list):
        return []
    scope = scope_of(reader)
    found: QuerySet[Appointment]
    match notice.kind:
        case NoticeKind.CLEAN_UP:
            found = Appointment.objects.within(scope).select_related("lead", "host__user").order_by("start_at", "id")
        case NoticeKind.NO_LINK:
            start_at = clock.parse(str(notice.detail["start"]))
            found = upcoming(scope, clock.now()).filter(host=reader, join_url="", start_at=start_at)
            found = found.exclude(provider=Provider.NONE)
        case NoticeKind.CLOCKS:
            found = ahead(scope, clock.now()).filter(start_at=clock.parse(str(notice.detail["start"])))
        case NoticeKind.REQUESTED:
            found = waiting(scope, clock.now())
        case NoticeKind.BY_CLIENT:
            found = appointments(scope).filter(start_at__gt=clock.now())
        case _:
            found = upcoming(scope, clock.now())
    return list(found.filter(public_id__in=named))


def _listed(notice: Notice, appointment: Appointment, zone: str) -> dict[str, object]:
    """`note`: by what its leftovers can be told from the right meeting; in a digest what is worth knowing; or empty."""
    markers = notice.detail.get("markers", {}).get(appointment.public_id, [])
    host = str(appointment.host)
    if notice.kind == NoticeKind.DIGEST:  # whom its reader meets
        host = appointment.lead.name
        lacks_link = appointment.provider != Provider.NONE and not appointment.join_url
        markers = [appointment.lead.phone] if appointment.lead.phone else []
        markers += [gettext("no link yet")] if lacks_link else []
    return {
        "title": plain(appointment.title),
        "start": wall_of(appointment.start_at, zone),
        "end": wall_of(appointment.end_at, zone),
        "host": isolated(host),
        "note": plain(", ".join(markers)),
    }


def _invitation(notice: Notice) -> EmailMultiAlternatives | None:
    """None if the invitation was withdrawn, accepted, or sent again meanwhile, or is too old."""
    invitation = team.to_be_mailed(str(notice.detail["invitation"]), int(notice.detail["issue"]))
    if invitation is None:
        return None
    place = invitation.workspace
    link = reverse("invitation", kwargs={"token": team.token_of(invitation).reveal()})
    with translation.override(invitation.locale):
        wording = guest_texts.invited(invitation, needs_password=team.needs_password(invitation))
        why = gettext("You are receiving this email because somebody at %(place)s entered your address.")
        context = {
            "locale": invitation.locale,
            "why": why % {"place": isolated(place.name)},
            "page": settings.TREFF_BASE_URL + link,
        }
        return _mail(notice, wording, (place.name, "", invitation.email), context)


def _meeting_notes(notice: Notice) -> EmailMultiAlternatives | None:
    """As they are now, to the lead; None if they were deleted meanwhile, or consent was withdrawn."""
    found = notes_to_send(str(notice.detail["notes"]))
    if found is None:
        return None
    appointment, draft = found
    place, lead, host = appointment.workspace, appointment.lead, appointment.host.user
    with translation.override(lead.locale):
        wording = guest_texts.meeting_notes(appointment, draft)
        why = gettext("You are receiving this email because you agreed to notes of your meeting with %(place)s.")
        context = {"locale": lead.locale, "why": why % {"place": isolated(place.name)}}
        message = _mail(notice, wording, (place.name, lead.name, lead.email), context)
    message.reply_to = [formataddr((plain(host), host.email))]
    return message


def _for_operator(notice: Notice) -> EmailMultiAlternatives | None:
    """None if the report that it is about is gone."""
    server = settings.TREFF_BASE_URL
    letter = report_named(str(notice.detail.get("report"))) if notice.kind == NoticeKind.REPORTED else None
    if notice.kind == NoticeKind.REPORTED and letter is None:
        return None
    with translation.override(settings.LANGUAGE_CODE):
        wording = reported(letter) if letter else to_operator(NoticeKind(notice.kind), notice.detail)
        why = gettext("You are receiving this email because it is the TREFF_SUPPORT_EMAIL of %(place)s.")
        message = _mail(
            notice,
            wording,
            ("Treff", "", settings.TREFF_SUPPORT_EMAIL),
            {"locale": settings.LANGUAGE_CODE, "why": why % {"place": server}},
        )
    message.reply_to = [letter.reply_to] if letter else []
    return message


def _mail(
    notice: Notice, wording: Wording, addresses: tuple[str, str, str], context: dict[str, Any]
) -> EmailMultiAlternatives:
    """`addresses`: in whose name, who is greeted, where it goes."""
    sender, greeting_name, email = addresses
    context = {
        "workspace": plain(sender),
        "greeting_name": isolated(greeting_name),
        "subject": wording.subject,
        "paragraphs": wording.paragraphs,
        "button": wording.button,
        "heading": wording.heading,
        **context,
    }
    message = EmailMultiAlternatives(
        subject=wording.subject,
        body=render_to_string("mail/notice.txt", context),
        from_email=formataddr((plain(sender), settings.TREFF_EMAIL_FROM)),
        to=[email],
        headers={"Message-ID": f"<{notice.public_id}@{mail_domain()}>", "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("mail/notice.html", context), "text/html")
    return message


# ---- what became of it ----


def _record_sent(notice: Notice) -> None:
    """Whoever holds the notice by now: it did go out."""
    now = clock.now()
    Notice.objects.filter(pk=notice.pk).update(
        state=NoticeState.SENT, trouble="", sent_at=now, next_look_at=None, lease_until=now
    )


def _record_failure(notice: Notice, error: Exception) -> None:
    """Permanent refusals end the notice; everything else is tried again, for a day."""
    now, code = clock.now(), reply_code(error)
    trouble = f"{type(error).__name__} {code or ''}".strip()
    is_permanent = 500 <= code < 600 or now - notice.created_at > GIVE_UP_AFTER
    unexpected = not isinstance(error, SMTPException | OSError)
    log.warning("notice_failed", notice=notice.public_id, error=trouble, permanent=is_permanent, exc_info=unexpected)
    if is_permanent:
        _give_up(notice, trouble)
        return
    pause = back_off(notice.tries, random.random(), code)  # noqa: S311  jitter, no secret
    _release(notice, trouble=trouble, tries=notice.tries + 1, next_look_at=now + pause)


def _give_up(notice: Notice, trouble: str) -> None:
    _release(notice, state=NoticeState.FAILED, trouble=trouble, next_look_at=None)


def _release(notice: Notice, **columns: object) -> None:
    """Record under the epoch and let go; a pass whose lease was taken over records nothing."""
    open_still = Notice.objects.filter(pk=notice.pk, epoch=notice.epoch, state=NoticeState.OPEN)
    open_still.update(lease_until=clock.now(), **columns)
