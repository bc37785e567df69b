"""The connected accounts as the page shows them: the workspace's, the reader's own one, and who hosts what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from treff.booking_types.queries import provider_switch
from treff.booking_types.states import CONFERENCING, Provider
from treff.conferencing import ports, queries
from treff.conferencing.health import Health, health_of
from treff.conferencing.models import Connection
from treff.conferencing.states import GrantState
from treff.web import labels
from treff.web.console.doctor import Fact, Trouble, badge_of, facts_of, troubles_of
from treff.web.console.presenting import address
from treff.web.policy import Visit
from treff.workspaces.models import Member
from treff.workspaces.queries import members
from treff.workspaces.states import Permission


@dataclass(frozen=True, slots=True)
class AccountCard:
    """For admin/_account_card.html: no token, nothing but what this reader may see.

    `state`: not_configured | not_connected | connected | broken | leaving. `may_change`: buttons and doctor are shown.
    The addresses are empty where there is nothing to do.
    """

    id: str
    provider: str
    own: bool
    state: str
    label: str
    tone: str
    may_change: bool
    troubles: Sequence[Trouble] = ()
    facts: Sequence[Fact] = ()
    email: str = ""
    display_name: str = ""
    external_user_id: str = ""
    connected_by: str = ""
    connected_at: datetime | None = None
    leaving_until: datetime | None = None
    removals_left: int = 0
    zone: str = ""
    disconnect_url: str = ""
    disconnect_now_url: str = ""
    check_url: str = ""
    is_changing: bool = False

    @property
    def provider_label(self) -> str:
        return labels.of_provider(self.provider)

    @property
    def pitch(self) -> str:
        """What connecting brings, and which accounts will do."""
        return _pitch(self.provider, own=self.own)

    @property
    def settings(self) -> str:
        """What the operator has to set."""
        return " · ".join(_SETTINGS.get(self.provider, ()))


_SETTINGS: dict[str, tuple[str, ...]] = {
    Provider.ZOOM: ("TREFF_ZOOM_CLIENT_ID", "TREFF_ZOOM_CLIENT_SECRET"),
    Provider.GOOGLE_MEET: ("TREFF_GOOGLE_CLIENT_ID", "TREFF_GOOGLE_CLIENT_SECRET"),
    Provider.TEAMS: ("TREFF_MICROSOFT_CLIENT_ID", "TREFF_MICROSOFT_CLIENT_SECRET"),
}


def _pitch(provider: str, *, own: bool) -> str:
    names = {"provider": labels.of_provider(provider)}
    if own:
        return (
            gettext(
                "Connect your own %(provider)s account and your appointments are hosted there, not in the workspace’s "
                "account."
            )
            % names
        )
    meetings = gettext(
        "Connect a %(provider)s account and every appointment booked with %(provider)s gets its own meeting: created, "
        "moved and deleted with the appointment."
    )
    accounts = {
        Provider.ZOOM.value: gettext("Free and paid accounts both work."),
        Provider.GOOGLE_MEET.value: gettext(
            "Each is an event in the account’s calendar. Google Workspace and personal accounts both work."
        ),
        Provider.TEAMS.value: gettext(
            "Each is an event in the account’s calendar. It takes a work or school account with Teams."
        ),
    }
    return f"{meetings % names} {accounts.get(provider, '')}".strip()


@dataclass(frozen=True, slots=True)
class HostRow:
    """A line of who hosts what: whose appointments, in which account, how it is."""

    hosts: str
    account: str
    label: str
    tone: str
    disconnect_url: str


@dataclass(frozen=True, slots=True)
class Switches:
    """What the administrators decided about a provider, if they did."""

    is_decided: bool
    is_offered: bool
    own_accounts: bool


@dataclass(frozen=True, slots=True)
class Part:
    """All about one provider: the workspace's account, the reader's own, who hosts what, and what was decided."""

    provider: str
    label: str
    card: AccountCard
    own_card: AccountCard | None
    hosts: Sequence[HostRow]
    switches: Switches

    @property
    def is_changing(self) -> bool:
        return self.card.is_changing or (self.own_card is not None and self.own_card.is_changing)


def parts(visit: Visit) -> list[Part]:
    """Of every provider; those that are not set up on this server last, and only for who can have that changed."""
    is_admin = visit.scope.may(Permission.CONNECT_PROVIDERS)
    found = [
        Part(
            provider=provider.value,
            label=labels.of_provider(provider),
            card=workspace_card(visit, provider),
            own_card=own_card(visit, provider),
            hosts=host_rows(visit, provider) if is_admin else [],
            switches=switches(visit, provider),
        )
        for provider in CONFERENCING
    ]
    there = [part for part in found if part.card.state != "not_configured" or part.own_card is not None]
    return there + [part for part in found if part not in there] if is_admin or not there else there


def switches(visit: Visit, provider: str) -> Switches:
    row = provider_switch(visit.scope, provider)
    return Switches(True, row.is_offered, row.own_accounts) if row else Switches(False, False, False)


def workspace_card(visit: Visit, provider: str) -> AccountCard:
    may_change = visit.scope.may(Permission.CONNECT_PROVIDERS)
    return _card(visit, provider, queries.connection(visit.scope, provider), may_change=may_change)


def own_card(visit: Visit, provider: str) -> AccountCard | None:
    """None where nobody may connect an account of their own and the reader has none."""
    found = queries.connection(visit.scope, provider, visit.member.public_id)
    if found is None and not (switches(visit, provider).own_accounts and provider in ports.provider_names()):
        return None
    return _card(visit, provider, found, may_change=True, own=True)


def _card(visit: Visit, provider: str, found: Connection | None, *, may_change: bool, own: bool = False) -> AccountCard:
    name = f"own-{provider}-card" if own else f"{provider}-card"
    if found is None:
        if provider not in ports.provider_names():
            return AccountCard(name, provider, own, "not_configured", gettext("Not set up"), "warn", may_change)
        return AccountCard(name, provider, own, "not_connected", gettext("Not connected"), "neutral", may_change)
    health = health_of(found)
    label, tone = badge_of(health)
    return AccountCard(
        id=name,
        provider=provider,
        own=own,
        state=_state(health),
        label=label,
        tone=tone,
        may_change=may_change,
        troubles=troubles_of(visit, found, health),
        facts=facts_of(visit, found, health) if may_change else (),
        email=found.grant.email,
        display_name=found.grant.display_name,
        external_user_id=found.grant.external_user_id if may_change else "",
        connected_by=str(found.connected_by or "") if not own else "",
        connected_at=found.connected_at,
        leaving_until=health.leaving_until,
        removals_left=health.removals_left,
        zone=visit.time_zone,
        disconnect_url=_address(visit, "disconnect", found) if may_change else "",
        disconnect_now_url=_address(visit, "disconnect_now", found) if health.leaving_until and may_change else "",
        check_url=_address(visit, "check", found) if may_change and found.grant.refresh_token else "",
        is_changing=health.leaving_until is not None or (may_change and health.check_is_under_way),
    )


def _state(health: Health) -> str:
    if health.leaving_until is not None:
        return "leaving"
    return "connected" if health.state == GrantState.CONNECTED else "broken"


def whose(visit: Visit, member_id: str) -> Member:
    """Whose own account it is: theirs, and the administrators', to change. Raises NotAllowed, NotHere.

    Members that have left count too: their accounts must not stay behind.
    """
    if member_id != visit.member.public_id:
        visit.scope.require(Permission.CONNECT_PROVIDERS)
    return Member.objects.within(visit.scope).select_related("user").named(member_id)


def _address(visit: Visit, name: str, connection: Connection) -> str:
    """Of a deed with this account: the workspace's, or a member's own one."""
    if connection.member is None:
        return address(visit, name, provider=connection.provider)
    return address(visit, f"{name}_own", provider=connection.provider, member_id=connection.member.public_id)


def host_rows(visit: Visit, provider: str) -> list[HostRow]:
    """Who hosts what, for administrators: nothing to tell as long as nobody has an account of their own."""
    found = [connection for connection in queries.connections(visit.scope) if connection.provider == provider]
    own = [connection for connection in found if connection.member is not None]
    if not own:
        return []
    rows = [_host_row(visit, connection) for connection in own]
    left = members(visit.scope).exclude(pk__in=[c.member_id for c in own if c.leaving_until is None])
    names = ", ".join(str(member) for member in left)
    shared = next((connection for connection in found if connection.member is None), None)
    if shared is not None:
        label, tone = badge_of(health_of(shared))
        return [HostRow(names, shared.grant.email, label, tone, ""), *rows]
    return [HostRow(names, "", gettext("Not connected"), "neutral", ""), *rows]


def _host_row(visit: Visit, connection: Connection) -> HostRow:
    label, tone = badge_of(health_of(connection))
    url = _address(visit, "disconnect", connection)
    return HostRow(str(connection.member), connection.grant.email, label, tone, url)
