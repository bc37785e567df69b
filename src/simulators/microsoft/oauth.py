"""``POST /{tenant}/oauth2/v2.0/token``: what an app's server asks for with its secret. There is no revoke endpoint."""

import base64
import binascii
import hmac
from urllib.parse import parse_qs, unquote_plus

from simulators.microsoft import apps, authority, tokens, users
from simulators.microsoft.refusals import SignInRefusal
from simulators.microsoft.world import Answer, Call, World, json_answer


def answer_token(world: World, call: Call) -> Answer:
    """Tokens for a code or for a refresh token. ``call.target`` is the tenant in the path."""
    authority.check(world, call.target)
    form = _read_form(call)
    _check_client(world, form, call.headers.get("Authorization", ""))
    grant_type = form.get("grant_type")
    if grant_type == "authorization_code":
        code, verifier = form.get("code", ""), form.get("code_verifier")
        content = tokens.redeem_code(world, code, form.get("redirect_uri", ""), verifier)
    elif grant_type == "refresh_token":
        content = _refresh(world, form)
    else:
        text = f"The app requested an unsupported grant type '{grant_type}'."
        raise SignInRefusal("unsupported_grant_type", 70003, text)
    user_id, _ = tokens.read_access(world, str(content["access_token"]))
    return json_answer(200, content, user_id=user_id, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


def wants_refresh(body: bytes) -> bool:
    """Whether a token request is a refresh, for faults ordered for refreshes alone."""
    return parse_qs(body.decode("utf-8", "replace")).get("grant_type") == ["refresh_token"]


def describe_metadata(world: World, tenant: str) -> dict[str, object]:
    """https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc : it names no revocation endpoint."""
    base = f"{world.base_url}/{tenant}"
    return {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
    }


def _refresh(world: World, form: dict[str, str]) -> dict[str, object]:
    row = tokens.find_refresh(world, form.get("refresh_token", ""))
    user = users.find(world.store, row["user_id"])
    assert user is not None  # users are never taken out
    held = tuple(row["scopes"].split())
    asked = tokens.read_scopes(form.get("scope", ""), world.config.app.scopes)
    apps.check_refresh(world, user, asked or held)
    # A narrower scope gives a narrower access token; what was consented to once may be asked for again.
    scopes = tuple(dict.fromkeys([*(asked or held), *(tokens.SIGN_IN_SCOPES & set(held))]))
    return tokens.rotate(world, row, user, scopes)


def _read_form(call: Call) -> dict[str, str]:
    if not call.headers.get("Content-Type", "").lower().startswith("application/x-www-form-urlencoded"):
        text = "The request body must contain the following parameter: 'grant_type'."
        raise SignInRefusal("invalid_request", 900144, text)
    return {name: values[-1] for name, values in parse_qs(call.body.decode("utf-8", "replace")).items()}


def _check_client(world: World, form: dict[str, str], authorization: str) -> None:
    """In the form or by HTTP Basic. Wordings: https://github.com/Azure/login/issues/561 ,
    https://github.com/MicrosoftDocs/azure-docs/issues/33356"""
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, word = base64.b64decode(encoded.strip(), validate=True).decode("utf-8", "replace").partition(":")
        except binascii.Error:
            name, word = "", ""
        client_id, secret = unquote_plus(name), unquote_plus(word)
    app = world.config.app
    if client_id != app.client_id:
        raise authority.unknown_app(client_id)
    if not hmac.compare_digest(secret.encode(), app.client_secret.encode()):
        text = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value,"
            f" not the client secret ID, for a secret added to app '{app.client_id}'."
        )
        raise SignInRefusal("invalid_client", 7000215, text, status=401)
