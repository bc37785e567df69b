"""Authorization codes, access and refresh tokens: how they are given out, rotated and killed.

Tokens end in one of these states: ``live``; ``rotated`` (a refresh token that was used); ``reused`` (its family died
because a rotated one came back); ``replaced`` (the same user authorized again); ``revoked``; ``removed`` (app removed).
"""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from simulators.zoom.clock import format_precise
from simulators.zoom.world import Refusal, World

# https://developers.zoom.us/docs/rooms/za/za-digi-sign-oauth/
CODE_LIFETIME = timedelta(minutes=5)
# https://developers.zoom.us/docs/integrations/oauth/
ACCESS_SECONDS = 3599
# Not on a primary page; Zoom's own skill says "~90 days is common":
# https://github.com/zoom/skills/blob/main/skills/oauth/concepts/token-lifecycle.md
REFRESH_LIFETIME = timedelta(days=90)
CODE_CHALLENGE_METHODS = ("S256", "plain")


@dataclass(frozen=True)
class CodeRequest:
    """What an authorization request asked for. ``method`` is plain unless told, as at Zoom."""

    redirect_uri: str
    challenge: str | None = None
    method: str = "plain"
    scopes: tuple[str, ...] | None = None


def grant_consent(world: World, user_id: str, scopes: tuple[str, ...]) -> None:
    """The app is among the user's added apps from now on."""
    world.store.execute(
        "INSERT OR REPLACE INTO consents VALUES (?, ?, ?)", user_id, " ".join(scopes), format_precise(world.clock.now())
    )


def consented(world: World, user_id: str) -> bool:
    return world.store.row("SELECT 1 FROM consents WHERE user_id = ?", user_id) is not None


def issue_code(world: World, user_id: str, request: CodeRequest, scopes: tuple[str, ...]) -> str:
    """A single-use code, good for five minutes."""
    code = secrets.token_urlsafe(24)
    expires_at = format_precise(world.clock.now() + CODE_LIFETIME)
    world.store.execute(
        "INSERT INTO codes (code, user_id, redirect_uri, scopes, challenge, method, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        code,
        user_id,
        request.redirect_uri,
        " ".join(scopes),
        request.challenge,
        request.method,
        expires_at,
    )
    return code


def redeem_code(world: World, code: str, redirect_uri: str, verifier: str | None) -> dict[str, object]:
    """Tokens for a code. Raises Refusal.

    1. The code must exist, be unused and not older than five minutes.
    2. The redirect URI must be the one it was asked for with.
    3. If it was asked for with a challenge, the verifier must match.
    4. It is used up; every earlier token of this user dies (Zoom's 4741); new ones are issued.
    """
    row = world.store.row("SELECT * FROM codes WHERE code = ?", code)
    now = world.clock.now()
    if row is None or row["used"] or row["expires_at"] <= format_precise(now):
        # https://devforum.zoom.us/t/zoom-auth-redirect-invalid-invalid-authorization-code/12302
        raise Refusal(400, {"reason": f"Invalid authorization code {code}", "error": "invalid_request"})
    if redirect_uri != row["redirect_uri"]:
        # 4709, https://developers.zoom.us/docs/integrations/oauth-error-messages/
        raise Refusal(400, {"reason": "Redirect URI mismatch.", "error": "invalid_request", "errorCode": 4709})
    if row["challenge"] is not None and not _verifier_matches(row["challenge"], row["method"], verifier):
        # "If they do not match, you will receive an invalid_grant error", Zoom's public Postman collection:
        # https://developers.qodex.ai/zoom-public/get-started-fast-with-zoom-apis/
        raise Refusal(400, {"reason": "Invalid code verifier", "error": "invalid_grant"})
    with world.store.transaction():
        world.store.execute("UPDATE codes SET used = 1 WHERE code = ?", code)
        # The last token issued is the valid one:
        # https://github.com/zoom/skills/blob/main/skills/oauth/troubleshooting/common-errors.md
        kill_tokens(world, row["user_id"], "replaced")
        return _issue(world, row["user_id"], secrets.token_hex(8), row["scopes"])


