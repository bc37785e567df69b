"""Rows for the templates of the public pages: what anybody may know, and nothing more."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext

from treff.booking_types.models import BookingType
from treff.booking_types.queries import is_switched_off, minutes_of
from treff.booking_types.states import HostMode, Provider
from treff.web import labels
from treff.web.public.asking import Wish
from treff.web.public.offering import Offer, public_name
from treff.workspaces.queries import client_scope

# More names than these say nothing any more.
_MOST_NAMES = 3


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class KindRow:
    """A booking type in the list of a workspace."""

    title: str
    description: str
    minutes: Sequence[int]
    url: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A booking type on its own pages. `lengths` and `hosts` are empty where there is nothing to choose."""

    title: str
    description: str
    minutes: int
    who: str
    where: str
    has_video: bool
    needs_approval: bool
    confirm_address: bool
    lengths: Sequence[Choice]
    hosts: Sequence[Choice]
    url: str
    details_url: str


def kind_row(kind: BookingType, wish: Wish) -> KindRow:
    lasting = Wish(zone=wish.zone, lang=wish.lang)
    return KindRow(kind.title, kind.description, minutes_of(kind), _address("booking_type", kind) + lasting.query())


def kind_of(offer: Offer, wish: Wish) -> Kind:
    """After its times were loaded."""
    kind = offer.kind
    provider = Provider(kind.provider)
    if is_switched_off(client_scope(kind.workspace), provider):
        provider = Provider.NONE
    lengths = [Choice(str(minutes), "", minutes == offer.minutes) for minutes in minutes_of(kind)]
    return Kind(
        title=kind.title,
        description=kind.description,
        minutes=offer.minutes,
        who=_who(offer),
        where=where(provider),
        has_video=provider != Provider.NONE,
        needs_approval=kind.needs_approval,
        confirm_address=kind.confirm_address,
        lengths=lengths if len(lengths) > 1 else (),
        hosts=_hosts(offer) if kind.host_mode == HostMode.CHOICE else (),
        url=_address("booking_type", kind) + wish.query(),
        details_url=_address("details", kind),
    )


def where(provider: Provider) -> str:
    """Where it meets, in words."""
    if provider == Provider.NONE:
        return gettext("In person or by phone.")
    return gettext("Video meeting with %(provider)s") % {"provider": labels.of_provider(provider)}


def joined(names: Sequence[str], word: str) -> str:
    """`Anna, Ben and Carla`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def _who(offer: Offer) -> str:
    names = offer.names()
    if offer.kind.host_mode == HostMode.TOGETHER:
        return joined(names, gettext("and"))
    if len(names) > _MOST_NAMES or not names:
        return offer.kind.workspace.name
    return joined(names, gettext("or"))


def _hosts(offer: Offer) -> list[Choice]:
    anybody = Choice("", gettext("Anybody"), not offer.host)
    return [anybody] + [
        Choice(member.public_id, public_name(member), member.public_id == offer.host) for member in offer.hosts
    ]


def _address(name: str, kind: BookingType) -> str:
    return reverse(f"public:{name}", kwargs={"workspace": kind.workspace.slug, "slug": kind.slug})
