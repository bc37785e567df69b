"""Authorization codes, access and refresh tokens: how they are given out and how they die.

Tokens end in one of these states: ``live``; ``revoked`` (by the app); ``removed`` (the user ended the access);
``password`` (changed while the grant could read mail); ``crowded`` (a hundred newer ones came).
"""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from simulators.google import errors, users
from simulators.google.clock import format_precise
from simulators.google.config import EMAIL, OPENID, SIGN_IN_SCOPES
from simulators.google.users import User
from simulators.google.world import World

# Google does not say; ten minutes is the most that RFC 6749 recommends (4.1.2).
CODE_LIFETIME = timedelta(minutes=10)
# https://developers.google.com/identity/protocols/oauth2/web-server#exchange-authorization-code
ACCESS_SECONDS = 3599
# Unused for six months; 7 days while in testing, unless only for signing in; 100 for each account and client:
# https://developers.google.com/identity/protocols/oauth2#expiration
UNUSED_LIFETIME = timedelta(days=183)
TESTING_LIFETIME = timedelta(days=7)
REFRESH_TOKENS = 100
# So long Google says of a dead refresh token that it is dead, then that it makes no sense:
# https://github.com/AlphaTiles/AlphaTiles/pull/107
REMEMBERED = timedelta(hours=12)
GMAIL_SCOPES = ("https://www.googleapis.com/auth/gmail.", "https://mail.google.com/")
CODE_CHALLENGE_METHODS = ("S256", "plain")


@dataclass(frozen=True)
class CodeRequest:
    """What an authorization request asked for. ``offline``: a refresh token, which only a consent shown gives."""

    redirect_uri: str
    challenge: str | None = None
    method: str = "plain"
    offline: bool = False
    nonce: str | None = None


def grant_consent(world: World, user_id: str, scopes: tuple[str, ...]) -> None:
    """The app has access to the user's account from now on."""
    world.store.execute(
        "INSERT OR REPLACE INTO consents VALUES (?, ?, ?)", user_id, " ".join(scopes), format_precise(world.clock.now())
    )


def consented(world: World, user_id: str) -> tuple[str, ...]:
    """The scopes the user has granted the app so far."""
    row = world.store.row("SELECT scopes FROM consents WHERE user_id = ?", user_id)
    return tuple(row["scopes"].split()) if row else ()


def issue_code(world: World, user_id: str, request: CodeRequest, scopes: tuple[str, ...]) -> str:
    """A single-use code."""
    code = f"4/0A{secrets.token_urlsafe(52)}"
    world.store.execute(
        "INSERT INTO codes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        code,
        user_id,
        request.redirect_uri,
        " ".join(scopes),
        request.challenge,
        request.method,
        request.offline,
        request.nonce,
        format_precise(world.clock.now() + CODE_LIFETIME),
    )
    return code


def redeem_code(world: World, code: str, redirect_uri: str, verifier: str | None) -> tuple[str, dict[str, object]]:
    """The user and the tokens for a code. Raises Refusal.

    1. The code must look like one, exist, be unused and not too old.
    2. The redirect URI must be the one it was asked for with.
    3. If it was asked for with a challenge, the verifier must match.
    4. It is used up. Earlier tokens of the user live on, except the oldest beyond a hundred.
    """
    if not code.startswith("4/"):
        # https://github.com/googleworkspace/go-samples/issues/85
        raise errors.oauth(400, "invalid_grant", "Malformed auth code.")
    row = world.store.row("SELECT * FROM codes WHERE code = ?", code)
    if row is None or row["used"] or row["expires_at"] <= format_precise(world.clock.now()):
        # https://github.com/google/google-api-javascript-client/issues/662
        raise errors.oauth(400, "invalid_grant", "Bad Request")
    if redirect_uri != row["redirect_uri"]:
        raise errors.oauth(400, "redirect_uri_mismatch", "Bad Request")
    _check_verifier(row["challenge"], row["method"], verifier)
    with world.store.transaction():
        world.store.execute("UPDATE codes SET used = 1 WHERE code = ?", code)
        granted = _issue_access(world, row["user_id"], row["scopes"], row["nonce"])
        if row["offline"]:
            granted.update(_issue_refresh(world, row["user_id"], row["scopes"]))
    return row["user_id"], granted


