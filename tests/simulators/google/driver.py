"""Speaks to a running Google simulator as an app, as a browser and as a test that orders faults."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2

from simulators.google.config import App

NORA, JONAS, AMELIA, LENA = (
    "104729384756102938475",
    "107364528190374651820",
    "112938475610293847561",
    "115620394857261039485",
)
NORA_EMAIL, JONAS_EMAIL = "nora.brandt@nordlicht.example", "jonas.weber@nordlicht.example"
REDIRECT_URI = "http://127.0.0.1:8000/integrations/google/callback"
APP = App(
    client_id="client-of-the-test.apps.googleusercontent.com",
    client_secret="GOCSPX-secret-of-the-test",
    redirect_uris=(REDIRECT_URI, "https://treff.example/callback?kept=1"),
)
VERIFIER = "a-verifier-that-is-long-enough-for-the-standard-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SCOPES = (
    "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile"
    " https://www.googleapis.com/auth/calendar.events https://www.googleapis.com/auth/calendar.freebusy"
)
BEGINS, ENDS = "2031-06-02T10:00:00+02:00", "2031-06-02T10:45:00+02:00"
EVENTS = "/calendar/v3/calendars/primary/events"


@dataclass
class Tokens:
    access: str
    refresh: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access}"}


def at(begins: str, ends: str, zone: str = "Europe/Berlin") -> dict[str, Any]:
    return {"start": {"dateTime": begins, "timeZone": zone}, "end": {"dateTime": ends, "timeZone": zone}}


def meet(request_id: str, **more: Any) -> dict[str, Any]:
    """The field that asks for a Meet link."""
    key = {"conferenceSolutionKey": {"type": "hangoutsMeet"}}
    return {"conferenceData": {"createRequest": {"requestId": request_id, **key, **more}}}


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

    def alive(self) -> list[dict[str, Any]]:
        return [event for event in self.truth()["events"] if event["alive"]]

    def code(self, user_id: str = NORA, **more: Any) -> str:
        order = {"user_id": user_id, "redirect_uri": REDIRECT_URI, "code_challenge": CHALLENGE, **more}
        return str(self.control("authorize", **order)["code"])

    def token(self, **form: str) -> httpx2.Response:
        return self.http.post("/token", data={"client_id": APP.client_id, "client_secret": APP.client_secret, **form})

    def redeem(self, code: str, **more: str) -> httpx2.Response:
        form = {"redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, **more}
        return self.token(grant_type="authorization_code", code=code, **form)

    def refresh(self, token: str) -> httpx2.Response:
        return self.token(grant_type="refresh_token", refresh_token=token)

    def connect(self, user_id: str = NORA, **more: Any) -> Tokens:
        answer = self.redeem(self.code(user_id, **more))
        assert answer.status_code == 200, answer.text
        return Tokens(answer.json()["access_token"], answer.json().get("refresh_token", ""))

    def me(self, tokens: Tokens) -> httpx2.Response:
        return self.http.get("/v1/userinfo", headers=tokens.headers)

    def insert(self, tokens: Tokens, calendar: str = "primary", **body: Any) -> httpx2.Response:
        """With ``conferenceDataVersion=1``; a field that is None is left out."""
        content = {"summary": "Consultation", **at(BEGINS, ENDS), **body}
        content = {name: value for name, value in content.items() if value is not None}
        return self.send("POST", self.place(calendar), tokens, content)

    def get(self, tokens: Tokens, event_id: str, calendar: str = "primary") -> httpx2.Response:
        return self.http.get(f"{self.place(calendar)}/{event_id}", headers=tokens.headers)

    def patch(self, tokens: Tokens, event_id: str, **body: Any) -> httpx2.Response:
        return self.send("PATCH", f"{EVENTS}/{event_id}", tokens, body)

    def delete(self, tokens: Tokens, event_id: str, **query: str) -> httpx2.Response:
        return self.http.delete(f"{EVENTS}/{event_id}", params=query, headers=tokens.headers)

    def freebusy(self, tokens: Tokens, *calendars: str, **body: Any) -> httpx2.Response:
        window = {"timeMin": "2031-06-02T00:00:00Z", "timeMax": "2031-06-03T00:00:00Z"}
        items = [{"id": name} for name in calendars or ("primary",)]
        return self.http.post("/calendar/v3/freeBusy", headers=tokens.headers, json={**window, "items": items, **body})

    def busy(self, tokens: Tokens, calendar: str = "primary") -> list[tuple[str, str]]:
        found = self.freebusy(tokens, calendar).json()["calendars"][calendar]["busy"]
        return [(span["start"], span["end"]) for span in found]

    def watch(self, tokens: Tokens, address: str, **body: Any) -> httpx2.Response:
        order = {"id": "channel-1", "type": "web_hook", "address": address, **body}
        return self.http.post(f"{EVENTS}/watch", headers=tokens.headers, json=order)

    def send(self, method: str, path: str, tokens: Tokens, body: Any, **query: str) -> httpx2.Response:
        params = {"conferenceDataVersion": "1", **query}
        return self.http.request(method, path, params=params, headers=tokens.headers, json=body)

    def place(self, calendar: str) -> str:
        return f"/calendar/v3/calendars/{quote(calendar, safe='')}/events"


def reason(answer: httpx2.Response) -> tuple[int, str, str]:
    """Status, reason and message of a refusal, after checking that its body is formed as all of Google's are."""
    content = answer.json()
    assert set(content) == {"error"}
    assert content["error"]["code"] == answer.status_code
    (error,) = content["error"]["errors"]
    assert {"domain", "reason", "message"} <= set(error) <= {"domain", "reason", "message", "location", "locationType"}
    assert ("location" in error) == ("locationType" in error)
    assert content["error"]["message"]
    return answer.status_code, error["reason"], content["error"]["message"]
