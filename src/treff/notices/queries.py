"""Every read about notices."""

from datetime import timedelta

from django.db.models import Q

from treff.kernel import clock
from treff.notices.models import Notice
from treff.notices.states import NoticeKind, NoticeState
from treff.recovery.queries import released
from treff.workspaces.models import Member
from treff.workspaces.queries import scope_of
from treff.workspaces.states import Permission


def may_go() -> Q:
    """A condition for the statement that takes hold of one: during a recovery only the word of that itself goes."""
    return Q(released()) | Q(kind=NoticeKind.RECOVERY)


def due(limit: int, head_start: timedelta = timedelta(0)) -> list[int]:
    """Notices to send now, longest due first, but none posted within `head_start`: its own job may be on the way."""
    now = clock.now()
    found = Notice.objects.filter(
        may_go(),
        state=NoticeState.OPEN,
        kind__in=NoticeKind,  # one that a newer version posted is for that one to word
        next_look_at__lte=now,
        lease_until__lte=now,
        created_at__lte=now - head_start,
    )
    return list(found.order_by("next_look_at").values_list("pk", flat=True)[:limit])


def reader_of(notice: Notice) -> Member | None:
    """The member it is for, as long as they may know: active, and an Owner or Admin unless it is about their `own`.

    None for a notice to the operator.
    """
    if notice.workspace_id is None or notice.user_id is None:
        return None
    member = (
        Member.objects.select_related("workspace", "user")
        .filter(workspace_id=notice.workspace_id, user_id=notice.user_id, is_active=True, user__is_active=True)
        .first()
    )
    if member is None or notice.detail.get("own") is True:
        return member
    return member if scope_of(member).may(Permission.CONNECT_PROVIDERS) else None
