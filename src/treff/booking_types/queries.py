"""Every read about booking types."""

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.crypto import constant_time_compare

from treff.availability.queries import week_of
from treff.booking_types.models import BookingType, ProviderSwitch, TypeHost
from treff.booking_types.ports import Description, Details, HostWish, Limits
from treff.booking_types.rules import Question, Window
from treff.booking_types.states import HostMode, Provider, QuestionKind, WindowKind
from treff.kernel.stored import known
from treff.workspaces.errors import NotHere
from treff.workspaces.models import Member, Workspace
from treff.workspaces.ports import Scope


def booking_types(scope: Scope) -> QuerySet[BookingType]:
    """The workspace's booking types that are offered, by title."""
    return BookingType.objects.within(scope).filter(is_active=True).order_by("title")


def search(scope: Scope, words: str) -> QuerySet[BookingType]:
    """Those that are offered and whose title or address contains every word (any case), by title."""
    found = booking_types(scope)
    for word in words.split()[:8]:
        found = found.filter(Q(title__icontains=word) | Q(slug__icontains=word))
    return found


def booking_type(scope: Scope, slug: str) -> BookingType:
    """Raises NotHere."""
    row = booking_types(scope).select_related("workspace").filter(slug=slug).first()
    if row is None:
        raise NotHere
    return row


def public_type(place: Workspace, slug: str, secret_key: str = "") -> BookingType:
    """One that clients may see: not paused, and if it is secret only with its key. Raises NotHere."""
    row = BookingType.objects.filter(workspace=place, slug=slug, is_active=True, is_paused=False).first()
    if row is None or not constant_time_compare(row.secret_key, secret_key):
        raise NotHere
    return row


def public_type_at(place_slug: str, slug: str, secret_key: str = "") -> BookingType:
    """The same by its address, with its workspace and the brand of that, in one statement. Raises NotHere."""
    found = BookingType.objects.select_related("workspace__brand").defer("workspace__brand__logo")
    row = found.filter(workspace__slug=place_slug, slug=slug, is_active=True, is_paused=False).first()
    if row is None or not constant_time_compare(row.secret_key, secret_key):
        raise NotHere
    return row


def public_types(place: Workspace) -> QuerySet[BookingType]:
    """Those that clients find by themselves, by title."""
    found = BookingType.objects.filter(workspace=place, is_active=True, is_paused=False, secret_key="")
    return found.filter(hosts__member__is_active=True).distinct().order_by("title")


def hosts_of(kind: BookingType) -> QuerySet[TypeHost]:
    """Active members who receive it, the best priority first, with their schedules."""
    found = TypeHost.objects.filter(booking_type=kind, member__is_active=True)
    return found.select_related("member__user", "member__schedule").order_by("priority", "pk")


def description_of(kind: BookingType) -> Description:
    """The whole of it as the verbs take it; who is no member any more is left out of its hosts."""
    hosts = tuple(HostWish(host.member.public_id, host.weight, host.priority) for host in hosts_of(kind))
    return Description(kind.slug, kind.title, kind.duration, kind.provider, details_of(kind), hosts)


def details_of(kind: BookingType) -> Details:
    """As somebody would want it who wants it as it is."""
    return Details(
        description=kind.description,
        more_minutes=tuple(kind.more_minutes),
        reminder_minutes=tuple(kind.reminder_minutes),
        step_minutes=kind.step_minutes,
        offset_minutes=kind.offset_minutes,
        buffer_before=kind.buffer_before,
        buffer_after=kind.buffer_after,
        notice=kind.notice,
        window=window_of(kind),
        limits=Limits(kind.limit_day, kind.limit_week, kind.limit_month),
        host_limits=Limits(kind.host_limit_day, kind.host_limit_week, kind.host_limit_month),
        needs_approval=kind.needs_approval,
        confirm_address=kind.confirm_address,
        questions=questions_of(kind),
        host_mode=known(HostMode, kind.host_mode, HostMode.ROUND_ROBIN),
        weekly_hours=None if kind.weekly_hours is None else week_of(kind.weekly_hours),
        confirmation_text=kind.confirmation_text,
        redirect_url=kind.redirect_url,
        is_paused=kind.is_paused,
        is_secret=bool(kind.secret_key),
        clients_may_move=kind.clients_may_move,
        clients_may_cancel=kind.clients_may_cancel,
        asks_for_notes=kind.asks_for_notes,
    )


def window_of(kind: BookingType) -> Window:
    ahead = known(WindowKind, kind.window_kind, WindowKind.ROLLING_DAYS)
    return Window(ahead, kind.window_days, kind.window_from, kind.window_until)


def minutes_of(kind: BookingType) -> tuple[int, ...]:
    """The lengths that a client may choose, the usual one first."""
    return (int(kind.duration.total_seconds() // 60), *kind.more_minutes)


def questions_of(kind: BookingType) -> tuple[Question, ...]:
    return tuple(
        Question(
            given["id"],
            known(QuestionKind, given["kind"], QuestionKind.TEXT),
            given["label"],
            required=given.get("required", False),
            options=tuple(given.get("options", ())),
        )
        for given in kind.questions
    )


def provider_switch(scope: Scope, provider: str) -> ProviderSwitch | None:
    """What the workspace has decided about the provider; None for nothing yet."""
    return ProviderSwitch.objects.within(scope).filter(provider=provider).first()


def is_switched_off(scope: Scope, provider: str) -> bool:
    """Whether an administrator decided that it is not offered."""
    if provider == Provider.NONE:
        return False
    return ProviderSwitch.objects.within(scope).filter(provider=provider, is_offered=False).exists()


def types_received_by(member: Member) -> list[tuple[BookingType, int]]:
    """The booking types that the member receives, or would if they were active, each with how many others do."""
    others = Count("hosts", filter=Q(hosts__member__is_active=True) & ~Q(hosts__member=member))
    received = TypeHost.objects.filter(booking_type=OuterRef("pk"), member=member)
    found = BookingType.objects.filter(Exists(received), workspace=member.workspace_id, is_active=True)
    return [(kind, kind.others) for kind in found.annotate(others=others).order_by("title")]
