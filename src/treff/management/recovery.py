"""Around a database that went back in time: beginning a recovery, its report, its end. See docs/operate/restore.md."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction

from treff.appointments.actions import leap_sequences
from treff.conferencing import forgotten, leaving, stocktaking
from treff.conferencing.models import Attempt, Grant
from treff.conferencing.states import GrantState
from treff.kernel import clock
from treff.mail import actions as mail
from treff.management import meetings
from treff.notices import actions as notices
from treff.notices.states import NoticeKind
from treff.recovery import actions, queries, witness
from treff.recovery.errors import NoRecovery
from treff.recovery.models import Recovery
from treff.recovery.states import Cause, Verdict

log = structlog.get_logger()


def watch() -> bool:
    """For workers: whether nothing may go out. A recovery is begun if the database has forgotten something."""
    if witness.look() == Verdict.OLDER:
        _begin(Cause.NOTICED)
    return queries.is_held()


def begin() -> dict[str, Any]:
    """By the operator. A second time it is the same one."""
    return _times(_begin(Cause.OPERATOR))


def resume() -> dict[str, Any]:
    """Let everything go out again, after a look at every meeting and every recipient. Raises NoRecovery.

    In one commit, so that nothing goes out that was not looked at. What a worker had in hand is noted afterwards.
    """
    with transaction.atomic():
        recovery = actions.resume()
        leaving.give_more_time()
        asked = stocktaking.ask(clock.now())
        recipients = mail.take_up_again()
        notices.take_up_again()
    return {**_times(recovery), "meetings": asked, "recipients": recipients}


def report() -> dict[str, Any]:
    """What becomes of the meetings, and what may be missing; of the recovery under way, else of the last one.

    Raises NoRecovery if there never was one.
    """
    recovery = queries.last()
    if recovery is None:
        raise NoRecovery
    begun_at, resumed_at = recovery.begun_at, recovery.resumed_at
    remade = forgotten.remade(begun_at, resumed_at) if resumed_at else []
    return {
        **_times(recovery),
        "meetings": dict(Counter(item.kind for item in stocktaking.take_stock())),
        "unconfirmed": stocktaking.unconfirmed(),
        "data_dir": str(settings.TREFF_DATA_DIR),
        "lost_meetings": [
            {"meeting": lost.external_id, "noted": _second(lost.noted_at)}
            for lost in forgotten.lost_meetings(recovery.known_until_at)
        ],
        "unknown_outcome": [_attempt(attempt) for attempt in forgotten.open_attempts()],
        "accounts": [_account(grant) for grant in forgotten.outdated_grants(begun_at)],
        "made_anew": [_attempt(attempt) for attempt in remade],
    }


def _begin(cause: Cause) -> Recovery:
    with transaction.atomic():
        recovery, is_new = actions.begin(cause)
        if is_new:
            forgotten.suspect_creates()  # the meetings come before the appointments, as everywhere
            leap_sequences()
            if cause == Cause.NOTICED:
                log.error("recovery_begun", recovery=recovery.public_id, known_until=_second(recovery.known_until_at))
                key = f"recovery:{recovery.public_id}"
                notices.tell_operator(NoticeKind.RECOVERY, key, {"since": _second(recovery.known_until_at)})
    return recovery


def _times(recovery: Recovery) -> dict[str, Any]:
    return {
        "recovery": recovery.public_id,
        "state": "over" if recovery.resumed_at else "held",
        "cause": recovery.cause,
        "known_until": _second(recovery.known_until_at),
        "begun": _second(recovery.begun_at),
        "resumed": _second(recovery.resumed_at),
    }


def _attempt(attempt: Attempt) -> dict[str, str | None]:
    appointment = attempt.meeting.appointment
    return {
        "workspace": appointment.workspace.slug,
        "appointment": appointment.public_id,
        "start": _second(appointment.start_at),
        "marker": attempt.marker,
        "meeting": attempt.external_id,
    }


def _account(grant: Grant) -> dict[str, object]:
    return {
        "account": grant.public_id,
        "provider": grant.provider,
        "workspaces": sorted({connection.workspace.slug for connection in grant.connections.all()}),
        "state": grant.state if grant.state != GrantState.CONNECTED else "may_be_outdated",
    }


def _second(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


# ---- for people ----


def sentences(found: dict[str, Any]) -> Iterator[str]:
    """The report, to be read."""
    if found["state"] == "held":
        yield f"A recovery is under way since {found['begun']} ({found['cause']}): no mail and no meeting goes out."
    else:
        yield f"The recovery of {found['begun']} ({found['cause']}) is over since {found['resumed']}."
    yield f"What was done after {found['known_until'] or 'the beginning'} and before {found['begun']} may be missing."
    yield ""
    yield "Meetings of the appointments ahead, if they are looked at now:"
    yield from meetings.lines(found["meetings"])
    yield f"  confirmations that are still to be sent: {found['unconfirmed']}"
    yield ""
    yield f"Meetings that {found['data_dir']} remembers and no row knows (on every machine with a worker, look there):"
    yield from _listed(f"{one['meeting']}  made {one['noted'] or 'just before'}" for one in found["lost_meetings"])
    yield "Meetings that may exist, for appointments ahead (the clean-up list has them, too):"
    yield from _listed(_row(one, "marker") for one in found["unknown_outcome"])
    yield "Accounts whose tokens may be outdated (Check now on the page Video provider tells; else connect them again):"
    yield from _listed(
        f"{one['provider']} of {', '.join(one['workspaces'])}  {one['state']}" for one in found["accounts"]
    )
    if found["state"] == "over":
        yield "Appointments whose meeting was gone and was made anew (cancel those that had been cancelled):"
        yield from _listed(_row(one, "meeting") for one in found["made_anew"])
        return
    yield ""
    yield "Nobody here knows what was booked, moved or cancelled in that time. The mails of that time say it (the mail"
    yield "server's log, and mail_sent in the logs of the workers), and the list of meetings at the provider."
    yield "Book, move and cancel again what is missing, then: treff recover resume"


def _row(one: dict[str, str], what: str) -> str:
    return "  ".join((one["workspace"], one["appointment"], one["start"], one[what]))


def _listed(rows: Iterator[str]) -> Sequence[str]:
    return [f"  {row}" for row in rows] or ["  none"]
