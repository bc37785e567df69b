"""Scope: in whose name and in which workspace something is read or written."""

from dataclasses import dataclass

from treff.audit.ports import Actor
from treff.workspaces.errors import NotAllowed
from treff.workspaces.states import GRANTED, Permission, Role


@dataclass(frozen=True, slots=True)
class Scope:
    """Every query takes one and sees its workspace only; every verb takes one and asks it for permission."""

    workspace_id: int
    workspace_slug: str
    role: Role | None
    actor: Actor
    member_id: int | None = None

    def may(self, permission: Permission) -> bool:
        return permission in GRANTED[self.role]

    def require(self, permission: Permission) -> None:
        """Raises NotAllowed."""
        if not self.may(permission):
            raise NotAllowed


@dataclass(frozen=True, slots=True)
class BrandWish:
    """How public pages shall look. `color` #rrggbb or empty; `logo` a picture's file, empty for none, None: as it is.

    `embed_origins`: addresses of sites as typed, which may show the pages in a frame.
    """

    color: str = ""
    embed_origins: tuple[str, ...] = ()
    logo: bytes | None = None
