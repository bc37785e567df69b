"""treff demo --once: the main job through the running product, every step verified from the outside."""

import http.cookiejar
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import click
from django.urls import reverse

from treff.conferencing.models import Grant
from treff.kernel import clock
from treff.kernel.secrets import Secret
from treff.management import demo_world
from treff.management.demo import Stage
from treff.workspaces.actions import create_api_key
from treff.workspaces.models import Workspace
from treff.workspaces.states import Role

PATIENCE_SECONDS = 15.0
ZOOM_USER = "lV6gTu4MSzrYlenaVogt0DQ"  # Lena Vogt, of the simulator; an account of her own
LEAD_EMAIL = "anna.bergmann@web.example"
ADMIN_EMAIL = demo_world.MEMBERS[1][0]


class Failed(Exception):
    """A step did not hold; the message says which."""


def play(stage: Stage, password: str) -> int:
    """Connect, book, link in the mail, move, cancel, deauthorize. 0 if all hold, 1 with the reason on stderr if not."""
    click.echo(f"Product {stage.base_url}, simulated Zoom {stage.zoom_url}, mailbox {stage.mailbox_url}")
    try:
        _Play(stage, Secret(password)).run()
    except (Failed, OSError) as error:
        click.echo(f"failed  {error}", err=True)
        return 1
    click.echo("All steps hold.")
    return 0


