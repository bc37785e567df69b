"""``POST /token``, ``POST /revoke`` and ``/v1/userinfo``: what an app's server asks for."""

import base64
import binascii
import hmac
from urllib.parse import parse_qs, unquote_plus

from simulators.google import errors, tokens
from simulators.google.config import EMAIL, OPENID, PROFILE
from simulators.google.world import Answer, Call, Refusal, World, json_answer

NO_STORE = {"Cache-Control": "no-cache, no-store, max-age=0, must-revalidate"}


def answer_token(world: World, call: Call) -> Answer:
    """Tokens for a code, or an access token for a refresh token."""
    form = _read_form(call)
    _check_client(world, form, call.headers.get("Authorization", ""))
    grant_type = form.get("grant_type", "")
    if grant_type == "authorization_code":
        _require(form, "code")
        user_id, granted = tokens.redeem_code(
            world, form["code"], form.get("redirect_uri", ""), form.get("code_verifier")
        )
    elif grant_type == "refresh_token":
        _require(form, "refresh_token")
        user_id, granted = tokens.refresh(world, form["refresh_token"])
    else:
        raise errors.oauth(400, "unsupported_grant_type", f"Invalid grant_type: {grant_type}")
    return json_answer(200, granted, user_id=user_id, headers=NO_STORE)


def answer_revoke(world: World, call: Call) -> Answer:
    """End the access a token stands for. No client authentication; the token in the form or in the query:
    https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke
    """
    token = _read_form(call).get("token") or call.query.get("token", "")
    if not token:
        raise errors.oauth(400, "invalid_request", "Missing required parameter: token")
    user_id = tokens.revoke(world, token)
    if user_id is None:
        raise errors.oauth(400, "invalid_token", "Token expired or revoked")
    return json_answer(200, {}, user_id=user_id)


def answer_userinfo(world: World, call: Call) -> Answer:
    """Who it is, as far as the scopes go: https://developers.google.com/identity/openid-connect/openid-connect#obtainuserinfo"""
    found = tokens.read_access(world, bearer(call))
    if found is None or not found[1] & {OPENID, EMAIL, PROFILE}:
        # https://github.com/pimplesushant/laravelsocialiteapi/issues/1
        raise errors.oauth(401, "invalid_request", "Invalid Credentials")
    user, scopes = found
    content: dict[str, object] = {"sub": user.id}
    if PROFILE in scopes:
        content.update(name=user.display_name, given_name=user.first_name, family_name=user.last_name)
        content["picture"] = f"{world.base_url}/static/icon.svg"
    if EMAIL in scopes:
        content.update(email=user.email, email_verified=True)
    if user.hd and scopes & {EMAIL, PROFILE}:
        content["hd"] = user.hd
    return json_answer(200, content, user_id=user.id, headers=NO_STORE)


def bearer(call: Call) -> str:
    scheme, _, token = call.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def wants_refresh(body: bytes) -> bool:
    """Whether a token request is a refresh, for faults ordered for refreshes alone."""
    return parse_qs(body.decode("utf-8", "replace")).get("grant_type") == ["refresh_token"]


def _read_form(call: Call) -> dict[str, str]:
    if not call.headers.get("Content-Type", "").lower().startswith("application/x-www-form-urlencoded"):
        return {}
    return {name: values[-1] for name, values in parse_qs(call.body.decode("utf-8", "replace")).items()}


def _require(form: dict[str, str], name: str) -> None:
    if not form.get(name):
        raise errors.oauth(400, "invalid_request", f"Missing required parameter: {name}")


def _check_client(world: World, form: dict[str, str], authorization: str) -> None:
    """In the form or by HTTP Basic: https://accounts.google.com/.well-known/openid-configuration lists both."""
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            given = ""
        client_id, _, secret = (unquote_plus(part) for part in given.partition(":"))
    _judge_client(world, client_id, secret)


def _judge_client(world: World, client_id: str, secret: str) -> None:
    app = world.config.app
    refusal: Refusal | None = None
    if not client_id:
        # https://github.com/openid/AppAuth-iOS/issues/226
        refusal = errors.oauth(400, "invalid_request", "Could not determine client ID from request.")
    elif client_id != app.client_id:
        # https://github.com/simonrob/email-oauth2-proxy/issues/362
        refusal = errors.oauth(401, "invalid_client", "The OAuth client was not found.")
    elif not secret:
        # https://github.com/diegosouzapw/OmniRoute/issues/117
        refusal = errors.oauth(400, "invalid_request", "client_secret is missing.")
    elif not hmac.compare_digest(secret.encode("utf-8", "replace"), app.client_secret.encode()):
        refusal = errors.oauth(401, "invalid_client", "The provided client secret is invalid.")
    if refusal:
        raise refusal
