"""Data keys wherever they are stored, and whether the keys that wrap them may be used.

Each key-encrypting key has a canary in the database, which only that key opens. A process that was given another key
under the same name distrusts it: with that key it opens, wraps and deletes nothing. A retired key opens what it wrapped
and wraps nothing new, in a process that has not heard of the newer key neither.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from django.conf import settings
from django.db import transaction

from treff.audit.actions import record
from treff.audit.ports import SYSTEM
from treff.kernel import clock
from treff.kernel.secrets import Binding, DataKey, KeyRing, KeyUnavailable, SecretError, Tampered, kid_of
from treff.workspaces.models import KeyCanary, Workspace

log = structlog.get_logger()

# One round is enough unless somebody wraps by another key at the same time.
_MOST_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Stored:
    """A wrapped data key where it is stored; `replace` puts another there if it still stands; says how many."""

    wrapped: str
    binding: Binding
    replace: Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Trouble:
    """`what` is the matter with a key: lost (needed, not in the ring), wrong (not the one of that name), retired."""

    what: str
    kid: str


Holder = Callable[[], Iterable[Stored]]
# Takes what it is about, told once for each, and details.
Tell = Callable[[str, dict[str, object]], None]
_holders: list[Holder] = []
_tell: list[Tell] = []


def connect(holders: Sequence[Holder], tell: Tell) -> None:
    """Who stores data keys, and how the operator is told. wiring.py calls it."""
    _holders[:], _tell[:] = holders, [tell]


# ---- data keys ----


def new_data_key(binding: Binding) -> str:
    """A fresh data key, wrapped by the primary key; for the transaction that stores it. Raises KeyUnavailable."""
    check_primary()
    return _ring().new_data_key(binding)


def check_primary() -> None:
    """Whether new data keys can be wrapped: the primary key is the right one and is not retired. Raises KeyUnavailable.

    Its canary is held until the transaction of the caller ends: who retires the key waits for that, and then finds what
    was wrapped meanwhile.
    """
    ring = _ring()
    _distrust_unless_proven(ring.primary)
    ring.check(ring.primary)
    with transaction.atomic():
        canary = KeyCanary.objects.select_for_update(no_key=True).get(kid=ring.primary)
    if canary.retired_at is not None:
        raise KeyUnavailable(
            f"The key named {ring.primary!r} is retired and wraps nothing new: make the newer key the first of "
            "TREFF_ENCRYPTION_KEYS, then restart."
        )


def open_data_key(workspace: Workspace) -> DataKey:
    """The key of the workspace's own secrets. Raises kernel.secrets.SecretError."""
    return _ring().open_data_key(workspace.data_key, binding_of(workspace.public_id))


def binding_of(public_id: str) -> Binding:
    """Of a workspace's data key."""
    return Binding("workspace", "data_key", public_id, "workspace secrets")


def data_keys_of_workspaces() -> Iterator[Stored]:
    for public_id, wrapped in Workspace.objects.values_list("public_id", "data_key"):
        yield Stored(wrapped, binding_of(public_id), partial(_replace, public_id, wrapped))


def _replace(public_id: str, old: str, new: str) -> int:
    return Workspace.objects.filter(public_id=public_id, data_key=old).update(data_key=new)


def stored_data_keys() -> Iterator[Stored]:
    """All that there are, of workspaces and of whoever else has some."""
    for holder in _holders:
        yield from holder()


# ---- keys ----


def prove_keys() -> None:
    """What a process does before it works with keys. It writes nothing for a key that is not the right one.

    1. A key that has a canary must open it.
    2. One that has none must open a data key that claims to be wrapped by it, if there is any. Then it gets its canary;
       if another process was faster, it must open that one's.
    3. Who fails is distrusted. The operator is told of that, of keys that are needed and not there, and of a primary
       key that is retired: once a day.

    Raises django.db.Error; then nothing is proven yet.
    """
    for kid in _ring().names():
        _distrust_unless_proven(kid)
    for trouble in troubles():
        _report(trouble.what, trouble.kid, kid=trouble.kid)


def troubles() -> list[Trouble]:
    """What is the matter with our keys now. Writes nothing, tells nobody."""
    ring = _ring()
    claimed = {kid_of(stored.wrapped) for stored in stored_data_keys()} - {""}
    retired = KeyCanary.objects.filter(kid=ring.primary, retired_at__isnull=False).exists()
    return [
        *(Trouble("lost", kid[:32]) for kid in sorted(claimed - set(ring.names()))),
        *(Trouble("wrong", kid) for kid in ring.names() if not _fits(kid)),
        *([Trouble("retired", ring.primary)] if retired else []),
    ]


