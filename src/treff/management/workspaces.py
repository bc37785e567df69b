"""Commands about workspaces, members and API keys."""

from dataclasses import dataclass

from treff.kernel.secrets import Secret
from treff.workspaces import actions, queries
from treff.workspaces.actions import NewPerson as NewPerson
from treff.workspaces.states import Role


@dataclass(frozen=True, slots=True)
class NewWorkspace:
    slug: str
    name: str
    time_zone: str
    locale: str


def create_workspace(wanted: NewWorkspace, owner_email: str, owner_password: Secret | None) -> dict[str, str]:
    """Raises kernel.errors.TreffError."""
    owner = NewPerson(owner_email, password=owner_password, locale=wanted.locale)
    row = actions.create_workspace(wanted.slug, wanted.name, wanted.time_zone, wanted.locale, owner)
    return {"id": row.public_id, "slug": row.slug, "name": row.name}


def add_member(slug: str, person: NewPerson, role: str) -> dict[str, str]:
    """Raises kernel.errors.TreffError."""
    member = actions.add_member(queries.workspace_with_slug(slug), person, Role(role))
    return {"id": member.public_id, "email": member.user.email, "role": member.role}


def create_api_key(slug: str, role: str) -> Secret:
    """Raises kernel.errors.TreffError."""
    return actions.create_api_key(queries.workspace_with_slug(slug), Role(role))
