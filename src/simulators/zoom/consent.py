"""``/oauth/authorize``: who are you, and may this app. The only part of OAuth a person sees."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from simulators.zoom import apps, pages, tokens, users
from simulators.zoom.config import APP_SCOPES
from simulators.zoom.users import User
from simulators.zoom.vendor import WORLD
from simulators.zoom.world import Refusal, World

PARAMETERS = (
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
    "scope",
)


@dataclass(frozen=True)
class Question:
    """A checked authorization request. ``parameters`` are carried through the forms and checked anew each time."""

    request: tokens.CodeRequest
    state: str | None
    parameters: dict[str, str]


def add_routes(app: web.Application) -> None:
    app.router.add_get("/oauth/authorize", ask, allow_head=False)
    app.router.add_post("/oauth/authorize/sign-in", choose_user)
    app.router.add_post("/oauth/authorize/sign-out", switch_user)
    app.router.add_post("/oauth/authorize", decide)


async def ask(request: web.Request) -> web.StreamResponse:
    """What the authorization request leads to.

    1. A wrong client, redirect address or method is an error page: nothing is sent to an address not registered.
    2. Nobody signed in: choose a user.
    3. The app was added before: back with a code at once.
    4. Else the consent page.
    """
    world = request.app[WORLD]
    question = _check(world, request.query)
    if isinstance(question, web.Response):
        return question
    user = pages.signed_in(request)
    if user is None:
        return pages.render(
            "sign_in.html", app=world.config.app.name, people=users.everyone(world.store), carried=question.parameters
        )
    if tokens.consented(world, user.id):
        return _send_back(world, user, question)
    return _show_consent(world, user, question)


async def choose_user(request: web.Request) -> web.StreamResponse:
    """Sign in, without a password: these people do not exist."""
    world = request.app[WORLD]
    form = await _read_form(request)
    question = _check(world, form)
    if isinstance(question, web.Response):
        return question
    user = users.find(world.store, form.get("user"))
    if user is None:
        raise web.HTTPBadRequest(text="Unknown user")
    response = _authorize_again(question)
    pages.sign_in(response, user)
    return response


async def switch_user(request: web.Request) -> web.StreamResponse:
    """Sign out and choose somebody else."""
    question = _check(request.app[WORLD], await _read_form(request))
    if isinstance(question, web.Response):
        return question
    response = _authorize_again(question)
    pages.sign_out(response)
    return response


async def decide(request: web.Request) -> web.StreamResponse:
    """Allow or Decline. Whether a decline comes back as access_denied is not documented; it is the standard's way."""
    world = request.app[WORLD]
    form = await _read_form(request)
    question = _check(world, form)
    if isinstance(question, web.Response):
        return question
    user = pages.signed_in(request)
    if user is None:
        return _authorize_again(question)
    if form.get("decision") == "allow":
        return _send_back(world, user, question)
    denied = tokens.redirect_with(question.request.redirect_uri, error="access_denied", state=question.state)
    return _redirect(denied)


def _check(world: World, given: Mapping[str, str]) -> Question | web.Response:
    app = world.config.app
    try:
        if given.get("client_id") != app.client_id:
            # https://github.com/diderot-edu/diderot-feedback/issues/89
            raise _error(4702, f"Invalid client_id: {given.get('client_id', '')}")
        redirect_uri = given.get("redirect_uri", "")
        if redirect_uri not in app.redirect_uris:
            # https://github.com/FerroxLabs/wayland/issues/1158
            raise _error(4700, "Invalid redirect url")
        if given.get("response_type") != "code":
            raise _error(4700, "Invalid response_type")
        method = given.get("code_challenge_method") or "plain"
        if method not in tokens.CODE_CHALLENGE_METHODS:
            raise _error(4700, "Invalid code_challenge_method")
        scopes = tuple(given["scope"].replace(",", " ").split()) if given.get("scope") else None
        if scopes is not None and not set(scopes) <= set(APP_SCOPES):
            # https://github.com/tl-its-umich-edu/remote-office-hours-queue/issues/342
            raise _error(4700, "Invalid scope")
    except Refusal as refusal:
        return web.json_response(refusal.content, status=refusal.status)
    request = tokens.CodeRequest(redirect_uri, given.get("code_challenge") or None, method, scopes)
    return Question(request, given.get("state"), {name: given[name] for name in PARAMETERS if name in given})


def _error(code: int, message: str) -> Refusal:
    return Refusal(400, {"status": False, "errorCode": code, "errorMessage": message, "result": None})


def _show_consent(world: World, user: User, question: Question) -> web.Response:
    scopes = apps.granted_scopes(world, user.id, question.request.scopes)
    return pages.render(
        "consent.html",
        app=world.config.app.name,
        user=user,
        scopes=[(scope, APP_SCOPES.get(scope, scope)) for scope in scopes],
        carried=question.parameters,
    )


def _send_back(world: World, user: User, question: Question) -> web.Response:
    code = apps.allow(world, user.id, question.request)
    return _redirect(tokens.redirect_with(question.request.redirect_uri, code=code, state=question.state))


def _authorize_again(question: Question) -> web.Response:
    target = tokens.redirect_with("/oauth/authorize", **question.parameters)
    return web.Response(status=303, headers={"Location": target})


def _redirect(target: str) -> web.Response:
    return web.Response(status=302, headers={"Location": target, "Cache-Control": "no-store"})


async def _read_form(request: web.Request) -> dict[str, str]:
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
