"""Tokens: opening them, and refreshing them exactly once however many workers need it."""

import contextlib
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F, Q

from treff.conferencing import grant_secrets, ports
from treff.conferencing.errors import Ambiguous, GrantLost, Misconfigured, ProviderError, ProviderNotSetUp, Transient
from treff.conferencing.models import LONG_AGO, Grant
from treff.conferencing.ports import TokenSet
from treff.conferencing.states import CheckResult, GrantState, LostCause
from treff.conferencing.wakeups import account_changed
from treff.events.actions import announce
from treff.kernel import clock
from treff.kernel.desks import away
from treff.kernel.secrets import Secret, SecretError, Tampered
from treff.kernel.stored import is_known, known
from treff.notices.actions import tell_operator
from treff.notices.states import NoticeKind
from treff.workspaces import vault

log = structlog.get_logger()

# Zoom's tokens live an hour; ours are exchanged this long before, so that a refresh that fails can wait. Each grant's
# a little earlier, so that those that were refreshed together, after a restart, are not due together for ever.
EARLY, SPREAD = timedelta(minutes=10), timedelta(minutes=3)
# Longer than one refresh can take (outbound/http.py bounds it), so that a lease never ends under a living holder.
LEASE = timedelta(seconds=60)
# A taker after a crash leaves the crashed host this long to come back with its spool: the old token may be spent.
GRACE = timedelta(minutes=5)
# A refresh token that is never used ages out; see `idle`.
KEEP_ALIVE_AFTER, KEEP_ALIVE_SPREAD = timedelta(days=45), timedelta(days=15)
_LONGEST_POLL = 90.0


def access_token(grant_id: int, refused_version: int = 0) -> tuple[Secret, int]:
    """A usable access token and its version; pass the version that the provider refused to get a newer one.

    1. Read the grant. Not connected: GrantLost.
    2. A version newer than the refused one that is not about to expire is the answer; also one that came meanwhile.
    3. What a holder that died had received and not committed may be spooled on this host: commit it.
    4. Otherwise take the refresh lease by compare-and-swap on the version and call the provider. The answer is spooled
       (sealed, fsync) before it is committed, and the commit asks for the old version.
    5. Who does not get the lease, or no answer, uses the old token as long as it lasts; after that they poll until the
       version moves, without calling the provider.

    Raises GrantLost, Transient, Misconfigured, kernel.secrets.SecretError.
    """
    deadline, pause = time.monotonic() + _LONGEST_POLL, 0.02
    first_version = None
    while True:
        grant = Grant.objects.filter(pk=grant_id).first()
        if grant is None:
            raise GrantLost("the grant is gone")
        if grant.state != GrantState.CONNECTED:
            raise _unusable(grant)
        now = clock.now()
        first_version = first_version or grant.version
        lasts = grant.version > refused_version and grant.expires_at > now
        if lasts and (due_at(grant) > now or grant.version > first_version):
            return grant_secrets.open_access_token(grant), grant.version
        if _recover_from_spool(grant) or _refreshed(grant, now, may_fail=lasts):
            continue
        if lasts:
            return grant_secrets.open_access_token(grant), grant.version
        if time.monotonic() > deadline:
            raise Transient("another worker is refreshing the token for too long")
        with away():
            time.sleep(pause)
        pause = min(pause * 2, 0.5)


def _unusable(grant: Grant) -> ProviderError:
    """A state that only a newer version knows is for that one to deal with, which runs beside this one."""
    if not is_known(GrantState, grant.state):
        return Transient("the grant is in a state that this version does not know")
    return GrantLost("the grant is not usable", GrantState(grant.state), known(LostCause, grant.cause, LostCause.NONE))


def due_at(grant: Grant) -> datetime:
    """When the next call exchanges the tokens."""
    return grant.expires_at - EARLY - SPREAD * _share(grant)


def _share(grant: Grant) -> float:
    """In [0, 1), always the same for a grant, and spread over all of them."""
    return grant.pk * 37 % 100 / 100


def _refreshed(grant: Grant, now: datetime, *, may_fail: bool) -> bool:
    """True if we had the lease and there is something new to read; an outage is no matter while `may_fail`."""
    grant_secrets.open_refresh_token(grant)  # a key that is missing must not be found out with the lease in hand
    if not _take_lease(grant, now):
        return False
    try:
        _refresh(grant)
    except Transient:
        if not may_fail:
            raise
        return False
    return True


