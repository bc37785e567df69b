"""How a connected account is, in words: what troubles it and what to do, and the facts that the doctor knows."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext, ngettext

from treff.booking_types.states import Provider
from treff.conferencing.health import Health
from treff.conferencing.models import Connection
from treff.conferencing.states import CheckResult, GrantState, LostCause, Plan
from treff.web import labels
from treff.web.console.history import moment
from treff.web.console.presenting import address
from treff.web.policy import Visit
from treff.workspaces.states import Permission


@dataclass(frozen=True, slots=True)
class Trouble:
    """For components/alert.html: what is the matter, and what to do about it."""

    tone: str
    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the doctor: an instant, or words, or both; `url` makes the words a link."""

    label: str
    text: str = ""
    at: datetime | None = None
    url: str = ""


def badge_of(health: Health) -> tuple[str, str]:
    """A few words and their tone."""
    if health.leaving_until is not None:
        return gettext("Being disconnected"), "warn"
    match health.state:
        case GrantState.CONNECTED:
            return gettext("Connected"), "ok"
        case GrantState.SCOPE_MISSING:
            return gettext("Permission missing"), "bad"
        case GrantState.BLOCKED_BY_PROVIDER:
            return gettext("Blocked by the account's administrators"), "bad"
        case None:
            return gettext("Unknown"), "neutral"
    return gettext("Reconnect needed"), "bad"


def troubles_of(visit: Visit, connection: Connection, health: Health) -> list[Trouble]:
    """The worst first; none when all is well."""
    provider = labels.of_provider(connection.provider)
    found = [_lost(connection, health, provider, visit.time_zone), _check_failed(health, provider)]
    if health.paused_until is not None:
        sentence = gettext(
            "%(provider)s takes no more requests for this account until %(time)s. After that we continue automatically."
        )
        until = moment(health.paused_until, visit.time_zone)
        found.append(Trouble("warn", sentence % {"provider": provider, "time": until}))
    found.append(_plan_limit(health.plan, provider))
    return [trouble for trouble in found if trouble is not None]


def _lost(connection: Connection, health: Health, provider: str, zone: str) -> Trouble | None:
    """Why the account cannot be used, since when, and what to do."""
    if health.state in (GrantState.CONNECTED, None):
        return None
    again = gettext("Connect again, and Treff catches up automatically.")
    match health.cause:
        case LostCause.REPLACED:
            text = gettext("%(provider)s gave this app newer access elsewhere, and ours became invalid.")
            cure = again
        case LostCause.USER_GONE:
            text = gettext("%(provider)s says that this user does not exist any more.")
            cure = gettext("Connect another account. Upcoming appointments then get new links.")
        case LostCause.SCOPES:
            text = gettext("This account does not allow everything that is needed any more.")
            if health.missing:
                text += " " + gettext("Missing: %(scopes)s.") % {"scopes": ", ".join(health.missing)}
            cure = gettext("Connect again and allow everything. Treff then catches up automatically.")
        case LostCause.ADMIN:
            text = gettext("The administrators of the %(provider)s account do not allow this app at the moment.")
            cure = gettext("Have them approve the app at %(provider)s, then check now or connect again.")
        case _:
            text = gettext("%(provider)s no longer accepts our access.")
            cure = again
    names = {"provider": provider}
    since = connection.grant.lost_at
    sentence = text % names
    if since is not None:
        sentence += " " + gettext("Since %(time)s.") % {"time": moment(since, zone)}
    return Trouble("bad", sentence, cure % names)


def _check_failed(health: Health, provider: str) -> Trouble | None:
    """What the last check met, where the account itself is not to blame."""
    operator = gettext("Please tell whoever runs this server. Appointments are safe, links follow.")
    match health.check_result:
        case CheckResult.UNREACHABLE:
            text = gettext("%(provider)s could not be reached when it was last tried.")
            return Trouble(
                "warn", text % {"provider": provider}, gettext("We keep trying. You don't need to do anything.")
            )
        case CheckResult.APP_REFUSED:
            text = gettext("%(provider)s does not accept this server's registration.")
            return Trouble("bad", text % {"provider": provider}, operator)
        case CheckResult.APP_DISABLED:
            text = gettext("%(provider)s has disabled this server's registration.")
            return Trouble("bad", text % {"provider": provider}, operator)
        case CheckResult.KEY_UNAVAILABLE:
            return Trouble("bad", gettext("The server cannot open its stored access to the account."), operator)
    return None


