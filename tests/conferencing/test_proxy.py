"""Meetings of an installation behind a proxy that wants a password which it was not given."""

import pytest

from tests.conferencing.stage import Stage, later
from tests.providers.test_proxy import REFUSAL, behind, saying
from tests.servers import listening
from treff.conferencing import reconcile
from treff.conferencing.models import Usage

pytestmark = pytest.mark.django_db


@pytest.mark.fault("F-038")
def test_what_a_proxy_refuses_was_not_done_is_not_spent_and_comes_by_itself(stage: Stage) -> None:
    moved, gone, booked = stage.linked(), stage.linked(), stage.book()
    stage.move(moved)
    stage.cancel(gone)
    spent, calls, heard = Usage.objects.get().requests, len(stage.zoom.truth()["calls"]), list[bytes]()
    with listening(saying(REFUSAL, heard), times=9) as proxy, behind(f"http://{proxy}"):
        for appointment in (moved, gone, booked):
            reconcile.look(appointment.pk)
            assert stage.stands(appointment) == ("waiting", "provider_down")
    assert [said.split()[0] for said in heard] == [b"PATCH", b"DELETE", b"POST"]
    assert (Usage.objects.get().requests, len(stage.zoom.truth()["calls"])) == (spent, calls)
    assert stage.attempts(booked) == ["not_acted"]
    with later(minutes=1):
        for appointment in (moved, gone, booked):
            reconcile.look(appointment.pk)
    stage.check_in_step(moved)
    stage.check_in_step(booked)
    assert stage.stands(gone) == ("unneeded", "")


@pytest.mark.fault("F-038")
def test_tokens_that_a_proxy_does_not_let_renew_are_as_good_as_before(stage: Stage) -> None:
    booked = stage.book()
    with later(hours=2) as then:
        assert stage.grant().expires_at < then
        with listening(saying(REFUSAL, [])) as proxy, behind(f"http://{proxy}"):
            reconcile.look(booked.pk)
        assert stage.stands(booked) == ("waiting", "provider_down")
        assert (stage.grant().state, stage.attempts(booked)) == ("connected", [])
        reconcile.look(booked.pk)
        stage.check_in_step(booked)
