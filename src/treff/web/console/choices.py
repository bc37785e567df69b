"""Which providers an appointment can be booked with, and who can change that."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from treff.booking_types.queries import provider_switch
from treff.booking_types.states import Provider
from treff.conferencing import ports, queries
from treff.conferencing.models import Connection
from treff.conferencing.states import GrantState
from treff.web import labels
from treff.web.connecting import who_may_connect
from treff.web.console.presenting import address
from treff.web.policy import Visit
from treff.workspaces.models import Member
from treff.workspaces.ports import Scope
from treff.workspaces.states import Permission


@dataclass(frozen=True, slots=True)
class ProviderChoice:
    """A card; one that is not available stays visible and its hint says why and who can change that.

    `url`, `action`: where the reader can change it. `hosts`: public ids of those whose appointments it serves.
    """

    value: str
    label: str
    available: bool
    hint: str
    url: str = ""
    action: str = ""
    hosts: frozenset[str] = frozenset()


def provider_choices(visit: Visit, hosts: Sequence[Member]) -> list[ProviderChoice]:
    """The providers of this server and none, for appointments that one of `hosts` will host."""
    everybody = frozenset(host.public_id for host in hosts)
    none = ProviderChoice(
        Provider.NONE.value,
        labels.of_provider(Provider.NONE),
        True,
        gettext("In person or by phone."),
        hosts=everybody,
    )
    return [*(_choice(visit, provider, hosts) for provider in known_providers()), none]


def known_providers() -> tuple[str, ...]:
    """What people read of: the providers that are set up on this server, or if there are none the usual one."""
    return ports.provider_names() or (Provider.ZOOM.value,)


def usual_provider(scope: Scope) -> str:
    """What a new booking type starts with: the first provider that the workspace offers."""
    names = known_providers()
    return next((name for name in names if (row := provider_switch(scope, name)) and row.is_offered), names[0])


def _choice(visit: Visit, provider: str, hosts: Sequence[Member]) -> ProviderChoice:
    """Why it cannot be chosen, in the order in which it would have to be mended; else for whose appointments it can."""
    label = labels.of_provider(provider)
    names = {"provider": label}
    if provider not in ports.provider_names():
        return ProviderChoice(provider, label, False, gettext("%(provider)s is not set up on this server.") % names)
    accounts = {c.member_id: c for c in queries.connections(visit.scope) if c.provider == provider}
    accounts = {member_id: c for member_id, c in accounts.items() if c.leaving_until is None}
    served = [host for host in hosts if host.pk in accounts or None in accounts]
    switch = provider_switch(visit.scope, provider)
    if switch is not None and not switch.is_offered:
        why = gettext("%(provider)s is switched off for new appointments.") % names
        return _unavailable(visit, provider, why, gettext("%(who)s can enable it."), gettext("Enable it"))
    if not served or switch is None:
        why = gettext("No %(provider)s account is connected.") % names
        return _unavailable(visit, provider, why, gettext("%(who)s can connect one."), gettext("Connect one"))
    hint = _hint(visit, served, accounts, all_served=len(served) == len(hosts))
    return ProviderChoice(provider, label, True, hint, hosts=frozenset(host.public_id for host in served))


def _unavailable(visit: Visit, provider: str, why: str, who: str, action: str) -> ProviderChoice:
    label = labels.of_provider(provider)
    if visit.scope.may(Permission.CONNECT_PROVIDERS):
        return ProviderChoice(provider, label, False, why, address(visit, "video_provider"), action)
    return ProviderChoice(provider, label, False, f"{why} {who % {'who': who_may_connect(visit.scope)}}")


def _hint(visit: Visit, served: Sequence[Member], accounts: dict[int | None, Connection], *, all_served: bool) -> str:
    """What the lead gets; with whom only it is possible; or that the link comes later."""
    if not all_served:
        names = ", ".join(str(host) for host in served)
        return gettext("Only with %(names)s: the workspace has no account.") % {"names": names}
    mine = accounts.get(visit.member.pk) or accounts.get(None) or next(iter(accounts.values()))
    if mine.grant.state != GrantState.CONNECTED:
        return gettext("The account must be connected again; the link follows as soon as that is done.")
    return gettext("The lead gets a link by email.")
