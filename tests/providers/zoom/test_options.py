"""Options of a meeting in Zoom's language; what the account locked goes before them.

https://developers.zoom.us/docs/api/references/meeting-api-security-enhancements/
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.providers.zoom.test_adapter import SPEC, START, token
from tests.simulators.zoom.driver import Driver
from treff.conferencing.ports import MeetingOptions
from treff.conferencing.states import Recording
from treff.kernel.secrets import Secret
from treff.providers.zoom.adapter import ZoomProvider

__all__ = ["token"]
GUARDED = MeetingOptions(join_before_host=True, waiting_room=True, recording=Recording.CLOUD)


@pytest.mark.parametrize("says", [True, False])
def test_an_update_says_options_where_they_are_new(
    says: bool, zoom: Driver, provider: ZoomProvider, token: Secret
) -> None:
    made = provider.create(token, SPEC).external_id
    provider.update(token, made, replace(SPEC, options=GUARDED, says_options=says))
    (truth,) = zoom.alive()
    found = tuple(truth["settings"][name] for name in ("join_before_host", "waiting_room", "auto_recording"))
    assert found == ((False, True, "cloud") if says else (True, False, "none"))
    assert truth["settings"]["use_pmi"] is False


def test_what_the_accounts_policy_refuses_does_not_keep_an_update_from_its_time(
    zoom: Driver, provider: ZoomProvider, token: Secret
) -> None:
    made = provider.create(token, SPEC).external_id
    body = {"code": 300, "message": "Validation Failed.", "errors": [{"field": "settings.auto_recording"}]}
    zoom.fault("update", "status", status=400, body=body, times=1)
    later = replace(SPEC, start_at=START + timedelta(hours=1), options=GUARDED, says_options=True)
    provider.update(token, made, later)
    (truth,) = zoom.alive()
    assert (truth["start_time"], truth["settings"]["waiting_room"]) == ("2031-06-02T09:00:00Z", False)
