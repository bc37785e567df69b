"""The pages a person would see: own calendar and meetings, mails sent, apps, and where a join link leads."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from simulators.microsoft import (
    apps,
    events,
    invitations,
    notifications,
    online_meetings,
    outlook,
    pages,
    subscriptions,
    tokens,
    users,
)
from simulators.microsoft.events import Event
from simulators.microsoft.online_meetings import Meeting
from simulators.microsoft.users import User
from simulators.microsoft.vendor import WORLD
from simulators.microsoft.world import World


@dataclass(frozen=True)
class Card:
    """An event or a standalone meeting as the lists show it."""

    id: str
    subject: str
    begins: str
    ends: str
    join_url: str | None
    words: list[str]


def add_routes(app: web.Application) -> None:
    app.router.add_get("/", go_to_portal)
    app.router.add_get("/portal", show_portal)
    app.router.add_get("/portal/content", show_content)
    app.router.add_post("/portal/events/delete", delete_event)
    app.router.add_post("/portal/meetings/delete", delete_meeting)
    app.router.add_post("/portal/apps/remove", remove_app)
    app.router.add_post("/portal/sign-out", leave)
    app.router.add_get("/l/meetup-join/{thread}/0", join_meeting)
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
    """By hand in Outlook: attendees are told, and so is who subscribed."""
    world = request.app[WORLD]
    user, form = await _posted(request)
    event = events.find(world, user, form.get("id", ""))
    if event is not None:
        outlook.take_out(world, user, event)
    return _back(user)


async def delete_meeting(request: web.Request) -> web.StreamResponse:
    world = request.app[WORLD]
    user, form = await _posted(request)
    for meeting in online_meetings.of_user(world, user):
        if meeting.id == form.get("id"):
            online_meetings.delete(world, meeting)
    return _back(user)


async def remove_app(request: web.Request) -> web.StreamResponse:
    """Take the consent back, as at https://myapps.microsoft.com ; with ``for_tenant`` the organisation's."""
    user, form = await _posted(request)
    apps.remove(request.app[WORLD], user, for_tenant=user.admin and form.get("for_tenant") == "on")
    return _back(user)


async def leave(request: web.Request) -> web.StreamResponse:
    """Sign out of this Microsoft, so that the next app asks who you are."""
    user, _ = await _posted(request)
    response = _back(user)
    pages.sign_out(response)
    return response


async def join_meeting(request: web.Request) -> web.StreamResponse:
    """Where Teams would open for a guest."""
    world, thread = request.app[WORLD], request.match_info["thread"]
    for user in users.everyone(world.store):
        for event in events.of_user(world, user):
            if event.linked and event.content["online"]["thread"] == thread:
                return pages.render("join.html", meeting=_event_card(world, user, event), host=user)
        for meeting in online_meetings.of_user(world, user):
            if meeting.content["thread"] == thread:
                return pages.render("join.html", meeting=_meeting_card(world, user, meeting), host=user)
    return pages.render("join.html", status=404, meeting=None, host=None)


def _content(world: World, user: User) -> dict[str, Any]:
    """What the portal shows of one user."""
    consented = apps.consented(world, user)
    tenant = users.tenant_of(world.store, user)
    mine = {one["id"] for one in subscriptions.of_user(world, user)}
    deliveries = [one for one in notifications.list_deliveries(world) if one["subscription_id"] in mine]
    return {
        "app": world.config.app.name,
        "user": user,
        "tenant": tenant,
        "events": [_event_card(world, user, event) for event in events.of_user(world, user)],
        "meetings": [_meeting_card(world, user, meeting) for meeting in online_meetings.of_user(world, user)],
        "mails": [mail for mail in invitations.sent(world) if mail["sender"] == user.email][:-11:-1],
        "scopes": consented,
        "for_tenant": apps.consented_by_tenant(world, tenant.id),
        "subscribed": len(mine),
        "deliveries": deliveries[:10],
    }


def _event_card(world: World, user: User, event: Event) -> Card:
    attendees = [f"{one['name']} invited" for one in event.content["attendees"]]
    online = event.content["online"]
    state = "Teams meeting" if event.linked else "Teams link not ready" if online else "No Teams meeting"
    return Card(
        event.id,
        event.content["subject"] or "(No subject)",
        pages.local_time(event.starts_at, user.timezone),
        pages.local_clock(event.ends_at, user.timezone),
        events.join_url(world, user, event),
        [state, event.content["showAs"].capitalize(), *attendees],
    )


def _meeting_card(world: World, user: User, meeting: Meeting) -> Card:
    content = meeting.content
    return Card(
        meeting.id,
        content["subject"] or "(No subject)",
        pages.local_time(content["starts_at"], user.timezone),
        pages.local_clock(content["ends_at"], user.timezone),
        online_meetings.join_url(world, user, meeting),
        ["Not in the calendar", "Nobody is mailed"],
    )


def _chosen(request: web.Request) -> User:
    """The user named in the address, else who is signed in, else the first."""
    world = request.app[WORLD]
    named = users.find(world.store, request.query.get("user"))
    return named or pages.signed_in(request) or users.everyone(world.store)[0]


async def _posted(request: web.Request) -> tuple[User, dict[str, str]]:
    form = await pages.read_form(request)
    user = users.find(request.app[WORLD].store, form.get("user"))
    if user is None:
        raise web.HTTPBadRequest(text="Unknown user")
    return user, form


def _back(user: User) -> web.Response:
    return pages.redirect(tokens.redirect_with("/portal", user=user.id), status=303)
