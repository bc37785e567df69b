"""``POST /oauth/token`` and ``POST /oauth/revoke``: what an app's server asks for with its secret."""

import base64
import binascii
import hmac
from urllib.parse import parse_qs

from simulators.zoom import tokens
from simulators.zoom.world import Answer, Call, Refusal, World, json_answer

TOKEN_PARAMETERS = {"token", "access_token", "refresh_token"}


def answer_token(world: World, call: Call) -> Answer:
    """Tokens for a code or for a refresh token."""
    form = _read_form(world, call)
    grant_type = form.get("grant_type")
    if grant_type == "authorization_code":
        granted = tokens.redeem_code(
            world, form.get("code", ""), form.get("redirect_uri", ""), form.get("code_verifier")
        )
    elif grant_type == "refresh_token":
        granted = tokens.rotate(world, form.get("refresh_token", ""))
    else:
        # https://github.com/JubaerHossain/zoom-laravel/issues/4
        raise Refusal(400, {"reason": "unsupported grant type", "error": "unsupported_grant_type"})
    user_id, _ = tokens.read_access(world, str(granted["access_token"]))
    return json_answer(200, granted, user_id=user_id, headers={"Cache-Control": "no-store"})


def answer_revoke(world: World, call: Call) -> Answer:
    """Kill a grant. ``{"status":"success"}`` as in Zoom's public Postman collection."""
    form = _read_form(world, call)
    row = world.store.row("SELECT user_id FROM tokens WHERE token = ?", form.get("token", ""))
    if not tokens.revoke(world, form.get("token", "")):
        raise Refusal(400, {"reason": "Invalid Token!", "error": "invalid_request"})
    return json_answer(200, {"status": "success"}, user_id=row["user_id"] if row else None)


def wants_refresh(body: bytes) -> bool:
    """Whether a token request is a refresh, for faults ordered for refreshes alone."""
    return parse_qs(body.decode("utf-8", "replace")).get("grant_type") == ["refresh_token"]


def _read_form(world: World, call: Call) -> dict[str, str]:
    if TOKEN_PARAMETERS & set(call.query):
        # Since February 2023: https://developers.zoom.us/blog/access-token-change-faq/
        message = "Invalid access token, this access token is not supported as query parameter string."
        raise Refusal(401, {"code": 124, "message": message})
    _check_client(world, call.headers.get("Authorization", ""))
    if not call.headers.get("Content-Type", "").lower().startswith("application/x-www-form-urlencoded"):
        return {}
    return {name: values[-1] for name, values in parse_qs(call.body.decode("utf-8", "replace")).items()}


def _check_client(world: World, authorization: str) -> None:
    """Only HTTP Basic: Zoom's metadata lists client_secret_basic alone."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        given = base64.b64decode(encoded.strip(), validate=True) if scheme.lower() == "basic" else b""
    except binascii.Error:
        given = b""
    app = world.config.app
    if not hmac.compare_digest(given, f"{app.client_id}:{app.client_secret}".encode()):
        # https://github.com/JubaerHossain/zoom-laravel/issues/3
        raise Refusal(400, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"})
