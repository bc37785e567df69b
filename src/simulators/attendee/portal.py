"""The page a person looks at: which bots there are, where they are, what they heard; and the meeting's side of it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import web

from simulators.attendee import api, bots, life, pages, people, states, transcripts, webhooks
from simulators.attendee.bots import Bot
from simulators.attendee.clock import parse_instant
from simulators.attendee.vendor import WORLD
from simulators.attendee.world import World

BUTTONS = {"admit": "Admit", "deny": "Deny", "remove": "Remove", "end_meeting": "End meeting"}
TONES = {states.RECORDING: "good", states.ENDED: "good", states.FATAL_ERROR: "bad", states.DATA_DELETED: "bad"}
# Shown are the newest; the control side knows all.
BOTS_SHOWN, DELIVERIES_SHOWN, LINES_SHOWN = 30, 12, 8
# A short recording's worth of silence: what is behind the link is nobody's voice.
RECORDING = b"simulated recording\n"
CONVERSATION = (
    ("Nora Brandt", "Thank you for your time. Let us begin with the roof."),
    ("Kim Park", "We have about sixty square metres facing south."),
    ("Nora Brandt", "Then we agree on ten kilowatts without a battery."),
    ("Kim Park", "Agreed. What does the grid operator need from us?"),
    ("Nora Brandt", "I will send you the offer and the form by Friday."),
    ("Kim Park", "Good. I will ask the owners and call you next week."),
)


@dataclass(frozen=True)
class Card:
    """A bot as the list shows it."""

    id: str
    name: str
    state: str
    tone: str
    meeting_url: str
    begins: str | None
    events: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    more_lines: int
    buttons: dict[str, str]
    may_talk: bool


def add_routes(app: web.Application) -> None:
    app.router.add_get("/", go_to_portal)
    app.router.add_get("/portal", show_portal)
    app.router.add_get("/portal/content", show_content)
    app.router.add_post("/portal/bots/{id}/{act}", press)
    app.router.add_get("/recordings/{name}", serve_recording)
    app.router.add_get("/static/{name}", pages.serve_static)


async def go_to_portal(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/portal")


async def show_portal(request: web.Request) -> web.StreamResponse:
    return pages.render("portal.html", **_content(request.app[WORLD]))


async def show_content(request: web.Request) -> web.StreamResponse:
    """The changing part alone; the page asks for it every two seconds."""
    return pages.render("portal_content.html", **_content(request.app[WORLD]))


async def press(request: web.Request) -> web.StreamResponse:
    """A button: what the people of the meeting do. One that no longer fits does nothing."""
    world, what = request.app[WORLD], request.match_info["act"]
    life.catch_up(world)
    bot = bots.find(world, request.match_info["id"])
    if bot is not None and what == "talk":
        _talk(world, bot)
    elif bot is not None and what in BUTTONS and people.may(bot, what):
        people.act(world, bot, what, None)
    return web.Response(status=303, headers={"Location": "/portal"})


async def serve_recording(request: web.Request) -> web.StreamResponse:
    """Whoever has the link may download, as from Attendee's store."""
    world, name = request.app[WORLD], request.match_info["name"]
    bot = bots.find(world, name.partition(".")[0])
    if bot is None or bot.state != states.ENDED or request.query.get("signature") != api.sign_recording(world, bot):
        raise web.HTTPForbidden
    kind = "audio/mpeg" if name.endswith(".mp3") else "video/mp4"
    return web.Response(body=RECORDING, content_type=kind)


def _talk(world: World, bot: Bot) -> None:
    """A sample conversation, beginning now."""
    began = bot.content["recording_started_at"]
    if bot.state != states.RECORDING or began is None:
        return
    after = (world.clock.now() - parse_instant(began)).total_seconds()
    lines: list[dict[str, Any]] = []
    for speaker, text in CONVERSATION:
        lines.append({"speaker": speaker, "text": text, "after_seconds": after, "duration_ms": 1500})
        after += 2
    people.speak(world, bot.meeting_url, lines)


def _content(world: World) -> dict[str, Any]:
    life.catch_up(world)
    newest = bots.every_one(world)[::-1][:BOTS_SHOWN]
    return {
        "project": world.config.project.name,
        "now": world.clock.now(),
        "ahead": world.clock.offset > timedelta(seconds=1),
        "bots": [_card(world, bot) for bot in newest],
        "deliveries": webhooks.list_deliveries(world)[:DELIVERIES_SHOWN],
        "webhook_url": world.config.project.webhook_url,
    }


def _card(world: World, bot: Bot) -> Card:
    lines = transcripts.read(world, bot)
    return Card(
        bot.id,
        bot.request["bot_name"],
        bot.state,
        TONES.get(bot.state, "wait"),
        bot.meeting_url,
        bot.join_at,
        bot.content["events"],
        lines[-LINES_SHOWN:],
        max(0, len(lines) - LINES_SHOWN),
        {what: label for what, label in BUTTONS.items() if _sensible(bot, what)},
        bot.state == states.RECORDING,
    )


def _sensible(bot: Bot, what: str) -> bool:
    """Whether the button is worth showing: nobody removes a bot that is still at the door."""
    if what in ("remove", "end_meeting"):
        return bot.state in states.IN_MEETING
    return bot.state == states.WAITING_ROOM