def refresh(world: World, refresh_token: str) -> tuple[str, dict[str, object]]:
    """The user and a new access token. The refresh token stays as it is and may be used again. Raises Refusal."""
    row = world.store.row("SELECT * FROM tokens WHERE token = ? AND kind = 'refresh'", refresh_token)
    if row is None:
        raise errors.oauth(400, "invalid_grant", "Bad Request")
    _check_account(users.find(world.store, row["user_id"]))
    now = world.clock.now()
    died_at = row["died_at"] or row["expires_at"]
    if died_at <= format_precise(now - REMEMBERED):
        raise errors.oauth(400, "invalid_grant", "Bad Request")
    if died_at <= format_precise(now):
        # https://github.com/googleapis/google-api-dotnet-client/issues/2513
        raise errors.oauth(400, "invalid_grant", "Token has been expired or revoked.")
    with world.store.transaction():
        if not _ends_by_time(world, row["scopes"]):
            used = format_precise(now + UNUSED_LIFETIME)
            world.store.execute("UPDATE tokens SET expires_at = ? WHERE token = ?", used, refresh_token)
        return row["user_id"], _issue_access(world, row["user_id"], row["scopes"], None)


def revoke(world: World, token: str) -> str | None:
    """Kill the grant an access or refresh token belongs to; gives its user, or None if there is no such live token.

    Everything the user granted the app goes with it, also what other tokens carry:
    https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke
    """
    row = world.store.row("SELECT * FROM tokens WHERE token = ? AND kind <> 'id' AND state = 'live'", token)
    if row is None or row["expires_at"] <= format_precise(world.clock.now()):
        return None
    end_access(world, row["user_id"], "revoked")
    return str(row["user_id"])


def end_access(world: World, user_id: str, state: str) -> bool:
    """Consent, codes and tokens of the user die; False if the app had no access."""
    had_access = bool(consented(world, user_id))
    with world.store.transaction():
        world.store.execute("DELETE FROM consents WHERE user_id = ?", user_id)
        world.store.execute("UPDATE codes SET used = 1 WHERE user_id = ?", user_id)
        _kill(world, "user_id = ?", state, user_id)
    return had_access


def change_password(world: World, user_id: str) -> int:
    """Kill the refresh tokens that reach into Gmail, and only those; gives how many.

    "The user changed passwords and the refresh token contains Gmail scopes":
    https://developers.google.com/identity/protocols/oauth2#expiration
    """
    rows = world.store.rows(
        "SELECT token, scopes FROM tokens WHERE user_id = ? AND kind = 'refresh' AND state = 'live'", user_id
    )
    doomed = [row["token"] for row in rows if any(s.startswith(GMAIL_SCOPES) for s in row["scopes"].split())]
    for token in doomed:
        _kill(world, "token = ?", "password", token)
    return len(doomed)


def read_access(world: World, token: str) -> tuple[User, frozenset[str]] | None:
    """The user and scopes of a live access token; None where it is not one any more or never was."""
    row = world.store.row("SELECT * FROM tokens WHERE token = ? AND kind = 'access'", token)
    if row is None or row["state"] != "live" or row["expires_at"] <= format_precise(world.clock.now()):
        return None
    user = users.find(world.store, row["user_id"])
    return None if user is None or user.status == "deleted" else (user, frozenset(row["scopes"].split()))


def redirect_with(target: str, /, **values: str | None) -> str:
    """The address with these query parameters added, the absent ones left out."""
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items() if value is not None)
    return f"{target}{'&' if '?' in target else '?'}{query}"


def _check_account(user: User | None) -> None:
    if user is None or user.status == "deleted":
        # https://github.com/FlowCrypt/flowcrypt-browser/issues/2269
        raise errors.oauth(400, "invalid_grant", "Account has been deleted")
    if user.status == "reauth":
        # https://developers.google.com/identity/protocols/oauth2#expiration (session control)
        why = "reauth related error (invalid_rapt)"
        raise errors.oauth(400, "invalid_grant", why, error_subtype="invalid_rapt")


