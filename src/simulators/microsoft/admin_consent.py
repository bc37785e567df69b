"""``/{tenant}/v2.0/adminconsent``: an administrator lets the app in for the whole organisation.

https://learn.microsoft.com/en-us/entra/identity-platform/v2-admin-consent
"""

from collections.abc import Mapping

from aiohttp import web

from simulators.microsoft import apps, authority, consent, pages, tokens, users
from simulators.microsoft.config import GRAPH, SCOPES
from simulators.microsoft.refusals import SignInRefusal, Trace
from simulators.microsoft.users import User
from simulators.microsoft.vendor import WORLD
from simulators.microsoft.world import World

PATH = "/{tenant}/v2.0/adminconsent"
PARAMETERS = ("client_id", "redirect_uri", "scope", "state")


def add_routes(app: web.Application) -> None:
    app.router.add_get(PATH, ask, allow_head=False)
    app.router.add_post(PATH, decide)
    app.router.add_post(f"{PATH}/sign-in", choose_user)


async def ask(request: web.Request) -> web.StreamResponse:
    """The page to agree on. Whoever is signed in but no administrator of this tenant is asked to be somebody else."""
    world = request.app[WORLD]
    error = _check(world, request, request.query)
    if error is not None:
        return error
    user = pages.signed_in(request)
    if user is None or _objection(world, request, user):
        return _show_sign_in(world, request, request.query, "")
    return pages.render(
        "admin_consent.html",
        app=world.config.app.name,
        user=user,
        tenant=users.tenant_of(world.store, user),
        scopes=[(scope, SCOPES[scope]) for scope in _scopes(world, request.query)],
        carried=_carried(request.query),
        path=_path(request),
    )


async def choose_user(request: web.Request) -> web.StreamResponse:
    world = request.app[WORLD]
    form = await pages.read_form(request)
    error = _check(world, request, form)
    if error is not None:
        return error
    user = users.find(world.store, form.get("user"))
    if user is None:
        raise web.HTTPBadRequest(text="Unknown user")
    objection = _objection(world, request, user)
    if objection:
        return _show_sign_in(world, request, form, objection)
    response = pages.redirect(tokens.redirect_with(_path(request), **_carried(form)), status=303)
    pages.sign_in(response, user)
    return response


async def decide(request: web.Request) -> web.StreamResponse:
    """Accept or Cancel; both go back with ``admin_consent=True``, as the protocol's page shows it."""
    world = request.app[WORLD]
    form = await pages.read_form(request)
    error = _check(world, request, form)
    if error is not None:
        return error
    user = pages.signed_in(request)
    if user is None or _objection(world, request, user):
        return _show_sign_in(world, request, form, "")
    answer = {"admin_consent": "True", "tenant": user.tenant_id, "state": form.get("state")}
    if form.get("decision") == "accept":
        scopes = _scopes(world, form)
        apps.allow(world, user, scopes, for_tenant=True)
        answer["scope"] = " ".join(scope if scope in tokens.SIGN_IN_SCOPES else GRAPH + scope for scope in scopes)
    else:
        text = "The resource owner or authorization server denied the request."
        refusal = SignInRefusal("consent_required", 65004, text)
        answer["error"], answer["error_description"] = refusal.error, refusal.describe(Trace(world.clock.now()))
    return pages.redirect(tokens.redirect_with(form["redirect_uri"], **answer))


def _check(world: World, request: web.Request, given: Mapping[str, str]) -> web.Response | None:
    """An error page for a wrong app, tenant, redirect address or scope."""
    try:
        consent.check_client(world, request.match_info["tenant"], given)
        _scopes(world, given)
    except SignInRefusal as refusal:
        return consent.show_error(world, refusal)
    return None


def _scopes(world: World, given: Mapping[str, str]) -> tuple[str, ...]:
    return tokens.read_scopes(given.get("scope") or ".default", world.config.app.scopes)


def _objection(world: World, request: web.Request, user: User) -> str | None:
    """Why this person cannot agree for the organisation."""
    found = authority.objection(world, request.match_info["tenant"], user)
    if found is None and user.personal:
        found = "You can’t sign in here with a personal account. Use your work or school account instead."
    if found is None and not user.admin:
        # https://learn.microsoft.com/en-us/entra/identity/enterprise-apps/application-sign-in-unexpected-user-consent-error
        found = (
            f"AADSTS90093: {world.config.app.name} is requesting one or more permissions that you aren’t authorized to"
            " grant. Contact an administrator, who can consent to this application on your behalf."
        )
    return found


def _show_sign_in(world: World, request: web.Request, given: Mapping[str, str], complaint: str) -> web.Response:
    return pages.render(
        "sign_in.html",
        app=world.config.app.name,
        people=users.everyone(world.store),
        carried=_carried(given),
        action=f"{_path(request)}/sign-in",
        complaint=complaint,
    )


def _carried(given: Mapping[str, str]) -> dict[str, str]:
    return {name: given[name] for name in PARAMETERS if name in given}


def _path(request: web.Request) -> str:
    return PATH.format(tenant=request.match_info["tenant"])