class _Play:
    """The workspace without a connection is the stage; a browser's session connects, an API key does the rest."""

    def __init__(self, stage: Stage, password: Secret) -> None:
        self._stage = stage
        self._password = password
        self._slug = demo_world.WAERME
        workspace = Workspace.objects.get(slug=self._slug)
        self._key = create_api_key(workspace, Role.ADMIN)
        self._browser = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), _NoRedirect()
        )

    def run(self) -> None:
        self._connect()
        start_at = (clock.now() + timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
        appointment = self._book(start_at.isoformat(), 45)
        moved_at = start_at + timedelta(days=1, hours=1)
        self._move(appointment, moved_at.isoformat(), 30)
        kept = self._book((start_at + timedelta(days=2)).isoformat(), 30)
        self._cancel(appointment)
        self._deauthorize(kept)

    def _connect(self) -> None:
        self._submit("/accounts/login/", {"login": ADMIN_EMAIL, "password": self._password.reveal()})
        page = reverse("console:video_provider", kwargs={"workspace": self._slug})
        connect = reverse("console:connect", kwargs={"workspace": self._slug, "provider": "zoom"})
        consent = self._submit(connect, {"display": "page"}, form_page=page)
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(consent).query))
        order = {"user_id": ZOOM_USER} | {
            key: asked.get(key, "") for key in ("redirect_uri", "code_challenge", "code_challenge_method", "state")
        }
        self._open(self._zoom("authorize", order)["location"])
        (connection,) = self._api("GET", "/connections") or [{}]
        self._hold(connection.get("state") == "connected", f"connect: {connection.get('email')} is connected")

    def _book(self, start: str, minutes: int) -> dict[str, Any]:
        began = time.monotonic()
        lead = {"name": "Anna Bergmann", "email": LEAD_EMAIL, "locale": "de"}
        order = {"lead": lead, "start": start, "duration_minutes": minutes, "title": "Wärmepumpe", "provider": "zoom"}
        appointment: dict[str, Any] = self._api("POST", "/appointments", order)
        answered = time.monotonic() - began
        appointment = self._until("the link appears", lambda: self._in_step(appointment["id"]))
        conference = appointment["conference"]
        meeting = self._meeting(conference["meeting_id"])
        fits = meeting["topic"] == "Wärmepumpe" and meeting["duration"] == minutes and _same(meeting, start)
        self._hold(fits, f"book: answered in {answered * 1000:.0f} ms, the meeting has title, start and length")
        mail = self._mail_with(conference["join_url"], "REQUEST", appointment["id"])
        self._hold(True, f"link in the mail: {mail['subject']}")
        return appointment

    def _move(self, appointment: Mapping[str, Any], start: str, minutes: int) -> None:
        before = appointment["conference"]
        order = {"start": start, "duration_minutes": minutes}
        self._api("PATCH", f"/appointments/{appointment['id']}", order)
        after = self._until("the meeting follows", lambda: self._in_step(appointment["id"], minutes))["conference"]
        meeting = self._meeting(before["meeting_id"])
        same = (after["meeting_id"], after["join_url"]) == (before["meeting_id"], before["join_url"])
        self._hold(same and _same(meeting, start) and meeting["duration"] == minutes, "move: same meeting, same link")
        self._until("the change is mailed", lambda: len(self._mails(appointment["id"])) >= 2)
        sequences = [mail["calendar"][0]["sequence"] for mail in self._mails(appointment["id"])]
        self._hold(sequences == sorted(set(sequences)), f"move: mailed, SEQUENCE {sequences}")

    def _cancel(self, appointment: Mapping[str, Any]) -> None:
        self._api("POST", f"/appointments/{appointment['id']}/cancel", {"reason": "Probe"})
        meeting_id = appointment["conference"]["meeting_id"]
        self._until("the meeting is removed", lambda: not self._meeting(meeting_id)["alive"])
        self._until("the cancellation is mailed", lambda: self._has_method(appointment["id"], "CANCEL"))
        self._hold(True, "cancel: the meeting is gone at Zoom, the lead has METHOD:CANCEL")

    def _deauthorize(self, kept: Mapping[str, Any]) -> None:
        self._zoom("deauthorize", {"user_id": ZOOM_USER})
        self._until("the connection goes", lambda: self._api("GET", "/connections") == [])
        gone = not Grant.objects.filter(external_user_id=ZOOM_USER).exists()
        link = self._api("GET", f"/appointments/{kept['id']}")["conference"]["join_url"]
        self._hold(gone and link == kept["conference"]["join_url"], "deauthorize: tokens and identity gone, link kept")

    def _in_step(self, appointment_id: str, minutes: int | None = None) -> dict[str, Any] | None:
        """The appointment, if its meeting is in step and (while one waits for a move) Zoom has the length."""
        found: dict[str, Any] = self._api("GET", f"/appointments/{appointment_id}")
        conference = found["conference"]
        if conference["state"] != "in_step" or not conference["join_url"]:
            return None
        if minutes is not None and self._meeting(conference["meeting_id"])["duration"] != minutes:
            return None
        return found

    def _meeting(self, meeting_id: str) -> dict[str, Any]:
        for meeting in self._zoom("truth")["meetings"]:
            if str(meeting["id"]) == meeting_id:
                found: dict[str, Any] = meeting
                return found
        raise Failed(f"Zoom has no meeting {meeting_id}")

    def _mails(self, appointment_id: str) -> list[dict[str, Any]]:
        """The lead's mails about the appointment, oldest first."""
        query = urllib.parse.urlencode({"to": LEAD_EMAIL})
        found = self._json(f"{self._stage.mailbox_url}/_control/mails?{query}")
        return [
            mail for mail in found if mail["calendar"] and str(mail["calendar"][0]["uid"]).startswith(appointment_id)
        ]

    def _mail_with(self, link: str, method: str, appointment_id: str) -> dict[str, Any]:
        def arrived() -> dict[str, Any] | None:
            for mail in self._mails(appointment_id):
                if link in mail["text"] and link in mail["html"] and mail["calendar"][0]["method"] == method:
                    return mail
            return None

        found: dict[str, Any] = self._until("the mail with the link arrives", arrived)
        return found

    def _has_method(self, appointment_id: str, method: str) -> bool:
        return any(mail["calendar"][0]["method"] == method for mail in self._mails(appointment_id))

    def _hold(self, holds: bool, what: str) -> None:
        if not holds:
            raise Failed(what)
        click.echo(f"ok      {what}")

    def _until(self, what: str, look: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.1)
        raise Failed(f"{what}: not within {PATIENCE_SECONDS:.0f} s")

    def _submit(self, path: str, fields: Mapping[str, str], form_page: str | None = None) -> str:
        """Open the page with the form, submit it with its CSRF token; where the answer leads."""
        page, _ = self._open(self._stage.base_url + (form_page or path))
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        if token is None:
            raise Failed(f"{form_page or path} has no form")
        _, location = self._open(self._stage.base_url + path, {**fields, "csrfmiddlewaretoken": token.group(1)})
        if not location:
            raise Failed(f"{path} did not accept the form")
        return location

    def _open(self, url: str, fields: Mapping[str, str] | None = None) -> tuple[str, str]:
        """The page, and where it redirects to."""
        body = None if fields is None else urllib.parse.urlencode(fields).encode()
        headers = {"Referer": self._stage.base_url + "/"}
        request = urllib.request.Request(url, body, headers)  # noqa: S310  our own processes
        try:
            with self._browser.open(request, timeout=20) as answer:
                return answer.read().decode(), ""
        except urllib.error.HTTPError as error:
            with error:
                if error.code in (301, 302, 303):
                    return "", str(error.headers["Location"])
                raise Failed(f"{urllib.parse.urlsplit(url).path} answered {error.code}") from None

    def _api(self, method: str, path: str, order: Mapping[str, Any] | None = None) -> Any:
        found = self._json(f"{self._stage.base_url}/api/v1{path}", order, method, self._key)
        return found["items"] if isinstance(found, dict) and "items" in found else found

    def _zoom(self, what: str, order: Mapping[str, Any] | None = None) -> Any:
        return self._json(f"{self._stage.zoom_url}/_control/{what}", order, "GET" if order is None else "POST")

    def _json(
        self, url: str, order: Mapping[str, Any] | None = None, method: str = "GET", key: Secret | None = None
    ) -> Any:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key.reveal()}"} if key else {})
        body = None if order is None else json.dumps(order).encode()
        request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310  our own processes
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise Failed(
                    f"{method} {urllib.parse.urlsplit(url).path}: {error.code} {error.read()[:300]!r}"
                ) from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


def _same(meeting: Mapping[str, Any], start: str) -> bool:
    """The simulator's start is the instant that was asked for."""
    return clock.parse(str(meeting["start_time"])) == clock.parse(start)
