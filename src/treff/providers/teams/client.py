"""Microsoft's endpoints, one method each. Says what was answered; what that means is the adapter's business."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from treff.kernel.secrets import Secret
from treff.providers.http import Answer, Request, send

# A person waits for these in the browser.
CONNECTING_SECONDS = 15.0
# Refreshing must end inside its lease (conferencing/grants.py).
REFRESHING_SECONDS = 30.0
# A create looks at the calendar first, and may have to look for what an earlier one made: together below the 90 seconds
# that one request is allowed elsewhere, so that the lease of the pass holds.
LOOKING_SECONDS = 15.0
CREATING_SECONDS = 60.0
# One of some dozens at most, which must end inside the lease of a calendar together (availability/feeds.py).
BUSY_SECONDS = 10.0
# What is asked for, and only that; the README says what each is for.
ASKED = ("offline_access", "User.Read", "Calendars.ReadWrite", "OnlineMeetings.ReadWrite")
# Ids that stay as they are when the host moves the event: https://learn.microsoft.com/en-us/graph/outlook-immutable-id
_IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}
# The page that a calendar view is read in; more than 1000 is refused.
_MOST_LOOKED_AT = 200
# The same, of entries that are times only.
MOST_BUSY = 500


@dataclass(frozen=True, slots=True)
class TeamsClient:
    """`login_url` such as https://login.microsoftonline.com, `api_url` such as https://graph.microsoft.com/v1.0, both
    without a slash at the end.

    `tenant`: whose accounts may sign in, a directory's id or domain, or `organizations` for any work account.
    https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols#endpoints
    """

    client_id: str
    client_secret: Secret
    login_url: str
    api_url: str
    tenant: str = "organizations"

    def authorization_url(self, state: Secret, code_challenge: str, redirect_uri: str) -> str:
        """https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow

        The account is always chosen anew: whoever is signed in at the moment need not be who makes the meetings.
        """
        query = urlencode(
            {
                "client_id": self.client_id,
                "response_type": "code",
                "redirect_uri": redirect_uri,
                "response_mode": "query",
                "scope": " ".join(ASKED),
                "state": state.reveal(),
                "code_challenge": code_challenge,
                "code_challenge_method": "S256",  # without it: plain
                "prompt": "select_account",
            }
        )
        return f"{self._login}/oauth2/v2.0/authorize?{query}"

    def admin_consent_url(self, redirect_uri: str) -> str:
        """Where an administrator lets the app in for their whole organisation.

        https://learn.microsoft.com/en-us/entra/identity-platform/v2-admin-consent
        """
        graph = "https://graph.microsoft.com/.default"
        query = urlencode({"client_id": self.client_id, "scope": graph, "redirect_uri": redirect_uri})
        return f"{self._login}/v2.0/adminconsent?{query}"

    def exchange_code(self, code: Secret, verifier: Secret, redirect_uri: str) -> Answer:
        form = {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": redirect_uri,
            "code_verifier": verifier.reveal(),
        }
        return self._post_form(form, CONNECTING_SECONDS)

    def refresh(self, refresh_token: Secret) -> Answer:
        """No scope parameter: what the person agreed to holds, also after we ask for more."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()}
        return self._post_form(form, REFRESHING_SECONDS)

    def read_profile(self, access_token: Secret) -> Answer:
        url = f"{self.api_url}/me?$select=id,displayName,mail,userPrincipalName"
        return send(Request("GET", url, _bearer(access_token), total_seconds=CONNECTING_SECONDS))

    def read_calendar(self, access_token: Secret) -> Answer:
        url = f"{self.api_url}/me/calendar?$select=id,allowedOnlineMeetingProviders"
        return send(Request("GET", url, _bearer(access_token), total_seconds=LOOKING_SECONDS))

    def create_event(self, access_token: Secret, body: Mapping[str, Any]) -> Answer:
        headers = _bearer(access_token) | _IMMUTABLE
        return send(Request("POST", f"{self.api_url}/me/events", headers, json=body, total_seconds=CREATING_SECONDS))

    def read_event(self, access_token: Secret, event_id: str) -> Answer:
        url = self._event(event_id) + "?$select=id,isOnlineMeeting,onlineMeeting"
        headers = _bearer(access_token) | _IMMUTABLE
        return send(Request("GET", url, headers, total_seconds=LOOKING_SECONDS))

    def list_events(self, access_token: Secret, start_at: datetime, end_at: datetime) -> Answer:
        """What the calendar holds between two instants. There is no filter for transactionId that is documented."""
        query = urlencode(
            {
                "startDateTime": start_at.isoformat(),
                "endDateTime": end_at.isoformat(),
                "$select": "id,transactionId,isOnlineMeeting,onlineMeeting",
                "$top": str(_MOST_LOOKED_AT),
            },
            safe="$,:",
        )
        headers = _bearer(access_token) | _IMMUTABLE
        url = f"{self.api_url}/me/calendarView?{query}"
        return send(Request("GET", url, headers, total_seconds=LOOKING_SECONDS))

    def list_busy(self, access_token: Secret, start_at: datetime, end_at: datetime) -> Answer:
        """When the calendar's entries are and how they show, in UTC; nothing of what they are about.

        https://learn.microsoft.com/en-us/graph/api/user-list-calendarview : what recurs is expanded.
        """
        query = urlencode(
            {
                "startDateTime": start_at.isoformat(),
                "endDateTime": end_at.isoformat(),
                "$select": "start,end,showAs,isAllDay,isCancelled",
                "$top": str(MOST_BUSY),
            },
            safe="$,:",
        )
        url = f"{self.api_url}/me/calendarView?{query}"
        return send(Request("GET", url, _bearer(access_token), total_seconds=BUSY_SECONDS))

    def update_event(self, access_token: Secret, event_id: str, body: Mapping[str, Any]) -> Answer:
        headers = _bearer(access_token) | _IMMUTABLE
        return send(Request("PATCH", self._event(event_id), headers, json=body))

    def delete_event(self, access_token: Secret, event_id: str) -> Answer:
        return send(Request("DELETE", self._event(event_id), _bearer(access_token) | _IMMUTABLE))

    def create_meeting(self, access_token: Secret, body: Mapping[str, Any]) -> Answer:
        url = f"{self.api_url}/me/onlineMeetings/createOrGet"
        return send(Request("POST", url, _bearer(access_token), json=body, total_seconds=CREATING_SECONDS))

    def read_meeting(self, access_token: Secret, meeting_id: str) -> Answer:
        return send(Request("GET", self._meeting(meeting_id), _bearer(access_token), total_seconds=LOOKING_SECONDS))

    def update_meeting(self, access_token: Secret, meeting_id: str, body: Mapping[str, Any]) -> Answer:
        return send(Request("PATCH", self._meeting(meeting_id), _bearer(access_token), json=body))

    def delete_meeting(self, access_token: Secret, meeting_id: str) -> Answer:
        return send(Request("DELETE", self._meeting(meeting_id), _bearer(access_token)))

    @property
    def _login(self) -> str:
        return f"{self.login_url}/{quote(self.tenant, safe='')}"

    def _event(self, event_id: str) -> str:
        return f"{self.api_url}/me/events/{quote(event_id, safe='')}"

    def _meeting(self, meeting_id: str) -> str:
        return f"{self.api_url}/me/onlineMeetings/{quote(meeting_id, safe='')}"

    def _post_form(self, form: Mapping[str, str], seconds: float) -> Answer:
        ours = {"client_id": self.client_id, "client_secret": self.client_secret.reveal()}
        url = f"{self._login}/oauth2/v2.0/token"
        return send(Request("POST", url, form={**form, **ours}, total_seconds=seconds))


def _bearer(token: Secret) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.reveal()}"}
