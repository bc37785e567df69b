"""Tokens: refreshed exactly once however many need it, lost only when Zoom has refused the newest."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.conferencing.stage import Stage, later
from tests.crowd import at_once
from tests.simulators.zoom.driver import NORA
from tests.zoom import client_of
from treff.conferencing import errors, grant_secrets, grants, journal, ports, queries, reconcile, wakeups
from treff.conferencing.models import Connection, Grant
from treff.conferencing.ports import TokenSet
from treff.conferencing.states import GrantState
from treff.kernel import clock
from treff.kernel.secrets import KeyRing, Secret, SecretError
from treff.providers.zoom.adapter import ZoomProvider
from treff.workspaces import vault
from treff.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)


class Died(BaseException):
    """The process ended here, as by SIGKILL: nobody tidies up."""


def expire(stage: Stage) -> Grant:
    """An hour has passed for us and for Zoom."""
    grant = stage.grant()
    Grant.objects.filter(pk=grant.pk).update(expires_at=clock.now())
    return stage.grant()


def after(grant: Grant, wait: timedelta = timedelta(0)) -> tuple[Secret, int]:
    """Ask once the lease of whoever died is over."""
    with clock.at(max(clock.now(), Grant.objects.get(pk=grant.pk).refresh_lease_until) + wait):
        return grants.access_token(grant.pk)


def reuse(stage: Stage) -> int:
    return int(stage.zoom.truth()["refresh_reuse"])


def use(stage: Stage, token: Secret) -> None:
    """The token is good at Zoom."""
    assert stage.zoom.http.get("/v2/users/me", headers={"Authorization": f"Bearer {token.reveal()}"}).status_code == 200


def die_at(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def die(*_: object) -> None:
        raise Died

    monkeypatch.setattr(grants, name, die)


def test_a_good_token_is_given_without_asking_zoom(stage: Stage) -> None:
    grant = stage.grant()
    before = len(stage.zoom.truth()["calls"])
    token, version = grants.access_token(grant.pk)
    assert version == grant.version
    assert len(stage.zoom.truth()["calls"]) == before
    use(stage, token)


@pytest.mark.fault("F-048", "F-050")
def test_twenty_who_find_the_token_expired_cost_one_refresh_a_round(stage: Stage) -> None:
    for rounds in (1, 2, 3):
        grant = expire(stage)
        stage.zoom.fault("refresh", "delay", seconds=0.2)
        asking: list[Callable[[], tuple[Secret, int]]] = [lambda: grants.access_token(grant.pk)] * 20  # noqa: B023
        outcomes = at_once(asking)
        assert len({outcome for outcome in outcomes if isinstance(outcome, tuple)}) == 1, outcomes
        (token, version) = grants.access_token(grant.pk)
        assert outcomes == [(token, version)] * 20
        assert version == grant.version + 1
        assert (stage.calls("refresh"), reuse(stage)) == (rounds, 0)
    use(stage, token)


@pytest.mark.fault("F-047")
def test_a_token_that_zoom_refuses_is_exchanged_once_and_the_call_repeated(stage: Stage) -> None:
    booked, version = stage.book(), stage.grant().version
    stage.zoom.fault("create", "status", status=401, body={"code": 124, "message": "Access token is expired."})
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert stage.attempts(booked) == ["linked"]
    assert (stage.calls("refresh"), stage.calls("create")) == (1, 2)
    assert (stage.grant().version, stage.grant().state) == (version + 1, GrantState.CONNECTED)


def test_twenty_whose_token_is_refused_cost_one_refresh(stage: Stage) -> None:
    grant = stage.grant()
    outcomes = at_once([lambda: grants.access_token(grant.pk, refused_version=grant.version)] * 20)
    assert len(set(outcomes)) == 1
    assert (stage.calls("refresh"), reuse(stage)) == (1, 0)


def test_a_token_refused_twice_with_a_fresh_one_means_that_the_grant_is_lost(stage: Stage) -> None:
    booked = stage.book()
    stage.zoom.fault("create", "status", status=401, body={"code": 124, "message": "Invalid access token."}, times=2)
    reconcile.look(booked.pk)
    assert stage.stands(booked) == ("blocked", "needs_reconnect")
    assert stage.grant().state == GrantState.NEEDS_RECONNECT
    assert stage.attempts(booked) == ["not_acted"]


def test_a_refresh_token_that_zoom_refuses_loses_the_grant_and_no_booking(stage: Stage) -> None:
    booked = stage.book()
    expire(stage)
    stage.zoom.control("deauthorize", user_id=NORA)
    reconcile.look(booked.pk)
    assert stage.stands(booked) == ("blocked", "needs_reconnect")
    assert (stage.calls("refresh"), stage.calls("create")) == (1, 0)
    for _ in range(3):
        reconcile.look(booked.pk)
    assert stage.calls("refresh") == 1
    stage.connect()
    reconcile.look(booked.pk)
    stage.check_in_step(booked)


@pytest.mark.fault("F-056")
def test_a_refusal_of_a_token_that_somebody_replaced_meanwhile_proves_nothing(stage: Stage) -> None:
    grant = expire(stage)
    with stage.held("refresh", lambda: grants.access_token(grant.pk)):
        stage.connect()  # the earlier refresh token is dead from here on, and newer ones are on the row
    assert stage.grant().state == GrantState.CONNECTED
    token, version = grants.access_token(grant.pk)
    assert version == grant.version + 1
    use(stage, token)


@pytest.mark.fault("F-055")
@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 502}, {"status": 429}, {"status": 503}])
def test_a_token_endpoint_in_trouble_costs_time_and_no_grant(stage: Stage, fault: dict[str, int]) -> None:
    grant, booked = expire(stage), stage.book()
    stage.zoom.fault("refresh", "status", times=3, **fault)
    for _ in range(3):
        reconcile.look(booked.pk)
        assert stage.stands(booked) == ("waiting", "provider_down")
        assert stage.grant().state == GrantState.CONNECTED
    assert stage.attempts(booked) == []
    reconcile.look(booked.pk)
    stage.check_in_step(booked)
    assert (stage.grant().version, reuse(stage)) == (grant.version + 1, 0)


def test_a_client_secret_that_is_not_accepted_loses_no_grant_and_heals_when_it_is_mended(
    stage: Stage, wired: ZoomProvider
) -> None:
    booked = stage.book()
    expire(stage)
    ports.connect({"zoom": ZoomProvider(client_of(stage.zoom.url, client_secret="rotated away"))})
    for _ in range(2):
        reconcile.look(booked.pk)
        assert stage.stands(booked) == ("blocked", "misconfigured")
        assert stage.grant().state == GrantState.CONNECTED
    ports.connect({"zoom": wired})
    reconcile.look(booked.pk)
    stage.check_in_step(booked)


@pytest.mark.fault("F-051", "F-053")
def test_tokens_that_were_received_and_not_committed_are_found_in_the_spool(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = expire(stage)
    with monkeypatch.context() as dying:
        die_at(dying, "_commit")
        with pytest.raises(Died):
            grants.access_token(grant.pk)
    sealed = journal.read("spool", grant.public_id)
    assert sealed is not None
    assert not any(token in sealed for token in stage.zoom.http.get("/_control/secrets").json()["tokens"])
    token, version = after(grant)
    use(stage, token)
    assert version == grant.version + 1
    assert (stage.calls("refresh"), reuse(stage)) == (1, 0)
    assert list(journal.names("spool")) == []


def test_a_spool_of_an_earlier_authorization_is_not_believed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    grant = expire(stage)
    with monkeypatch.context() as dying:
        die_at(dying, "_commit")
        with pytest.raises(Died):
            grants.access_token(grant.pk)
    stage.connect()
    Grant.objects.update(version=grant.version, refresh_tries=1, expires_at=clock.now())
    token, _ = after(grant)
    use(stage, token)
    assert (reuse(stage), list(journal.names("spool"))) == (0, [])


@pytest.mark.fault("F-052")
def test_a_holder_that_died_before_it_asked_holds_nobody_up_for_longer_than_its_lease(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = expire(stage)
    with monkeypatch.context() as dying:
        die_at(dying, "_refresh")
        with pytest.raises(Died):
            grants.access_token(grant.pk)
    token, _ = after(grant)
    use(stage, token)
    assert (stage.calls("refresh"), reuse(stage)) == (1, 0)


def test_a_crashed_host_is_left_some_minutes_to_come_back_with_its_spool(stage: Stage) -> None:
    """While the access token still lives: the refresh token may be spent, and only the crashed host has the new one."""
    grant = stage.grant()
    stage.zoom.fault("refresh", "act_then_reset")
    with pytest.raises(errors.Transient):
        grants.access_token(grant.pk, refused_version=grant.version)
    with pytest.raises(errors.Transient) as waiting, clock.at(stage.grant().refresh_lease_until):
        grants.access_token(grant.pk, refused_version=grant.version)
    assert waiting.value.retry_after == grants.GRACE
    assert stage.calls("refresh") == 1
    assert stage.grant().state == GrantState.CONNECTED


@pytest.mark.fault("F-054")
def test_after_a_refresh_of_unknown_outcome_the_old_token_is_shown_once_more_and_its_refusal_is_believed(
    stage: Stage,
) -> None:
    grant, booked = expire(stage), stage.book()
    stage.zoom.fault("refresh", "act_then_reset")
    reconcile.look(booked.pk)
    assert stage.stands(booked) == ("waiting", "provider_down")
    assert stage.grant().state == GrantState.CONNECTED
    with clock.at(stage.grant().refresh_lease_until + timedelta(seconds=1)):
        reconcile.look(booked.pk)
        reconcile.look(booked.pk)
    assert stage.stands(booked) == ("blocked", "needs_reconnect")
    assert stage.grant().version == grant.version
    assert (stage.calls("refresh"), reuse(stage)) == (2, 1)


@pytest.mark.parametrize("hours", [0, 2], ids=["token good", "token expired"])
def test_without_its_key_nothing_is_sent_nothing_is_lost_and_all_goes_on_when_it_is_back(
    stage: Stage, settings: Settings, hours: int
) -> None:
    booked, keys = stage.book(), settings.TREFF_KEYS
    before, calls = Grant.objects.values().get(), len(stage.zoom.truth()["calls"])
    with later(hours=hours):
        settings.TREFF_KEYS = KeyRing({"other": bytes(range(32))})
        reconcile.look(booked.pk)
        assert stage.stands(booked) == ("blocked", "key_unavailable")
        assert Grant.objects.values().get() == before
        assert len(stage.zoom.truth()["calls"]) == calls
        settings.TREFF_KEYS = keys
        wakeups.server_changed()
        assert queries.due(10) == [booked.pk]
        reconcile.look(booked.pk)
        stage.check_in_step(booked)


def test_what_could_not_be_stored_is_not_created(stage: Stage) -> None:
    """The workspace's data key does not open, the grant's does."""
    booked = stage.book()
    Workspace.objects.update(data_key=stage.grant().data_key)
    reconcile.look(booked.pk)
    assert (stage.stands(booked), stage.calls("create")) == (("blocked", "key_unavailable"), 0)


@pytest.mark.fault("F-144")
@pytest.mark.parametrize("column", ["access_token", "refresh_token"])
def test_a_token_copied_from_another_grant_or_column_opens_nothing(stage: Stage, column: str) -> None:
    mine = stage.grant()
    other = Grant.objects.get(pk=mine.pk)
    other.pk, other.public_id, other.external_user_id = None, "grant_other", "somebody-else"
    grant_secrets.seal_new(
        other,
        TokenSet(Secret("canary"), Secret("canary"), timedelta(hours=1), frozenset()),
        clock.now(),
    )
    other.save()
    foreign = getattr(other, column)
    swapped = mine.refresh_token if column == "access_token" else mine.access_token
    opened = {
        "access_token": lambda: grants.access_token(mine.pk),
        "refresh_token": lambda: grant_secrets.open_refresh_token(stage_grant(mine)),
    }
    for blob in (foreign, swapped):
        Grant.objects.filter(pk=mine.pk).update(**{column: blob})
        with pytest.raises(SecretError):
            opened[column]()
    Grant.objects.filter(pk=mine.pk).update(data_key=other.data_key)
    with pytest.raises(SecretError):
        grant_secrets.open_refresh_token(stage_grant(mine))


def stage_grant(grant: Grant) -> Grant:
    return Grant.objects.get(pk=grant.pk)


def test_keys_are_rewrapped_and_tokens_stay(stage: Stage, settings: Settings) -> None:
    old = settings.TREFF_KEYS
    fresh = {"new-2": bytes(range(50, 82))}
    token, _ = grants.access_token(stage.grant().pk)
    settings.TREFF_KEYS = KeyRing({**fresh, **old._keys})
    assert (vault.rotate(), vault.rotate()) == (2, 0)  # the grant's and the workspace's
    assert stage.grant().data_key.split(".")[1] == "new-2"
    settings.TREFF_KEYS = KeyRing(fresh)
    assert grants.access_token(stage.grant().pk)[0] == token
    settings.TREFF_KEYS = old


def test_a_grant_that_is_gone_is_lost_and_one_that_is_paused_keeps_the_longer_pause(stage: Stage) -> None:
    grant, until_at = stage.grant(), clock.now() + timedelta(hours=2)
    grants.pause(grant.pk, until_at)
    grants.pause(grant.pk, until_at - timedelta(hours=1))
    assert stage.grant().paused_until == until_at
    Connection.objects.all().delete()
    Grant.objects.all().delete()
    with pytest.raises(errors.GrantLost):
        grants.access_token(grant.pk)


def test_no_token_stands_in_the_database_in_clear(stage: Stage, tmp_path: Path) -> None:
    expire(stage)
    grants.access_token(stage.grant().pk)
    dump = json.dumps(list(Grant.objects.values()), default=str)
    for token in stage.zoom.http.get("/_control/secrets").json()["tokens"]:
        assert token not in dump
        assert token[:40] not in dump
    assert not any(path.is_file() for path in tmp_path.rglob("spool/*"))
