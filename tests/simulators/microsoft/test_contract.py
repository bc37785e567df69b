"""The simulator's answers against the properties that Microsoft's pages list, written down here from those pages.

They were read in microsoftgraph/microsoft-graph-docs-contrib; each list names its page. Kinds: s text, b boolean,
n whole number, o object, l list, and a question mark where null is allowed.
"""

import re
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest

from simulators.microsoft import validation
from tests.simulators.microsoft.driver import LENA, NORA, Driver, Tokens, attendee
from tests.simulators.microsoft.receiver import Receiver

# https://learn.microsoft.com/en-us/graph/api/resources/event (api-reference/v1.0/resources/event.md, "Properties")
EVENT = {
    "allowNewTimeProposals": "b",
    "attendees": "l",
    "body": "o",
    "bodyPreview": "s",
    "categories": "l",
    "changeKey": "s",
    "createdDateTime": "s",
    "end": "o",
    "hasAttachments": "b",
    "hideAttendees": "b",
    "iCalUId": "s",
    "id": "s",
    "importance": "s",
    "isAllDay": "b",
    "isCancelled": "b",
    "isDraft": "b",
    "isOnlineMeeting": "b",
    "isOrganizer": "b",
    "isReminderOn": "b",
    "lastModifiedDateTime": "s",
    "location": "o",
    "locations": "l",
    "onlineMeeting": "o?",
    "onlineMeetingProvider": "s",
    "onlineMeetingUrl": "s?",
    "organizer": "o",
    "originalEndTimeZone": "s",
    "originalStart": "s",
    "originalStartTimeZone": "s",
    "recurrence": "o?",
    "reminderMinutesBeforeStart": "n",
    "responseRequested": "b",
    "responseStatus": "o",
    "sensitivity": "s",
    "seriesMasterId": "s?",
    "showAs": "s",
    "start": "o",
    "subject": "s",
    "transactionId": "s",
    "type": "s",
    "webLink": "s",
}
# "This property is not returned for events that are single instances"; "only returned … if an app has set it".
EVENT_ONLY_SOMETIMES = {"originalStart", "transactionId"}
# https://learn.microsoft.com/en-us/graph/api/resources/onlinemeetinginfo
MEETING_INFO = {
    "conferenceId": "s",
    "joinUrl": "s",
    "phones": "l",
    "quickDial": "s",
    "tollFreeNumbers": "l",
    "tollNumber": "s",
}
# https://learn.microsoft.com/en-us/graph/api/event-update , the table of the request body
UPDATABLE = {
    *("attendees", "body", "categories", "end", "hideAttendees", "importance", "isAllDay", "isOnlineMeeting"),
    *("isReminderOn", "location", "locations", "onlineMeetingProvider", "recurrence", "reminderMinutesBeforeStart"),
    *("responseRequested", "sensitivity", "showAs", "start", "subject"),
}
# https://learn.microsoft.com/en-us/graph/api/resources/calendar
CALENDAR = {
    "allowedOnlineMeetingProviders": "l",
    "canEdit": "b",
    "canShare": "b",
    "canViewPrivateItems": "b",
    "changeKey": "s",
    "color": "s",
    "defaultOnlineMeetingProvider": "s",
    "hexColor": "s",
    "id": "s",
    "isDefaultCalendar": "b",
    "isRemovable": "b",
    "isTallyingResponses": "b",
    "name": "s",
    "owner": "o",
}
# https://learn.microsoft.com/en-us/graph/api/user-get : "By default, only a limited set of properties are returned"
USER = {
    "businessPhones": "l",
    "displayName": "s",
    "givenName": "s",
    "id": "s",
    "jobTitle": "s?",
    "mail": "s?",
    "mobilePhone": "s?",
    "officeLocation": "s?",
    "preferredLanguage": "s?",
    "surname": "s",
    "userPrincipalName": "s",
}
# https://learn.microsoft.com/en-us/graph/api/resources/onlinemeeting ; externalId and isBroadcast stand in the answers
# of https://learn.microsoft.com/en-us/graph/api/onlinemeeting-createorget
MEETING = {
    "allowAttendeeToEnableCamera": "b",
    "allowAttendeeToEnableMic": "b",
    "allowMeetingChat": "s",
    "allowParticipantsToChangeName": "b",
    "allowTeamworkReactions": "b",
    "allowedPresenters": "s",
    "attendeeReport": "s",
    "audioConferencing": "o",
    "broadcastSettings": "o",
    "chatInfo": "o",
    "creationDateTime": "s",
    "endDateTime": "s",
    "externalId": "s",
    "id": "s",
    "isBroadcast": "b",
    "isEntryExitAnnounced": "b",
    "joinInformation": "o",
    "joinMeetingIdSettings": "o",
    "joinWebUrl": "s",
    "lobbyBypassSettings": "o",
    "participants": "o",
    "recordAutomatically": "b",
    "shareMeetingChatHistoryDefault": "s",
    "startDateTime": "s",
    "subject": "s?",
    "videoTeleconferenceId": "s?",
    "watermarkProtection": "o",
}
# Live events are deprecated, join information and watermarks are not simulated.
MEETING_LEFT_OUT = {
    *("allowParticipantsToChangeName", "attendeeReport", "broadcastSettings", "joinInformation"),
    *("shareMeetingChatHistoryDefault", "watermarkProtection"),
}
# https://learn.microsoft.com/en-us/graph/api/resources/joinmeetingidsettings and audioconferencing, chatinfo
JOIN_SETTINGS = {"isPasscodeRequired": "b", "joinMeetingId": "s", "passcode": "s?"}
CHAT = {"threadId": "s", "messageId": "s", "replyChainMessageId": "s?"}
# https://learn.microsoft.com/en-us/graph/api/resources/scheduleinformation , scheduleitem and freebusyerror
SCHEDULE = {"availabilityView": "s", "error": "o", "scheduleId": "s", "scheduleItems": "l", "workingHours": "o"}
SCHEDULE_ITEM = {"end": "o", "isPrivate": "b", "location": "s", "start": "o", "status": "s", "subject": "s"}
FREE_BUSY_ERROR = {"message": "s", "responseCode": "s"}
# https://learn.microsoft.com/en-us/graph/api/resources/subscription
SUBSCRIPTION = {
    "applicationId": "s",
    "changeType": "s",
    "clientState": "s?",
    "creatorId": "s",
    "encryptionCertificate": "s?",
    "encryptionCertificateId": "s?",
    "expirationDateTime": "s",
    "id": "s",
    "includeResourceData": "b?",
    "latestSupportedTlsVersion": "s",
    "lifecycleNotificationUrl": "s?",
    "notificationQueryOptions": "s?",
    "notificationUrl": "s",
    "notificationUrlAppId": "s?",
    "resource": "s",
}
# https://learn.microsoft.com/en-us/graph/api/resources/changenotification ; the resourceData of the example in
# https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks
NOTIFICATION = {
    "changeType": "s",
    "clientState": "s",
    "encryptedContent": "o",
    "id": "s",
    "lifecycleEvent": "s",
    "resource": "s",
    "resourceData": "o",
    "subscriptionExpirationDateTime": "s",
    "subscriptionId": "s",
    "tenantId": "s",
}
NOTIFICATION_ONLY_SOMETIMES = {"encryptedContent", "lifecycleEvent"}
RESOURCE_DATA = {"@odata.type": "s", "@odata.id": "s", "@odata.etag": "s", "id": "s"}
# https://learn.microsoft.com/en-us/graph/errors
INNER_ERROR = {"request-id": "s", "date": "s", "client-request-id": "s"}

