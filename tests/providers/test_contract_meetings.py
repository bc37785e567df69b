"""Meetings, the same for every provider: made, made again, moved, removed, and what refusals and silence mean."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from tests.ports import free_port
from tests.providers.contract import SPEC, START, Holding, Operation, Said, Stand, answer, connect
from treff.conferencing import errors
from treff.conferencing.ports import LaterLinks
from treff.conferencing.states import GrantState, LostCause
from treff.kernel import clock
from treff.kernel.secrets import Secret

EFFECTS: tuple[Operation, ...] = ("create", "update", "delete")
OTHER_KEY = "f" * 32


@pytest.fixture
def token(stand: Stand) -> Secret:
    return connect(stand).access_token


@pytest.fixture
def deeds(stand: Stand, token: Secret) -> dict[Operation, Callable[[], Any]]:
    """The three effects; update and delete of a meeting that exists."""
    made = stand.provider.create(token, replace(SPEC, key=OTHER_KEY)).external_id
    return {
        "create": lambda: stand.provider.create(token, SPEC),
        "update": lambda: stand.provider.update(token, made, SPEC),
        "delete": lambda: stand.provider.delete(token, made),
    }


def expect(deed: Callable[[], Any], *wanted: type[errors.ProviderError]) -> errors.ProviderError:
    """What the deed raises: one of these exactly, not of their children."""
    with pytest.raises(errors.ProviderError) as raised:
        deed()
    assert type(raised.value) in wanted, repr(raised.value)
    return raised.value


def test_a_meeting_is_made_as_it_was_specified(stand: Stand, token: Secret) -> None:
    made = stand.provider.create(token, SPEC)
    (truth,) = stand.meetings()
    assert (truth.external_id, truth.link) == (made.external_id, made.join_url)
    assert (truth.title, truth.duration) == (SPEC.title, SPEC.duration)
    assert truth.starts_at == START.replace(microsecond=0)
    assert SPEC.marker in truth.note


def test_a_start_told_in_another_zone_is_the_same_instant(stand: Stand, token: Secret) -> None:
    local = START.astimezone().replace(microsecond=0)
    stand.provider.create(token, replace(SPEC, start_at=local, time_zone="America/New_York"))
    assert stand.meetings()[0].starts_at == local


def test_two_creates_are_two_meetings_with_two_links(stand: Stand, token: Secret) -> None:
    one = stand.provider.create(token, SPEC)
    other = stand.provider.create(token, replace(SPEC, key=OTHER_KEY))
    assert one.external_id != other.external_id
    assert one.join_url != other.join_url


@pytest.mark.fault("F-156", "F-159")
def test_a_create_sent_twice_is_one_meeting_where_creates_are_idempotent_and_two_elsewhere(
    stand: Stand, token: Secret
) -> None:
    first, second = stand.provider.create(token, SPEC), stand.provider.create(token, SPEC)
    if stand.provider.capabilities.creates_idempotently:
        assert second == first
        assert len(stand.meetings()) == 1
    else:
        assert second.external_id != first.external_id
        assert len(stand.meetings()) == 2


@pytest.mark.fault("F-156", "F-159")
def test_a_create_that_acted_and_was_not_answered_is_ambiguous_and_found_by_sending_it_again(
    stand: Stand, token: Secret
) -> None:
    stand.break_("create", "act_then_reset")
    expect(lambda: stand.provider.create(token, SPEC), errors.Ambiguous)
    (truth,) = stand.meetings()
    if stand.provider.capabilities.creates_idempotently:
        again = stand.provider.create(token, SPEC)
        assert (again.external_id, again.join_url) == (truth.external_id, truth.link)
        assert len(stand.meetings()) == 1


def test_a_create_sent_again_after_its_meeting_was_deleted_says_so(stand: Stand, token: Secret) -> None:
    made = stand.provider.create(token, SPEC)
    stand.provider.delete(token, made.external_id)
    if stand.provider.capabilities.creates_idempotently:
        expect(lambda: stand.provider.create(token, SPEC), errors.Missing)
        assert stand.meetings() == []
    else:
        assert stand.provider.create(token, SPEC).external_id != made.external_id


def test_an_update_moves_the_meeting_and_keeps_its_link(stand: Stand, token: Secret) -> None:
    made = stand.provider.create(token, SPEC)
    later = replace(SPEC, title="Zweiter Versuch", start_at=START + timedelta(days=1), duration=timedelta(hours=1))
    for _ in range(2):
        stand.provider.update(token, made.external_id, later)
        (truth,) = stand.meetings()
        assert (truth.external_id, truth.link) == (made.external_id, made.join_url)
        assert (truth.title, truth.duration) == ("Zweiter Versuch", timedelta(hours=1))
        assert truth.starts_at == later.start_at.replace(microsecond=0)
        assert SPEC.marker in truth.note


def test_what_was_deleted_is_missing_for_every_later_deed(stand: Stand, token: Secret) -> None:
    made = stand.provider.create(token, SPEC)
    stand.provider.delete(token, made.external_id)
    assert stand.meetings() == []
    expect(lambda: stand.provider.delete(token, made.external_id), errors.Missing)
    expect(lambda: stand.provider.update(token, made.external_id, SPEC), errors.Missing)


@pytest.mark.fault("F-158")
def test_what_was_removed_by_hand_is_missing(stand: Stand, token: Secret) -> None:
    made = stand.provider.create(token, SPEC)
    stand.remove_by_hand(token, made.external_id)
    expect(lambda: stand.provider.update(token, made.external_id, SPEC), errors.Missing)
    expect(lambda: stand.provider.delete(token, made.external_id), errors.Missing)
    assert stand.meetings() == []


def test_somebody_elses_meeting_is_missing_and_stays(stand: Stand, token: Secret) -> None:
    made = stand.provider.create(token, SPEC)
    other = connect(stand, person=1).access_token
    expect(lambda: stand.provider.update(other, made.external_id, SPEC), errors.Missing)
    expect(lambda: stand.provider.delete(other, made.external_id), errors.Missing)
    assert len(stand.meetings()) == 1


TITLES = (
    *("<script>alert(1)</script>", "\"quoted\" 'and' \\escaped\\ & more", "{{ 7*7 }} ${7*7} %s %(x)s", "\u202eשלום"),
    *("🦊" * 40, "=HYPERLINK(1)", "a" * 199, "Ünïcödé – „Zitat“"),
)


@pytest.mark.parametrize("title", TITLES)
def test_a_hostile_title_is_text(stand: Stand, token: Secret, title: str) -> None:
    made = stand.provider.create(token, replace(SPEC, title=title))
    assert stand.meetings()[0].title == title
    stand.provider.update(token, made.external_id, replace(SPEC, title=title[::-1]))
    assert stand.meetings()[0].title == title[::-1]


def test_a_title_longer_than_the_provider_takes_is_cut(stand: Stand, token: Secret) -> None:
    made = stand.provider.create(token, replace(SPEC, title="ü" * 3000))
    stand.provider.update(token, made.external_id, replace(SPEC, title="ö" * 3000))
    title = stand.meetings()[0].title
    assert len(title) >= 200
    assert set(title) == {"ö"}


def words(stand: Stand, deeds: dict[Operation, Callable[[], Any]], told: tuple[Said, ...], *wanted: Any) -> None:
    """Each of the answers, to each effect, is one of these errors."""
    for said in told:
        for operation in EFFECTS:
            answer(stand, operation, said)
            expect(deeds[operation], *wanted)


def test_a_token_that_is_refused_is_told_from_a_meeting_that_is(stand: Stand, deeds: Any) -> None:
    words(stand, deeds, tuple(stand.words.unauthorized), errors.Unauthorized)


def test_a_meeting_that_is_not_there_is_missing_only_in_the_vendors_own_words(stand: Stand, deeds: Any) -> None:
    for said in stand.words.missing:
        for operation in ("update", "delete"):
            answer(stand, cast(Operation, operation), said)
            expect(deeds[operation], errors.Missing)


def test_what_is_refused_for_good_is_refused(stand: Stand, deeds: Any) -> None:
    words(stand, deeds, tuple(stand.words.refused), errors.Refused)


def test_too_many_requests_are_waited_out(stand: Stand, deeds: Any) -> None:
    words(stand, deeds, tuple(stand.words.too_many), errors.Transient, errors.Throttled)


def test_the_wait_that_is_asked_for_is_kept(stand: Stand, deeds: Any) -> None:
    for operation in EFFECTS:
        answer(stand, operation, Said(429, "", {"Retry-After": "7"}))
        with clock.at(START):
            raised = expect(deeds[operation], errors.Transient, errors.Throttled)
        wait = raised.retry_after if isinstance(raised, errors.Transient) else raised.until_at - START  # type: ignore[attr-defined]
        assert wait == timedelta(seconds=7)


def test_scopes_that_are_missing_are_said_to_be(stand: Stand, deeds: Any) -> None:
    for said in stand.words.scopes_missing:
        for operation in EFFECTS:
            answer(stand, operation, said)
            lost = expect(deeds[operation], errors.GrantLost)
            assert isinstance(lost, errors.GrantLost)
            assert (lost.state, lost.cause) == (GrantState.SCOPE_MISSING, LostCause.SCOPES)
            assert lost.missing


def test_an_administrators_block_is_said_to_be_one(stand: Stand, deeds: Any) -> None:
    for said in stand.words.blocked_by_admin:
        for operation in EFFECTS:
            answer(stand, operation, said)
            lost = expect(deeds[operation], errors.GrantLost)
            assert isinstance(lost, errors.GrantLost)
            assert (lost.state, lost.cause) == (GrantState.BLOCKED_BY_PROVIDER, LostCause.ADMIN)


@pytest.mark.parametrize(("status", "error"), [(302, errors.Misconfigured), (407, errors.Unreachable)])
def test_a_redirect_is_not_followed_and_a_proxys_question_is_no_answer(
    stand: Stand, deeds: Any, status: int, error: type[errors.ProviderError]
) -> None:
    words(stand, deeds, (Said(status, "", {"Location": "http://127.0.0.1:1/"}),), error)


UNCLEAR: dict[Operation, tuple[type[errors.ProviderError], ...]] = {
    "create": (errors.Ambiguous,),
    "update": (errors.Ambiguous,),
    "delete": (errors.Unreachable, errors.Transient),
}


@pytest.mark.parametrize("operation", EFFECTS)
@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_failure_of_the_vendors_leaves_it_open_but_for_a_delete_which_can_be_repeated(
    stand: Stand, deeds: Any, operation: Operation, status: int
) -> None:
    answer(stand, operation, Said(status, "", {"Retry-After": "60"} if status == 503 else {}))
    expect(deeds[operation], *UNCLEAR[operation])


@pytest.mark.parametrize("operation", EFFECTS)
@pytest.mark.parametrize("kind", ["reset", "act_then_reset", "down"])
def test_a_connection_that_breaks_leaves_it_open(stand: Stand, deeds: Any, operation: Operation, kind: str) -> None:
    stand.break_(operation, kind)
    expect(deeds[operation], *UNCLEAR[operation])


@pytest.mark.fault("F-032")
@pytest.mark.parametrize("operation", EFFECTS)
def test_a_page_of_the_networks_own_is_no_success(stand: Stand, deeds: Any, operation: Operation) -> None:
    stand.break_(operation, "html", body='<html>{"id": 81234567890, "join_url": "x"}</html>')
    assert "html" not in str(expect(deeds[operation], *UNCLEAR[operation]))


def test_an_answer_without_a_meeting_leaves_it_open(stand: Stand, token: Secret) -> None:
    for body in ("", "{", "[]", "null", "1", "[" * 50_000, "\x00"):
        stand.break_("create", "status_after", status=201, body=body)
        expect(lambda: stand.provider.create(token, replace(SPEC, key=OTHER_KEY)), errors.Ambiguous)


@pytest.mark.fault("F-031")
def test_an_answer_cut_off_anywhere_is_the_meeting_its_id_or_open(stand: Stand, token: Secret) -> None:
    for number, size in enumerate(range(0, 2800, 140)):
        stand.break_("create", "truncate", bytes=size)
        try:
            found = stand.provider.create(token, replace(SPEC, key=f"{number:032x}")).external_id
        except errors.Unusable as unusable:
            found = unusable.external_id
        except errors.Ambiguous:
            continue
        assert found == stand.meetings()[-1].external_id


def test_a_vendor_that_cannot_be_reached_has_not_acted(stand: Stand, token: Secret) -> None:
    nowhere, nothing = stand.elsewhere(url=f"http://127.0.0.1:{free_port()}"), Secret("code")
    for deed in (
        lambda: nowhere.create(token, SPEC),
        lambda: nowhere.update(token, "81234567890", SPEC),
        lambda: nowhere.delete(token, "81234567890"),
        lambda: nowhere.identify(token),
        lambda: nowhere.refresh(token),
        lambda: nowhere.exchange_code(nothing, nothing, stand.redirect_uri),
    ):
        with pytest.raises(errors.Transient):
            deed()


@pytest.mark.fault("F-033")
def test_a_link_that_is_no_guests_link_of_the_vendors_is_not_sent_to_anybody_and_the_id_is_kept(
    stand: Stand, token: Secret
) -> None:
    for number, link in enumerate(stand.words.bad_links):
        stand.spoil_link(link)
        spec = replace(SPEC, key=f"{number:032x}")
        unusable = expect(lambda spec=spec: stand.provider.create(token, spec), errors.Unusable)  # type: ignore[misc]
        assert isinstance(unusable, errors.Unusable)
        assert unusable.external_id == stand.meetings()[-1].external_id


def test_the_vendors_links_are_taken_as_they_are(stand: Stand, token: Secret) -> None:
    for number, link in enumerate(stand.words.good_links):
        stand.spoil_link(link)
        assert stand.provider.create(token, replace(SPEC, key=f"{number:032x}")).join_url == link


@pytest.mark.fault("F-157")
def test_a_link_that_comes_later_is_asked_for_until_it_is_there_or_fails(stand: Stand, token: Secret) -> None:
    provider = stand.provider
    if not isinstance(provider, LaterLinks):
        assert provider.create(token, SPEC).join_url
        return
    holding = cast(Holding, stand)
    holding.hold_links()
    made = provider.create(token, SPEC)
    assert made.join_url == provider.read_link(token, made.external_id) == ""
    provider.update(token, made.external_id, replace(SPEC, title="Noch ohne Link"))
    if provider.capabilities.creates_idempotently:
        assert provider.create(token, SPEC) == made
    holding.settle_link(made.external_id, works=True)
    assert provider.read_link(token, made.external_id) == stand.meetings()[0].link != ""
    holding.hold_links()
    doomed = provider.create(token, replace(SPEC, key=OTHER_KEY))
    if holding.settle_link(doomed.external_id, works=False):
        unusable = expect(lambda: provider.read_link(token, doomed.external_id), errors.Unusable)
        assert isinstance(unusable, errors.Unusable)
        assert unusable.external_id == doomed.external_id
    provider.delete(token, doomed.external_id)
    expect(lambda: provider.read_link(token, doomed.external_id), errors.Missing)


def test_no_error_and_no_value_shows_a_token(stand: Stand, deeds: Any, token: Secret) -> None:
    for operation in EFFECTS:
        answer(stand, operation, Said(400, {"error": {"message": "x"}}))
        shown = expect(deeds[operation], errors.Refused)
        assert token.reveal()[:20] not in f"{shown!r} {shown}"
    assert token.reveal()[:20] not in repr(stand.provider)
