"""Nothing secret is ever seen. The same scan runs once more when a test worker is done: tests/product.py."""

import pytest

from tests.canaries import assert_unseen
from tests.journeys.team import Team
from tests.visitor import Visitor
from treff.conferencing.models import Meeting


@pytest.mark.promise("P27")
@pytest.mark.promise("P28")
@pytest.mark.promise("P29")
@pytest.mark.attack("A-095")
@pytest.mark.attack("A-097")
@pytest.mark.attack("A-098")
def test_tokens_passcodes_start_links_and_client_secrets_are_seen_nowhere(connected_team: Team) -> None:
    team = connected_team
    booked = team.linked(team.book("Canary")["id"])
    visitor = Visitor(team.product).sign_in(team.admin)
    for path in (team.provider_page, team.address("appointment", appointment_id=booked["id"])):
        assert visitor.get(path).status == 200
    meeting = Meeting.objects.get(appointment__public_id=booked["id"])
    assert meeting.passcode
    assert meeting.start_url
    given, evidence = team.product.zoom("secrets"), team.product.evidence()
    assert all(given.values())
    assert all(evidence.values())
    assert_unseen(given, evidence)


def test_the_scan_sees_what_stands_there() -> None:
    with pytest.raises(AssertionError, match="logs show secrets"):
        assert_unseen({"tokens": ["canary-0123456789"]}, {"logs": '{"token": "canary-0123456789"}'})