KINDS: dict[str, type[Any]] = {"s": str, "b": bool, "n": int, "o": dict, "l": list}
TICKS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")
WALL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}")


def complaints(listed: dict[str, str], content: dict[str, Any]) -> list[str]:
    """What is not listed, or of another kind."""
    found = []
    for name, value in content.items():
        if name in ("@odata.context", "@odata.etag") and name not in listed:
            continue
        kind = listed.get(name)
        if kind is None:
            found.append(f"{name} is not listed")
        elif value is None:
            found += [] if kind.endswith("?") else [f"{name} is null"]
        elif not isinstance(value, KINDS[kind[0]]) or (kind[0] == "n" and isinstance(value, bool)):
            found.append(f"{name} is {value!r}")
    return found


def check(listed: dict[str, str], content: dict[str, Any], missing: set[str] | None = None) -> None:
    assert complaints(listed, content) == []
    assert set(listed) - set(content) == (missing or set())


def test_the_check_sees_what_is_unlisted_null_or_of_another_kind() -> None:
    assert complaints({"id": "s", "mail": "s?"}, {"id": "x", "mail": None, "@odata.context": "x"}) == []
    assert len(complaints({"id": "s", "n": "n"}, {"id": None, "n": True, "passcode": "y"})) == 3


def test_an_event_is_as_listed_and_complete(microsoft: Driver, nora: Tokens) -> None:
    bodies: list[dict[str, Any]] = [
        {},
        {"isOnlineMeeting": False},
        {"attendees": [attendee("a@example.org")], "location": {"displayName": "Online"}},
    ]
    for body in bodies:
        check(EVENT, microsoft.create(nora, **body).json(), EVENT_ONLY_SOMETIMES)
    event = microsoft.create(nora, transactionId="t").json()
    check(EVENT, event, {"originalStart"})
    assert complaints(MEETING_INFO, event["onlineMeeting"]) == []
    assert event["@odata.context"] == f"https://graph.microsoft.com/v1.0/$metadata#users('{NORA}')/events/$entity"
    assert event["@odata.etag"] == f'W/"{event["changeKey"]}"'


