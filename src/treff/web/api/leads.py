"""/leads"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC

from django.http import HttpResponse
from ninja import Query, Router

from treff.appointments.actions import delete_lead
from treff.kernel.errors import Invalid
from treff.people import actions, queries
from treff.people.models import Lead
from treff.people.ports import Wanted
from treff.web.api import lead_schemas as schemas
from treff.web.api import pages
from treff.web.api.answers import Done, answer_once
from treff.web.api.auth import ApiRequest, needs
from treff.web.api.places import PublicId
from treff.web.api.schemas import Person
from treff.workspaces.models import Member
from treff.workspaces.states import Permission

router = Router(tags=["Leads"])
_ORDER = pages.Order("leads", "created_at", descending=True)


@router.get("", response=schemas.LeadPage, operation_id="list_leads", summary="List leads, newest first")
@needs(Permission.SEE)
def list_leads(request: ApiRequest, wanted: Query[schemas.LeadQuery]) -> schemas.LeadPage:
    statuses = (wanted.status,) if wanted.status else ()
    asked = Wanted(wanted.q or "", wanted.owner_id or "", statuses, wanted.source or "")
    rows, next_cursor = pages.cut(queries.matching(request.auth, asked), _ORDER, wanted)
    return schemas.LeadPage(items=[represent(row) for row in rows], next_cursor=next_cursor)


@router.post("", response={201: schemas.Lead}, operation_id="create_lead", summary="Create a lead")
@needs(Permission.EDIT_LEADS)
def create_lead(request: ApiRequest, wanted: schemas.NewLead) -> HttpResponse:
    def do() -> Done:
        with _owner_is_owner_id():
            lead = actions.create_lead(request.auth, values_of(wanted))
        return Done(represent(lead), location=f"{request.path}/{lead.public_id}")

    return answer_once(request, do)


@router.get("/{lead_id}", response=schemas.Lead, operation_id="get_lead", summary="Get a lead")
@needs(Permission.SEE)
def get_lead(request: ApiRequest, lead_id: PublicId) -> schemas.Lead:
    return represent(queries.lead(request.auth, lead_id))


@router.patch("/{lead_id}", response=schemas.Lead, operation_id="edit_lead", summary="Change a lead")
@needs(Permission.EDIT_LEADS)
def edit_lead(request: ApiRequest, lead_id: PublicId, wanted: schemas.LeadChange) -> schemas.Lead:
    values = _named({name: value or "" for name, value in wanted.model_dump(exclude_unset=True).items()})
    if not values:
        return represent(queries.lead(request.auth, lead_id))
    with _owner_is_owner_id():
        return represent(actions.edit_lead(request.auth, lead_id, values))


@router.delete(
    "/{lead_id}",
    response={204: None},
    operation_id="delete_lead",
    summary="Delete a lead",
    description="Refused with lead_has_appointments while an appointment lies ahead.",
)
@needs(Permission.EDIT_LEADS)
def remove_lead(request: ApiRequest, lead_id: PublicId) -> HttpResponse:
    delete_lead(request.auth, lead_id)
    return HttpResponse(status=204)


def values_of(wanted: schemas.Contact) -> dict[str, str]:
    """The fields that were given."""
    return _named({name: value for name, value in wanted.model_dump().items() if value is not None})


def _named(values: dict[str, str]) -> dict[str, str]:
    """As the verbs call them."""
    return {"owner" if name == "owner_id" else name: value for name, value in values.items()}


@contextmanager
def _owner_is_owner_id() -> Iterator[None]:
    """What a verb says of the owner is said of owner_id here. Raises Invalid."""
    try:
        yield
    except Invalid as error:
        raise Invalid("owner_id" if error.field == "owner" else error.field, error.sentence, **error.params) from None


def represent(lead: Lead) -> schemas.Lead:
    return schemas.Lead(
        id=lead.public_id,
        name=lead.name,
        email=lead.email,
        phone=lead.phone or None,
        company=lead.company or None,
        time_zone=lead.time_zone,
        locale=lead.locale,
        status=lead.status,
        owner=_person(lead.owner) if lead.owner else None,
        source=lead.source or None,
        created_at=lead.created_at.astimezone(UTC),
    )


def _person(member: Member) -> Person:
    return Person(id=member.public_id, name=str(member), email=member.user.email)
