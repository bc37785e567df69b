"""The pages a Zoom user would see at zoom.us: own meetings, added apps, and where a join link leads."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from simulators.zoom import apps, limits, meetings, pages, preferences, tokens, users, webhooks
from simulators.zoom.meetings import Meeting
from simulators.zoom.users import User
from simulators.zoom.vendor import WORLD
from simulators.zoom.world import World


@dataclass(frozen=True)
class MeetingCard:
    """A meeting as the list shows it. No passcode and no start link: they are the host's secrets."""

    id: int
    topic: str
    agenda: str
    begins: str
    ends: str
    minutes: int
    join_url: str
    words: list[str]


def add_routes(app: web.Application) -> None:
    app.router.add_get("/", go_to_portal)
    app.router.add_get("/portal", show_portal)
    app.router.add_get("/portal/content", show_content)
    app.router.add_post("/portal/meetings/{id}/delete", delete_meeting)
    app.router.add_post("/portal/apps/remove", remove_app)
    app.router.add_post("/portal/webhook/validate", validate_webhook)
    app.router.add_post("/portal/sign-out", leave)
    app.router.add_get("/j/{id}", join_meeting)
    app.router.add_get("/s/{id}", start_meeting)
    app.router.add_get("/static/{name}", pages.serve_static)


async def go_to_portal(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/portal")


async def show_portal(request: web.Request) -> web.StreamResponse:
    world = request.app[WORLD]
    user = _chosen(request)
    values = _content(world, user)
    people = users.everyone(world.store)
    return pages.render("portal.html", people=people, signed_in=pages.signed_in(request), **values)


async def show_content(request: web.Request) -> web.StreamResponse:
    """The changing part alone; the page asks for it every two seconds."""
    return pages.render("portal_content.html", **_content(request.app[WORLD], _chosen(request)))


async def delete_meeting(request: web.Request) -> web.StreamResponse:
    """As the host by hand: https://support.zoom.com/hc/en/article?id=zm_kb&sysparm_article=KB0068231"""
    world, user = request.app[WORLD], await _posted_user(request)
    text = request.match_info["id"]
    meeting = meetings.find(world, int(text)) if text.isdigit() and len(text) < 19 else None
    if meeting is not None and meeting.host_id == user.id:
        meetings.delete(world, meeting.id)
    return _back(user)


async def remove_app(request: web.Request) -> web.StreamResponse:
    user = await _posted_user(request)
    apps.remove(request.app[WORLD], user.id)
    return _back(user)


async def validate_webhook(request: web.Request) -> web.StreamResponse:
    user = await _posted_user(request)
    await webhooks.validate_endpoint(request.app[WORLD])
    return _back(user)


async def leave(request: web.Request) -> web.StreamResponse:
    """Sign out of this Zoom, so that the next app asks who you are."""
    response = _back(await _posted_user(request))
    pages.sign_out(response)
    return response


async def join_meeting(request: web.Request) -> web.StreamResponse:
    """Where Zoom would open for a guest. The host's start link is never shown."""
    world, text = request.app[WORLD], request.match_info["id"]
    meeting = meetings.find(world, int(text)) if text.isdigit() and len(text) < 19 else None
    host = users.find(world.store, meeting.host_id) if meeting else None
    if meeting is None or host is None or not meeting.alive:
        owner = next((u for u in users.everyone(world.store) if str(u.pmi) == text), None)
        return pages.render("join.html", status=200 if owner else 404, meeting=None, host=owner, pwd_ok=True)
    pwd = meeting.content["encrypted_password"]
    return pages.render(
        "join.html", meeting=_card(world, host, meeting), host=host, pwd_ok=not pwd or request.query.get("pwd") == pwd
    )


async def start_meeting(request: web.Request) -> web.StreamResponse:
    return pages.render("start.html")


def _content(world: World, user: User) -> dict[str, Any]:
    """What the portal shows of one user."""
    return {
        "app": world.config.app.name,
        "user": user,
        "meetings": [_card(world, user, meeting) for meeting in meetings.of_host(world, user.id)],
        "added": tokens.consented(world, user.id),
        "scopes": apps.granted_scopes(world, user.id),
        "install": _install_link(world),
        "deliveries": webhooks.list_deliveries(world)[:10],
        "webhook_url": world.config.app.webhook_url,
        "validation": world.store.fact("validation"),
        "used": limits.used_today(world, user.id),
        "limit": world.daily_limit,
    }


def _install_link(world: World) -> str | None:
    """As the Marketplace's Add button: no state, no challenge.

    https://github.com/zoom/zoomapps-advancedsample-react/issues/15
    """
    app = world.config.app
    if not app.redirect_uris:
        return None
    return tokens.redirect_with(
        "/oauth/authorize", response_type="code", client_id=app.client_id, redirect_uri=app.redirect_uris[0]
    )


def _card(world: World, user: User, meeting: Meeting) -> MeetingCard:
    content = meeting.content
    return MeetingCard(
        meeting.id,
        content["topic"],
        content["agenda"],
        pages.local_time(content["start_time"], user.timezone),
        pages.local_end(content["start_time"], content["duration"], user.timezone),
        content["duration"],
        meetings.join_url(world, meeting),
        preferences.describe(meeting.settings, content["password"]),
    )


def _chosen(request: web.Request) -> User:
    """The user named in the address, else who is signed in, else the first."""
    world = request.app[WORLD]
    named = users.find(world.store, request.query.get("user"))
    return named or pages.signed_in(request) or users.everyone(world.store)[0]


async def _posted_user(request: web.Request) -> User:
    user = users.find(request.app[WORLD].store, str((await request.post()).get("user", "")))
    if user is None:
        raise web.HTTPBadRequest(text="Unknown user")
    return user


def _back(user: User) -> web.Response:
    return web.Response(status=303, headers={"Location": tokens.redirect_with("/portal", user=user.id)})
