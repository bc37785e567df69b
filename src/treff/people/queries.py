"""Every read about leads."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import (
    BooleanField,
    Case,
    Count,
    ExpressionWrapper,
    Func,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Length, Right, Upper
from django.db.models.lookups import Contains, Exact, GreaterThanOrEqual

from treff.kernel import clock
from treff.people.errors import MergedAway
from treff.people.models import Lead, LeadImport, Note, SavedView
from treff.people.ports import Wanted
from treff.people.rules import digits_of, is_of_phone
from treff.people.states import Sameness
from treff.workspaces.errors import NotHere
from treff.workspaces.models import ScopedQuerySet
from treff.workspaces.ports import Scope
from treff.workspaces.states import Permission

ME, NOBODY = "me", "none"
# Numbers are written with and without the codes of country and area; whose ends agree is called the same way.
PHONE_TAIL = 7
MOST_TWINS = 50


@dataclass(frozen=True, slots=True)
class Twin:
    """A lead who may be the same person as another, and what they share."""

    lead: Lead
    shared: tuple[Sameness, ...]


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


def lead(scope: Scope, public_id: str, *, hold: bool = False) -> Lead:
    """`hold`: nobody else changes it until the transaction ends. Raises NotHere; MergedAway, which says into whom."""
    rows = _visible(scope).select_for_update(of=("self",), no_key=True) if hold else _visible(scope)
    found = rows.filter(public_id=public_id).first()
    if found is None:
        gone = Lead.objects.within(scope).filter(public_id=public_id, merged_into__deleted_at__isnull=True)
        into = gone.values_list("merged_into__public_id", flat=True).first()
        raise MergedAway(into) if into else NotHere
    return found


def merged_into(lead: Lead) -> list[str]:
    """Public ids of the leads whose history is this one's too."""
    return list(lead.merged.values_list("public_id", flat=True))


def twins_of(scope: Scope, lead: Lead) -> list[Twin]:
    """Who may be the same person: by address, by the end of the phone number, by name; the oldest first."""
    ways = {Sameness.EMAIL: Q(email__iexact=lead.email), Sameness.NAME: Q(name__iexact=lead.name)}
    tail = digits_of(lead.phone)[-PHONE_TAIL:]
    if len(tail) == PHONE_TAIL:
        ways[Sameness.PHONE] = Q(Exact(_phone_tail(), tail))
    same = {f"same_{way}": ExpressionWrapper(hit, output_field=BooleanField()) for way, hit in ways.items()}
    found = _visible(scope).exclude(pk=lead.pk).filter(reduce(or_, ways.values())).annotate(**same).order_by("id")
    return [Twin(other, tuple(way for way in ways if getattr(other, f"same_{way}"))) for other in found[:MOST_TWINS]]


def twins(scope: Scope) -> list[list[Lead]]:
    """Groups of leads who share an address, the end of a phone number, or a name; each group oldest first.

    Six statements, however many leads there are.
    """
    found: dict[tuple[int, ...], list[Lead]] = {}
    for key in (Upper("email"), _phone_tail(), Upper("name")):
        keyed = _visible(scope).annotate(twin_key=key)
        shared = keyed.filter(twin_key__gt="").order_by("twin_key").values("twin_key").annotate(many=Count("pk"))
        keys = list(shared.filter(many__gt=1).values_list("twin_key", flat=True)[:MOST_TWINS])
        groups: dict[str, list[Lead]] = {}
        for row in keyed.filter(twin_key__in=keys).order_by("id")[: MOST_TWINS * 10]:
            groups.setdefault(row.twin_key, []).append(row)
        for group in groups.values():
            found.setdefault(tuple(row.pk for row in group), group)
    return list(found.values())


def _phone_tail() -> Case:
    """The last digits of the number, empty where there are too few to tell anybody apart."""
    digits = _Digits("phone")
    return Case(
        When(GreaterThanOrEqual(Length(digits), PHONE_TAIL), then=Right(digits, PHONE_TAIL)),
        default=Value(""),
        output_field=TextField(),
    )


def with_email(scope: Scope, email: str) -> Sequence[Lead]:
    """Leads with this address, oldest first."""
    return list(_visible(scope).filter(email__iexact=email).order_by("id"))


def held_with_email(scope: Scope, email: str) -> Lead | None:
    """The oldest of them, whom nobody else changes, merges or erases until the transaction ends."""
    rows = _visible(scope).filter(email__iexact=email).order_by("id")
    return rows.select_for_update(of=("self",), no_key=True).first()


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
