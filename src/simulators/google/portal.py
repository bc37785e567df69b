"""The pages a Google user would see: own events, third-party access, sent mails, and where a Meet link leads."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from simulators.google import apps, channels, conferences, events, limits, mails, pages, tokens, users
from simulators.google.config import SCOPES
from simulators.google.events import Event
from simulators.google.users import User
from simulators.google.vendor import WORLD
from simulators.google.world import World

MEET_CODE = "[a-z]{3}-[a-z]{4}-[a-z]{3}"
STATES = {"pending": "Meet link on its way", "failure": "Meet link failed"}


@dataclass(frozen=True)
class EventCard:
    """An event as the list shows it."""

    id: str
    calendar: str
    summary: str
    description: str
    day: str
    begins: str
    ends: str
    link: str | None
    words: list[str]
    guests: list[dict[str, Any]]


def add_routes(app: web.Application) -> None:
    app.router.add_get("/", go_to_portal)
    app.router.add_get("/portal", show_portal)
    app.router.add_get("/portal/content", show_content)
    app.router.add_post("/portal/events/{id}/delete", delete_event)
    app.router.add_post("/portal/apps/remove", remove_app)
    app.router.add_post("/portal/password", change_password)
    app.router.add_post("/portal/sign-out", leave)
    app.router.add_get(f"/{{code:{MEET_CODE}}}", join_meeting)
    app.router.add_get("/static/{name}", pages.serve_static)


async def go_to_portal(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/portal")


async def show_portal(request: web.Request) -> web.StreamResponse:
    world = request.app[WORLD]
    values = _content(world, _chosen(request))
    people = users.everyone(world.store)
    return pages.render("portal.html", people=people, signed_in=pages.signed_in(request), **values)


async def show_content(request: web.Request) -> web.StreamResponse:
    """The changing part alone; the page asks for it every two seconds."""
    return pages.render("portal_content.html", **_content(request.app[WORLD], _chosen(request)))


async def delete_event(request: web.Request) -> web.StreamResponse:
    """By hand in Google Calendar, without a mail to the guests."""
    world, user = request.app[WORLD], await _posted_user(request)
    own = [event for event in events.of_user(world, user) if event.id == request.match_info["id"]]
    for event in own:
        channels.tell(world, events.delete(world, event))
    return _back(user)


async def remove_app(request: web.Request) -> web.StreamResponse:
    user = await _posted_user(request)
    apps.remove(request.app[WORLD], user.id)
    return _back(user)


async def change_password(request: web.Request) -> web.StreamResponse:
    user = await _posted_user(request)
    tokens.change_password(request.app[WORLD], user.id)
    return _back(user)


async def leave(request: web.Request) -> web.StreamResponse:
    """Sign out of this Google, so that the next app asks who you are."""
    response = _back(await _posted_user(request))
    pages.sign_out(response)
    return response


async def join_meeting(request: web.Request) -> web.StreamResponse:
    """Where Meet would open. A room stays open although its event is gone, as at Google."""
    world = request.app[WORLD]
    conference = conferences.find(world, request.match_info["code"])
    if conference is None or conferences.status(world, conference) != "success":
        return pages.render("join.html", status=404, code=None, event=None, host=None)
    held = [event for event in events.every_one(world) if event.conference == conference.id]
    event = next((event for event in held if event.alive), None)
    host = users.find(world.store, conference.owner_id)
    card = _card(world, host, event) if event and host else None
    return pages.render("join.html", code=conference.id, event=card, host=host)


def _content(world: World, user: User) -> dict[str, Any]:
    """What the portal shows of one user."""
    mine = [mail for mail in mails.list_mails(world) if mail["user_id"] == user.id]
    watched = [channel for channel in channels.list_channels(world) if channel["user_id"] == user.id]
    names = {channel["id"] for channel in watched}
    return {
        "app": world.config.app.name,
        "user": user,
        "events": [_card(world, user, event) for event in events.of_user(world, user)],
        "scopes": [SCOPES[scope] for scope in tokens.consented(world, user.id)],
        "mails": mine[::-1][:10],
        "channels": [channel for channel in watched if channel["alive"]],
        "notifications": [sent for sent in channels.list_deliveries(world) if sent["channel"] in names][:10],
        "used": limits.used_this_minute(world, user),
        "limit": limits.limit(world, "user"),
    }


def _card(world: World, user: User, event: Event) -> EventCard:
    conference = conferences.find(world, event.conference)
    state = conferences.status(world, conference) if conference else "none"
    begins, ends = events.begins(event, user.timezone).isoformat(), events.ends(event, user.timezone).isoformat()
    day, at = pages.local_time(begins, user.timezone).split(", ")
    clock, zone = at.split(" ")
    all_day = "date" in event.content["start"]
    words = [STATES[state]] if state in STATES else []
    words += ["Free"] if event.content.get("transparency") == "transparent" else []
    words += [event.calendar] if event.calendar != user.email else []
    return EventCard(
        event.id,
        event.calendar,
        event.content.get("summary", "(No title)"),
        event.content.get("description", ""),
        day,
        "All day" if all_day else clock,
        "" if all_day else f"{pages.clock_time(ends, user.timezone)} {zone}",
        conferences.link(world, conference) if conference and state == "success" else None,
        words,
        [attendee for attendee in event.attendees if attendee["email"] != user.email],
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
