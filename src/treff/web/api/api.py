"""The API as urls.py mounts it: `path("api/v1/", api.urls)`."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path
from ninja import NinjaAPI

from treff.web.api import appointments, booking_types, connections, leads, members, reference
from treff.web.api.auth import ApiKey, ApiRequest
from treff.web.api.problems import MethodNotAllowed, handle_with_problems, problem
from treff.web.api.reading import StrictParser, check, expecting
from treff.web.policy import public
from treff.workspaces.errors import NotHere

View = Callable[..., HttpResponse]

DESCRIPTION = (
    "Appointments whose video meetings always match. Send the workspace's key as `Authorization: Bearer <key>`. "
    "Refusals are problems after RFC 9457; lists come in pages; a POST with an `Idempotency-Key` can be repeated."
)


class Api(NinjaAPI):
    """ninja with our manners: strict reading, problems for every refusal, our own two public pages."""

    def create_temporal_response(self, request: HttpRequest) -> HttpResponse:
        """The one place between checking the key and reading the values."""
        check(cast(ApiRequest, request))
        return super().create_temporal_response(request)

    def get_openapi_schema(self, **options: Any) -> Any:
        return reference.complete(super().get_openapi_schema(**options))

    def _get_urls(self) -> list[URLResolver | URLPattern]:
        patterns: list[URLResolver | URLPattern] = [
            path("openapi.json", reference.openapi(self), name="openapi-json"),
            path("docs", reference.page(self), name="docs"),
        ]
        for router in self._get_bound_routers():
            for found in router.urls_paths(router.prefix):
                patterns.append(
                    URLPattern(found.pattern, _entrance(found.callback), found.default_args, found.name),
                )
        return [*patterns, path("", _missing, name="api-root"), path("<path:rest>", _missing, name="missing")]


def _entrance(view: View) -> View:
    """ninja's view of one address; what it does not take is a problem too."""

    @wraps(view)
    def entrance(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
            return response
        allowed = ", ".join(sorted(name.strip() for name in response.headers["Allow"].split(",")))
        refusal = problem(MethodNotAllowed(allowed))
        refusal.headers["Allow"] = allowed
        return refusal

    entrance.policy = "api key"  # type: ignore[attr-defined]  # for DefaultDeny; `auth` below enforces it
    return entrance


@public
def _missing(_request: HttpRequest, rest: str = "") -> HttpResponse:
    """No such address; the same answer as for an object that is not there."""
    return problem(NotHere())


_missing.csrf_exempt = True  # type: ignore[attr-defined]  # it does nothing, and says so in JSON

api = Api(
    title="Treff",
    version="1.0.0",
    description=DESCRIPTION,
    openapi_url=None,
    docs_url=None,
    urls_namespace="api",
    auth=ApiKey(),
    parser=StrictParser(),
)
api.add_decorator(expecting, mode="view")
handle_with_problems(api)
api.add_router("/leads", leads.router)
api.add_router("/appointments", appointments.router)
api.add_router("/booking-types", booking_types.router)
api.add_router("/members", members.router)
api.add_router("/connections", connections.router)
