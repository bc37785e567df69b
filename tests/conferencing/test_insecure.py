"""A provider that does not prove who it is: nothing is sent, people are told why, and it ends by itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.conferencing.stage import Stage
from tests.servers import listening, speaking_tls, trusting
from treff.conferencing import ports, queries, reconcile, telling
from treff.conferencing.models import Usage
from treff.conferencing.queries import INSECURE_SINCE_TRIES
from treff.management.doctor import examine
from treff.notices.models import Notice
from treff.providers.zoom.adapter import ZoomProvider

pytestmark = pytest.mark.django_db


def told() -> list[tuple[str, object]]:
    return list(Notice.objects.filter(user=None).values_list("kind", "detail"))


@pytest.mark.fault("F-021")
def test_what_cannot_be_sent_safely_waits_unspent_with_a_cause_of_its_own_and_the_operator_is_told(
    stage: Stage, wired: ZoomProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved, gone, booked = stage.linked(), stage.linked(), stage.book()
    stage.move(moved)
    stage.cancel(gone)
    spent, heard = Usage.objects.get().requests, list[bytes]()
    authority = Authority(tmp_path)
    talk = speaking_tls(authority.self_signed(), heard)
    with trusting(authority, monkeypatch), listening(talk, times=20) as place:
        ports.connect({"zoom": ZoomProvider(replace(wired.client, api_url=f"https://{place}"))})
        for tries in range(1, INSECURE_SINCE_TRIES + 1):
            assert telling.tell_operator_of_insecure() == 0
            for appointment in (moved, gone, booked):
                reconcile.PRODUCTION.breaker._lines.clear()
                reconcile.look(appointment.pk)
                assert stage.stands(appointment) == ("waiting", "insecure")
                assert stage.meeting(appointment).tries == tries
    assert (heard, Usage.objects.get().requests) == ([], spent)
    assert set(stage.attempts(booked)) == {"not_acted"}
    assert "could not make sure" in queries.standing_of(booked, stage.meeting(booked)).explanation.message
    assert (telling.tell_operator_of_insecure(), telling.tell_operator_of_insecure()) == (1, 1)
    assert told() == [("insecure", {"provider": "zoom"})]
    (finding,) = [finding for finding in examine() if finding["name"] == "tls to zoom"]
    assert (finding["state"], finding["detail"].count("3 meetings wait")) == ("bad", 1)
    ports.connect({"zoom": wired})
    reconcile.PRODUCTION.breaker._lines.clear()
    for appointment in (moved, gone, booked):
        reconcile.look(appointment.pk)
    stage.check_in_step(moved)
    stage.check_in_step(booked)
    assert telling.tell_operator_of_insecure() == 0
