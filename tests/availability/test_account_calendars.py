"""The calendar of a member's own connected account: read with its leave only, and gone with the account."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_django.fixtures import Settings

from tests import house
from tests.google import google, google_meet, google_simulator
from tests.simulators.google.driver import LENA, NORA, REDIRECT_URI, Driver, at
from tests.simulators.microsoft.driver import REDIRECT_URI as MICROSOFTS
from tests.simulators.microsoft.driver import Driver as Microsoft
from tests.teams import microsoft, microsoft_simulator, teams
from treff.appointments import actions as appointments
from treff.appointments.ports import Amendment
from treff.availability import actions as availability
from treff.availability import feeds, queries
from treff.availability import ports as availability_ports
from treff.availability.models import BusyFeed, BusyTime
from treff.booking_types.actions import offer_provider
from treff.conferencing import actions, consent, free_busy, leaving, ports, reconcile
from treff.conferencing.models import Connection, Grant, PendingConnection
from treff.conferencing.states import GrantState, Upcoming
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.providers.google_meet.adapter import GoogleMeetProvider
from treff.providers.teams.adapter import TeamsProvider
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db
__all__ = ["google", "google_meet", "google_simulator", "microsoft", "microsoft_simulator", "teams"]
MEETINGS = "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/calendar.events"


@dataclass
class House:
    google: Driver
    microsoft: Microsoft
    rep: Member

    def walk(self, provider: str, user_id: str, policy: str = "", **ticked: str) -> Connection | PendingConnection:
        """To the consent page and back."""
        browser = consent.Browser(self.rep.user, "a session")
        back = REDIRECT_URI if provider == "google_meet" else MICROSOFTS
        url = consent.start_connecting(house.scope(self.rep), provider, browser, back, own=True, busy_policy=policy)
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        order = {"user_id": user_id, "redirect_uri": back, "code_challenge": asked["code_challenge"]}
        vendor: Any = self.google if provider == "google_meet" else self.microsoft
        code = vendor.control("authorize", state=asked["state"], **order, **{"scope": asked["scope"], **ticked})["code"]
        returned = consent.take_flow(provider, Secret(asked["state"]), browser)
        return actions.finish_connecting(returned, Secret(code), back)

    def put(self, hours: float, minutes: int = 60) -> None:
        """Something private into Nora's calendar, tomorrow at that hour (UTC)."""
        start = tomorrow(hours)
        times = at(start.isoformat(), (start + timedelta(minutes=minutes)).isoformat())
        self.google.control("events", user_id=NORA, event={"summary": "Dentist", **times})

    def feed(self) -> BusyFeed:
        return BusyFeed.objects.get(member=self.rep)

    def read(self) -> BusyFeed:
        BusyFeed.objects.update(due_at=clock.now(), lease_until=clock.now())
        feeds.read(self.feed().pk)
        return self.feed()

    def busy(self) -> list[str]:
        rows = BusyTime.objects.filter(member=self.rep).order_by("busy")
        return [f"{row.busy.lower:%H:%M}-{row.busy.upper:%H:%M}" for row in rows]


def tomorrow(hours: float) -> datetime:
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return day + timedelta(hours=hours)


@pytest.fixture
def here(
    google: Driver,
    microsoft: Microsoft,
    google_meet: GoogleMeetProvider,
    teams: TeamsProvider,
    settings: Settings,
    tmp_path: Path,
) -> Iterator[House]:
    settings.TREFF_DATA_DIR = tmp_path
    before = {name: ports.provider_named(name) for name in ports.provider_names()}
    ports.connect({"google_meet": google_meet, "teams": teams})
    availability_ports.connect(free_busy.read)
    owner = house.owner(house.workspace("nordlicht"))
    for name in ("google_meet", "teams"):
        offer_provider(house.scope(owner), name, is_offered=True, own_accounts=True)
    yield House(google, microsoft, house.member(owner.workspace))
    ports.connect(before)


def test_an_account_that_is_connected_for_meetings_is_not_read_until_it_allows_that(here: House) -> None:
    here.put(9)
    here.walk("google_meet", NORA)
    assert not free_busy.switch_on(house.scope(here.rep), "google_meet", "closed")
    assert not BusyFeed.objects.exists()
    here.walk("google_meet", NORA, "open")
    feed = here.read()
    assert (feed.policy, feed.host, feed.trouble, feed.address) == ("open", "calendar.google.com", "", "")
    assert here.busy() == ["09:00-10:00"]
    assert feed.due_at is not None
    assert feed.due_at - clock.now() <= timedelta(minutes=6)


def test_who_leaves_the_box_unticked_has_meetings_all_the_same(here: House) -> None:
    here.walk("google_meet", NORA, "closed", scope=MEETINGS)
    assert not BusyFeed.objects.exists()
    assert Grant.objects.get().state == GrantState.CONNECTED


def test_a_leave_that_is_withdrawn_breaks_the_reading_alone_and_the_last_times_stay(here: House) -> None:
    here.put(9)
    here.walk("google_meet", NORA, "closed")
    here.read()
    body = {"error": {"code": 403, "message": "no", "errors": [{"reason": "insufficientPermissions"}]}}
    here.google.fault("freebusy", "status", status=403, body=body)
    assert here.read().trouble == "not_allowed"
    assert here.busy() == ["09:00-10:00"]
    assert Grant.objects.get().state == GrantState.CONNECTED
    assert not free_busy.switch_on(house.scope(here.rep), "google_meet", "closed"), "the account has to be asked again"
    with clock.at(clock.now() + timedelta(hours=25)):
        assert list(queries.unread([here.rep.pk], clock.now())) == [here.feed()]


