"""A house to test in: workspaces, members, leads and appointments, made by the verbs that make them in production.

Needs a database (`db`). Everybody who signs in with a password has PASSWORD; hashing it takes a moment, so people get
one only where `password=PASSWORD` is said. In pages tests sign in with `client_of(member)`.
"""

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client

from treff.appointments.actions import book
from treff.appointments.models import Appointment
from treff.appointments.ports import Booking
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.people.actions import create_lead
from treff.people.models import Lead
from treff.workspaces import actions, queries
from treff.workspaces.actions import NewPerson
from treff.workspaces.models import Member, Workspace
from treff.workspaces.ports import Scope
from treff.workspaces.states import Role

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)


def workspace(slug: str = "nordlicht", **values: Any) -> Workspace:
    """A workspace with its Owner (see `owner`). Values: name, time_zone, locale, password (of the owner)."""
    password = values.get("password")
    return actions.create_workspace(
        slug,
        values.get("name", slug.replace("-", " ").title()),
        values.get("time_zone", "Europe/Berlin"),
        values.get("locale", "en"),
        NewPerson(f"owner@{slug}.example", "Olivia Owner", Secret(password) if password else None),
    )


def owner(place: Workspace) -> Member:
    return Member.objects.select_related("workspace", "user").get(workspace=place, role=Role.OWNER)


def member(place: Workspace, role: Role = Role.REP, *, name: str = "Rita Rep", **values: Any) -> Member:
    """A member more. Values: email, locale, password."""
    email = values.get("email", f"{role}{next(_numbers)}@{place.slug}.example")
    password = values.get("password")
    person = NewPerson(email, name, Secret(password) if password else None, values.get("locale", "en"))
    made = actions.add_member(place, person, role)
    return Member.objects.select_related("workspace", "user").get(pk=made.pk)


def admin(place: Workspace, **values: Any) -> Member:
    return member(place, Role.ADMIN, **{"name": "Ada Admin", **values})


def scope(of: Member) -> Scope:
    return queries.scope_of(of)


def lead(by: Member, **values: str) -> Lead:
    """A lead, as created by the member. Values: name, email, phone, company, locale, time_zone."""
    defaults: Mapping[str, str] = {"name": "Lena Lead", "email": f"lead{next(_numbers)}@customer.example"}
    return create_lead(scope(by), {**defaults, **values})


def appointment(by: Member, **values: Any) -> Appointment:
    """An appointment that the member books and hosts. Values: those of appointments.ports.Booking, or `lead`.

    It starts at a full hour in one day, 45 minutes long, with Zoom, unless said otherwise; each next one a day later.
    """
    person: Lead | None = values.pop("lead", None)
    if person is None and "lead_id" not in values:
        person = lead(by)
    if person is not None:
        values["lead_id"] = person.public_id
    defaults: dict[str, Any] = {"start_at": later(), "duration": timedelta(minutes=45), "provider": "zoom"}
    return book(scope(by), Booking(**{**defaults, **values}))


def later(days: int | None = None, hour: int = 10) -> datetime:
    """A full hour, UTC, so many days ahead; without `days` another day each time (of 600)."""
    day = clock.now().astimezone(UTC) + timedelta(days=days if days is not None else 1 + next(_numbers) % 600)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


def client_of(someone: Member, **options: Any) -> Client:
    """A browser in which the member is signed in; options are Client's, such as enforce_csrf_checks=True."""
    client = Client(**options)
    client.force_login(someone.user)
    return client
