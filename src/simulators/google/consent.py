"""``/o/oauth2/v2/auth``: who are you, and what may this app. The only part of OAuth a person sees.

https://developers.google.com/identity/protocols/oauth2/web-server#creatingclient
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from aiohttp import web
from multidict import MultiDictProxy

from simulators.google import apps, pages, tokens, users
from simulators.google.config import SCOPES
from simulators.google.users import User
from simulators.google.vendor import WORLD
from simulators.google.world import World

AUTHORIZE = "/o/oauth2/v2/auth"
PARAMETERS = (
    *("response_type", "client_id", "redirect_uri", "scope", "state", "access_type", "prompt", "login_hint", "nonce"),
    *("include_granted_scopes", "code_challenge", "code_challenge_method"),
)
PROMPTS = frozenset({"none", "consent", "select_account"})
Form = MultiDictProxy[str | bytes | bytearray | web.FileField]


@dataclass(frozen=True)
class Question:
    """A checked authorization request. ``parameters`` are carried through the forms and checked anew each time."""

    request: tokens.CodeRequest
    scopes: tuple[str, ...]
    prompts: frozenset[str]
    parameters: dict[str, str]

    @property
    def state(self) -> str | None:
        return self.parameters.get("state")


class Blocked(Exception):
    """An error page of Google's: nothing is sent to an address that may be anybody's."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status, self.error, self.message = status, error, message


def add_routes(app: web.Application) -> None:
    app.router.add_get(AUTHORIZE, ask, allow_head=False)
    app.router.add_post(f"{AUTHORIZE}/sign-in", choose_user)
    app.router.add_post(f"{AUTHORIZE}/sign-out", switch_user)
    app.router.add_post(AUTHORIZE, decide)


async def ask(request: web.Request) -> web.StreamResponse:
    """What the authorization request leads to.

    1. A wrong client, redirect address, scope or method is an error page.
    2. Nobody signed in, or prompt=select_account: choose an account.
    3. An account that may not use the app: an error page.
    4. Everything asked for was granted before and prompt=consent was not sent: back with a code at once.
    5. Else the consent page.
    """
    world = request.app[WORLD]
    try:
        question = _check(world, request.query)
        user = pages.signed_in(request)
        if user is None or "select_account" in question.prompts:
            return _show_accounts(world, question)
        _check_account(world, user)
    except Blocked as blocked:
        return _show_error(world, blocked)
    if "consent" not in question.prompts and set(question.scopes) <= set(tokens.consented(world, user.id)):
        return _send_back(world, user, question, question.scopes, shown=False)
    if "none" in question.prompts:
        return _refuse(question, "interaction_required")
    return _show_consent(world, user, question, ticked=())


async def choose_user(request: web.Request) -> web.StreamResponse:
    """Sign in, without a password: these people do not exist."""
    form = await request.post()
    question = _checked(request.app[WORLD], form)
    if isinstance(question, web.Response):
        return question
    user = users.find(request.app[WORLD].store, str(form.get("user")))
    if user is None:
        raise web.HTTPBadRequest(text="Unknown user")
    response = _authorize_again(question)
    pages.sign_in(response, user)
    return response


async def switch_user(request: web.Request) -> web.StreamResponse:
    """Sign out and choose somebody else."""
    question = _checked(request.app[WORLD], await request.post())
    if isinstance(question, web.Response):
        return question
    response = _authorize_again(question)
    pages.sign_out(response)
    return response


async def decide(request: web.Request) -> web.StreamResponse:
    """Continue, Cancel, or "Select all", which shows the page again with every box ticked.

    Who ticks nothing grants signing in alone, and where that was not asked for either, nothing: access_denied.
    """
    world = request.app[WORLD]
    form = await request.post()
    question = _checked(world, form)
    if isinstance(question, web.Response):
        return question
    user = pages.signed_in(request)
    if user is None:
        return _authorize_again(question)
    boxes = apps.untickable(question.scopes)
    if form.get("decision") == "select_all":
        return _show_consent(world, user, question, ticked=boxes)
    if form.get("decision") != "continue":
        return _refuse(question, "access_denied")
    ticked = {str(scope) for scope in form.getall("granted", [])}
    granted = tuple(scope for scope in question.scopes if scope not in boxes or scope in ticked)
    if not granted:
        return _refuse(question, "access_denied")
    return _send_back(world, user, question, granted, shown=True)