def test_an_outage_and_a_lost_account_are_told_apart(here: House) -> None:
    here.walk("google_meet", NORA, "closed")
    here.google.fault("freebusy", "status", status=500)
    assert here.read().trouble == "unreachable"
    Grant.objects.update(paused_until=clock.now() + timedelta(minutes=1))
    assert here.read().trouble == "unreachable", "an account that asked for quiet is not asked for this either"
    Grant.objects.update(paused_until=clock.now())
    here.google.control("deauthorize", user_id=NORA)
    assert here.read().trouble == "account_lost"


def test_what_is_ours_in_the_calendar_does_not_block_and_what_touches_it_does(here: House) -> None:
    here.walk("google_meet", NORA, "closed")
    booked = house.appointment(here.rep, start_at=tomorrow(9), duration=timedelta(minutes=60), provider="google_meet")
    reconcile.look(booked.pk)
    here.put(10, 30)
    here.read()
    assert here.busy() == ["10:00-10:30"]
    appointments.amend(house.scope(here.rep), booked.public_id, Amendment(start_at=tomorrow(13)))
    here.read()
    assert here.busy() == ["10:00-10:30"], "its event is still at nine, and known to be"
    reconcile.look(booked.pk)
    here.read()
    assert here.busy() == ["10:00-10:30"]


def test_switched_off_or_disconnected_nothing_is_left(here: House) -> None:
    here.put(9)
    here.walk("google_meet", NORA, "closed")
    here.read()
    scope = house.scope(here.rep)
    availability.remove_feed(scope, here.rep.public_id, here.feed().public_id)
    assert here.busy() == []
    assert free_busy.switch_on(scope, "google_meet", "closed"), "the account's word holds"
    here.read()
    assert here.busy() == ["09:00-10:00"]
    leaving.disconnect(scope, "google_meet", Upcoming.KEEP, member_id=here.rep.public_id)
    assert (here.busy(), BusyFeed.objects.count()) == ([], 0)


def test_another_account_is_not_read_because_the_one_before_it_was(here: House) -> None:
    here.walk("google_meet", NORA, "closed")
    found = here.walk("google_meet", LENA)
    assert isinstance(found, PendingConnection)
    actions.confirm_replacing(found.public_id, consent.Browser(here.rep.user, "a session"), found.grant.email)
    assert not BusyFeed.objects.exists()


def test_an_account_that_went_unnoticed_takes_its_times_along(here: House) -> None:
    here.put(9)
    here.walk("google_meet", NORA, "closed")
    feed = here.read()
    Connection.objects.all().delete()
    BusyFeed.objects.update(due_at=clock.now(), lease_until=clock.now())
    feeds.read(feed.pk)
    assert (here.busy(), BusyFeed.objects.count()) == ([], 0)


def test_at_microsoft_what_meetings_need_is_enough_and_the_switch_is_explicit_all_the_same(here: House) -> None:
    here.walk("teams", "5a1c9a52-07f0-4b6d-9a3e-2f6c1b0a0001")
    assert not BusyFeed.objects.exists()
    assert free_busy.switch_on(house.scope(here.rep), "teams", "closed")
    feed = here.read()
    assert (feed.host, feed.trouble) == ("outlook.office.com", "")


OWN = "/w/nordlicht/availability/"


def test_the_page_offers_the_switch_for_ones_own_account_only(here: House) -> None:
    here.walk("google_meet", NORA)
    switch = "Also read when I am busy in this calendar"
    assert switch in house.client_of(here.rep).get(OWN).content.decode()
    admin = house.admin(here.rep.workspace)
    theirs = f"/w/nordlicht/admin/members/{here.rep.public_id}/availability/"
    assert switch not in house.client_of(admin).get(OWN).content.decode()
    answer = house.client_of(admin).get(theirs)
    assert answer.status_code == 200
    assert switch not in answer.content.decode()
    assert house.client_of(admin).post(f"{OWN}accounts/google_meet/", {"policy": "closed"}).status_code == 404


def test_google_is_asked_once_more_and_microsoft_is_not(here: House) -> None:
    here.walk("google_meet", NORA)
    here.walk("teams", "5a1c9a52-07f0-4b6d-9a3e-2f6c1b0a0001")
    browser = house.client_of(here.rep)
    at_google = browser.post(f"{OWN}accounts/google_meet/", {"policy": "closed"})["Location"]
    assert at_google.startswith(f"{here.google.url}/o/oauth2/v2/auth")
    assert "calendar.freebusy" in at_google
    answer = browser.post(f"{OWN}accounts/teams/", {"policy": "open"}, follow=True)
    assert "The calendar is being read." in answer.content.decode()
    assert (here.feed().host, here.feed().policy) == ("outlook.office.com", "open")


def test_without_a_policy_nothing_is_switched_on(here: House) -> None:
    here.walk("teams", "5a1c9a52-07f0-4b6d-9a3e-2f6c1b0a0001")
    assert house.client_of(here.rep).post(f"{OWN}accounts/teams/", {"policy": "maybe"}).status_code == 422
    assert not BusyFeed.objects.exists()


@pytest.mark.parametrize(
    ("trouble", "words", "cure"),
    [
        ("not_allowed", "does not allow its busy times", "Allow again"),
        ("account_lost", "connected again", "To the account"),
    ],
)
def test_the_page_says_what_is_the_matter_and_what_cures_it(here: House, trouble: str, words: str, cure: str) -> None:
    here.walk("google_meet", NORA, "closed")
    BusyFeed.objects.update(trouble=trouble)
    page = house.client_of(here.rep).get(OWN).content.decode()
    assert words in page
    assert cure in page
