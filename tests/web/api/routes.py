"""Every operation of the API, read from the routes that are served, with an example of a call for each.

A route without an example fails the tests that walk the table, so none is left out by forgetting.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.urls import URLPattern
from ninja.operation import PathView

from tests import house
from tests.web.api.conftest import Place
from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.kernel import clock
from treff.web.api.api import api
from treff.workspaces.models import Member


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    permission: str

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def routes() -> list[Route]:
    """From the bound routers, which is what the addresses are made of."""
    return [
        Route(method, router.prefix + path, str(operation.view_func.permission))  # type: ignore[attr-defined]
        for router in api._get_bound_routers()
        for path, view in _views(router.path_operations)
        for operation in view.operations
        for method in operation.methods
    ]


def _views(operations: Mapping[str, PathView]) -> Iterator[tuple[str, PathView]]:
    yield from operations.items()


def served_paths() -> set[str]:
    """The addresses of the URL table, without those that belong to nobody."""
    patterns, _app, _namespace = api.urls
    found = {pattern.name: str(pattern.pattern) for pattern in patterns if isinstance(pattern, URLPattern)}
    public = ("openapi-json", "docs", "api-root", "missing")
    return {"/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path) for name, path in found.items() if name not in public}


BODIES: Mapping[str, object] = {
    "POST /leads": {"name": "Nele Neu", "email": "nele@new.example"},
    "PATCH /leads/{lead_id}": {"name": "Changed"},
    "POST /appointments": {
        "lead": {"name": "Nele Neu", "email": "nele@new.example"},
        "start": house.later(601).isoformat(),
        "provider": "zoom",
    },
    "PATCH /appointments/{appointment_id}": {"title": "Changed"},
    "POST /appointments/{appointment_id}/cancel": {"reason": "Changed"},
    "POST /appointments/{appointment_id}/approve": {},
    "POST /appointments/{appointment_id}/decline": {"reason": "Changed"},
    "POST /appointments/{appointment_id}/no-show": {},
    "POST /booking-types": {"slug": "brand-new", "title": "Brand new", "duration_minutes": 20},
    "PATCH /booking-types/{slug}": {"title": "Changed"},
}

UNKNOWN: Mapping[str, str] = {
    "lead_id": "lead_00000000000000000000",
    "appointment_id": "appt_00000000000000000000",
    "slug": "nothing-here",
    "to_approve": "appt_00000000000000000000",
    "to_decline": "appt_00000000000000000000",
    "to_no-show": "appt_00000000000000000000",
}


def objects_of(place: Place, host: Member | None = None) -> dict[str, str]:
    """One object of each kind in the workspace, by the name of the path's parameter. The slug is of this place only."""
    appointment = house.appointment(host or place.owner)
    slug = f"talk-{place.workspace.slug}"
    wanted = {"slug": slug, "title": "Talk", "duration_minutes": 30}
    assert place.caller.post("/booking-types", wanted).status_code == 201
    lead = house.lead(host or place.owner)
    requests = [house.appointment(host or place.owner).public_id for _ in range(2)]
    Appointment.objects.filter(public_id__in=requests).update(status=Status.REQUESTED)
    begun = house.appointment(host or place.owner).public_id
    Appointment.objects.filter(public_id=begun).update(start_at=clock.now() - timedelta(minutes=5))
    return {
        "lead_id": lead.public_id,
        "appointment_id": appointment.public_id,
        "slug": slug,
        "to_approve": requests[0],
        "to_decline": requests[1],
        "to_no-show": begun,
    }


def fill_in(path: str, objects: Mapping[str, str]) -> str:
    """The path with ids in it. Raises KeyError for a parameter that nobody has an example of."""
    waiting = f"to_{path.rpartition('/')[2]}"  # what only a request takes
    return re.sub(r"{(\w+)}", lambda match: objects[waiting if waiting in objects else match[1]], path)