def rotate(world: World, refresh_token: str) -> dict[str, object]:
    """New tokens for a refresh token, which is thereby spent. Raises Refusal.

    A spent one that comes back is counted and kills its whole family, as the strictest reading of
    https://devforum.zoom.us/t/refresh-token-expire/10375 and token version 8 (no tolerance) says.
    """
    row = world.store.row("SELECT * FROM tokens WHERE token = ? AND kind = 'refresh'", refresh_token)
    # https://github.com/raycast/extensions/issues/10896
    refused = {"reason": "Invalid Token!", "error": "invalid_grant"}
    if row is None:
        raise Refusal(400, refused)
    if row["state"] == "rotated":
        with world.store.transaction():
            world.store.count("refresh_reuse")
            world.store.execute("UPDATE tokens SET state = 'reused' WHERE family = ? AND state = 'live'", row["family"])
        raise Refusal(400, refused)
    if row["state"] == "replaced":  # 4741 and 4737: https://developers.zoom.us/docs/integrations/oauth-error-messages/
        raise Refusal(400, {**refused, "errorCode": 4741})
    if row["state"] == "removed":
        raise Refusal(400, {**refused, "errorCode": 4737})
    if row["state"] != "live" or row["expires_at"] <= format_precise(world.clock.now()):
        raise Refusal(400, refused)
    with world.store.transaction():
        world.store.execute("UPDATE tokens SET state = 'rotated' WHERE token = ?", refresh_token)
        return _issue(world, row["user_id"], row["family"], row["scopes"])


def revoke(world: World, token: str) -> bool:
    """Kill the grant an access or refresh token belongs to; False if there is no such live token.

    The app stays among the user's added apps: whether Zoom removes it there is documented nowhere.
    """
    row = world.store.row("SELECT user_id FROM tokens WHERE token = ? AND state = 'live'", token)
    if row is None:
        return False
    kill_tokens(world, row["user_id"], "revoked")
    return True


def kill_tokens(world: World, user_id: str, state: str) -> None:
    world.store.execute("UPDATE tokens SET state = ? WHERE user_id = ? AND state = 'live'", state, user_id)


def read_access(world: World, token: str) -> tuple[str, tuple[str, ...]]:
    """The user and scopes of an access token. Raises Refusal: 401 with code 124.

    Wordings: https://github.com/zulip/zulip/issues/33057,
    https://github.com/tl-its-umich-edu/remote-office-hours-queue/issues/512
    """
    row = world.store.row("SELECT * FROM tokens WHERE token = ? AND kind = 'access'", token)
    if row is None or row["state"] != "live":
        raise Refusal(401, {"code": 124, "message": "Invalid access token."})
    if row["expires_at"] <= format_precise(world.clock.now()):
        raise Refusal(401, {"code": 124, "message": "Access token is expired."})
    return row["user_id"], tuple(row["scopes"].split())


def redirect_with(target: str, /, **values: str | None) -> str:
    """The address with these query parameters added, the absent ones left out."""
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items() if value is not None)
    return f"{target}{'&' if '?' in target else '?'}{query}"


def _verifier_matches(challenge: str, method: str, verifier: str | None) -> bool:
    if not verifier:
        return False
    if method == "S256":
        digest = hashlib.sha256(verifier.encode("utf-8", "replace")).digest()
        verifier = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(verifier.encode("utf-8", "replace"), challenge.encode("utf-8", "replace"))


def _issue(world: World, user_id: str, family: str, scopes: str) -> dict[str, object]:
    now = world.clock.now()
    access, refresh = _new_token(), _new_token()
    _keep(world, access, ("access", user_id, family, scopes), now + timedelta(seconds=ACCESS_SECONDS))
    _keep(world, refresh, ("refresh", user_id, family, scopes), now + REFRESH_LIFETIME)
    world.store.count("tokens_issued")
    return {
        "access_token": access,
        "token_type": "bearer",
        "refresh_token": refresh,
        "expires_in": ACCESS_SECONDS,
        "scope": scopes,
        # https://developers.zoom.us/changelog/platform/api_url_access_token_response/ (there a host of zoom.us)
        "api_url": world.base_url,
    }


def _keep(world: World, token: str, what: tuple[str, str, str, str], expires_at: datetime) -> None:
    world.store.execute(
        "INSERT INTO tokens (token, kind, user_id, family, scopes, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        token,
        *what,
        format_precise(expires_at),
    )


def _new_token() -> str:
    """Looks like the JWT it is at Zoom, about 700 characters, but only this table knows what it means."""
    head = {"sv": "000002", "alg": "HS512", "v": "2.0", "kid": secrets.token_hex(16)}
    header = base64.urlsafe_b64encode(json.dumps(head).encode()).rstrip(b"=").decode()
    return f"{header}.eyJ{secrets.token_urlsafe(360)}.{secrets.token_urlsafe(64)}"