def test_every_way_to_an_event_shows_the_same(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora).json()
    day = {"startDateTime": "2031-06-02T00:00:00Z", "endDateTime": "2031-06-03T00:00:00Z"}
    got = microsoft.get(nora, f"me/events/{made['id']}").json()
    (listed,) = microsoft.get(nora, "me/events").json()["value"]
    (viewed,) = microsoft.get(nora, "me/calendarView", **day).json()["value"]
    del made["@odata.context"], got["@odata.context"]
    assert made == got == listed == viewed
    changed = microsoft.update(nora, made["id"], subject="Moved").json()
    check(EVENT, changed, EVENT_ONLY_SOMETIMES)


def test_times_have_seven_digits_and_no_offset(microsoft: Driver, nora: Tokens) -> None:
    event = microsoft.create(nora).json()
    for name in ("createdDateTime", "lastModifiedDateTime"):
        assert TICKS.fullmatch(event[name])
    for name in ("start", "end"):
        assert set(event[name]) == {"dateTime", "timeZone"}
        assert WALL_TIME.fullmatch(event[name]["dateTime"])


def test_everything_that_can_be_updated_is_understood() -> None:
    assert {"recurrence"} == UPDATABLE - validation.WRITABLE  # read, and refused unless null
    assert {"allowNewTimeProposals", "transactionId"} == validation.WRITABLE - UPDATABLE


def test_calendar_and_user_are_as_listed_and_complete(microsoft: Driver, nora: Tokens) -> None:
    for tokens in (nora, microsoft.connect(LENA)):
        check(CALENDAR, microsoft.get(tokens, "me/calendar").json())
        check(USER, microsoft.me(tokens).json())


def test_an_online_meeting_is_as_listed_and_complete(microsoft: Driver, nora: Tokens) -> None:
    meeting = microsoft.post(nora, "me/onlineMeetings/createOrGet", externalId="e").json()
    check(MEETING, meeting, MEETING_LEFT_OUT)
    check(JOIN_SETTINGS, meeting["joinMeetingIdSettings"])
    check(CHAT, meeting["chatInfo"])
    assert set(meeting["participants"]) == {"organizer", "attendees"}
    assert set(meeting["lobbyBypassSettings"]) == {"scope", "isDialInBypassEnabled"}
    for name in ("creationDateTime", "startDateTime", "endDateTime"):
        assert TICKS.fullmatch(meeting[name])
    check(MEETING, microsoft.post(nora, "me/onlineMeetings").json(), MEETING_LEFT_OUT | {"externalId"})


