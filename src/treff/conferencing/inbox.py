"""Providers' words that a user removed the app: kept before they are answered, handled after, once each."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError, connection, transaction

from treff.audit.actions import record
from treff.audit.ports import Actor
from treff.conferencing import grants, leaving
from treff.conferencing.models import Connection, InboxEvent
from treff.events.actions import announce
from treff.kernel import clock

log = structlog.get_logger()

# Zoom waits three seconds for our answer, and keeping an event takes two statements.
# https://developers.zoom.us/blog/webhook-delays/
STATEMENT_PATIENCE = timedelta(seconds=1)
# A signature holds for minutes, so that a repetition cannot come later than this.
KEPT = timedelta(hours=24)
# So long a wake-up may be on its way without being taken for lost.
HEAD_START = timedelta(seconds=5)
SWEEP_LIMIT = 500
# An account is checked so often at most, however many unverified events name it.
CHECKED_EVERY = timedelta(minutes=10)


class Limiter:
    """One pass for each key in a period and `in_all` for all keys, counted in this process. Threads may share it."""

    def __init__(
        self, in_all: int, period: timedelta = timedelta(minutes=1), seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._in_all, self._period, self._seconds = in_all, period.total_seconds(), seconds
        self._passed: dict[str, float] = {}
        self._lock = threading.Lock()

    def lets_pass(self, key: str) -> bool:
        """Whether it may be now; if so, that counts."""
        with self._lock:
            now = self._seconds()
            self._passed = {earlier: at for earlier, at in self._passed.items() if now - at < self._period}
            if key in self._passed or len(self._passed) >= self._in_all:
                return False
            self._passed[key] = now
            return True


# What anybody can send must not cost a query each. To use the ten up only delays a check that the next call makes too.
_doubts = Limiter(in_all=10)
# What fails comes again after a minute, so that it neither keeps the workers busy nor holds up others.
_retries = Limiter(in_all=SWEEP_LIMIT)


def receive(provider: str, digest: str, account: str, at: datetime) -> bool:
    """Keep a verified event: the user of `account` removed the app at `at`. `digest` is that of what was signed.

    The row and the wake-up are committed together, at once or not at all. False if it came before, which changes
    nothing. Whether the account is known here is not looked up. Raises when the database is not there or too slow.
    """
    try:
        with transaction.atomic():
            _hurry()
            event = InboxEvent.objects.create(provider=provider, digest=digest, account=account, at=at)
            announce("inbox.received", event.pk)
    except IntegrityError:
        return False
    return True


def doubt(provider: str, account: str) -> None:
    """An event about `account` came that could not be verified: it is not obeyed, but the tokens are tried once.

    If the user really removed the app, the provider refuses them, and the account is lost by that proof alone.
    """
    if not _doubts.lets_pass(account):
        return
    try:
        with transaction.atomic():
            _hurry()
            asked = grants.ask_to_check(account, CHECKED_EVERY)
    except Exception:  # of the database, or of the jobs in it
        log.exception("doubtful_event_not_checked", provider=provider)
        return
    if asked:  # of an account that we know: more than a scan of the internet
        log.warning("doubtful_event", provider=provider, account=account)


def handle(event_id: int) -> None:
    """Do what the event says, and note that it is done, in one commit. A second time changes nothing."""
    with transaction.atomic():
        event = InboxEvent.objects.select_for_update().filter(pk=event_id, handled_at__isnull=True).first()
        if event is None:
            return
        concerned = leaving.deauthorize(event.provider, event.account, event.at)
        if not concerned:
            _record_late(event)
        InboxEvent.objects.filter(pk=event.pk).update(handled_at=clock.now())
    log.info("deauthorized", provider=event.provider, workspaces=concerned)


def overlooked() -> list[int]:
    """Events whose wake-up was lost, or whose handling failed a minute ago or more; oldest first."""
    open_events = InboxEvent.objects.filter(handled_at__isnull=True, received_at__lte=clock.now() - HEAD_START)
    found = open_events.order_by("received_at").values_list("pk", flat=True)[:SWEEP_LIMIT]
    return [event_id for event_id in found if _retries.lets_pass(str(event_id))]


def forget() -> int:
    """Delete what was handled and cannot be repeated any more."""
    deleted, _by_model = InboxEvent.objects.filter(
        handled_at__isnull=False, received_at__lte=clock.now() - KEPT
    ).delete()
    return deleted


def _record_late(event: InboxEvent) -> None:
    """The user has allowed the app again since: who is connected can read that we heard of it and did nothing.

    Unless our clock is ahead of the provider's: then it is not late at all, and the tokens tell.
    """
    actor = Actor("provider", event.provider, event.provider.title())
    for late in Connection.objects.filter(grant__account=event.account):
        detail = {"provider": event.provider, "removed_at": event.at.isoformat()}
        record(late.workspace_id, actor, "connection.late_removal", late.public_id, detail)
    grants.ask_to_check(event.account, CHECKED_EVERY)


def _hurry() -> None:
    """Until the transaction ends, a statement that takes long, or waits long for a lock, is given up."""
    with connection.cursor() as cursor:
        milliseconds = str(int(STATEMENT_PATIENCE.total_seconds() * 1000))
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [milliseconds])