def rotate() -> int:
    """Wrap every data key by the primary key; how many were wrapped anew. Safe while everything runs.

    1. The primary key is proven; if it was retired, it is in use again.
    2. Every data key that another key wraps is wrapped anew, and put in its place if the old wrapping still stands
       there: nothing newer is undone. What does not open stays as it is, and the rest goes on.
    3. While nobody can wrap by the other keys: those that wrap nothing any more are retired. If something came since
       step 2, once more.

    Raises KeyUnavailable, or Tampered for the first that did not open, when the rest is done.
    """
    ring = _ring()
    for kid in ring.names():
        _distrust_unless_proven(kid)
    ring.check(ring.primary)
    KeyCanary.objects.filter(kid=ring.primary).update(retired_at=None)
    rewrapped, refused = 0, list[SecretError]()
    for _ in range(_MOST_ROUNDS):
        count, refused = _rewrap_all(ring)
        rewrapped += count
        if _retire_unused(ring.primary) or refused:
            break
    if refused:
        raise refused[0]
    return rewrapped


def give_up(kid: str) -> list[int]:
    """The key of that name is lost for good: workspaces whose data keys it wraps get fresh ones; their primary keys.

    What was sealed in them can never be opened again, and is the caller's to delete. Other data keys that it wraps are
    replaced when their accounts are connected again. Raises KeyUnavailable, also for a key that is not lost.
    """
    if kid in _ring().names():
        raise KeyUnavailable(
            f"The key named {kid!r} is in TREFF_ENCRYPTION_KEYS; only one that is lost can be given up."
        )
    concerned = []
    with transaction.atomic():
        for workspace in Workspace.objects.select_for_update().order_by("pk"):
            if kid_of(workspace.data_key) == kid:
                workspace.data_key = new_data_key(binding_of(workspace.public_id))
                workspace.save(update_fields=["data_key"])
                record(workspace.pk, SYSTEM, "workspace.secrets_given_up", workspace.public_id, {"key": kid})
                concerned.append(workspace.pk)
    return concerned


def report_tampering(table: str, public_id: str) -> None:
    """Something stored in this row does not open: the log and the operator are told, once for each row and day.

    Call it outside a transaction that the error rolls back. kernel.secrets.Tampered has both values.
    """
    _report("tampered", public_id, table=table, row=public_id)


def _rewrap_all(ring: KeyRing) -> tuple[int, list[SecretError]]:
    rewrapped, refused = 0, list[SecretError]()
    for stored in stored_data_keys():
        if kid_of(stored.wrapped) == ring.primary:
            continue
        try:
            rewrapped += stored.replace(ring.rewrap(stored.wrapped, stored.binding))
        except SecretError as error:
            refused.append(error)
            if isinstance(error, Tampered):
                report_tampering(error.table, error.row_id)
    return rewrapped, refused


def _retire_unused(primary: str) -> bool:
    """True if nothing is left that another key wraps."""
    with transaction.atomic():
        others = KeyCanary.objects.select_for_update(no_key=True).exclude(kid=primary).order_by("kid")
        held = [canary.pk for canary in others]
        used = {kid_of(stored.wrapped) for stored in stored_data_keys()}
        unused = KeyCanary.objects.filter(pk__in=held, retired_at__isnull=True).exclude(kid__in=used)
        unused.update(retired_at=clock.now())
    return used <= {primary}


def _distrust_unless_proven(kid: str) -> None:
    ring = _ring()
    if _fits(kid):
        KeyCanary.objects.get_or_create(kid=kid, defaults={"sealed": ring.new_data_key(_canary_binding(kid), kid)})
    if not _fits(kid):
        ring.distrust(kid)


def _fits(kid: str) -> bool:
    """It opens its canary; without one, it opens a data key that it claims to wrap, or there is none."""
    canary = KeyCanary.objects.filter(kid=kid).first()
    if canary is not None:
        return _opens(canary.sealed, _canary_binding(kid))
    claimed = [stored for stored in stored_data_keys() if kid_of(stored.wrapped) == kid]
    return not claimed or any(_opens(stored.wrapped, stored.binding) for stored in claimed)


def _opens(wrapped: str, binding: Binding) -> bool:
    try:
        _ring().open_data_key(wrapped, binding)
    except SecretError:
        return False
    return True


def _canary_binding(kid: str) -> Binding:
    return Binding("key_canary", "sealed", kid)


def _ring() -> KeyRing:
    ring: KeyRing = settings.TREFF_KEYS
    return ring


def _report(what: str, subject: str, **detail: str) -> None:
    log.error("key_trouble", what=what, **detail)
    for tell in _tell:
        tell(f"key_trouble:{what}:{subject}:{clock.now().date()}", {"what": what, **detail})
