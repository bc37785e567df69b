"""``/{tenant}/oauth2/v2.0/authorize``: who are you, and may this app. What a person sees of OAuth.

https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from simulators.microsoft import apps, authority, pages, tokens, users
from simulators.microsoft.config import SCOPES
from simulators.microsoft.refusals import SignInRefusal, Trace
from simulators.microsoft.users import User
from simulators.microsoft.vendor import WORLD
from simulators.microsoft.world import World

PARAMETERS = (
    *("client_id", "response_type", "redirect_uri", "response_mode", "scope", "state", "nonce", "prompt", "login_hint"),
    *("domain_hint", "code_challenge", "code_challenge_method"),
)
PROMPTS = ("", "login", "none", "consent", "select_account")
PATH = "/{tenant}/oauth2/v2.0/authorize"


@dataclass(frozen=True)
class Question:
    """A checked authorization request. ``parameters`` are carried through the forms and checked anew each time."""

    tenant: str
    request: tokens.CodeRequest
    state: str | None
    prompt: str
    fragment: bool
    parameters: dict[str, str]

    @property
    def path(self) -> str:
        return PATH.format(tenant=self.tenant)


def add_routes(app: web.Application) -> None:
    app.router.add_get(PATH, ask, allow_head=False)
    app.router.add_post(PATH, decide)
    app.router.add_post(f"{PATH}/sign-in", choose_user)
    app.router.add_post(f"{PATH}/sign-out", switch_user)


async def ask(request: web.Request) -> web.StreamResponse:
    """What the authorization request leads to.

    1. A wrong app, tenant or redirect address is an error page: nothing is sent to an address not registered.
    2. Anything else that is wrong goes back to the app.
    3. With ``prompt=none`` nothing is shown: a code at once, or an error.
    4. Nobody signed in, or to be chosen anew: choose an account. One that this tenant does not admit says so.
    5. Only an administrator may agree, and this is none: "Need admin approval".
    6. Agreed before: back with a code at once. Else the consent page.
    """
    world = request.app[WORLD]
    question = _check(world, request, request.query)
    if isinstance(question, web.Response):
        return question
    user = pages.signed_in(request)
    if user is not None and authority.objection(world, question.tenant, user):
        user = None
    if question.prompt == "none":
        return _answer_silently(world, user, question)
    if user is None or question.prompt in ("login", "select_account"):
        return _show_sign_in(world, question, "")
    if apps.needs_admin(world, user, question.request.scopes):
        return _show_approval(world, user, question)
    if question.prompt != "consent" and not apps.needs_consent(world, user, question.request.scopes):
        return _send_code(world, user, question)
    return _show_consent(world, user, question)


async def choose_user(request: web.Request) -> web.StreamResponse:
    """Sign in, without a password: these people do not exist."""
    world = request.app[WORLD]
    form = await pages.read_form(request)
    question = _check(world, request, form)
    if isinstance(question, web.Response):
        return question
    user = users.find(world.store, form.get("user"))
    if user is None:
        raise web.HTTPBadRequest(text="Unknown user")
    objection = authority.objection(world, question.tenant, user)
    if objection is None and not user.enabled:
        objection = "AADSTS50057: The user account is disabled."
    if objection:
        return _show_sign_in(world, question, objection)
    response = _ask_again(question)
    pages.sign_in(response, user)
    return response


async def switch_user(request: web.Request) -> web.StreamResponse:
    """Sign out and choose somebody else."""
    question = _check(request.app[WORLD], request, await pages.read_form(request))
    if isinstance(question, web.Response):
        return question
    response = _ask_again(question)
    pages.sign_out(response)
    return response


async def decide(request: web.Request) -> web.StreamResponse:
    """Accept (for oneself or, as an administrator, for everybody) or Cancel; or go back from "Need admin approval"."""
    world = request.app[WORLD]
    form = await pages.read_form(request)
    question = _check(world, request, form)
    if isinstance(question, web.Response):
        return question
    user = pages.signed_in(request)
    if user is None or authority.objection(world, question.tenant, user):
        return _ask_again(question)
    if apps.needs_admin(world, user, question.request.scopes):
        # https://learn.microsoft.com/en-us/entra/identity/enterprise-apps/application-sign-in-unexpected-user-consent-error
        text = (
            f"{world.config.app.name} needs permission to access resources in your organization that only an admin can"
            " grant. Ask an admin to grant permission to this app before you can use it."
        )
        return _send_refusal(world, question, SignInRefusal("consent_required", 90094, text))
    if form.get("decision") != "accept":
        text = "User declined to consent to access the app."
        return _send_refusal(world, question, SignInRefusal("access_denied", 65004, text))
    scopes = apps.granted(user, question.request.scopes)
    apps.allow(world, user, scopes, for_tenant=user.admin and form.get("for_tenant") == "on")
    return _send_code(world, user, question)


def show_error(world: World, refusal: SignInRefusal) -> web.Response:
    """The page for what cannot be told to the app."""
    trace = Trace(world.clock.now())
    return pages.render("error.html", status=400, lines=refusal.describe(trace).split("\r\n"))


def check_client(world: World, tenant: str, given: Mapping[str, str]) -> None:
    """Raises SignInRefusal for an unknown tenant, app or redirect address."""
    authority.check(world, tenant)
    app = world.config.app
    if given.get("client_id") != app.client_id:
        raise authority.unknown_app(given.get("client_id", ""))
    if given.get("redirect_uri", "") not in app.redirect_uris:
        text = (
            f"The redirect URI '{given.get('redirect_uri', '')}' specified in the request does not match the redirect"
            f" URIs configured for the application '{app.client_id}'. Make sure the redirect URI sent in the request"
            " matches one added to your application in the Azure portal."
        )
        raise SignInRefusal("invalid_request", 50011, text)


def _check(world: World, request: web.Request, given: Mapping[str, str]) -> Question | web.Response:
    tenant = request.match_info["tenant"]
    try:
        check_client(world, tenant, given)
    except SignInRefusal as refusal:
        return show_error(world, refusal)
    fragment = given.get("response_mode") == "fragment"
    empty = tokens.CodeRequest(given["redirect_uri"], ())
    parameters = {name: given[name] for name in PARAMETERS if name in given}
    question = Question(tenant, empty, given.get("state"), given.get("prompt", ""), fragment, parameters)
    try:
        return Question(**{**vars(question), "request": _read_request(world, given)})
    except SignInRefusal as refusal:
        return _send_refusal(world, question, refusal)


def _read_request(world: World, given: Mapping[str, str]) -> tokens.CodeRequest:
    """Raises SignInRefusal. The numbers: https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes"""
    if given.get("response_type") != "code":
        text = "The response_type is not supported by the simulator: it knows 'code' alone."
        raise SignInRefusal("unsupported_response_type", 70005, text)
    if given.get("response_mode", "query") not in ("query", "fragment"):
        text = "The response_mode is not supported by the simulator: it knows 'query' and 'fragment'."
        raise SignInRefusal("invalid_request", 70007, text)
    if given.get("prompt", "") not in PROMPTS:
        raise SignInRefusal("invalid_request", 90023, f"Unsupported 'prompt' value '{given['prompt']}'.")
    method = given.get("code_challenge_method") or "plain"
    if method not in tokens.CODE_CHALLENGE_METHODS:
        raise SignInRefusal("invalid_request", 50149, "Invalid Code_Challenge_method parameter.")
    challenge = given.get("code_challenge") or None
    if challenge is not None and not 43 <= len(challenge) <= 128:
        raise SignInRefusal("invalid_request", 501491, "Invalid size of Code_Challenge parameter.")
    scopes = tokens.read_scopes(given.get("scope", ""), world.config.app.scopes)
    if not scopes:
        text = "The request body must contain the following parameter: 'scope'."
        raise SignInRefusal("invalid_request", 900144, text)
    return tokens.CodeRequest(given["redirect_uri"], scopes, challenge, method, given.get("nonce"))


def _answer_silently(world: World, user: User | None, question: Question) -> web.Response:
    if user is None:
        text = "Session information is not sufficient for single-sign-on."
        return _send_refusal(world, question, SignInRefusal("login_required", 50058, text))
    if apps.needs_consent(world, user, question.request.scopes):
        app = world.config.app
        text = (
            f"The user or administrator has not consented to use the application with ID '{app.client_id}' named"
            f" '{app.name}'. Send an interactive authorization request for this user and resource."
        )
        return _send_refusal(world, question, SignInRefusal("interaction_required", 65001, text))
    return _send_code(world, user, question)


def _show_sign_in(world: World, question: Question, complaint: str) -> web.Response:
    hint = question.parameters.get("login_hint", "").lower()
    people = sorted(users.everyone(world.store), key=lambda user: user.email.lower() != hint)
    return pages.render(
        "sign_in.html",
        app=world.config.app.name,
        people=people,
        carried=question.parameters,
        action=f"{question.path}/sign-in",
        complaint=complaint,
    )


def _show_approval(world: World, user: User, question: Question) -> web.Response:
    tenant = users.tenant_of(world.store, user)
    return pages.render(
        "approval.html",
        app=world.config.app.name,
        user=user,
        tenant=tenant,
        carried=question.parameters,
        path=question.path,
    )


def _show_consent(world: World, user: User, question: Question) -> web.Response:
    scopes = apps.granted(user, question.request.scopes)
    return pages.render(
        "consent.html",
        app=world.config.app.name,
        user=user,
        tenant=users.tenant_of(world.store, user),
        scopes=[(scope, SCOPES.get(scope, scope)) for scope in scopes],
        carried=question.parameters,
        path=question.path,
    )


def _send_code(world: World, user: User, question: Question) -> web.Response:
    code = apps.issue_code(world, user, question.request)
    return _send(question, code=code, state=question.state, session_state=str(uuid.uuid4()))


def _send_refusal(world: World, question: Question, refusal: SignInRefusal) -> web.Response:
    described = refusal.describe(Trace(world.clock.now()))
    return _send(question, error=refusal.error, error_description=described, state=question.state)


def _send(question: Question, **values: str | None) -> web.Response:
    target = question.request.redirect_uri
    if question.fragment:
        return pages.redirect(f"{target}#{tokens.encode(**values)}")
    return pages.redirect(tokens.redirect_with(target, **values))


def _ask_again(question: Question) -> web.Response:
    """Back to the beginning, with the prompt for another account spent."""
    spent = question.prompt in ("login", "select_account")
    kept = {name: value for name, value in question.parameters.items() if not (spent and name == "prompt")}
    return pages.redirect(tokens.redirect_with(question.path, **kept), status=303)