def _check(world: World, given: Mapping[str, str]) -> Question:
    """Raises Blocked. The names of the errors are those of
    https://developers.google.com/identity/protocols/oauth2/web-server#authorization-errors
    """
    app = world.config.app
    if not given.get("client_id"):
        raise Blocked(400, "invalid_request", "Missing required parameter: client_id")
    if given["client_id"] != app.client_id:
        raise Blocked(401, "invalid_client", "The OAuth client was not found.")
    redirect_uri = given.get("redirect_uri", "")
    if redirect_uri not in app.redirect_uris:
        message = "You can't sign in to this app because it doesn't comply with Google's OAuth 2.0 policy."
        raise Blocked(400, "redirect_uri_mismatch", message)
    if given.get("response_type") != "code":
        raise Blocked(400, "unsupported_response_type", "Invalid response_type")
    scopes = apps.read_scopes(given.get("scope", ""))
    if not scopes:
        raise Blocked(400, "invalid_request", "Missing required parameter: scope")
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        raise Blocked(400, "invalid_scope", f"Some requested scopes were invalid. {{invalid={unknown}}}")
    challenge, method = given.get("code_challenge") or None, given.get("code_challenge_method") or "plain"
    if method not in tokens.CODE_CHALLENGE_METHODS:
        raise Blocked(400, "invalid_request", "Invalid parameter value for code_challenge_method")
    prompts = frozenset(given.get("prompt", "").split())
    if not prompts <= PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise Blocked(400, "invalid_request", "Invalid parameter value for prompt")
    if given.get("access_type", "online") not in ("online", "offline"):
        raise Blocked(400, "invalid_request", "Invalid parameter value for access_type")
    offline = given.get("access_type") == "offline"
    request = tokens.CodeRequest(redirect_uri, challenge, method, offline, given.get("nonce"))
    return Question(request, scopes, prompts, {name: given[name] for name in PARAMETERS if name in given})


def _checked(world: World, form: Form) -> Question | web.Response:
    """The same for what a form carried; an error page where it was tampered with."""
    try:
        return _check(world, {name: value for name, value in form.items() if isinstance(value, str)})
    except Blocked as blocked:
        return _show_error(world, blocked)


def _check_account(world: World, user: User) -> None:
    """Whether this account may use the app at all. Raises Blocked."""
    if user.blocked:
        message = f"{world.config.app.name} is blocked by the administrator of {user.hd or 'this account'}."
        raise Blocked(400, "admin_policy_enforced", message)
    if world.testing and world.test_users is not None and user.email not in world.test_users:
        message = f"{world.config.app.name} has not completed the Google verification process."
        raise Blocked(403, "access_denied", message)


def _show_accounts(world: World, question: Question) -> web.Response:
    """With ``login_hint`` the account meant comes first. Asked with prompt=none nothing may be shown."""
    if "none" in question.prompts:
        return _refuse(question, "interaction_required")
    hint = question.parameters.get("login_hint", "")
    people = sorted(users.everyone(world.store), key=lambda user: hint not in (user.email, user.id))
    people = [user for user in people if user.status != "deleted"]
    return pages.render("sign_in.html", app=world.config.app.name, people=people, carried=question.parameters)


def _show_consent(world: World, user: User, question: Question, ticked: tuple[str, ...]) -> web.Response:
    boxes = apps.untickable(question.scopes)
    already = tokens.consented(world, user.id)
    return pages.render(
        "consent.html",
        app=world.config.app.name,
        testing=world.testing,
        user=user,
        fixed=[(scope, SCOPES[scope]) for scope in question.scopes if scope not in boxes],
        boxes=[(scope, SCOPES[scope], scope in ticked or scope in already) for scope in boxes],
        carried=question.parameters,
    )


def _show_error(world: World, blocked: Blocked) -> web.Response:
    values = {"code": blocked.status, "error": blocked.error, "message": blocked.message}
    return pages.render("error.html", status=blocked.status, app=world.config.app.name, **values)


def _send_back(world: World, user: User, question: Question, granted: tuple[str, ...], shown: bool) -> web.Response:
    """To the app, with a code. Only a consent that was shown gives a refresh token.

    What comes along besides code and state is as Google sends it, for instance
    https://github.com/davido/gerrit-oauth-provider/issues/141
    """
    if question.parameters.get("include_granted_scopes") == "true":
        granted = tuple(dict.fromkeys((*granted, *tokens.consented(world, user.id))))
    offline = question.request.offline and shown
    code = apps.allow(world, user, replace(question.request, offline=offline), granted, question.scopes)
    return _redirect(
        tokens.redirect_with(
            question.request.redirect_uri,
            state=question.state,
            code=code,
            scope=" ".join(granted),
            authuser="0",
            hd=user.hd,
            prompt="consent" if shown else "none",
        )
    )


def _refuse(question: Question, error: str) -> web.Response:
    return _redirect(tokens.redirect_with(question.request.redirect_uri, error=error, state=question.state))


def _authorize_again(question: Question) -> web.Response:
    """The account is chosen: not to be asked for once more."""
    kept = " ".join(sorted(question.prompts - {"select_account"})) or None
    target = tokens.redirect_with(AUTHORIZE, **{**question.parameters, "prompt": kept})
    return web.Response(status=303, headers={"Location": target})


def _redirect(target: str) -> web.Response:
    return web.Response(status=302, headers={"Location": target, "Cache-Control": "no-store"})
