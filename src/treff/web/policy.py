"""Who may see a page. A view without a policy is not served (middleware.DefaultDeny)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from treff.web.sessions import sign_in_first
from treff.workspaces.models import Member, User, Workspace
from treff.workspaces.ports import Scope
from treff.workspaces.queries import member_of, scope_of
from treff.workspaces.states import Permission

P = ParamSpec("P")
View = Callable[..., HttpResponseBase]
V = TypeVar("V", bound=View)


@dataclass(frozen=True, slots=True)
class Visit:
    """A member on a page of their workspace."""

    request: HttpRequest
    user: User
    member: Member
    scope: Scope

    @property
    def workspace(self) -> Workspace:
        return self.member.workspace

    @property
    def time_zone(self) -> str:
        """The zone in which the member reads times."""
        return self.member.time_zone


def public(view: V) -> V:
    """Anybody may see it."""
    view.policy = "public"  # type: ignore[attr-defined]
    return view


def _asking(view: View) -> View:
    """Whoever is not signed in is asked to, and comes back."""

    @wraps(view)
    def asking(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        return view(request, *args, **kwargs) if request.user.is_authenticated else sign_in_first(request)

    return asking


def signed_in(view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> View:
    """Whoever is signed in."""
    guarded = _asking(view)
    guarded.policy = "signed in"  # type: ignore[attr-defined]
    return guarded


def within_workspace(permission: Permission) -> Callable[[Callable[Concatenate[Visit, P], HttpResponse]], View]:
    """Active members of the workspace in the address whose role has `permission`; for others it is a 404 or a 403."""

    def guard(view: Callable[Concatenate[Visit, P], HttpResponse]) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, workspace: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            assert isinstance(request.user, User)
            member = member_of(request.user, workspace)
            visit = Visit(request, request.user, member, scope_of(member))
            request.visit = visit  # type: ignore[attr-defined]  # for the frame around the page (context.py)
            visit.scope.require(permission)
            return view(visit, *args, **kwargs)

        allowed = _asking(guarded)
        allowed.policy = permission.value  # type: ignore[attr-defined]
        return allowed

    return guard
