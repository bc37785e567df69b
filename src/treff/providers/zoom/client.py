"""Zoom's endpoints, one method each. Says what was answered; what that means is the adapter's business."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from treff.kernel.secrets import Secret
from treff.outbound.http import Answer, Request, send

# A person waits for these in the browser.
CONNECTING_SECONDS = 15.0
REVOKING_SECONDS = 5.0
# Refreshing must end inside its lease (conferencing/grants.py).
REFRESHING_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ZoomClient:
    """`oauth_url` such as https://zoom.us, `api_url` such as https://api.zoom.us/v2, without a slash at the end.

    api.zoom.us always works, whatever cluster the token answer names: https://developers.zoom.us/changelog/
    """

    client_id: str
    client_secret: Secret
    oauth_url: str
    api_url: str

    def authorization_url(self, state: Secret, code_challenge: str, redirect_uri: str) -> str:
        """No scope parameter: scopes come from the app's own settings, and Zoom refuses some requests that name them.

        https://developers.zoom.us/docs/integrations/oauth/
        """
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self.client_id,
                "redirect_uri": redirect_uri,
                "state": state.reveal(),
                "code_challenge": code_challenge,
                "code_challenge_method": "S256",  # Zoom's default is plain
            }
        )
        return f"{self.oauth_url}/oauth/authorize?{query}"

    def exchange_code(self, code: Secret, verifier: Secret, redirect_uri: str) -> Answer:
        form = {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": redirect_uri,
            "code_verifier": verifier.reveal(),
        }
        return self._post_form("/oauth/token", form, CONNECTING_SECONDS)

    def refresh(self, refresh_token: Secret) -> Answer:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()}
        return self._post_form("/oauth/token", form, REFRESHING_SECONDS)

    def revoke(self, token: Secret) -> Answer:
        return self._post_form("/oauth/revoke", {"token": token.reveal()}, REVOKING_SECONDS)

    def read_profile(self, access_token: Secret) -> Answer:
        url = f"{self.api_url}/users/me"
        return send(Request("GET", url, _bearer(access_token), total_seconds=CONNECTING_SECONDS))

    def create_meeting(self, access_token: Secret, body: Mapping[str, Any]) -> Answer:
        return send(Request("POST", f"{self.api_url}/users/me/meetings", _bearer(access_token), json=body))

    def update_meeting(self, access_token: Secret, meeting_id: str, body: Mapping[str, Any]) -> Answer:
        url = f"{self.api_url}/meetings/{quote(meeting_id, safe='')}"
        return send(Request("PATCH", url, _bearer(access_token), json=body))

    def delete_meeting(self, access_token: Secret, meeting_id: str) -> Answer:
        """Without Zoom's own mails to the host: we tell people ourselves."""
        url = f"{self.api_url}/meetings/{quote(meeting_id, safe='')}?schedule_for_reminder=false"
        return send(Request("DELETE", url, _bearer(access_token)))

    def _post_form(self, path: str, form: Mapping[str, str], seconds: float) -> Answer:
        """Tokens go in the body: Zoom refuses them in the query since 2023."""
        pair = f"{self.client_id}:{self.client_secret.reveal()}".encode()
        headers = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
        return send(Request("POST", self.oauth_url + path, headers, form=form, total_seconds=seconds))


def _bearer(token: Secret) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.reveal()}"}