def test_a_schedule_is_as_listed(microsoft: Driver, nora: Tokens) -> None:
    microsoft.create(nora, location={"displayName": "Online"})
    body = {
        "schedules": ["nora.brandt@nordlicht.example", "nobody@nordlicht.example"],
        "startTime": {"dateTime": "2031-06-02T00:00:00", "timeZone": "UTC"},
        "endTime": {"dateTime": "2031-06-03T00:00:00", "timeZone": "UTC"},
    }
    found, unknown = microsoft.post(nora, "me/calendar/getSchedule", **body).json()["value"]
    check(SCHEDULE, found, {"error"})
    check(SCHEDULE_ITEM, found["scheduleItems"][0])
    check(SCHEDULE, unknown, {"workingHours"})
    check(FREE_BUSY_ERROR, unknown["error"])


def test_subscription_and_notification_are_as_listed_and_complete(microsoft: Driver, nora: Tokens) -> None:
    with Receiver() as receiver:
        expires_at = datetime.fromisoformat(microsoft.truth()["now"]) + timedelta(days=1)
        made = microsoft.subscribe(nora, receiver.url, expirationDateTime=expires_at.isoformat())
        check(SUBSCRIPTION, made.json())
        microsoft.create(nora)
        (notification,) = receiver.wait_for(1)
    check(NOTIFICATION, notification, NOTIFICATION_ONLY_SOMETIMES)
    check(RESOURCE_DATA, notification["resourceData"])
    assert TICKS.fullmatch(notification["subscriptionExpirationDateTime"])


def refusals(microsoft: Driver, nora: Tokens) -> list[httpx2.Response]:
    return [
        microsoft.http.get("/v1.0/me"),
        microsoft.me(Tokens("made-up", "")),
        microsoft.create(nora, start=None),
        microsoft.delete(nora, "unknown"),
        microsoft.get(nora, "me/onlineMeetings/unknown"),
        microsoft.get(nora, "subscriptions/unknown"),
        microsoft.get(nora, "me/unknown"),
        microsoft.post(nora, "subscriptions"),
    ]


def test_every_refusal_of_graph_has_the_form_of_its_errors(microsoft: Driver, nora: Tokens) -> None:
    for answer in refusals(microsoft, nora):
        assert 400 <= answer.status_code < 500
        content = answer.json()
        assert set(content) == {"error"}
        assert set(content["error"]) == {"code", "message", "innerError"}
        check(INNER_ERROR, content["error"]["innerError"])
        assert content["error"]["innerError"]["request-id"] == answer.headers["request-id"]


def test_a_client_request_id_comes_back(microsoft: Driver, nora: Tokens) -> None:
    headers = {**nora.headers, "client-request-id": "11111111-2222-3333-4444-555555555555"}
    for path in ("/v1.0/me", "/v1.0/me/events/unknown"):
        assert microsoft.http.get(path, headers=headers).headers["client-request-id"] == headers["client-request-id"]


def test_a_missing_token_is_told_where_to_sign_in(microsoft: Driver) -> None:
    refused = microsoft.http.get("/v1.0/me")
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert refused.headers["WWW-Authenticate"].startswith('Bearer realm=""')


@pytest.mark.parametrize(("operation", "status"), [("create", 503), ("me", 500), ("list", 429)])
def test_an_ordered_status_without_a_body_has_the_form_of_graphs_errors(
    microsoft: Driver, nora: Tokens, operation: str, status: int
) -> None:
    microsoft.fault(operation, "status", status=status, headers={"Retry-After": "7"})
    calls = {"create": microsoft.create, "me": microsoft.me}
    answer = calls[operation](nora) if operation in calls else microsoft.get(nora, "me/events")
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
    check(INNER_ERROR, answer.json()["error"]["innerError"])
