"""Who calls: a key of a workspace, in the Authorization header and nowhere else; and what its role may do."""

from collections.abc import Callable
from typing import TypeVar

from django.http import HttpRequest
from ninja.security import HttpBearer

from treff.kernel.secrets import Secret
from treff.workspaces.actions import use_key
from treff.workspaces.ports import Scope
from treff.workspaces.states import Permission

H = TypeVar("H", bound=Callable[..., object])


class ApiRequest(HttpRequest):
    """A request as handlers get it: `auth` is the key's scope, `parsed` the JSON of the body (None without one)."""

    auth: Scope
    parsed: object


class ApiKey(HttpBearer):
    """The one way in. Its name is the security scheme's in the OpenAPI document."""

    def authenticate(self, request: HttpRequest, token: str) -> Scope | None:
        """The scope of a live key; None for an unknown or revoked one."""
        return use_key(Secret(token))


def needs(permission: Permission) -> Callable[[H], H]:
    """Mark a handler with what its caller must be allowed; reading.Expectation of a handler without it fails."""

    def mark(handler: H) -> H:
        handler.permission = permission  # type: ignore[attr-defined]
        return handler

    return mark
