"""plan() by properties: whatever happens, each step is allowed, and few steps lead to what is wanted."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties import STEADY
from treff.conferencing.plan import (
    MOST_UNSURE_A_DAY,
    Create,
    Delete,
    Desired,
    FetchLink,
    Known,
    LeaveBehind,
    Linked,
    Repeat,
    Settled,
    Step,
    Stray,
    Unanswered,
    Unlink,
    Update,
    plan,
)
from treff.conferencing.ports import MeetingSpec
from treff.conferencing.states import Reason

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SPEC = MeetingSpec("Consultation", NOW + timedelta(days=1), timedelta(minutes=45), "Europe/Berlin")
MOST_STEPS = 8  # delete two strays, unlink, delete, create, update, confirm, settle


@dataclass
class Remote:
    """A meeting at the provider."""

    owner: str
    told: dict[str, object]
    alive: bool = True


@dataclass
class World:
    """The provider, and what we know of it: the shell around plan() without its database.

    `own` and `workspace` are the accounts that serve the appointment, `leaving` those that are being left.
    """

    spec: MeetingSpec | None = SPEC
    workspace: str | None = "A"
    own: str | None = None
    leaving: set[str] = field(default_factory=set)
    provider: str = "zoom"
    remote: dict[str, Remote] = field(default_factory=dict)
    linked: Linked | None = None
    strays: list[Stray] = field(default_factory=list)
    left_behind: set[str] = field(default_factory=set)
    unsure: int = 0
    unlinked: set[str] = field(default_factory=set)

    @property
    def desired(self) -> Desired:
        found = [account for account in (self.own, self.workspace) if account is not None]
        stays = [account for account in found if account not in self.leaving] if self.provider == "zoom" else []
        return Desired(
            self.spec,
            account=stays[0] if stays else None,
            keeps=frozenset(stays),
            reachable=frozenset(found),
            leaving=frozenset(self.leaving) & frozenset(found) - frozenset(stays),
            provider=self.provider,
        )

    def change(self, role: str, account: str | None) -> None:
        """Another account serves, or none; the one that goes leaves its links."""
        before = getattr(self, role)
        setattr(self, role, account)
        self.leaving.discard(str(before))
        gone = before not in (self.own, self.workspace)
        if self.linked is not None and account is None and gone and self.linked.account == before:
            self.linked = replace(self.linked, kept=True)

    def step(self, outcome: str = "acted") -> Step:
        """One step, whose effect at the provider is `acted`, `refused`, `unclear, acted` or `unclear, not acted`."""
        step = plan(self.desired, Known(self.linked, tuple(self.strays), self.unsure), NOW)
        self.check(step)
        match step:
            case Unlink(external_id):
                assert self.linked is not None
                self.strays.append(Stray(len(self.remote), external_id, self.linked.account))
                self.unlinked.add(external_id)
                self.linked = None
            case LeaveBehind(attempt_id):
                (stray,) = (stray for stray in self.strays if stray.attempt_id == attempt_id)
                self.strays.remove(stray)
                self.left_behind.add(stray.external_id)
            case Create(spec):
                self.create(spec, outcome)
            case Update(external_id, spec):
                self.update(external_id, spec, outcome)
            case Delete(stray):
                self.delete(stray, outcome)
        return step

    def check(self, step: Step) -> None:
        """What no step may do, whatever is known."""
        match step:
            case Create(spec):
                assert self.linked is None, "never a second meeting"
                assert self.desired.account is not None
                assert spec.start_at > NOW
                assert self.unsure < MOST_UNSURE_A_DAY
                assert spec == self.desired.spec
            case Update(external_id, spec):
                assert self.remote[external_id].owner in self.desired.keeps, "never with a foreign account"
                assert self.remote[external_id].owner not in self.desired.leaving
                assert spec.start_at > NOW
                assert spec == self.desired.spec
            case Delete(stray):
                assert self.linked is None or self.linked.external_id != stray.external_id, "unlinked before deleted"
                assert self.remote[stray.external_id].owner in self.desired.reachable, "never with a foreign account"

    def create(self, spec: MeetingSpec, outcome: str) -> None:
        new_id = str(len(self.remote))
        if "not acted" not in outcome and outcome != "refused":
            self.remote[new_id] = Remote(str(self.desired.account), dict(spec.as_told()))
        if outcome == "acted":
            assert new_id not in self.unlinked
            self.linked = Linked(new_id, str(self.desired.account), spec.as_told(), provider=self.provider)
        elif outcome != "refused":
            self.unsure += 1

    def update(self, external_id: str, spec: MeetingSpec, outcome: str) -> None:
        assert self.linked is not None
        if outcome == "acted" and not self.remote[external_id].alive:  # the provider says: there is no such meeting
            self.linked = None
        elif outcome == "acted":
            self.linked = replace(self.linked, told=spec.as_told(), confirm_due=False)
            self.remote[external_id].told = dict(spec.as_told())
        elif "unclear" in outcome:
            self.linked = replace(self.linked, confirm_due=True)
            if "not acted" not in outcome:
                self.remote[external_id].told = dict(spec.as_told())

    def delete(self, stray: Stray, outcome: str) -> None:
        if "not acted" not in outcome and outcome != "refused":
            self.remote[stray.external_id].alive = False
        if outcome == "acted":
            self.strays.remove(stray)

    def settle(self) -> Settled:
        """Go on with a provider that does what it is asked for, until nothing is left to do."""
        for _ in range(MOST_STEPS + len(self.strays)):
            step = self.step()
            if isinstance(step, Settled):
                return step
        raise AssertionError("does not come to rest")


OUTCOMES = ("acted", "refused", "unclear, acted", "unclear, not acted")
deeds = st.one_of(
    st.tuples(st.just("step"), st.sampled_from(OUTCOMES)),
    st.tuples(st.just("start"), st.sampled_from([-60, 60, 120])),
    st.tuples(st.just("wanted"), st.booleans()),
    st.tuples(st.just("workspace"), st.sampled_from([None, "A", "B"])),
    st.tuples(st.just("own"), st.sampled_from([None, "A", "C"])),
    st.tuples(st.just("leave"), st.sampled_from(["A", "B", "C"])),
    st.tuples(st.just("provider"), st.sampled_from(["zoom", "teams"])),
    st.tuples(st.just("host deletes"), st.none()),
)


def happen(world: World, deed: tuple[str, object]) -> None:
    match deed:
        case ("step", str(outcome)):
            world.step(outcome)
        case ("start", int(minutes)) if world.spec is not None:
            world.spec = replace(world.spec, start_at=NOW + timedelta(minutes=minutes))
        case ("wanted", bool(wanted)):
            world.spec = SPEC if wanted else None
        case ("workspace" | "own" as role, None | str() as account):
            world.change(role, account)
        case ("leave", str(account)):
            world.leaving.add(account)
        case ("provider", str(provider)):
            world.provider = provider
        case ("host deletes", _) if world.linked is not None:
            world.remote[world.linked.external_id].alive = False


@given(st.lists(deeds, max_size=30))
@STEADY
def test_whatever_happens_each_step_is_allowed_and_few_steps_lead_to_what_is_wanted(
    story: list[tuple[str, object]],
) -> None:
    world = World()
    for deed in story:
        happen(world, deed)
    settled = world.settle()
    assert world.settle() == settled
    alive = {external_id for external_id, remote in world.remote.items() if remote.alive}
    linked = {world.linked.external_id} if world.linked else set()
    strays = {stray.external_id for stray in world.strays}
    # M2: what lives and is not the link is listed for a person, or was a create of unknown outcome.
    assert len(alive - linked - strays - world.left_behind) <= world.unsure
    spec, account = world.desired.spec, world.desired.account
    if account is not None:
        assert world.strays == []
    if spec is None:
        assert world.linked is None
    elif spec.start_at > NOW and world.linked is not None:
        remote = world.remote[world.linked.external_id]
        assert remote.owner not in world.desired.leaving
        assert world.linked.provider == world.provider
        if account is not None:
            assert remote.owner in world.desired.keeps or world.linked.kept
            assert (remote.told, settled) == (spec.as_told(), Settled())
    elif world.linked is None:
        reasons = {Reason.STARTED: spec.start_at <= NOW, Reason.NOT_CONNECTED: account is None}
        reasons[Reason.UNSURE_TOO_OFTEN] = world.unsure >= MOST_UNSURE_A_DAY
        assert reasons[settled.reason]


@given(st.lists(st.sampled_from(["start", "title"]), min_size=1, max_size=100))
@STEADY
def test_a_hundred_changes_before_a_look_are_one_update(changes: list[str]) -> None:
    world = World()
    world.settle()
    for number, change in enumerate(changes):
        assert world.spec is not None
        later = world.spec.start_at + timedelta(minutes=1)
        spec = replace(world.spec, **({"start_at": later} if change == "start" else {"title": f"T{number}"}))
        world.spec = spec
    steps = [world.step(), world.step()]
    assert steps == [Update("0", spec), Settled()]
    assert list(world.remote) == ["0"]


@pytest.mark.fault("F-070")
def test_with_another_account_the_old_meeting_is_left_behind_and_a_new_one_made() -> None:
    world = World()
    world.settle()
    world.change("workspace", "B")
    assert [type(world.step()) for _ in range(4)] == [Unlink, LeaveBehind, Create, Settled]
    assert world.left_behind == {"0"}
    assert [remote.owner for remote in world.remote.values() if remote.alive] == ["A", "B"]


def test_without_an_account_a_wanted_link_stays_and_an_unwanted_one_waits() -> None:
    world = World()
    world.settle()
    world.change("workspace", None)
    assert world.step() == Settled()
    world.spec = replace(SPEC, title="Other")
    assert world.step() == Settled(Reason.NOT_CONNECTED)
    world.spec = None
    assert [type(world.step()), world.step()] == [Unlink, Settled(Reason.NOT_CONNECTED)]
    assert len(world.strays) == 1


def test_a_link_that_was_kept_stays_beside_another_account_until_something_has_to_change() -> None:
    world = World(own="C")
    world.settle()
    world.change("own", None)
    assert world.step() == Settled()
    world.spec = replace(SPEC, start_at=SPEC.start_at + timedelta(hours=1))
    assert [type(world.step()) for _ in range(4)] == [Unlink, LeaveBehind, Create, Settled]
    assert world.linked is not None
    assert world.linked.account == "A"


def test_a_new_own_account_leaves_the_meetings_where_they_are_and_makes_the_next_ones() -> None:
    world = World()
    world.settle()
    world.own = "C"
    assert world.step() == Settled()
    world.spec = None
    world.settle()
    world.spec = SPEC
    world.settle()
    assert world.linked is not None
    assert world.linked.account == "C"


def test_with_another_host_the_meeting_goes_from_the_account_of_the_first_to_that_of_the_second() -> None:
    world = World(own="C", workspace=None)
    world.settle()
    steps = []
    while not steps or steps[-1] != Settled():
        desired = Desired(SPEC, "D", keeps=frozenset("D"), reachable=frozenset({"C", "D"}), provider="zoom")
        steps.append(plan(desired, Known(world.linked, tuple(world.strays)), NOW))
        match steps[-1]:
            case Unlink(external_id):
                world.strays, world.linked = [Stray(1, external_id, "C")], None
            case Delete():
                world.strays = []
            case Create(spec):
                world.linked = Linked("1", "D", spec.as_told(), provider="zoom")
    assert [type(step) for step in steps] == [Unlink, Delete, Create, Settled]


def test_an_account_that_is_left_with_its_meetings_loses_those_ahead_and_makes_no_more() -> None:
    world = World()
    world.settle()
    world.leaving = {"A"}
    steps = [world.step() for _ in range(3)]
    assert [type(step) for step in steps[:2]] == [Unlink, Delete]
    assert steps[2] == Settled(Reason.NOT_CONNECTED)
    assert not world.remote["0"].alive


def test_an_account_that_is_left_keeps_the_meeting_that_has_begun() -> None:
    world = World()
    world.settle()
    world.leaving, world.spec = {"A"}, replace(SPEC, start_at=NOW)
    assert world.step() == Settled()


@pytest.mark.fault("F-034")
def test_after_three_creates_of_unknown_outcome_in_a_day_no_more_are_made() -> None:
    world = World()
    for _ in range(MOST_UNSURE_A_DAY):
        assert isinstance(world.step("unclear, acted"), Create)
    assert world.step() == Settled(Reason.UNSURE_TOO_OFTEN)


@pytest.mark.fault("F-073")
def test_what_has_begun_gets_no_meeting_and_keeps_the_one_it_has() -> None:
    begun = replace(SPEC, start_at=NOW)
    assert World(begun).step() == Settled(Reason.STARTED)
    world = World()
    world.settle()
    world.spec = begun
    assert world.step() == Settled()
    assert world.linked is not None


UNANSWERED = Unanswered(7, "A")
SERVED = Desired(SPEC, "A", keeps=frozenset("A"), reachable=frozenset("A"), provider="google_meet")


@pytest.mark.fault("F-156")
@pytest.mark.parametrize("spec", [SPEC, replace(SPEC, start_at=NOW), None], ids=["wanted", "begun", "not wanted"])
def test_a_create_that_was_not_answered_is_repeated_whatever_is_wanted_now(spec: MeetingSpec | None) -> None:
    assert plan(replace(SERVED, spec=spec), Known(None, unanswered=UNANSWERED), NOW) == Repeat(UNANSWERED)


def test_what_is_to_be_deleted_goes_before_a_create_is_repeated() -> None:
    stray = Stray(3, "0", "A")
    assert plan(SERVED, Known(None, (stray,), unanswered=UNANSWERED), NOW) == Delete(stray)


def test_a_create_that_was_not_answered_is_left_behind_with_its_account_and_waits_without_any() -> None:
    known = Known(None, unanswered=UNANSWERED)
    other = replace(SERVED, account="B", keeps=frozenset("B"), reachable=frozenset("B"))
    assert plan(other, known, NOW) == LeaveBehind(7)
    nobody = Desired(None, None, provider="google_meet")
    assert plan(nobody, known, NOW) == Settled(Reason.NOT_CONNECTED)


@pytest.mark.fault("F-157")
def test_a_link_that_is_still_being_made_is_asked_for_until_the_meeting_ends() -> None:
    linked = Linked("0", "A", SPEC.as_told(), provider="google_meet", awaits_link=True)
    assert plan(SERVED, Known(linked), NOW) == FetchLink("0")
    assert plan(SERVED, Known(linked), SPEC.start_at) == FetchLink("0")
    assert plan(SERVED, Known(linked), SPEC.start_at + SPEC.duration) == Settled()


def test_a_change_does_not_wait_for_the_link_that_is_still_being_made() -> None:
    linked = Linked("0", "A", SPEC.as_told(), provider="google_meet", awaits_link=True)
    moved = replace(SPEC, start_at=SPEC.start_at + timedelta(hours=1))
    assert plan(replace(SERVED, spec=moved), Known(linked), NOW) == Update("0", moved)
    assert plan(replace(SERVED, provider="teams", keeps=frozenset()), Known(linked), NOW) == Unlink("0")


def test_a_link_that_nobody_can_ask_for_any_more_needs_an_account() -> None:
    linked = Linked("0", "A", SPEC.as_told(), kept=True, provider="google_meet", awaits_link=True)
    gone = Desired(SPEC, None, provider="google_meet")
    assert plan(gone, Known(linked), NOW) == Settled(Reason.NOT_CONNECTED)
    other = Desired(SPEC, "B", keeps=frozenset("B"), reachable=frozenset("B"), provider="google_meet")
    assert plan(other, Known(linked), NOW) == Unlink("0")
