"""Every write about leads."""

from collections.abc import Mapping

from django.db import connection, transaction

from treff.audit.actions import record
from treff.kernel import clock
from treff.kernel.errors import N_, Invalid
from treff.people import queries
from treff.people.models import Lead
from treff.people.rules import clean
from treff.workspaces.models import Member, Workspace
from treff.workspaces.ports import Scope
from treff.workspaces.queries import members
from treff.workspaces.states import Permission


def create_lead(scope: Scope, values: Mapping[str, str]) -> Lead:
    """A new lead; name and email are required, language and zone default to the workspace's. Raises Invalid.

    `owner` is the public id of the member who looks after them, empty for nobody.
    """
    scope.require(Permission.EDIT_LEADS)
    for field in ("name", "email"):
        if not values.get(field):
            raise Invalid(field, N_("Please fill this in."))
    with transaction.atomic():
        return _create(scope, values, owner=_owner(scope, values.get("owner", "")))


def _create(scope: Scope, values: Mapping[str, str], owner: Member | None = None) -> Lead:
    workspace = Workspace.objects.get(pk=scope.workspace_id)
    defaults = {"locale": workspace.locale, "time_zone": workspace.time_zone}
    given = {field: value for field, value in values.items() if value}
    lead = Lead.objects.create(workspace=workspace, owner=owner, **clean(defaults | given))
    record(scope.workspace_id, scope.actor, "lead.created", lead.public_id)
    return lead


def find_or_create_lead(scope: Scope, values: Mapping[str, str]) -> Lead:
    """For clients who book by themselves: who has this address already stays as they are, since a stranger who knows it
    must not rename them, nor say who looks after them. Raises Invalid.
    """
    scope.require(Permission.BOOK_OFFERED)
    for field in ("name", "email"):
        if not values.get(field):
            raise Invalid(field, N_("Please fill this in."))
    checked = clean(values)
    with transaction.atomic():
        with connection.cursor() as cursor:  # of two bookings with a new address at once one waits, and finds the lead
            name = f"{scope.workspace_id}:{checked['email'].lower()}"
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [name])
        known = queries.with_email(scope, checked["email"])
        return known[0] if known else _create(scope, checked)


def edit_lead(scope: Scope, public_id: str, values: Mapping[str, str]) -> Lead:
    """Change some fields; `owner` as in create_lead. Raises Invalid, NotHere."""
    scope.require(Permission.EDIT_LEADS)
    with transaction.atomic():
        lead = queries.lead(scope, public_id)
        changed: dict[str, object] = dict(clean(values))
        if "owner" in values:
            changed["owner"] = _owner(scope, values["owner"])
        for field, value in changed.items():
            setattr(lead, field, value)
        lead.save(update_fields=list(changed))
        record(scope.workspace_id, scope.actor, "lead.edited", lead.public_id, {"fields": sorted(changed)})
    return lead


def _owner(scope: Scope, member_id: str) -> Member | None:
    """Raises Invalid for field owner."""
    if not member_id:
        return None
    found = members(scope).filter(public_id=member_id).first()
    if found is None:
        raise Invalid("owner", N_("Choose a member of the workspace."))
    return found


def hide_lead(scope: Scope, public_id: str) -> None:
    """Take the lead off every list. Callers use appointments.actions.delete_lead, which looks at appointments first."""
    scope.require(Permission.EDIT_LEADS)
    lead = queries.lead(scope, public_id)
    lead.deleted_at = clock.now()
    lead.save(update_fields=["deleted_at"])
    record(scope.workspace_id, scope.actor, "lead.deleted", lead.public_id)
