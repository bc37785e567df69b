"""All at once: what every upcoming appointment's meeting is, what would be done about it, and having it done.

For the day on which nobody trusts anything any more, and for a database that went back in time (treff/recovery).
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import cast

from django.db.models import (
    Case,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

from treff.appointments.models import Appointment
from treff.appointments.states import Status
from treff.booking_types.states import Provider
from treff.conferencing import ports, rules
from treff.conferencing.errors import GrantLost
from treff.conferencing.models import Attempt, Connection, Grant, Meeting, Usage
from treff.conferencing.plan import (
    Create,
    Delete,
    FetchLink,
    Known,
    LeaveBehind,
    Repeat,
    Settled,
    Step,
    Stray,
    Unlink,
    Update,
    plan,
)
from treff.conferencing.queries import standing_of
from treff.conferencing.reconcile import PRODUCTION
from treff.conferencing.rules import Need
from treff.conferencing.situation import Situation, situation_of
from treff.conferencing.states import TO_BE_ENDED, GrantState, LostCause, Reason, Sync
from treff.conferencing.world import Rows, World
from treff.kernel import clock

_DEEDS = {
    Create: "create",
    Delete: "delete",
    FetchLink: "fetch_link",
    LeaveBehind: "leave_behind",
    Repeat: "repeat",
    Update: "update",
}
# More steps than any meeting needs (delete, unlink, delete, create).
_MOST_STEPS = 10
_AT_ONCE = 500
_IS_WANTED = Q(status=Status.BOOKED, deleted_at=None) & ~Q(provider=Provider.NONE)


@dataclass(frozen=True, slots=True)
class Item:
    """One appointment: how its meeting stands, and what would be done if it were looked at now.

    deeds     confirm (sent once more as it is), update, create, repeat, fetch_link, delete, leave_behind; none when
              there is nothing to do
    hindrance waits or blocked, and `cause` why, if the deeds, or what is wanted, cannot be done now
    """

    workspace: str
    appointment: str
    start_at: datetime
    stands: Sync
    deeds: tuple[str, ...]
    hindrance: str
    cause: Reason

    @property
    def kind(self) -> str:
        """For a summary."""
        what = "+".join(self.deeds) or ("" if self.hindrance else "nothing")
        why = f"{self.hindrance}: {self.cause.value}" if self.hindrance else ""
        return ", ".join(filter(None, (what, why)))


# ---- what there is, and what would be done ----


def take_stock() -> Iterator[Item]:
    """Everything ahead that has a meeting or should have one, and what is still to be deleted; by start. Asks nobody.

    Requests to an account are counted along, so that it is seen whose turn comes today and who waits.
    """
    now = clock.now()
    strays = Exists(Attempt.objects.filter(meeting__appointment=OuterRef("pk"), state__in=TO_BE_ENDED))
    concerned = Appointment.objects.filter(Q(start_at__gt=now) | strays).filter(_IS_WANTED | Q(meeting__isnull=False))
    budget = _Budget(now)
    rows = (
        concerned.select_related("workspace__meeting_defaults", "meeting").order_by("start_at", "pk").iterator(_AT_ONCE)
    )
    while some := list(islice(rows, _AT_ONCE)):
        world = replace(PRODUCTION, rows=cast(Rows, _Some(some)))
        for appointment in some:
            yield _item(world, appointment, budget)


class _Some:
    """Of world.Rows what situation_of reads, for many appointments at once: by a few statements, not a few for each."""

    def __init__(self, appointments: Sequence[Appointment]) -> None:
        self._appointments = {appointment.pk: appointment for appointment in appointments}
        self._attempts = defaultdict[int, list[Attempt]](list)
        for attempt in Attempt.objects.filter(meeting__appointment__in=self._appointments).order_by("number"):
            self._attempts[attempt.meeting_id].append(attempt)
        self._connections = defaultdict[int, list[Connection]](list)
        found = Connection.objects.select_related("grant").order_by(F("member").asc(nulls_last=True))
        for connection in found.filter(workspace__in={appointment.workspace_id for appointment in appointments}):
            self._connections[connection.workspace_id].append(connection)

    def attempts(self, meeting_id: int) -> Sequence[Attempt]:
        return self._attempts[meeting_id]

    def appointment(self, appointment_id: int) -> Appointment:
        return self._appointments[appointment_id]

    def connections(self, appointment: Appointment, accounts: Sequence[str]) -> Sequence[Connection]:
        ours, members = self._connections[appointment.workspace_id], (None, appointment.host_id)
        return [found for found in ours if found.member_id in members or found.grant.account in accounts]


class _Budget:
    """What each account can still be asked today, while requests are planned one after the other."""

    def __init__(self, now: datetime) -> None:
        self._now, self._grants = now, {grant.account: grant for grant in Grant.objects.all()}
        usage = Usage.objects.filter(day=now.astimezone(UTC).date())
        self._used = Counter(dict(usage.values_list("account", "requests")))

    def hindrance(self, account: str, need: Need | None) -> tuple[str, Reason]:
        """What keeps a request from going to the account now; if nothing does, that counts. No need: a delete."""
        grant = self._grants[account]
        if grant.state != GrantState.CONNECTED:
            lost = GrantLost("", GrantState(grant.state), LostCause(grant.cause))
            return "blocked", rules.consequence(lost, 0, self._now, 0).reason
        if grant.provider not in ports.provider_names():
            return "blocked", Reason.MISCONFIGURED
        per_day = ports.provider_named(grant.provider).capabilities.requests_per_day
        spared = need is not None and rules.spend(need, self._used[account], per_day, self._now) is not None
        if spared or grant.paused_until > self._now:
            return "waits", Reason.THROTTLED
        self._used[account] += need is not None
        return "", Reason.NONE


def _item(world: World, appointment: Appointment, budget: _Budget) -> Item:
    meeting: Meeting | None = getattr(appointment, "meeting", None)
    stands = standing_of(appointment, meeting).state
    row = meeting or _unmade(appointment)
    situation = situation_of(world, row, world.rows.attempts(row.pk))
    deeds, hindrance, cause = list[str](), "", Reason.NONE
    for step in _steps(situation):
        if isinstance(step, Settled) and step.reason and not deeds:
            hindrance, cause = "blocked", step.reason
        if type(step) not in _DEEDS:
            continue
        deeds.append(_name(step, situation))
        if not hindrance and not isinstance(step, LeaveBehind):
            hindrance, cause = budget.hindrance(*_request(step, situation))
    place, name = appointment.workspace.slug, appointment.public_id
    return Item(place, name, appointment.start_at, stands, tuple(deeds), hindrance, cause)


def _steps(situation: Situation) -> Iterator[Step]:
    """What plan() would name, one after the other, if every step succeeded."""
    known, now = _as_asked(situation), clock.now()
    for _ in range(_MOST_STEPS):
        step = plan(situation.desired, known, now)
        yield step
        match step:
            case Delete(Stray(attempt_id=ended)) | LeaveBehind(ended):
                still = known.unanswered if known.unanswered and known.unanswered.attempt_id != ended else None
                strays = tuple(stray for stray in known.strays if stray.attempt_id != ended)
                known = replace(known, strays=strays, unanswered=still)
            case Unlink(external_id):
                gone = Stray(0, external_id, situation.meeting.account)
                known = replace(known, linked=None, strays=(*known.strays, gone))
            case _:
                return


def _as_asked(situation: Situation) -> Known:
    """As it is known after `ask`: what is linked is to be confirmed, and earlier doubts hold nobody back."""
    known = replace(situation.known, unsure_today=0, unusable_today=0)
    if known.linked is None or known.linked.account not in situation.desired.keeps:
        return known
    return replace(known, linked=replace(known.linked, confirm_due=True))


def _unmade(appointment: Appointment) -> Meeting:
    """The row that the first pass will make."""
    return Meeting(appointment=appointment, provider=appointment.provider, asked_at=appointment.created_at)


def _name(step: Step, situation: Situation) -> str:
    linked = situation.known.linked
    if isinstance(step, Update) and linked is not None and linked.told == step.spec.as_told():
        return "confirm"
    return _DEEDS[type(step)]


def _request(step: Step, situation: Situation) -> tuple[str, Need | None]:
    """To which account, and for what."""
    match step:
        case Create(spec):
            return situation.desired.account or "", Need(spec.start_at)
        case Update(_external_id, spec):
            told, wanted = situation.meeting.told, spec.as_told()
            moves_nothing = all(told.get(key) == wanted[key] for key in ("start", "minutes"))
            return situation.meeting.account, Need(spec.start_at, is_cosmetic=moves_nothing)
        case Repeat(unanswered):
            return unanswered.account, Need(situation.appointment.start_at)
        case FetchLink():
            return situation.meeting.account, None
        case Delete(stray):
            return stray.account, None
    raise TypeError(step)


def unconfirmed() -> int:
    """Meetings ahead whose confirming update is still to be sent."""
    ahead = Meeting.objects.filter(appointment__start_at__gt=clock.now(), confirm_at__isnull=False)
    return ahead.exclude(external_id="").count()


# ---- having it done ----


def ask(asked_at: datetime) -> int:
    """Have all of it looked at as of now, what counts as in step, too; each once for an `asked_at`. How many.

    1. A linked meeting whose account serves the appointment is sent its update once more; others keep their links.
    2. The nearer the start, the sooner it is due: after a ten-millionth of the time that is left, so that a start in a
       year waits three seconds. The accounts' budgets of a day are spent in that order.
    3. A row that a worker has in hand is left alone, or what is noted there would be overwritten: ask again, see
       `left_to_ask`.
    """
    now = clock.now()
    missing = Appointment.objects.filter(_IS_WANTED, start_at__gt=now, meeting=None)
    Meeting.objects.bulk_create(
        (Meeting(appointment=appointment, provider=appointment.provider) for appointment in missing),
        ignore_conflicts=True,
    )
    nearness = ExpressionWrapper((F("start_at") - Value(asked_at)) * Value(1e-7), DurationField())
    due_at = ExpressionWrapper(Value(asked_at, DateTimeField()) + nearness, DateTimeField())
    return (
        _unasked(asked_at)
        .filter(lease_until__lte=now)
        .update(
            tries=0,
            asked_at=asked_at,
            next_look_at=Subquery(Appointment.objects.filter(pk=OuterRef("appointment_id")).values_list(due_at)),
            confirm_at=Case(
                When(_is_served(now), then=Value(now)), default=F("confirm_at"), output_field=DateTimeField()
            ),
        )
    )


def left_to_ask(asked_at: datetime) -> int:
    """How many `ask` could not note, because a worker has them in hand."""
    return _unasked(asked_at).count()


def _unasked(asked_at: datetime) -> QuerySet[Meeting]:
    """Without a join, so that an update looks at the row itself, however lately it was claimed."""
    ahead = Exists(Appointment.objects.filter(pk=OuterRef("appointment_id"), start_at__gt=asked_at))
    strays = Exists(Attempt.objects.filter(meeting=OuterRef("pk"), state__in=TO_BE_ENDED))
    return Meeting.objects.filter(ahead | strays, asked_at__lt=asked_at)


def _is_served(now: datetime) -> Exists:
    """It is linked, and with an account that keeps it (situation.wanted_of). What has none would lose its link."""
    serving = Connection.objects.filter(
        Q(member=None) | Q(member_id=OuterRef("host_id")),
        workspace_id=OuterRef("workspace_id"),
        provider=OuterRef("provider"),
        grant__account=OuterRef("meeting__account"),
        leaving_until=None,
    )
    linked = Appointment.objects.filter(
        _IS_WANTED, Exists(serving), pk=OuterRef("appointment_id"), start_at__gt=now, meeting__provider=F("provider")
    )
    return Exists(linked.exclude(meeting__external_id=""))
