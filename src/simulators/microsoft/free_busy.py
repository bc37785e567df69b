"""When somebody is busy: ``GET /me/calendarView`` and ``POST /me/calendar/getSchedule``."""

from datetime import datetime, timedelta
from typing import Any

from simulators.microsoft import admission, api, events, users, validation
from simulators.microsoft.clock import format_precise, parse_instant
from simulators.microsoft.events import Event, View
from simulators.microsoft.refusals import GraphRefusal
from simulators.microsoft.users import User
from simulators.microsoft.world import Answer, Call, World, json_answer

# availabilityView: https://learn.microsoft.com/en-us/graph/api/resources/scheduleinformation
DIGITS = {"free": "0", "tentative": "1", "busy": "2", "oof": "3", "workingElsewhere": "4", "unknown": "2"}
LONGEST = timedelta(days=62)


def answer_view(world: World, call: Call) -> Answer:
    """Events that touch the range: https://learn.microsoft.com/en-us/graph/api/user-list-calendarview"""
    user = admission.admit(world, call)
    if "startDateTime" not in call.query or "endDateTime" not in call.query:
        message = (
            "This request requires a time window specified by the query string parameters StartDateTime and"
            " EndDateTime."
        )
        raise GraphRefusal(400, "ErrorInvalidParameter", message)
    begins, ends = (validation.read_instant(call.query[name]) for name in ("startDateTime", "endDateTime"))
    return api.answer_page(world, user, call, _touching(world, user, begins, ends))


def answer_schedule(world: World, call: Call) -> Answer:
    """Free and busy of people of one's own tenant: https://learn.microsoft.com/en-us/graph/api/calendar-getschedule"""
    user = admission.admit(world, call)
    if user.personal:  # "Delegated (personal Microsoft account): Not supported"
        raise admission.access_denied()
    view, headers = admission.read_view(call)
    body = validation.read_body(call.body)
    begins, _ = validation.read_time(body.get("startTime"))
    ends, _ = validation.read_time(body.get("endTime"))
    minutes, addresses = body.get("availabilityViewInterval", 30), body.get("schedules")
    if not isinstance(addresses, list) or not isinstance(minutes, int) or not 5 <= minutes <= 1440 or ends <= begins:
        raise GraphRefusal(400, "ErrorInvalidParameter", "The parameters of getSchedule are not as they should be.")
    if ends - begins > LONGEST:
        message = (
            "The requested time duration specified for FreeBusyViewOptions.TimeWindow is not within the allowed limit."
        )
        raise GraphRefusal(400, "ErrorInvalidParameter", message)
    window = (begins, ends, timedelta(minutes=minutes))
    value = [_describe(world, user, str(address), window, view) for address in addresses]
    context = f"{api.METADATA}#Collection(microsoft.graph.scheduleInformation)"
    return json_answer(200, {"@odata.context": context, "value": value}, user_id=user.id, headers=headers)


def _describe(
    world: World, asker: User, address: str, window: tuple[datetime, datetime, timedelta], view: View
) -> dict[str, Any]:
    found = users.find_by_email(world.store, address)
    if found is None or found.tenant_id != asker.tenant_id or not found.mailbox:
        # https://learn.microsoft.com/en-us/graph/api/resources/freebusyerror
        error = {
            "message": f"Unable to resolve e-mail address {address}.",
            "responseCode": "ErrorMailRecipientNotFound",
        }
        return {"scheduleId": address, "availabilityView": "", "scheduleItems": [], "error": error}
    begins, ends, step = window
    busy = _touching(world, found, begins, ends)
    return {
        "scheduleId": address,
        "availabilityView": _digits(busy, begins, ends, step),
        "scheduleItems": [_item(event, view, own=found.id == asker.id) for event in busy],
        "workingHours": {
            "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
            "startTime": "08:00:00.0000000",
            "endTime": "17:00:00.0000000",
            "timeZone": {"name": found.timezone},
        },
    }


def _item(event: Event, view: View, own: bool) -> dict[str, Any]:
    """What an item is about is told to its owner alone."""
    content = event.content
    times = {name: events.show_time(at, view.zone) for name, at in (("start", event.starts_at), ("end", event.ends_at))}
    if not own:
        return {"status": content["showAs"], **times}
    place = content["location"]["displayName"]
    private = content["sensitivity"] == "private"
    return {
        "isPrivate": private,
        "status": content["showAs"],
        "subject": content["subject"],
        "location": place,
        **times,
    }


def _digits(busy: list[Event], begins: datetime, ends: datetime, step: timedelta) -> str:
    """A digit for each slot: of several events the one that says most."""
    digits, at = "", begins
    while at < ends:
        slot = (format_precise(at), format_precise(at + step))
        inside = [e for e in busy if e.starts_at < slot[1] and e.ends_at > slot[0]]
        digits += max((DIGITS[event.content["showAs"]] for event in inside), default="0")
        at += step
    return digits


def _touching(world: World, user: User, begins: datetime, ends: datetime) -> list[Event]:
    found = events.of_user(world, user)
    return [e for e in found if parse_instant(e.starts_at) < ends and parse_instant(e.ends_at) > begins]
