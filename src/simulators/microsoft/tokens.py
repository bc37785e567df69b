"""Authorization codes, access and refresh tokens: how they are given out, renewed and ended.

A refresh token ends in one of these states: ``live``; ``password``, ``mfa``, ``inactive`` (what control ordered). Using
one gives another; the used one goes on living: "The Microsoft identity platform doesn't revoke old refresh tokens when
used to fetch new access tokens", https://learn.microsoft.com/en-us/entra/identity-platform/refresh-tokens
"""

import base64
import hashlib
import hmac
import json
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from simulators.microsoft import users
from simulators.microsoft.clock import format_precise, format_ticks, parse_instant
from simulators.microsoft.config import GRAPH, SCOPES
from simulators.microsoft.refusals import GraphRefusal, SignInRefusal
from simulators.microsoft.users import User
from simulators.microsoft.world import World

# "typically they expire after about 10 minutes":
# https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow
CODE_LIFETIME = timedelta(minutes=10)
ACCESS_SECONDS = 3599
REFRESH_LIFETIME = timedelta(days=90)
CODE_CHALLENGE_METHODS = ("S256", "plain")
# Scopes that say what else the token endpoint answers with, and are no permission to anything.
SIGN_IN_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})


@dataclass(frozen=True)
class CodeRequest:
    """What an authorization request asked for. ``method`` is plain unless told."""

    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str | None = None
    method: str = "plain"
    nonce: str | None = None


def read_scopes(text: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """Short names of the scopes in a ``scope`` parameter; ``.default`` is everything the app is registered for.

    Raises SignInRefusal for one that Graph does not have:
    https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes
    """
    found: list[str] = []
    for scope in text.split():
        name = scope.removeprefix(GRAPH)
        if name not in SCOPES and name != ".default":
            message = f"The application asked for scope '{name}' that doesn't exist on the resource '{GRAPH[:-1]}'."
            raise SignInRefusal("invalid_client", 650053, message)
        found += default if name == ".default" else (name,)
    return tuple(dict.fromkeys(found))


def issue_code(world: World, user_id: str, request: CodeRequest, scopes: tuple[str, ...]) -> str:
    """A single-use code, good for ten minutes."""
    code = f"0.{secrets.token_urlsafe(48)}"
    world.store.execute(
        "INSERT INTO codes (code, user_id, redirect_uri, scopes, challenge, method, nonce, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        code,
        user_id,
        request.redirect_uri,
        " ".join(scopes),
        request.challenge,
        request.method,
        request.nonce,
        format_precise(world.clock.now() + CODE_LIFETIME),
    )
    return code


def redeem_code(world: World, code: str, redirect_uri: str, verifier: str | None) -> dict[str, object]:
    """Tokens for a code. Raises SignInRefusal.

    1. The code must exist, be unused (https://github.com/AzureAD/microsoft-identity-web/issues/2328) and young.
    2. The redirect URI must be the one it was asked for with.
    3. If it was asked for with a challenge, the verifier must match
       (https://github.com/AzureAD/microsoft-authentication-library-for-js/issues/2694).
    """
    row = world.store.row("SELECT * FROM codes WHERE code = ?", code)
    if row is None:
        raise SignInRefusal("invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.")
    if row["used"]:
        text = (
            "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing"
            " refresh token."
        )
        raise SignInRefusal("invalid_grant", 54005, text)
    if row["expires_at"] <= format_precise(world.clock.now()):
        raise SignInRefusal("invalid_grant", 70008, _EXPIRED)
    if redirect_uri != row["redirect_uri"]:
        text = (
            f"The reply address '{redirect_uri}' does not match the reply address '{row['redirect_uri']}' provided"
            " when requesting Authorization code."
        )
        raise SignInRefusal("invalid_grant", 500112, text)
    if row["challenge"] is not None and not _verifier_matches(row["challenge"], row["method"], verifier):
        text = "The Code_Verifier does not match the code_challenge supplied in the authorization request."
        raise SignInRefusal("invalid_grant", 501481, text)
    user = users.find(world.store, row["user_id"])
    assert user is not None  # users are never taken out
    with world.store.transaction():
        world.store.execute("UPDATE codes SET used = 1 WHERE code = ?", code)
        return _issue(world, user, row["scopes"], row["nonce"])


def find_refresh(world: World, token: str) -> sqlite3.Row:
    """The refresh token, if it may be used. Raises SignInRefusal with why not."""
    row = world.store.row("SELECT * FROM tokens WHERE token = ? AND kind = 'refresh'", token)
    if row is None:
        raise SignInRefusal("invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.")
    now = world.clock.now()
    if row["state"] == "password":
        raise SignInRefusal("invalid_grant", 50173, _revoked(row))
    if row["state"] == "mfa":
        # Some have seen it as invalid_grant (https://github.com/microsoftgraph/microsoft-graph-docs/issues/6311);
        # the protocol's page says interaction_required, as https://github.com/juunas11/aspnetcore2aadauth/issues/6 saw.
        raise SignInRefusal("interaction_required", 50076, _MFA, suberror="basic_action")
    if row["state"] == "inactive" or row["expires_at"] <= format_precise(now):
        raise SignInRefusal("invalid_grant", 700082, _inactive(row))
    grace = world.limit("old_refresh_seconds")
    if row["rotated_at"] and grace is not None and parse_instant(row["rotated_at"]) + timedelta(seconds=grace) <= now:
        raise SignInRefusal("invalid_grant", 70008, _EXPIRED)
    return row


def rotate(world: World, row: sqlite3.Row, user: User, scopes: tuple[str, ...]) -> dict[str, object]:
    """New tokens for a refresh token that may be used. That a used one came back is counted, not punished."""
    with world.store.transaction():
        if row["rotated_at"]:
            world.store.count("refresh_reuse")
        else:
            now = format_precise(world.clock.now())
            world.store.execute("UPDATE tokens SET rotated_at = ? WHERE token = ?", now, row["token"])
        return _issue(world, user, " ".join(scopes), None)


def end_refresh_tokens(world: World, user_id: str, state: str) -> None:
    """From now on the user's refresh tokens are refused; access tokens live on until they expire."""
    world.store.execute(
        "UPDATE tokens SET state = ?, ended_at = ? WHERE user_id = ? AND kind = 'refresh' AND state = 'live'",
        state,
        format_precise(world.clock.now()),
        user_id,
    )


def read_access(world: World, token: str) -> tuple[str, tuple[str, ...]]:
    """The user and scopes of an access token. Raises GraphRefusal: 401.

    Wordings: https://github.com/s1t5/mail-archiver/issues/267 (expired),
    https://github.com/microsoftgraph/python-sample-auth/issues/10 (what cannot be read; there with another number).
    """
    challenge = {
        "WWW-Authenticate": (
            'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize",'
            ' client_id="00000003-0000-0000-c000-000000000000"'
        )
    }
    row = world.store.row("SELECT * FROM tokens WHERE token = ? AND kind = 'access'", token)
    message = "Access token is empty."
    if token:
        message = "CompactToken parsing failed with error code: 80049217"
    if row is not None:
        if row["expires_at"] > format_precise(world.clock.now()):
            return row["user_id"], tuple(row["scopes"].split())
        message = "Lifetime validation failed, the token is expired."
    raise GraphRefusal(401, "InvalidAuthenticationToken", message, challenge)


def redirect_with(target: str, /, **values: str | None) -> str:
    """The address with these query parameters added, the absent ones left out."""
    return f"{target}{'&' if '?' in target else '?'}{encode(**values)}"


def encode(**values: str | None) -> str:
    """As in a query or a fragment, the absent ones left out."""
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items() if value is not None)


