"""Every write about leads."""

from collections.abc import Mapping, Sequence

from django.db import connection, transaction

from treff.audit.actions import record
from treff.kernel import clock, texts
from treff.kernel.errors import N_, Invalid
from treff.people import queries
from treff.people.models import Lead, Note, SavedView
from treff.people.rules import LONGEST_VIEW, MOST_VIEWS, check_note, clean
from treff.people.states import LeadSource
from treff.workspaces.errors import NotAllowed
from treff.workspaces.models import Member, ScopedQuerySet, Workspace
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
    source = LeadSource.TEAM if scope.member_id else LeadSource.API
    with transaction.atomic():
        return _create(scope, values, source, owner=owner_named(scope, values.get("owner", "")))


def _create(scope: Scope, values: Mapping[str, str], source: LeadSource, owner: Member | None = None) -> Lead:
    workspace = Workspace.objects.get(pk=scope.workspace_id)
    defaults = {"locale": workspace.locale, "time_zone": workspace.time_zone}
    given = {field: value for field, value in values.items() if value}
    lead = Lead.objects.create(workspace=workspace, owner=owner, source=source, **clean(defaults | given))
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
    checked = clean({field: value for field, value in values.items() if field != "status"})
    with transaction.atomic():
        with connection.cursor() as cursor:  # of two bookings with a new address at once one waits, and finds the lead
            name = f"{scope.workspace_id}:{checked['email'].lower()}"
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [name])
        known = queries.held_with_email(scope, checked["email"])
        return known or _create(scope, checked, LeadSource.CLIENT)


def edit_lead(scope: Scope, public_id: str, values: Mapping[str, str]) -> Lead:
    """Change some fields; `owner` as in create_lead. Raises Invalid, NotHere."""
    scope.require(Permission.EDIT_LEADS)
    with transaction.atomic():
        lead = queries.lead(scope, public_id, hold=True)
        wanted: dict[str, object] = dict(clean(values))
        if "owner" in values:
            wanted["owner"] = owner_named(scope, values["owner"])
        before = {field: getattr(lead, field) for field in wanted}
        changed = {field: value for field, value in wanted.items() if value != before[field]}
        if not changed:
            return lead
        for field, value in changed.items():
            setattr(lead, field, value)
        if "status" in changed:
            lead.status_changed_at = clock.now()
        lead.save(update_fields=[*changed, *(["status_changed_at"] if "status" in changed else [])])
        record(scope.workspace_id, scope.actor, "lead.edited", lead.public_id, told_of(changed, before))
    return lead


def told_of(changed: Mapping[str, object], before: Mapping[str, object]) -> dict[str, object]:
    """What the history tells of a change: of the person only which fields; [old, new] of what is the team's."""
    detail: dict[str, object] = {"fields": sorted(changed)}
    if "status" in changed:
        detail["status"] = [str(before["status"]), str(changed["status"])]
    if "owner" in changed:
        found = (before["owner"], changed["owner"])
        detail["owner"] = [owner.public_id if isinstance(owner, Member) else "" for owner in found]
    return detail


def owner_named(scope: Scope, member_id: str) -> Member | None:
    """The member, None for an empty id. Raises Invalid for field owner."""
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


def erase(held: Sequence[Lead], name: str) -> None:
    """Nothing says any more who they were: `name` stands for each, and their notes are gone.

    Callers use privacy.actions.erase_lead, which knows of everything else.
    """
    Note.objects.filter(lead__in=held).delete()
    for lead in held:
        lead.name, lead.email = name, f"erased-{lead.public_id}@erased.invalid"
        lead.phone, lead.company, lead.owner = "", "", None
        lead.locale, lead.time_zone = lead.workspace.locale, lead.workspace.time_zone
        lead.erased_at = lead.erased_at or clock.now()
        lead.deleted_at = lead.deleted_at or lead.erased_at
        lead.save()


def add_note(scope: Scope, lead_id: str, text: str) -> Note:
    """Raises Invalid for field text, NotAllowed, NotHere."""
    scope.require(Permission.EDIT_LEADS)
    checked = check_note(text)
    with transaction.atomic():
        lead = queries.lead(scope, lead_id)
        note = Note.objects.create(workspace_id=scope.workspace_id, lead=lead, author_id=scope.member_id, text=checked)
        record(scope.workspace_id, scope.actor, "note.added", lead.public_id, {"note": note.public_id})
    return note


def edit_note(scope: Scope, note_id: str, text: str) -> Note:
    """Only who wrote it. Raises Invalid for field text, NotAllowed, NotHere."""
    scope.require(Permission.EDIT_LEADS)
    checked = check_note(text)
    with transaction.atomic():
        note = _notes(scope).named(note_id)
        if not queries.may_edit(scope, note):
            raise NotAllowed
        if checked != note.text:
            note.text, note.edited_at = checked, clock.now()
            note.save(update_fields=["text", "edited_at"])
            record(scope.workspace_id, scope.actor, "note.edited", note.lead.public_id, {"note": note.public_id})
    return note


def delete_note(scope: Scope, note_id: str) -> None:
    """Who wrote it, or an administrator. Raises NotAllowed, NotHere."""
    scope.require(Permission.EDIT_LEADS)
    with transaction.atomic():
        note = _notes(scope).named(note_id)
        if not queries.may_delete(scope, note):
            raise NotAllowed
        record(scope.workspace_id, scope.actor, "note.deleted", note.lead.public_id, {"note": note.public_id})
        note.delete()


def _notes(scope: Scope) -> ScopedQuerySet[Note]:
    """Those that can be changed; the one that is read is held."""
    return queries.notes(scope).select_for_update(of=("self",), no_key=True)


def save_view(scope: Scope, name: str, query: str, *, is_shared: bool) -> SavedView:
    """A view of the list of leads; one of the member's own with this name is replaced. Raises Invalid, NotAllowed."""
    scope.require(Permission.SEE)
    if scope.member_id is None:
        raise NotAllowed
    checked = texts.one_line("name", name, longest=60, required=True)
    if len(query) > LONGEST_VIEW:
        raise Invalid("name", N_("These filters are too long to be saved."))
    own = SavedView.objects.within(scope).filter(member_id=scope.member_id)
    with transaction.atomic():
        if own.exclude(name=checked).count() >= MOST_VIEWS:
            raise Invalid("name", N_("You have %(most)d views already. Please delete one first."), most=MOST_VIEWS)
        view, _ = SavedView.objects.update_or_create(
            workspace_id=scope.workspace_id,
            member_id=scope.member_id,
            name=checked,
            defaults={"query": query, "is_shared": is_shared},
        )
        record(scope.workspace_id, scope.actor, "lead_view.saved", view.public_id, {"is_shared": is_shared})
    return view


def delete_view(scope: Scope, public_id: str) -> None:
    """Raises NotAllowed, NotHere."""
    with transaction.atomic():
        view = queries.views(scope).select_for_update(of=("self",)).named(public_id)
        if not queries.may_delete_view(scope, view):
            raise NotAllowed
        record(scope.workspace_id, scope.actor, "lead_view.deleted", view.public_id)
        view.delete()
