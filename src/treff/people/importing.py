"""Files of leads on their way in: read, checked, confirmed, imported as checked, and undone."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Upper

from treff.audit.actions import record, record_many
from treff.kernel import clock, texts
from treff.kernel.errors import N_
from treff.kernel.ids import new_id
from treff.people import columns, queries, tables
from treff.people.columns import Problem
from treff.people.errors import AlreadyImported, LeadsChanged, NothingToUndo
from treff.people.models import Lead, LeadImport
from treff.people.states import LeadSource
from treff.workspaces.errors import NotAllowed
from treff.workspaces.ports import Scope
from treff.workspaces.queries import members, workspace
from treff.workspaces.states import Permission

KEPT_FOR = timedelta(hours=24)
CREATE, UPDATE, SKIP, BAD = "create", "update", "skip", "bad"
_BATCH = 500
Step = dict[str, Any]
"""What becomes of one line: {"line", "do", "name", "email", "lead", "values", "before", "problems"}, as JSON."""


def bring(scope: Scope, file_name: str, raw: bytes) -> LeadImport:
    """A file, read, with guesses at its columns. What the member brought before and never confirmed is forgotten.

    Raises Invalid for field file, NotAllowed.
    """
    member_id = _require(scope)
    table = tables.read(raw)
    with transaction.atomic():
        queries.imports(scope).filter(imported_at__isnull=True).delete()
        return LeadImport.objects.create(
            workspace_id=scope.workspace_id,
            member_id=member_id,
            file_name=texts.one_line("file", file_name, longest=200),
            encoding=table.encoding,
            separator=table.separator,
            header=list(table.header),
            rows=[[line, list(cells)] for line, cells in table.rows],
            mapping=columns.guess(table.header),
            expires_at=clock.now() + KEPT_FOR,
        )


def check(scope: Scope, public_id: str, mapping: Sequence[str], *, updates: bool) -> LeadImport:
    """Work out what would become of each line, and keep that to be confirmed. Nothing is imported.

    Raises AlreadyImported, Invalid for field mapping, NotAllowed, NotHere.
    """
    _require(scope)
    with transaction.atomic():
        draft = _open(scope, public_id)
        draft.mapping = columns.check_mapping(mapping, len(draft.header))
        draft.updates = updates
        draft.plan = list(_steps(scope, draft))
        draft.save(update_fields=["mapping", "updates", "plan"])
    return draft


def confirm(scope: Scope, public_id: str, fingerprint: str) -> LeadImport:
    """Import exactly what was checked, all of it or nothing. `fingerprint`: of the plan that was shown (plan_key).

    1. Hold the file, and every lead that it names.
    2. Work the plan out again: if it is not the one that was shown, leads have changed, and nothing is done.
    3. Create and change, with their entries in the audit log; forget the rows.

    Raises AlreadyImported, LeadsChanged, NotAllowed, NotHere.
    """
    _require(scope)
    with transaction.atomic():
        draft = _open(scope, public_id)
        steps = list(_steps(scope, draft, hold=True))
        if draft.plan is None or plan_key(draft) != fingerprint or steps != draft.plan:
            raise LeadsChanged
        created, updated = _create(scope, draft, steps), _update(scope, draft, steps)
        skipped = sum(step["do"] == SKIP for step in steps)
        draft.outcome = {"created": created, "updated": updated, "skipped": skipped}
        draft.rows, draft.plan = [], [step for step in steps if step["do"] == BAD]
        draft.imported_at, draft.expires_at = clock.now(), clock.now() + KEPT_FOR
        draft.save()
        counts = {"created": len(created), "updated": len(updated), "skipped": skipped, "refused": len(draft.plan)}
        record(scope.workspace_id, scope.actor, "leads.imported", draft.public_id, counts)
    return draft


def undo(scope: Scope, public_id: str, kept: Collection[str]) -> LeadImport:
    """Take back what nobody has touched since: leads that were created, but `kept` (public ids), and fields that still
    say what the file said. Raises NothingToUndo, NotAllowed, NotHere.
    """
    _require(scope)
    with transaction.atomic():
        draft = queries.imports(scope).select_for_update().named(public_id)
        if draft.outcome is None or draft.undone_at is not None:
            raise NothingToUndo
        ids = [each for each in draft.outcome["created"] if each not in kept]
        found = queries.leads(scope).filter(public_id__in=ids, status_changed_at__isnull=True, notes__isnull=True)
        gone = list(found.values_list("public_id", flat=True))
        Lead.objects.within(scope).filter(public_id__in=gone).update(deleted_at=clock.now())
        record_many(scope.workspace_id, scope.actor, "lead.deleted", [(each, _of(draft)) for each in gone])
        restored = _restore(scope, draft)
        draft.undone_at = clock.now()
        draft.outcome |= {"removed": gone, "restored": restored}
        draft.save(update_fields=["undone_at", "outcome"])
        counts = {"removed": len(gone), "restored": len(restored)}
        record(scope.workspace_id, scope.actor, "leads.import_undone", draft.public_id, counts)
    return draft


def discard(scope: Scope, public_id: str) -> None:
    """Forget a file that was not imported. Raises NotAllowed, NotHere."""
    _require(scope)
    queries.imports(scope).named(public_id).delete()


def forget_old() -> int:
    """Every file whose time is over. Returns how many."""
    return LeadImport.objects.filter(expires_at__lte=clock.now()).delete()[0]


def plan_key(draft: LeadImport) -> str:
    """The SHA-256 (hex) of what was shown: another plan has another one."""
    return hashlib.sha256(json.dumps(draft.plan, sort_keys=True).encode()).hexdigest()


def _require(scope: Scope) -> int:
    """The member; an API key is nobody who could look at a check. Raises NotAllowed."""
    scope.require(Permission.IMPORT_LEADS)
    if scope.member_id is None:
        raise NotAllowed
    return scope.member_id


def _open(scope: Scope, public_id: str) -> LeadImport:
    draft = queries.imports(scope).select_for_update().named(public_id)
    if draft.imported_at is not None:
        raise AlreadyImported
    return draft


def _of(draft: LeadImport) -> dict[str, object]:
    return {"import": draft.public_id}


def _steps(scope: Scope, draft: LeadImport, *, hold: bool = False) -> Iterator[Step]:
    """Of each line. `hold`: no lead that it names can change until the transaction ends."""
    read = [(line, *columns.check_row(cells, draft.mapping)) for line, cells in draft.rows]
    emails = {values["email"].lower() for _, values, _ in read if "email" in values}
    known, owners = _known(scope, emails, hold=hold), _owners(scope)
    first_lines: dict[str, int] = {}
    for line, values, problems in read:
        email = values.get("email", "").lower()
        first = first_lines.setdefault(email, line) if email else line
        if first != line:
            problems.append(Problem("email", N_("Line %(line)d has this address already."), {"line": first}))
        if "owner" in values:
            owner = owners.get(values["owner"].casefold())
            values["owner"] = owner or ""
            if owner is None:
                problems.append(Problem("owner", N_("Choose a member of the workspace."), {}))
        yield _step(line, values, problems, known.get(email), updates=draft.updates)


def _step(line: int, values: dict[str, str], problems: Sequence[Problem], lead: Lead | None, *, updates: bool) -> Step:
    step: Step = {
        "line": line,
        "do": BAD if problems else CREATE,
        "name": values.get("name", ""),
        "email": values.get("email", ""),
        "lead": "",
        "values": {},
        "before": {},
        "problems": [[problem.field, problem.sentence, dict(problem.params)] for problem in problems],
    }
    if problems:
        return step
    if lead is None:
        return step | {"values": values}
    is_now = {field: _value(lead, field) for field in values}
    changed = {field: value for field, value in values.items() if field != "email" and value != is_now[field]}
    if not (updates and changed):
        return step | {"do": SKIP, "lead": lead.public_id}
    before = {field: is_now[field] for field in changed}
    return step | {"do": UPDATE, "lead": lead.public_id, "values": changed, "before": before}


def _value(lead: Lead, field: str) -> str:
    if field == "owner":
        return lead.owner.public_id if lead.owner else ""
    return str(getattr(lead, field))


def _known(scope: Scope, emails: Collection[str], *, hold: bool) -> dict[str, Lead]:
    """By address in small letters; of several with the same one the oldest."""
    found = queries.leads(scope).annotate(key=Upper("email")).filter(key__in=[email.upper() for email in emails])
    ordered = found.order_by("-id")
    if hold:
        ordered = ordered.select_for_update(of=("self",), no_key=True)
    return {lead.email.lower(): lead for lead in ordered}


def _owners(scope: Scope) -> dict[str, str]:
    """Public ids by e-mail address, and by name where nobody else has it."""
    found: dict[str, str] = {}
    everybody = list(members(scope))
    names = [str(member).casefold() for member in everybody]
    for member, name in zip(everybody, names, strict=True):
        if names.count(name) == 1:
            found[name] = member.public_id
    return found | {member.user.email.casefold(): member.public_id for member in everybody}


def _member_ids(scope: Scope) -> dict[str, int | None]:
    return {"": None, **dict(members(scope).values_list("public_id", "pk"))}


def _create(scope: Scope, draft: LeadImport, steps: Sequence[Step]) -> list[str]:
    place, ids = workspace(scope), _member_ids(scope)
    defaults = {"locale": place.locale, "time_zone": place.time_zone}
    made = []
    for step in steps:
        if step["do"] == CREATE:
            values = {**defaults, **step["values"]}
            owner_id = ids[values.pop("owner", "")]
            row = Lead(workspace_id=scope.workspace_id, source=LeadSource.IMPORT, owner_id=owner_id, **values)
            row.public_id = new_id("lead")
            made.append(row)
    Lead.objects.bulk_create(made, batch_size=_BATCH)
    created = [row.public_id for row in made]
    record_many(scope.workspace_id, scope.actor, "lead.created", [(each, _of(draft)) for each in created])
    return created


def _update(scope: Scope, draft: LeadImport, steps: Sequence[Step]) -> dict[str, list[dict[str, str]]]:
    updated = {step["lead"]: [step["before"], step["values"]] for step in steps if step["do"] == UPDATE}
    _write(scope, draft, {lead: after for lead, (_, after) in updated.items()})
    return updated


def _restore(scope: Scope, draft: LeadImport) -> list[str]:
    """Fields of changed leads that still say what the file said go back to what they said before."""
    updated: Mapping[str, list[dict[str, str]]] = (draft.outcome or {})["updated"]
    found = queries.leads(scope).filter(public_id__in=updated).order_by("id")
    wanted = {}
    for lead in found.select_for_update(of=("self",), no_key=True):
        before, after = updated[lead.public_id]
        same = {field: before[field] for field in after if _value(lead, field) == after[field]}
        if same:
            wanted[lead.public_id] = same
    _write(scope, draft, wanted)
    return list(wanted)


def _write(scope: Scope, draft: LeadImport, wanted: Mapping[str, Mapping[str, str]]) -> None:
    """New values for leads that are held, and what the history tells of them."""
    rows = list(queries.leads(scope).filter(public_id__in=wanted))
    ids, fields, told = _member_ids(scope), {"status_changed_at"}, []
    for row in rows:
        values = wanted[row.public_id]
        detail: dict[str, object] = {"fields": sorted(values), **_of(draft)}
        detail |= {field: [_value(row, field), values[field]] for field in ("status", "owner") if field in values}
        if "status" in values:
            row.status_changed_at = clock.now()
        for field, value in values.items():
            fields.add(field)
            setattr(row, "owner_id" if field == "owner" else field, ids.get(value) if field == "owner" else value)
        told.append((row.public_id, detail))
    if rows:
        Lead.objects.bulk_update(rows, sorted(fields), batch_size=_BATCH)
        record_many(scope.workspace_id, scope.actor, "lead.edited", told)
