"""Speaks to a running Microsoft simulator as an app, as a browser and as a test that orders faults."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

import httpx2

from simulators.microsoft.config import App

NORA, JONAS, AMELIA, RUTH, LENA = (
    "5a1c9a52-07f0-4b6d-9a3e-2f6c1b0a0001",
    "5a1c9a52-07f0-4b6d-9a3e-2f6c1b0a0002",
    "7be20d31-8a44-4c19-b6f1-0d9a3c5e0003",
    "7be20d31-8a44-4c19-b6f1-0d9a3c5e0004",
    "b0a47c9d5e12f805",
)
NORDLICHT, STONE = "0b6c1f6e-6d0e-4c5e-9a51-7a4e0d1c0001", "4d2b7e90-51c3-4f0a-8f27-9c1d0a5e0002"
REDIRECT_URI = "http://127.0.0.1:8000/integrations/teams/callback"
APP = App(
    client_id="0f4c5a7e-9a01-4f32-8f5e-3c1d2b6a7000",
    client_secret="secret-of-the-test",
    redirect_uris=(REDIRECT_URI, "https://treff.example/callback?kept=1"),
)
SCOPE = "openid profile email offline_access User.Read Calendars.ReadWrite OnlineMeetings.ReadWrite"
VERIFIER = "a-verifier-that-is-long-enough-for-the-standard-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
START, END = "2031-06-02T08:00:00", "2031-06-02T08:45:00"


@dataclass
class Tokens:
    access: str
    refresh: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access}"}


class Driver:
    """``http`` keeps cookies like a browser and follows no redirect."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx2.Client(base_url=url, timeout=10)

    def close(self) -> None:
        self.http.close()

    def control(self, path: str, **order: Any) -> Any:
        answer = self.http.post(f"/_control/{path}", json=order)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def fault(self, operation: str, kind: str, **more: Any) -> None:
        self.control("faults", operation=operation, kind=kind, **more)

    def truth(self) -> Any:
        return self.http.get("/_control/truth").json()

    def alive(self, what: str = "events") -> list[dict[str, Any]]:
        return [one for one in self.truth()[what] if one["alive"]]

    def mails(self) -> list[tuple[str, str]]:
        return [(mail["kind"], mail["recipient"]) for mail in self.truth()["mails"]]

    def code(self, user_id: str = NORA, **more: Any) -> str:
        order = {"user_id": user_id, "redirect_uri": REDIRECT_URI, "code_challenge": CHALLENGE, "scope": SCOPE, **more}
        return str(self.control("authorize", **order)["code"])

    def token(self, tenant: str = "common", **form: str) -> httpx2.Response:
        given = {"client_id": APP.client_id, "client_secret": APP.client_secret, **form}
        return self.http.post(f"/{tenant}/oauth2/v2.0/token", data=given)

    def redeem(self, code: str, **more: str) -> httpx2.Response:
        form = {"redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, **more}
        return self.token(grant_type="authorization_code", code=code, **form)

    def refresh(self, token: str, **more: str) -> httpx2.Response:
        return self.token(grant_type="refresh_token", refresh_token=token, **more)

    def connect(self, user_id: str = NORA, **more: Any) -> Tokens:
        answer = self.redeem(self.code(user_id, **more))
        assert answer.status_code == 200, answer.text
        return Tokens(answer.json()["access_token"], answer.json().get("refresh_token", ""))

    def me(self, tokens: Tokens) -> httpx2.Response:
        return self.get(tokens, "me")

    def get(self, tokens: Tokens, path: str, prefer: str = "", **query: str) -> httpx2.Response:
        return self.http.get(f"/v1.0/{path}", headers=_headers(tokens, prefer), params=query)

    def post(self, tokens: Tokens, path: str, prefer: str = "", **body: Any) -> httpx2.Response:
        return self.http.post(f"/v1.0/{path}", headers=_headers(tokens, prefer), json=body)

    def create(self, tokens: Tokens, prefer: str = "", **body: Any) -> httpx2.Response:
        """An event with a Teams meeting, unless told otherwise."""
        return self.post(tokens, "me/events", prefer, **{**event_body(), **body})

    def update(self, tokens: Tokens, event_id: str, prefer: str = "", **body: Any) -> httpx2.Response:
        return self.http.patch(f"/v1.0/me/events/{event_id}", headers=_headers(tokens, prefer), json=body)

    def delete(self, tokens: Tokens, event_id: str) -> httpx2.Response:
        return self.http.delete(f"/v1.0/me/events/{event_id}", headers=tokens.headers)

    def subscribe(self, tokens: Tokens, url: str, **body: Any) -> httpx2.Response:
        given = {
            "changeType": "created,updated,deleted",
            "notificationUrl": url,
            "resource": "/me/events",
            "clientState": "state-of-the-test",
            **body,
        }
        return self.post(tokens, "subscriptions", **given)


def event_body() -> dict[str, Any]:
    return {
        "subject": "Consultation",
        "body": {"contentType": "HTML", "content": "<p>About the roof</p>"},
        "start": {"dateTime": START, "timeZone": "UTC"},
        "end": {"dateTime": END, "timeZone": "UTC"},
        "isOnlineMeeting": True,
        "onlineMeetingProvider": "teamsForBusiness",
    }


def attendee(address: str, name: str = "") -> dict[str, Any]:
    return {"emailAddress": {"address": address, "name": name or address}, "type": "required"}


def _headers(tokens: Tokens, prefer: str) -> dict[str, str]:
    return {**tokens.headers, "Prefer": prefer} if prefer else tokens.headers
