"""A workspace that offers a first call with Anna, on a Monday in November; and a client who fills in its form."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import caches
from django.test import Client

from tests import house
from treff.booking_types.actions import create_booking_type, edit_booking_type
from treff.booking_types.models import BookingType
from treff.booking_types.ports import Description, Details, HostWish
from treff.booking_types.states import Provider
from treff.kernel import clock
from treff.workspaces.models import Member, Workspace

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # a Monday, nine o'clock in Berlin
PAGE = "/book/nordlicht/first-call/"
NINE = "2026-11-24T08:00:00Z"
LENA = {"name": "Lena Lead", "email": "lena@customer.example"}


class Booker:
    """Somebody with a browser: fills in the form of a page and sends it, half a minute later."""

    def __init__(self) -> None:
        self.browser = Client()

    def form(self, start: str = NINE, page: str = PAGE, **query: str) -> tuple[str, dict[str, str]]:
        """The address of the form for a time, and what it sends by itself."""
        url = f"{page}details/?{urlencode({'start': start, **query})}"
        return url, hidden_fields(self.browser.get(url).content.decode())

    def book(self, start: str = NINE, page: str = PAGE, typed: dict[str, str] | None = None, **query: str) -> Any:
        url, hidden = self.form(start, page, **query)
        return self.send(url, {**hidden, **LENA, **(typed or {})})

    def send(self, url: str, fields: dict[str, str], after: timedelta = timedelta(seconds=30)) -> Any:
        with clock.at(clock.now() + after):
            return self.browser.post(url, fields)


def hidden_fields(text: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    with clock.at(NOW):
        yield


@pytest.fixture(autouse=True)
def rested(db: None) -> None:
    """Nobody has booked from here before."""
    for counts in caches.all(initialized_only=False):
        counts.clear()


@pytest.fixture
def place(db: None) -> Workspace:
    return house.workspace("nordlicht", name="Nordlicht Solar")


@pytest.fixture
def anna(place: Workspace) -> Member:
    return house.member(place, name="Anna Albers")


@pytest.fixture
def kind(place: Workspace, anna: Member) -> BookingType:
    return offer(place, anna)


@pytest.fixture
def client_at_home() -> Booker:
    return Booker()


def offer(place: Workspace, *hosts: Member, slug: str = "first-call", **details: Any) -> BookingType:
    """A booking type of half an hour without video. Details: those of booking_types.ports, or title, provider."""
    title, provider = details.pop("title", "First call"), details.pop("provider", Provider.NONE)
    wishes = tuple(HostWish(member.public_id) for member in hosts)
    wanted = Description(slug, title, timedelta(minutes=30), provider, Details(**details), wishes)
    return create_booking_type(house.scope(house.owner(place)), wanted)


def change(kind: BookingType, **details: Any) -> BookingType:
    """With these details, and else the usual ones."""
    wanted = Description(kind.slug, kind.title, kind.duration, kind.provider)
    scope = house.scope(house.owner(kind.workspace))
    return edit_booking_type(scope, kind.slug, replace(wanted, details=Details(**details)))


def token_in(location: str) -> str:
    found = re.search(r"/book/manage/([^/]+)/", location)
    assert found, location
    return found[1]
