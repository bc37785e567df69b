"""Google's endpoints, one method each. Says what was answered; what that means is the adapter's business."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from treff.kernel.secrets import Secret
from treff.providers.http import Answer, Request, send

# A person waits for these in the browser.
CONNECTING_SECONDS = 15.0
REVOKING_SECONDS = 5.0
# Refreshing must end inside its lease (conferencing/grants.py).
REFRESHING_SECONDS = 30.0
# A create may take one write, one read and one more write, which must end inside a meeting's lease together
# (conferencing/ledger.py).
WRITING_SECONDS = 45.0
READING_SECONDS = 20.0
# One of a dozen at most, which must end inside the lease of a calendar together (availability/feeds.py).
BUSY_SECONDS = 10.0
# With 1 conference data counts, with 0 it is left out in silence; none: Google mails nobody, we tell people ourselves.
# https://developers.google.com/workspace/calendar/api/v3/reference/events/insert
_WRITING = "conferenceDataVersion=1&sendUpdates=none"


@dataclass(frozen=True, slots=True)
class GoogleClient:
    """Addresses without a slash at the end, such as https://accounts.google.com, https://oauth2.googleapis.com,
    https://openidconnect.googleapis.com and https://www.googleapis.com/calendar/v3.

    https://accounts.google.com/.well-known/openid-configuration
    """

    client_id: str
    client_secret: Secret
    accounts_url: str
    oauth_url: str
    openid_url: str
    api_url: str

    def authorization_url(self, scopes: str, state: Secret, code_challenge: str, redirect_uri: str) -> str:
        """Only offline, and only with a consent that is shown, there is a refresh token (every time, too).

        https://developers.google.com/identity/protocols/oauth2/web-server#creatingclient
        """
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self.client_id,
                "redirect_uri": redirect_uri,
                "scope": scopes,
                "state": state.reveal(),
                "access_type": "offline",
                "prompt": "consent",
                # What was allowed before stays allowed: the busy times are asked for at another time than the events.
                # https://developers.google.com/identity/protocols/oauth2/web-server#incrementalAuth
                "include_granted_scopes": "true",
                "code_challenge": code_challenge,
                "code_challenge_method": "S256",
            }
        )
        return f"{self.accounts_url}/o/oauth2/v2/auth?{query}"

    def exchange_code(self, code: Secret, verifier: Secret, redirect_uri: str) -> Answer:
        form = {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": redirect_uri,
            "code_verifier": verifier.reveal(),
        }
        return self._ask_for_tokens(form, CONNECTING_SECONDS)

    def refresh(self, refresh_token: Secret) -> Answer:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()}
        return self._ask_for_tokens(form, REFRESHING_SECONDS)

    def revoke(self, token: Secret) -> Answer:
        """In the body, where no log of an address finds it."""
        form = {"token": token.reveal()}
        return send(Request("POST", f"{self.oauth_url}/revoke", form=form, total_seconds=REVOKING_SECONDS))

    def read_profile(self, access_token: Secret) -> Answer:
        url = f"{self.openid_url}/v1/userinfo"
        return send(Request("GET", url, _bearer(access_token), total_seconds=CONNECTING_SECONDS))

    def insert_event(self, access_token: Secret, body: Mapping[str, Any]) -> Answer:
        return self._write("POST", f"{self._events}?{_WRITING}", access_token, body)

    def patch_event(self, access_token: Secret, event_id: str, body: Mapping[str, Any]) -> Answer:
        return self._write("PATCH", f"{self._event(event_id)}?{_WRITING}", access_token, body)

    def delete_event(self, access_token: Secret, event_id: str) -> Answer:
        return self._write("DELETE", f"{self._event(event_id)}?sendUpdates=none", access_token, None)

    def read_event(self, access_token: Secret, event_id: str) -> Answer:
        return send(Request("GET", self._event(event_id), _bearer(access_token), total_seconds=READING_SECONDS))

    def query_busy(self, access_token: Secret, start: str, end: str) -> Answer:
        """Of the account's own calendar. https://developers.google.com/workspace/calendar/api/v3/reference/freebusy/query"""
        body = {"timeMin": start, "timeMax": end, "items": [{"id": "primary"}]}
        url = f"{self.api_url}/freeBusy"
        return send(Request("POST", url, _bearer(access_token), json=body, total_seconds=BUSY_SECONDS))

    @property
    def _events(self) -> str:
        return f"{self.api_url}/calendars/primary/events"

    def _event(self, event_id: str) -> str:
        return f"{self._events}/{quote(event_id, safe='')}"

    def _write(self, method: str, url: str, access_token: Secret, body: Mapping[str, Any] | None) -> Answer:
        return send(Request(method, url, _bearer(access_token), json=body, total_seconds=WRITING_SECONDS))

    def _ask_for_tokens(self, form: Mapping[str, str], seconds: float) -> Answer:
        proof = {"client_id": self.client_id, "client_secret": self.client_secret.reveal()}
        return send(Request("POST", f"{self.oauth_url}/token", form={**form, **proof}, total_seconds=seconds))


def _bearer(token: Secret) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.reveal()}"}