def _verifier_matches(challenge: str, method: str, verifier: str | None) -> bool:
    if not verifier:
        return False
    if method == "S256":
        digest = hashlib.sha256(verifier.encode("utf-8", "replace")).digest()
        verifier = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(verifier.encode("utf-8", "replace"), challenge.encode("utf-8", "replace"))


def _issue(world: World, user: User, scopes: str, nonce: str | None) -> dict[str, object]:
    """As in the successful response of
    https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow ; a refresh token only with
    offline_access, an id_token only with openid."""
    now = world.clock.now()
    named = scopes.split()
    access = _new_access(user)
    _keep(world, access, ("access", user.id, scopes), timedelta(seconds=ACCESS_SECONDS))
    content: dict[str, object] = {
        "token_type": "Bearer",
        "scope": " ".join(name for name in named if name != "offline_access"),
        "expires_in": ACCESS_SECONDS,
        "ext_expires_in": ACCESS_SECONDS,
        "access_token": access,
    }
    if "offline_access" in named:
        content["refresh_token"] = f"1.{secrets.token_urlsafe(600)}"
        _keep(world, str(content["refresh_token"]), ("refresh", user.id, scopes), REFRESH_LIFETIME)
    if "openid" in named:
        claims = {
            "aud": world.config.app.client_id,
            "iss": f"{world.base_url}/{user.tenant_id}/v2.0",
            "iat": int(now.timestamp()),
            "exp": int(now.timestamp()) + 3600,
            "name": user.display_name,
            "oid": user.id,
            "preferred_username": user.email,
            "sub": hashlib.sha256(user.id.encode()).hexdigest()[:43],
            "tid": user.tenant_id,
            "ver": "2.0",
            **({"nonce": nonce} if nonce else {}),
        }
        content["id_token"] = f"{_part({'typ': 'JWT', 'alg': 'RS256'})}.{_part(claims)}.{secrets.token_urlsafe(256)}"
    world.store.count("tokens_issued")
    return content


def _keep(world: World, token: str, what: tuple[str, str, str], lifetime: timedelta) -> None:
    now = world.clock.now()
    world.store.execute(
        "INSERT INTO tokens (token, kind, user_id, scopes, issued_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        token,
        *what,
        format_precise(now),
        format_precise(now + lifetime),
    )


def _new_access(user: User) -> str:
    """Looks like what it is at Microsoft (a JWT; for a personal account opaque), but only this table knows it."""
    if user.personal:
        return f"EwB{secrets.token_urlsafe(800)}"
    head = _part({"typ": "JWT", "nonce": secrets.token_urlsafe(32), "alg": "RS256", "kid": secrets.token_urlsafe(20)})
    return f"{head}.eyJ{secrets.token_urlsafe(900)}.{secrets.token_urlsafe(256)}"


def _part(content: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


_EXPIRED = (
    "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive"
    " authorization request for this user and resource."
)
_MFA = (
    "Due to a configuration change made by your administrator, or because you moved to a new location, you must use"
    " multi-factor authentication to access '00000003-0000-0000-c000-000000000000'."
)


def _inactive(row: sqlite3.Row) -> str:
    """https://github.com/Azure/azure-cli/issues/14244"""
    issued = format_ticks(parse_instant(row["issued_at"]))
    return (
        f"The refresh token has expired due to inactivity. The token was issued on {issued} and was inactive for"
        " 90.00:00:00."
    )


def _revoked(row: sqlite3.Row) -> str:
    """https://github.com/Azure/azure-cli/issues/16745"""
    issued, ended = (format_ticks(parse_instant(row[name])) for name in ("issued_at", "ended_at"))
    return (
        "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have"
        f" changed or reset their password. The grant was issued on '{issued}' and the TokensValidFrom date (before"
        f" which tokens are not valid) for this user is '{ended}'."
    )