def mark_lost(grant_id: int, version: int, lost: GrantLost) -> bool:
    """The provider refused the newest tokens (`version`): note why, unless newer ones have come. True if noted.

    Tokens that are dead are deleted; those that only lack a scope or an administrator's leave may live again.
    """
    now = clock.now()
    with transaction.atomic():
        grant = Grant.objects.select_for_update().filter(pk=grant_id, version=version).first()
        if grant is None:
            return False
        is_news = (grant.state, grant.cause) != (lost.state, lost.cause)
        if lost.state == GrantState.NEEDS_RECONNECT:
            grant.access_token = grant.refresh_token = ""
        grant.scopes = " ".join(sorted(set(grant.scopes.split()) - lost.missing))
        grant.state, grant.cause = lost.state, lost.cause
        grant.lost_at = grant.lost_at or now
        grant.checked_at, grant.check_result = now, CheckResult.LOST
        grant.refresh_lease_until = now
        grant.save()
        if is_news:
            announce("grant.lost", grant.pk)
            log.warning("grant_lost", grant=grant.public_id, state=lost.state, cause=lost.cause)
    return True


def lock(*grant_ids: int) -> list[Grant]:
    """Hold them until the transaction ends. Grants come before connections, or two who change both could deadlock."""
    return list(Grant.objects.select_for_update().filter(pk__in=grant_ids).order_by("pk"))


def drop_unused() -> list[Secret]:
    """Delete the grants that nobody uses, with tokens, identity and data key. Their refresh tokens, to be revoked."""
    seen = list(Grant.objects.filter(connections=None, pending=None).values_list("pk", flat=True))
    to_revoke = []
    for grant in lock(*seen):
        if grant.connections.exists() or grant.pending.exists():
            continue  # somebody came while we waited for the lock
        with contextlib.suppress(SecretError):
            if grant.refresh_token:
                to_revoke.append(grant_secrets.open_refresh_token(grant))
        grant.delete()
    return to_revoke


def revoke(provider_name: str, tokens: Iterable[Secret]) -> None:
    """Once, best effort: our copies are gone already, and the provider may be down or have removed the app."""
    for token in tokens:
        try:
            ports.provider_named(provider_name).revoke(token)
        except (ProviderError, ProviderNotSetUp) as error:
            log.info("revoke_failed", provider=provider_name, detail=str(error)[:200])


def pause(grant_id: int, until_at: datetime) -> None:
    """No calls for this account before `until_at`."""
    Grant.objects.filter(pk=grant_id, paused_until__lt=until_at).update(paused_until=until_at)


def ask_to_check(account: str, at_most_every: timedelta) -> bool:
    """Have a worker try the account's tokens. True if asked; not again within `at_most_every`."""
    now = clock.now()
    with transaction.atomic():
        asked = Grant.objects.filter(account=account, check_asked_at__lte=now - at_most_every)
        found = asked.values_list("pk", flat=True).first()
        if found is None or not asked.update(check_asked_at=now):
            return False
        announce("grant.check_asked", found)
    return True


def check(grant_id: int) -> None:
    """Try the tokens by refreshing them, and note what came of it; what only lacked somebody's leave may live again.

    The profile would tell as much, but it is read once only, while connecting.
    """
    grant = Grant.objects.filter(pk=grant_id).first()
    if grant is None:
        return
    try:
        if grant.state == GrantState.CONNECTED:
            access_token(grant_id, refused_version=grant.version)
        elif is_known(GrantState, grant.state) and grant.refresh_token and not _recover_from_spool(grant):
            _refreshed(grant, clock.now(), may_fail=False)
    except SecretError as error:
        _note(grant, CheckResult.KEY_UNAVAILABLE)
        report(error)
    except ProviderError as error:  # noted where it was met
        log.info("grant_checked", grant=grant.public_id, error=str(error)[:200])
    unanswered = Q(checked_at__isnull=True) | Q(checked_at__lt=F("check_asked_at"))
    Grant.objects.filter(unanswered, pk=grant_id).update(checked_at=clock.now())


