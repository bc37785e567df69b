"""Every read about leads."""

from collections.abc import Sequence

from django.db.models import Func, Q, QuerySet, TextField
from django.db.models.lookups import Contains

from treff.kernel import clock
from treff.people.models import Lead, LeadImport, Note, SavedView
from treff.people.ports import Wanted
from treff.people.rules import digits_of, is_of_phone
from treff.workspaces.models import ScopedQuerySet
from treff.workspaces.ports import Scope
from treff.workspaces.states import Permission

ME, NOBODY = "me", "none"
MOST_WORDS = 8


def leads(scope: Scope) -> ScopedQuerySet[Lead]:
    """The workspace's leads, newest first."""
    return _visible(scope).order_by("-id")


def search(scope: Scope, words: str) -> ScopedQuerySet[Lead]:
    """Leads whose name, e-mail, company or phone contains every word (any case), newest first.

    Of phone numbers the digits are compared, so that 040 1234 finds +49 (40) 12-34.
    """
    found = leads(scope)
    for word in words.split()[:MOST_WORDS]:
        hit = Q(name__icontains=word) | Q(email__icontains=word) | Q(company__icontains=word)
        digits = digits_of(word)
        if digits and is_of_phone(word):
            hit |= Q(Contains(_Digits("phone"), digits))
        found = found.filter(hit)
    return found


class _Digits(Func):
    """What rules.digits_of leaves of a number, but for the zeros in front: they are looked for anywhere in it."""

    function = "regexp_replace"
    template = r"%(function)s(%(expressions)s, '\D', '', 'g')"
    output_field = TextField()


def matching(scope: Scope, wanted: Wanted) -> ScopedQuerySet[Lead]:
    """Newest first. Somebody who is none of the workspace's members looks after nobody."""
    found = search(scope, wanted.words)
    if wanted.owner == ME:
        found = found.filter(owner_id=scope.member_id, owner__isnull=False)
    elif wanted.owner == NOBODY:
        found = found.filter(owner__isnull=True)
    elif wanted.owner:
        found = found.filter(owner__public_id=wanted.owner)
    if wanted.statuses:
        found = found.filter(status__in=wanted.statuses)
    return found.filter(source=wanted.source) if wanted.source else found


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


def views(scope: Scope) -> ScopedQuerySet[SavedView]:
    """The member's own and those that others share, by name."""
    found = SavedView.objects.within(scope).filter(Q(member_id=scope.member_id) | Q(is_shared=True))
    return found.select_related("member__user").order_by("name", "id")


def may_delete_view(scope: Scope, view: SavedView) -> bool:
    """Its own member, or an administrator."""
    return view.member_id == scope.member_id or scope.may(Permission.EDIT_WORKSPACE)


def imports(scope: Scope) -> ScopedQuerySet[LeadImport]:
    """The member's own files that are kept still; nobody else sees them."""
    if scope.member_id is None:
        return LeadImport.objects.none()
    return LeadImport.objects.within(scope).filter(member_id=scope.member_id, expires_at__gt=clock.now())
