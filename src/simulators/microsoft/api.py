"""``/v1.0``: profile, calendar and events, as pure verbs from a read request to an answer."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from simulators.microsoft import admission, events, outlook, validation
from simulators.microsoft.events import Event, View
from simulators.microsoft.refusals import GraphRefusal, not_found
from simulators.microsoft.users import User
from simulators.microsoft.world import Answer, Call, World, json_answer

METADATA = "https://graph.microsoft.com/v1.0/$metadata"
PAGE = 10
MOST = 1000


def answer_me(world: World, call: Call) -> Answer:
    """``GET /me``: the default properties of https://learn.microsoft.com/en-us/graph/api/user-get"""
    user = admission.admit(world, call)
    shown: dict[str, Any] = {
        "businessPhones": [],
        "displayName": user.display_name,
        "givenName": user.first_name,
        "jobTitle": None,
        "mail": user.email if user.mailbox else None,
        "mobilePhone": None,
        "officeLocation": None,
        "preferredLanguage": user.language,
        "surname": user.last_name,
        "userPrincipalName": user.email,
        "id": user.id,
    }
    wanted = [name for name in call.query.get("$select", "").split(",") if name]
    shown = {name: shown[name] for name in shown if not wanted or name in wanted}
    return json_answer(200, {"@odata.context": f"{METADATA}#users/$entity", **shown}, user_id=user.id)


def answer_calendar(world: World, call: Call) -> Answer:
    """``GET /me/calendar``: https://learn.microsoft.com/en-us/graph/api/resources/calendar"""
    user = admission.admit(world, call)
    shown = {
        "@odata.context": f"{METADATA}#users('{user.id}')/calendar/$entity",
        "id": f"AQMkAD{user.id.replace('-', '')}AAA=",
        "name": "Calendar",
        "color": "auto",
        "hexColor": "",
        "changeKey": f"{user.id[:8]}AAAAAACOg==",
        "isDefaultCalendar": True,
        "canShare": True,
        "canViewPrivateItems": True,
        "canEdit": True,
        "allowedOnlineMeetingProviders": user.providers,
        "defaultOnlineMeetingProvider": user.providers[0] if user.providers else "unknown",
        "isTallyingResponses": True,
        "isRemovable": False,
        "owner": {"name": user.display_name, "address": user.email},
    }
    return json_answer(200, shown, user_id=user.id)


def answer_create(world: World, call: Call) -> Answer:
    """``POST /me/events``: 201, also for a create that is retried with its transactionId."""
    user = admission.admit(world, call)
    view, headers = admission.read_view(call)
    body = validation.read_body(call.body)
    event = events.find_retried(world, user, validation.check_event(body, creating=True))
    if event is None:
        event = outlook.make(world, user, body)
    return _answer_event(world, user, event, view, replace(_EMPTY, status=201, headers=headers))


def answer_list(world: World, call: Call) -> Answer:
    """``GET /me/events``: a page at a time. A $filter is refused, for the simulator does not understand it."""
    user = admission.admit(world, call)
    if "$filter" in call.query:
        raise GraphRefusal(501, "NotImplemented", "The simulator knows no $filter.")
    return answer_page(world, user, call, events.of_user(world, user))


def answer_get(world: World, call: Call) -> Answer:
    """``GET /me/events/{id}``, by either id."""
    user = admission.admit(world, call)
    view, headers = admission.read_view(call)
    event = find_event(world, user, call.target)
    return _answer_event(world, user, event, view, replace(_EMPTY, headers=headers))


def answer_update(world: World, call: Call) -> Answer:
    """``PATCH /me/events/{id}``: 200 and the event."""
    user = admission.admit(world, call)
    view, headers = admission.read_view(call)
    event = find_event(world, user, call.target)
    changed = outlook.change(world, user, event, validation.read_body(call.body))
    return _answer_event(world, user, changed, view, replace(_EMPTY, headers=headers))


def answer_delete(world: World, call: Call) -> Answer:
    """``DELETE /me/events/{id}``: 204; the attendees are told."""
    user = admission.admit(world, call)
    event = find_event(world, user, call.target)
    outlook.take_out(world, user, event)
    return Answer(204, user_id=user.id, item_id=event.id)


def answer_cancel(world: World, call: Call) -> Answer:
    """``POST /me/events/{id}/cancel``: 202 without a body; the attendees are told, with the comment.

    The page's example writes ``Comment``, its table ``comment``: https://learn.microsoft.com/en-us/graph/api/event-cancel
    """
    user = admission.admit(world, call)
    event = find_event(world, user, call.target)
    given = validation.read_body(call.body) if call.body.strip() else {}
    comment = given.get("comment", given.get("Comment"))
    outlook.take_out(world, user, event, comment if isinstance(comment, str) else None)
    return Answer(202, user_id=user.id, item_id=event.id)


def answer_unknown(world: World, call: Call) -> Answer:
    """Anything else below ``/v1.0``; the call log shows it."""
    del world
    segment = call.target.rsplit("/", 1)[-1]
    raise GraphRefusal(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


def find_event(world: World, user: User, event_id: str) -> Event:
    event = events.find(world, user, event_id)
    if event is None:
        raise not_found()
    return event


def answer_page(world: World, user: User, call: Call, found: list[Event]) -> Answer:
    """A page of events, with the link to the next: https://learn.microsoft.com/en-us/graph/paging"""
    view, headers = admission.read_view(call)
    size, first = _number(call, "$top", PAGE), _number(call, "$skip", 0)
    page = found[first : first + size]
    content: dict[str, Any] = {
        "@odata.context": f"{METADATA}#users('{user.id}')/{'calendarView' if call.operation == 'view' else 'events'}",
        "value": [events.show(world, user, event, view) for event in page],
    }
    if first + size < len(found):
        following = {**call.query, "$top": str(size), "$skip": str(first + size)}
        path = "calendarView" if call.operation == "view" else "events"
        content["@odata.nextLink"] = f"{world.base_url}/v1.0/me/{path}?{urlencode(following)}"
    return json_answer(200, content, user_id=user.id, headers=headers)


_EMPTY = Answer(200)


def _answer_event(world: World, user: User, event: Event, view: View, frame: Answer) -> Answer:
    selected = f"({','.join(view.select)})" if view.select else ""
    context = f"{METADATA}#users('{user.id}')/events{selected}/$entity"
    content = {"@odata.context": context, **events.show(world, user, event, view)}
    return json_answer(frame.status, content, headers=frame.headers, user_id=user.id, item_id=event.id)


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 9) or (name == "$top" and not 1 <= int(text) <= MOST):
        raise GraphRefusal(400, "ErrorInvalidUrlQuery", f"The value of {name} is not a number that is allowed.")
    return int(text)
