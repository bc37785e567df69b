"""Every write about notices but their delivery, which is `mail`'s."""

from collections.abc import Iterable, Mapping

from treff.notices.models import Notice
from treff.notices.states import NoticeKind
from treff.workspaces.models import User


def tell_members(
    workspace_id: int, users: Iterable[User], kind: NoticeKind, key: str, detail: Mapping[str, object]
) -> None:
    """One mail to each of them, in the caller's transaction; who was told under this `key` before is not told again."""
    for user in users:
        _post(user, kind, key, detail, workspace_id)


def tell_operator(kind: NoticeKind, key: str, detail: Mapping[str, object]) -> None:
    """One mail to whoever runs this server (TREFF_SUPPORT_EMAIL), once for each `key`."""
    _post(None, kind, key, detail, None)


def _post(
    user: User | None, kind: NoticeKind, key: str, detail: Mapping[str, object], workspace_id: int | None
) -> None:
    Notice.objects.get_or_create(
        user=user, key=key, defaults={"workspace_id": workspace_id, "kind": kind, "detail": dict(detail)}
    )
