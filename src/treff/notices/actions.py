"""Every write about notices but their delivery, which is `mail`'s."""

from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction

from treff.events.actions import announce
from treff.kernel import clock
from treff.notices.models import Notice
from treff.notices.states import NoticeKind, NoticeState
from treff.workspaces.models import User


def tell_members(
    workspace_id: int, users: Iterable[User], kind: NoticeKind, key: str, detail: Mapping[str, object]
) -> None:
    """One mail to each of them, in the caller's transaction; who was told under this `key` before is not told again.

    A key holds for a recipient, not for a workspace: name in it what it is about.
    """
    with transaction.atomic():
        # In one order, so that of two who tell the same people the same, one waits for the other and never both.
        for user in sorted(users, key=lambda user: user.pk):
            _post(user, kind, key, detail, workspace_id)


def tell_guest(workspace_id: int, kind: NoticeKind, key: str, detail: Mapping[str, object]) -> None:
    """One mail to somebody who is no user here (yet), once for each `key`; `detail` names the row that has the address.

    In the caller's transaction.
    """
    with transaction.atomic():
        _post(None, kind, key, detail, workspace_id)


def withdraw(workspace_id: int, key_prefix: str) -> None:
    """What was not sent yet of these is not true any more."""
    waiting = Notice.objects.filter(workspace_id=workspace_id, state=NoticeState.OPEN, key__startswith=key_prefix)
    waiting.update(state=NoticeState.FAILED, trouble="withdrawn", next_look_at=None)


def forget_reasons(workspace_id: int, appointment_ids: Sequence[str]) -> None:
    """What clients wrote when they called one of these off (public ids); the notices themselves stay true."""
    concerned = Notice.objects.filter(workspace_id=workspace_id, detail__appointments__has_any_keys=appointment_ids)
    for notice in concerned.filter(detail__has_key="reason"):
        del notice.detail["reason"]
        notice.save(update_fields=["detail"])


def take_up_again() -> int:
    """After a recovery: what waited to go out is tried for another day. Returns how many."""
    return Notice.objects.filter(state=NoticeState.OPEN).update(created_at=clock.now())


def tell_operator(kind: NoticeKind, key: str, detail: Mapping[str, object]) -> None:
    """One mail to whoever runs this server (TREFF_SUPPORT_EMAIL), once for each `key`."""
    with transaction.atomic():
        _post(None, kind, key, detail, None)


def _post(
    user: User | None, kind: NoticeKind, key: str, detail: Mapping[str, object], workspace_id: int | None
) -> None:
    notice, created = Notice.objects.get_or_create(
        user=user, key=key, defaults={"workspace_id": workspace_id, "kind": kind, "detail": dict(detail)}
    )
    if created:
        announce("notice.posted", notice.pk)