def idle() -> list[int]:
    """Grants that were not refreshed for 45 to 60 days, each at a day of its own: their refresh tokens age.

    Zoom's live about 90 days ("varies, treat as changeable"): https://developers.zoom.us/docs/integrations/oauth/
    """
    now = clock.now()
    old = Grant.objects.filter(state=GrantState.CONNECTED, expires_at__lt=now - KEEP_ALIVE_AFTER)
    return [
        grant.pk
        for grant in old.only("pk", "expires_at")
        if grant.expires_at < now - KEEP_ALIVE_AFTER - KEEP_ALIVE_SPREAD * _share(grant)
    ]


def report(error: SecretError) -> None:
    """Tell the operator of a sealed value that does not open: it was changed, moved or sealed by another key."""
    if isinstance(error, Tampered):
        vault.report_tampering(error.table, error.row_id)


def _note(grant: Grant, result: CheckResult, **columns: object) -> None:
    """What the token endpoint said of these tokens. That it refuses our app is for the operator to mend."""
    now = clock.now()
    Grant.objects.filter(pk=grant.pk, version=grant.version).update(checked_at=now, check_result=result, **columns)
    if result in (CheckResult.APP_REFUSED, CheckResult.APP_DISABLED):
        log.error("app_refused", provider=grant.provider, result=result)
        detail = {"provider": grant.provider, "detail": result.value}
        tell_operator(NoticeKind.APP_REFUSED, f"{result}:{grant.provider}:{now.date()}", detail)


def _take_lease(grant: Grant, now: datetime) -> bool:
    return bool(
        Grant.objects.filter(
            pk=grant.pk, version=grant.version, state=grant.state, refresh_lease_until__lte=now
        ).update(refresh_lease_until=now + LEASE, refresh_tries=F("refresh_tries") + 1)
    )


def _refresh(grant: Grant) -> None:
    # Somebody held the lease before us and did not commit.
    if grant.refresh_tries == 1 and grant.expires_at > clock.now() + GRACE:
        Grant.objects.filter(pk=grant.pk, version=grant.version).update(
            refresh_lease_until=clock.now() + GRACE, refresh_tries=F("refresh_tries") + 1
        )
        raise Transient("waiting for the worker that was refreshing", GRACE)
    provider = ports.provider_named(grant.provider)
    try:
        tokens = provider.refresh(grant_secrets.open_refresh_token(grant))
    except GrantLost as lost:
        # Another worker may have been faster after all: only the newest token's refusal proves anything.
        if mark_lost(grant.pk, grant.version, lost):
            raise
        return
    except Ambiguous as error:
        _note(grant, CheckResult.UNREACHABLE)
        raise Transient(str(error), LEASE) from error
    except ProviderError as error:  # answered, so nothing is spent: whoever comes next may ask
        _note(
            grant,
            error.result if isinstance(error, Misconfigured) else CheckResult.UNREACHABLE,
            refresh_lease_until=clock.now(),
            refresh_tries=0,
        )
        raise
    received_at = clock.now()
    try:
        grant_secrets.spool(grant, tokens, received_at)
    except OSError:  # the disk is full: the commit may work all the same
        log.exception("spool_failed", grant=grant.public_id)
    _commit(grant, tokens, received_at)


def _commit(grant: Grant, tokens: TokenSet, received_at: datetime) -> None:
    old_version, lives_again = grant.version, grant.state != GrantState.CONNECTED
    grant_secrets.put(grant, tokens, received_at)
    with transaction.atomic():
        committed = Grant.objects.filter(pk=grant.pk, version=old_version).update(
            access_token=grant.access_token,
            refresh_token=grant.refresh_token,
            expires_at=grant.expires_at,
            version=old_version + 1,
            refresh_lease_until=LONG_AGO,
            refresh_tries=0,
            state=GrantState.CONNECTED,
            cause=LostCause.NONE,
            lost_at=None,
            checked_at=received_at,
            check_result=CheckResult.OK,
        )
        if lives_again:
            for connection in grant.connections.all():
                account_changed(connection.workspace_id)
    grant_secrets.forget_spooled(grant)
    log.info("grant_refreshed", grant=grant.public_id, version=old_version + 1, committed=bool(committed))


def _recover_from_spool(grant: Grant) -> bool:
    """Commit what a holder that died had received for exactly this version. True if there was something."""
    tokens = grant_secrets.spooled(grant)
    if tokens is None:
        return False
    _commit(grant, tokens, clock.now())
    log.info("grant_recovered_from_spool", grant=grant.public_id)
    return True
