"""Speaks to a running Zoom simulator as an app, as a browser and as a test that orders faults."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

import httpx2

from simulators.zoom.config import App

NORA, JONAS, AMELIA, LENA = (
    "nB7rQ2wXTkuZ0raBrandtA",
    "jW3bRk5YQ8mZ0nasWeberBQ",
    "aS9tNe1LRvqXmel1aStoneC",
    "lV6gTu4MSzrYlenaVogt0DQ",
)
REDIRECT_URI = "http://127.0.0.1:8000/integrations/zoom/callback"
APP = App(
    client_id="client-of-the-test",
    client_secret="secret-of-the-test",
    webhook_secret="webhook-secret-of-the-test",
    redirect_uris=(REDIRECT_URI, "https://treff.example/callback?kept=1"),
)
VERIFIER = "a-verifier-that-is-long-enough-for-the-standard-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
FUTURE = "2031-06-02T08:00:00Z"


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

    def alive(self) -> list[dict[str, Any]]:
        return [meeting for meeting in self.truth()["meetings"] if meeting["alive"]]

    def code(self, user_id: str = NORA, **more: Any) -> str:
        order = {"user_id": user_id, "redirect_uri": REDIRECT_URI, "code_challenge": CHALLENGE, **more}
        return str(self.control("authorize", **order)["code"])

    def token(self, **form: str) -> httpx2.Response:
        return self.http.post("/oauth/token", data=form, auth=(APP.client_id, APP.client_secret))

    def redeem(self, code: str, **more: str) -> httpx2.Response:
        form = {"redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, **more}
        return self.token(grant_type="authorization_code", code=code, **form)

    def refresh(self, token: str) -> httpx2.Response:
        return self.token(grant_type="refresh_token", refresh_token=token)

    def connect(self, user_id: str = NORA) -> Tokens:
        answer = self.redeem(self.code(user_id))
        assert answer.status_code == 200, answer.text
        return Tokens(answer.json()["access_token"], answer.json()["refresh_token"])

    def me(self, tokens: Tokens) -> httpx2.Response:
        return self.http.get("/v2/users/me", headers=tokens.headers)

    def create(self, tokens: Tokens, **body: Any) -> httpx2.Response:
        body = {"topic": "Consultation", "start_time": FUTURE, "duration": 45, "timezone": "Europe/Berlin", **body}
        return self.http.post("/v2/users/me/meetings", headers=tokens.headers, json=body)

    def update(self, tokens: Tokens, meeting_id: int, **body: Any) -> httpx2.Response:
        return self.http.patch(f"/v2/meetings/{meeting_id}", headers=tokens.headers, json=body)

    def delete(self, tokens: Tokens, meeting_id: int) -> httpx2.Response:
        return self.http.delete(f"/v2/meetings/{meeting_id}", headers=tokens.headers)
