"""What one person may ask for: everything that is stored about them, and that it goes. For administrators."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from treff.appointments import erasing
from treff.appointments.errors import LeadHasAppointments
from treff.appointments.queries import are_to_come
from treff.audit.actions import record, redact
from treff.audit.ports import SYSTEM
from treff.conferencing import cleaning, journal
from treff.kernel import clock
from treff.mail import actions as mail
from treff.mail.queries import are_on_their_way
from treff.notetaking import actions as notetaking
from treff.notices.actions import forget_reasons
from treff.people import actions as people
from treff.people.models import Lead
from treff.privacy import ports, queries
from treff.privacy.errors import MailsOnTheirWay
from treff.privacy.rules import check_confirmation
from treff.privacy.states import Ground, Kind
from treff.workspaces.ports import Scope
from treff.workspaces.queries import client_scope
from treff.workspaces.states import Permission

log = structlog.get_logger()
# What a worker had in hand when a lead was erased it has put down by then: longer than any lease.
SETTLED_AFTER = timedelta(hours=1)
JOURNAL = "erased"


def export_lead(scope: Scope, lead_id: str) -> Mapping[str, object]:
    """Everything about a lead, as JSON; that it was taken out is noted. Raises NotAllowed, NotHere."""
    scope.require(Permission.EXPORT_LEADS)
    with transaction.atomic():
        found = queries.everything_about(scope, lead_id)
        record(scope.workspace_id, scope.actor, "lead.exported", lead_id)
    return found


def erase_lead(scope: Scope, lead_id: str, confirmation: str, ground: Ground) -> None:
    """Nothing says any more who they were; there is no way back. Twice changes nothing.

    `confirmation`: name or address of the lead, typed by whoever erases. `ground`, as they say, is noted.

    Raises Invalid for field confirmation, LeadHasAppointments, MailsOnTheirWay, NotAllowed, NotHere.
    """
    scope.require(Permission.ERASE_LEADS)
    with transaction.atomic():
        lead = queries.person(scope, lead_id, hold=True)
        if lead.erased_at is not None:
            return
        check_confirmation(confirmation, lead.name, lead.email)
        _erase(scope, lead, {"ground": ground.value})


def sweep_again() -> int:
    """Once more what was erased lately, and what this machine knows to be erased while the database does not.

    A worker that had a mail or a meeting in hand may have written it down a moment after; a backup that was restored
    is of before. Returns how many leads the latter were.
    """
    noted = {public_id for _at, public_id in journal.notes(JOURNAL)}
    lately = Lead.objects.filter(erased_at__gt=clock.now() - SETTLED_AFTER, merged_into=None)
    for lead in lately.select_related("workspace"):
        with transaction.atomic():
            _forget(queries.person(_system(lead), lead.public_id, hold=True))
        if lead.public_id not in noted:
            journal.note(JOURNAL, lead.public_id)
    journal.forget_notes(JOURNAL)
    return sum(_erase_again(lead) for lead in _come_back(noted))


def _come_back(noted: set[str]) -> list[Lead]:
    known = Lead.objects.filter(public_id__in=noted, erased_at=None, merged_into=None)
    return list(known.select_related("workspace"))


def _erase_again(lead: Lead) -> bool:
    try:
        with transaction.atomic():
            _erase(_system(lead), queries.person(_system(lead), lead.public_id, hold=True), {"again": True})
    except (LeadHasAppointments, MailsOnTheirWay) as error:
        log.warning("erased_lead_is_back", lead=lead.public_id, because=error.code)
        return False
    return True


def _system(lead: Lead) -> Scope:
    return replace(client_scope(lead.workspace), actor=SYSTEM)


def _erase(scope: Scope, lead: Lead, why: Mapping[str, object]) -> None:
    """A lead who is held. Raises LeadHasAppointments, MailsOnTheirWay."""
    everybody = queries.leads_of(lead)
    _check_nothing_is_to_come(everybody)
    if are_on_their_way([row.pk for row in erasing.all_of(everybody)]):
        raise MailsOnTheirWay
    counts = queries.inventory_of(scope, lead).counts
    _forget(lead)
    _check_nothing_is_to_come(everybody)  # now they are held: nobody has just taken a cancellation back
    detail = {**why, **{kind.value: many for kind, many in counts.items() if kind != Kind.HISTORY}}
    record(scope.workspace_id, scope.actor, "lead.erased", lead.public_id, detail)


def _check_nothing_is_to_come(everybody: Sequence[Lead]) -> None:
    if are_to_come(everybody, clock.now()):
        raise LeadHasAppointments


def _forget(lead: Lead) -> None:
    """In every place where something is kept, with the leads who were merged into this one.

    Recipients, meetings and recordings are taken hold of before their appointments, as workers do it.
    """
    everybody = queries.leads_of(lead)
    appointments = erasing.all_of(everybody)
    subjects, keys = queries.subjects_of(lead, appointments), [row.pk for row in appointments]
    with translation.override(lead.workspace.locale):
        name = gettext("Erased lead")
    titles = erasing.titles_of(appointments, name)
    mail.forget(keys, [row.email for row in everybody])
    cleaning.retitle(titles)
    notetaking.forget(keys)
    erasing.erase(titles)
    forget_reasons(lead.workspace_id, [row.public_id for row in appointments])
    for holder in ports.holders():
        holder.forget(lead.workspace_id, subjects)
    people.erase(everybody, name)
    redact(lead.workspace_id, lead.public_id, subjects)