def _plan_limit(plan: Plan, provider: str) -> Trouble | None:
    match plan:
        case Plan.BASIC:  # https://zoom.us/pricing
            text = gettext("This account has the free plan: %(provider)s ends its meetings after 40 minutes.")
            cure = gettext("Book shorter appointments, or give the user a paid licence at %(provider)s.")
        case Plan.NO_MEETINGS:
            text = gettext("This %(provider)s user has no licence for meetings and cannot host any.")
            cure = gettext("Give the user a licence at %(provider)s, or connect another account.")
        case _:
            return None
    return Trouble("warn", text % {"provider": provider}, cure % {"provider": provider})


def facts_of(visit: Visit, connection: Connection, health: Health) -> list[Fact]:
    """Every line of the doctor, for those who may change the connection."""
    found = [
        # Only Zoom tells the plan.
        *([Fact(gettext("Plan"), _plan(health.plan))] if health.plan or connection.provider == Provider.ZOOM else []),
        Fact(gettext("Permissions"), _permissions(connection, health)),
        Fact(gettext("Last success"), at=health.last_success_at),
    ]
    if health.next_refresh_at is not None:
        found.append(Fact(gettext("Access is renewed"), gettext("at the earliest"), health.next_refresh_at))
    elif health.state == GrantState.CONNECTED:
        found.append(Fact(gettext("Access is renewed"), gettext("as soon as it is needed")))
    if health.requests_per_day is not None:
        text = gettext("at most %(left)d of %(all)d new and changed meetings, until midnight UTC")
        counts = {"left": health.requests_left, "all": health.requests_per_day}
        found.append(Fact(gettext("Left today"), text % counts))
    found.append(Fact(gettext("Appointments"), _appointments(health), url=_list_url(visit, health)))
    if health.left_behind:
        sentence = ngettext(
            "%(count)d meeting could not be deleted and may still be in the account.",
            "%(count)d meetings could not be deleted and may still be in the account.",
            health.left_behind,
        )
        url = f"{address(visit, 'sync')}#clean-up" if visit.scope.may(Permission.CONNECT_PROVIDERS) else ""
        found.append(Fact(gettext("Left behind"), sentence % {"count": health.left_behind}, url=url))
    if health.check_is_under_way:
        found.append(Fact(gettext("Last check"), gettext("Being checked now …")))
    elif health.checked_at is not None:
        found.append(Fact(gettext("Last check"), _result(health.check_result), health.checked_at))
    return found


def _plan(plan: Plan) -> str:
    return {
        Plan.BASIC: gettext("Free (Basic)"),
        Plan.LICENSED: gettext("Paid (Licensed)"),
        Plan.NO_MEETINGS: gettext("No licence for meetings"),
        Plan.UNKNOWN: gettext("Not known"),
    }[plan]


def _permissions(connection: Connection, health: Health) -> str:
    """Whether the account granted exactly what is needed."""
    said = []
    if health.missing:
        said.append(gettext("Missing: %(scopes)s") % {"scopes": ", ".join(health.missing)})
    if health.surplus:
        said.append(gettext("More than needed was granted: %(scopes)s") % {"scopes": ", ".join(health.surplus)})
    count = len(connection.grant.scopes.split())
    return " · ".join(said) or gettext("Exactly the %(count)d that are needed") % {"count": count}


def _appointments(health: Health) -> str:
    said = []
    if health.blocked:
        said.append(
            ngettext("%(count)d needs attention", "%(count)d need attention", health.blocked)
            % {"count": health.blocked}
        )
    if health.waiting:
        said.append(
            ngettext("%(count)d is on its way", "%(count)d are on their way", health.waiting)
            % {"count": health.waiting}
        )
    return " · ".join(said) or gettext("All in step")


def _list_url(visit: Visit, health: Health) -> str:
    """Where those that are not in step are listed: for administrators by cause."""
    if not (health.blocked or health.waiting):
        return ""
    return address(visit, "sync" if visit.scope.may(Permission.CONNECT_PROVIDERS) else "appointments")


def _result(result: CheckResult) -> str:
    return {
        CheckResult.OK: gettext("Works"),
        CheckResult.UNREACHABLE: gettext("Not reached"),
        CheckResult.LOST: gettext("Refused"),
        CheckResult.APP_REFUSED: gettext("Registration not accepted"),
        CheckResult.APP_DISABLED: gettext("Registration disabled"),
        CheckResult.KEY_UNAVAILABLE: gettext("Cannot be opened"),
        CheckResult.NONE: "",
    }[result]