def _check_verifier(challenge: str | None, method: str, verifier: str | None) -> None:
    if challenge is None:
        if verifier:
            # https://github.com/panva/oauth4webapi/issues/119
            raise errors.oauth(400, "invalid_grant", "code_verifier or verifier is not needed.")
        return
    if not verifier:
        # https://github.com/googleapis/google-api-php-client/issues/2669
        raise errors.oauth(400, "invalid_grant", "Missing code verifier.")
    if not _verifier_matches(challenge, method, verifier):
        # https://github.com/googleapis/google-api-java-client/issues/1479
        raise errors.oauth(400, "invalid_grant", "Invalid code verifier.")


def _kill(world: World, which: str, state: str, *values: object) -> None:
    """``which``: a condition of ours, never text from outside."""
    died_at = format_precise(world.clock.now())
    sql = f"UPDATE tokens SET state = ?, died_at = ? WHERE state = 'live' AND {which}"  # noqa: S608
    world.store.execute(sql, state, died_at, *values)


def _verifier_matches(challenge: str, method: str, verifier: str) -> bool:
    if method == "S256":
        digest = hashlib.sha256(verifier.encode("utf-8", "replace")).digest()
        verifier = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(verifier.encode("utf-8", "replace"), challenge.encode("utf-8", "replace"))


def _issue_access(world: World, user_id: str, scopes: str, nonce: str | None) -> dict[str, object]:
    token = f"ya29.a0A{secrets.token_urlsafe(150)}"
    expires_at = world.clock.now() + timedelta(seconds=ACCESS_SECONDS)
    _keep(world, token, ("access", user_id, scopes), expires_at)
    world.store.count("tokens_issued")
    granted = {"access_token": token, "expires_in": ACCESS_SECONDS, "scope": scopes, "token_type": "Bearer"}
    user = users.find(world.store, user_id)
    if OPENID in scopes.split() and user is not None:
        granted["id_token"] = _id_token(world, user, scopes, nonce)
        _keep(world, str(granted["id_token"]), ("id", user_id, scopes), expires_at)
    return granted


def _issue_refresh(world: World, user_id: str, scopes: str) -> dict[str, object]:
    token = f"1//0{secrets.token_urlsafe(75)}"
    by_time = _ends_by_time(world, scopes)
    lifetime = TESTING_LIFETIME if by_time else UNUSED_LIFETIME
    _keep(world, token, ("refresh", user_id, scopes), world.clock.now() + lifetime)
    crowd = "SELECT number FROM tokens WHERE kind = 'refresh' AND state = 'live' AND user_id = ? ORDER BY number DESC"
    _kill(world, f"number IN ({crowd} LIMIT -1 OFFSET ?)", "crowded", user_id, REFRESH_TOKENS)
    granted: dict[str, object] = {"refresh_token": token}
    if by_time:
        # Only where the grant ends by time: https://developers.google.com/identity/protocols/oauth2/web-server
        granted["refresh_token_expires_in"] = int(TESTING_LIFETIME.total_seconds()) - 1
    return granted


def _ends_by_time(world: World, scopes: str) -> bool:
    return world.testing and not SIGN_IN_SCOPES.issuperset(scopes.split())


def _id_token(world: World, user: User, scopes: str, nonce: str | None) -> str:
    """Google's claims under a signature that is none: whoever wants to be sure asks the userinfo endpoint."""
    now = int(world.clock.now().timestamp())
    client_id = world.config.app.client_id
    claims: dict[str, object] = {
        "iss": "https://accounts.google.com",
        "azp": client_id,
        "aud": client_id,
        "sub": user.id,
        "iat": now,
        "exp": now + 3600,
    }
    if user.hd:
        claims["hd"] = user.hd
    if EMAIL in scopes.split():
        claims.update(email=user.email, email_verified=True)
    if nonce:
        claims["nonce"] = nonce
    head = {"alg": "RS256", "kid": "0" * 40, "typ": "JWT"}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (head, claims)]
    return ".".join([*parts, secrets.token_urlsafe(256)])


def _keep(world: World, token: str, what: tuple[str, str, str], expires_at: datetime) -> None:
    world.store.execute(
        "INSERT INTO tokens (token, kind, user_id, scopes, expires_at) VALUES (?, ?, ?, ?, ?)",
        token,
        *what,
        format_precise(expires_at),
    )
