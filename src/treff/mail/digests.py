"""In the evening each host gets a mail with what they have the next day."""

from datetime import UTC, date, datetime, time, timedelta

from django.db.models import QuerySet

from treff.appointments.models import Appointment, CoHost
from treff.appointments.states import Status
from treff.kernel import clock
from treff.kernel.zones import wall_of, zone
from treff.notices.actions import tell_members
from treff.notices.models import Notice
from treff.notices.states import NoticeKind
from treff.workspaces.models import Member

# By clocks of the host; whoever books later for the next day is not in it, but the host hears of that at once.
EVENING = time(17)
Day = tuple[datetime, datetime]


def post() -> int:
    """Post the digests that are due and not posted yet. How many.

    1. In which zones is it evening, and when does the next day begin and end there?
    2. Who of those who live there wants one, has something to do that day, and was not told of that day yet?
    """
    posted = 0
    wanting = Member.objects.filter(is_active=True, user__is_active=True, daily_digest=True)
    for name in wanting.values_list("time_zone", flat=True).distinct():
        here = wall_of(clock.now(), name)
        if here.time() >= EVENING:
            tomorrow = here.date() + timedelta(days=1)
            posted += _post(wanting.filter(time_zone=name), tomorrow)
    return posted


def instants_of(day: date, zone_name: str) -> Day:
    """The instants between which it is that day there."""
    first, last = (datetime.combine(each, time.min, tzinfo=zone(zone_name)) for each in (day, day + timedelta(days=1)))
    return first.astimezone(UTC), last.astimezone(UTC)


def appointments_of(member: Member, day: date) -> QuerySet[Appointment]:
    """What takes place that day with the member as a host, soonest first."""
    first_at, last_at = instants_of(day, member.time_zone)
    with_others = CoHost.objects.filter(member=member).values("appointment")
    found = Appointment.objects.filter(workspace_id=member.workspace_id, deleted_at=None, status=Status.BOOKED)
    found = found.filter(start_at__gte=first_at, start_at__lt=last_at).select_related("lead", "host__user")
    own = found.filter(host=member) | found.filter(pk__in=with_others)
    return own.order_by("start_at", "pk")


def _post(members: QuerySet[Member], day: date) -> int:
    told = set(
        Notice.objects.filter(kind=NoticeKind.DIGEST, key__startswith=f"digest:{day}:").values_list("key", flat=True)
    )
    posted = 0
    for member in members.select_related("user").order_by("pk"):
        key = f"digest:{day}:{member.public_id}"
        if key not in told and appointments_of(member, day).exists():
            detail = {"own": True, "day": day.isoformat()}
            tell_members(member.workspace_id, [member.user], NoticeKind.DIGEST, key, detail)
            posted += 1
    return posted
