"""Every read about leads."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from treff.people.models import Lead, Note
from treff.workspaces.models import ScopedQuerySet
from treff.workspaces.ports import Scope
from treff.workspaces.states import Permission


def leads(scope: Scope) -> ScopedQuerySet[Lead]:
    """The workspace's leads, newest first."""
    return _visible(scope).order_by("-id")


def search(scope: Scope, words: str) -> QuerySet[Lead]:
    """Leads whose name, e-mail or company contains every word (any case), newest first."""
    found = leads(scope)
    for word in words.split()[:8]:
        found = found.filter(Q(name__icontains=word) | Q(email__icontains=word) | Q(company__icontains=word))
    return found


def lead(scope: Scope, public_id: str) -> Lead:
    """Raises NotHere."""
    return _visible(scope).named(public_id)


def with_email(scope: Scope, email: str) -> Sequence[Lead]:
    """Leads with this address, oldest first."""
    return list(_visible(scope).filter(email__iexact=email).order_by("id"))


def notes_of(scope: Scope, lead: Lead) -> QuerySet[Note]:
    """Newest first."""
    return notes(scope).filter(lead=lead).order_by("-created_at", "-id")


def notes(scope: Scope) -> ScopedQuerySet[Note]:
    """The workspace's, with author and lead."""
    return Note.objects.within(scope).filter(lead__deleted_at__isnull=True).select_related("author__user", "lead")


def may_edit(scope: Scope, note: Note) -> bool:
    """Nobody changes what somebody else wrote."""
    return note.author_id is not None and note.author_id == scope.member_id


def may_delete(scope: Scope, note: Note) -> bool:
    return may_edit(scope, note) or scope.may(Permission.REMOVE_NOTES)


def _visible(scope: Scope) -> ScopedQuerySet[Lead]:
    return Lead.objects.within(scope).filter(deleted_at__isnull=True).select_related("owner__user")
