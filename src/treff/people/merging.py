"""Two leads who are the same person become one."""

import hashlib
import json
from collections.abc import Collection

from treff.audit.actions import record
from treff.kernel import clock
from treff.kernel.errors import N_, Invalid
from treff.people import queries
from treff.people.actions import told_of
from treff.people.errors import LeadChanged
from treff.people.models import Lead
from treff.workspaces.errors import NotHere
from treff.workspaces.ports import Scope
from treff.workspaces.states import Permission

FIELDS = ("name", "email", "phone", "company", "locale", "time_zone", "status", "owner")


def fingerprint_of(kept: Lead, other: Lead) -> str:
    """The SHA-256 (hex) of what is shown of both before they are merged."""
    shown = [[lead.public_id, lead.owner_id, *(str(_value(lead, field)) for field in FIELDS)] for lead in (kept, other)]
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()


def hold(scope: Scope, kept_id: str, other_id: str, fingerprint: str) -> tuple[Lead, Lead]:
    """Both, as they were shown; whoever books with one of them or changes one waits for the transaction's end.

    Raises Invalid for field other (the same lead twice), LeadChanged, NotAllowed, NotHere.
    """
    scope.require(Permission.EDIT_LEADS)
    if kept_id == other_id:
        raise Invalid("other", N_("Please choose another lead."))
    queries.lead(scope, kept_id)
    queries.lead(scope, other_id)
    wanted = queries.leads(scope).filter(public_id__in=(kept_id, other_id)).order_by("id")
    found = {lead.public_id: lead for lead in wanted.select_for_update(of=("self",))}
    if len(found) < 2:
        raise NotHere
    kept, other = found[kept_id], found[other_id]
    if fingerprint_of(kept, other) != fingerprint:
        raise LeadChanged
    return kept, other


def take_over(scope: Scope, kept: Lead, other: Lead, of_other: Collection[str]) -> None:
    """What `other` is and has goes to `kept`: fields named in `of_other`, notes, history, earlier merges.

    Both are held. Callers use appointments.merging.merge, which brings the appointments along.
    """
    before = {field: _value(kept, field) for field in FIELDS if field in of_other}
    changed = {field: _value(other, field) for field in before if _value(other, field) != before[field]}
    for field, value in changed.items():
        setattr(kept, field, value)
    if "status" in changed:
        kept.status_changed_at = clock.now()
    kept.created_at = min(kept.created_at, other.created_at)
    kept.save()
    other.notes.update(lead=kept)
    other.merged.update(merged_into=kept)
    other.merged_into, other.deleted_at = kept, clock.now()
    other.save(update_fields=["merged_into", "deleted_at"])
    detail = told_of(changed, before) | {"from": other.public_id}
    record(scope.workspace_id, scope.actor, "lead.merged", kept.public_id, detail)
    record(scope.workspace_id, scope.actor, "lead.merged_away", other.public_id, {"into": kept.public_id})


def _value(lead: Lead, field: str) -> object:
    return getattr(lead, field)
