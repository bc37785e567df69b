import pytest

from tests.simulators.microsoft.driver import AMELIA, END, JONAS, LENA, START, Driver, Tokens, attendee


def link(answer_json: dict[str, dict[str, str]]) -> str:
    return answer_json["onlineMeeting"]["joinUrl"]


def test_the_profile_is_that_of_the_tokens_user(microsoft: Driver) -> None:
    profile = microsoft.me(microsoft.connect(JONAS)).json()
    assert (profile["id"], profile["displayName"]) == (JONAS, "Jonas Weber")
    assert profile["userPrincipalName"] == "jonas.weber@nordlicht.example"
    assert profile["mail"] is None


def test_the_calendar_says_which_meeting_providers_it_allows(microsoft: Driver, nora: Tokens) -> None:
    calendar = microsoft.get(nora, "me/calendar").json()
    assert calendar["allowedOnlineMeetingProviders"] == ["teamsForBusiness"]
    assert calendar["defaultOnlineMeetingProvider"] == "teamsForBusiness"
    personal = microsoft.get(microsoft.connect(LENA), "me/calendar").json()
    assert (personal["allowedOnlineMeetingProviders"], personal["defaultOnlineMeetingProvider"]) == ([], "unknown")


def test_without_a_calendar_licence_there_is_no_mailbox(microsoft: Driver) -> None:
    jonas = microsoft.connect(JONAS)
    for refused in (microsoft.get(jonas, "me/calendar"), microsoft.create(jonas), microsoft.get(jonas, "me/events")):
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "MailboxNotEnabledForRESTAPI")


def test_a_created_event_carries_what_was_asked_and_the_teams_link(microsoft: Driver, nora: Tokens) -> None:
    answer = microsoft.create(nora, subject="Solar consultation", location={"displayName": "Online"})
    event = answer.json()
    assert answer.status_code == 201
    assert (event["subject"], event["location"]["displayName"]) == ("Solar consultation", "Online")
    assert event["start"] == {"dateTime": f"{START}.0000000", "timeZone": "UTC"}
    assert event["end"] == {"dateTime": f"{END}.0000000", "timeZone": "UTC"}
    assert (event["isOnlineMeeting"], event["onlineMeetingProvider"]) == (True, "teamsForBusiness")
    assert link(event).startswith(f"{microsoft.url}/l/meetup-join/19%3ameeting_")
    assert event["onlineMeetingUrl"] is None
    assert "About the roof" in event["body"]["content"]
    assert event["bodyPreview"].startswith("About the roof")
    assert link(event) in event["body"]["content"].replace("&amp;", "&")


def test_without_is_online_meeting_there_is_no_link(microsoft: Driver, nora: Tokens) -> None:
    event = microsoft.create(nora, isOnlineMeeting=False).json()
    assert (event["isOnlineMeeting"], event["onlineMeeting"]) == (False, None)
    assert event["onlineMeetingProvider"] == "unknown"


def test_a_calendar_without_teams_makes_the_event_silently_without_a_link(microsoft: Driver) -> None:
    answer = microsoft.create(microsoft.connect(LENA))
    assert answer.status_code == 201
    assert (answer.json()["isOnlineMeeting"], answer.json()["onlineMeeting"]) == (False, None)


def test_a_retried_create_with_the_same_transaction_id_gives_the_same_event_and_mails_once(
    microsoft: Driver, nora: Tokens
) -> None:
    body = {"transactionId": "t-1", "attendees": [attendee("lead@example.org")]}
    first, second = microsoft.create(nora, **body), microsoft.create(nora, **body)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    assert first.json()["transactionId"] == "t-1"
    assert link(first.json()) == link(second.json())
    assert len(microsoft.alive()) == 1
    assert microsoft.mails() == [("invitation", "lead@example.org")]


def test_the_same_transaction_id_for_another_event_is_refused(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora, transactionId="t-1").json()
    refused = microsoft.create(nora, transactionId="t-1", subject="Another")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "ErrorDuplicateTransactionId")
    microsoft.delete(nora, made["id"])
    assert microsoft.create(nora, transactionId="t-1").json()["error"]["code"] == "ErrorDuplicateTransactionId"
    assert microsoft.create(microsoft.connect(AMELIA), transactionId="t-1").status_code == 201


def test_an_event_without_a_transaction_id_does_not_show_one(microsoft: Driver, nora: Tokens) -> None:
    first, second = microsoft.create(nora).json(), microsoft.create(nora).json()
    assert "transactionId" not in first
    assert first["id"] != second["id"]


def test_a_link_may_be_missing_at_first_and_be_there_later(microsoft: Driver, nora: Tokens) -> None:
    microsoft.control("limits", link_seconds=30)
    made = microsoft.create(nora).json()
    assert (made["isOnlineMeeting"], made["onlineMeeting"]) == (True, None)
    assert microsoft.alive()[0]["join_url"] is None
    assert microsoft.get(nora, f"me/events/{made['id']}").json()["onlineMeeting"] is None
    microsoft.control("clock", offset_seconds=31)
    later = microsoft.get(nora, f"me/events/{made['id']}").json()
    assert link(later).startswith(microsoft.url)
    assert later["changeKey"] != made["changeKey"]
    assert microsoft.alive()[0]["join_url"] == link(later)


def test_times_may_be_in_a_windows_or_an_iana_zone_and_are_answered_in_the_preferred_one(
    microsoft: Driver, nora: Tokens
) -> None:
    start = {"dateTime": "2031-06-02T10:00:00", "timeZone": "W. Europe Standard Time"}
    end = {"dateTime": "2031-06-02T10:45:00.0000000", "timeZone": "Europe/Berlin"}
    answer = microsoft.create(nora, 'outlook.timezone="Eastern Standard Time"', start=start, end=end)
    event = answer.json()
    assert event["start"] == {"dateTime": "2031-06-02T04:00:00.0000000", "timeZone": "Eastern Standard Time"}
    assert event["end"]["dateTime"] == "2031-06-02T04:45:00.0000000"
    zones = (event["originalStartTimeZone"], event["originalEndTimeZone"])
    assert zones == ("W. Europe Standard Time", "Europe/Berlin")
    assert answer.headers["Preference-Applied"] == 'outlook.timezone="Eastern Standard Time"'
    assert microsoft.get(nora, f"me/events/{event['id']}").json()["start"]["dateTime"] == f"{START}.0000000"


def test_an_update_answers_with_the_event_and_keeps_id_and_link(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora).json()
    moved = {"dateTime": "2031-06-03T12:00:00", "timeZone": "UTC"}
    later = {"dateTime": "2031-06-03T12:30:00", "timeZone": "UTC"}
    answer = microsoft.update(nora, made["id"], start=moved, end=later, subject="Moved")
    assert answer.status_code == 200
    changed = answer.json()
    assert (changed["id"], link(changed), changed["subject"]) == (made["id"], link(made), "Moved")
    assert changed["start"]["dateTime"] == "2031-06-03T12:00:00.0000000"
    assert changed["@odata.etag"] != made["@odata.etag"]
    assert microsoft.alive()[0]["updated"] == 1


def test_start_or_end_may_be_moved_alone_but_not_past_each_other(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora).json()
    assert microsoft.update(nora, made["id"], end={"dateTime": "2031-06-02T09:00:00"}).status_code == 200
    refused = microsoft.update(nora, made["id"], start={"dateTime": "2031-06-02T09:30:00"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "ErrorPropertyValidationFailure")


def test_a_body_without_the_meetings_part_ends_the_meeting(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora).json()
    changed = microsoft.update(nora, made["id"], body={"contentType": "html", "content": "<p>New text</p>"}).json()
    assert (changed["isOnlineMeeting"], changed["onlineMeeting"]) == (False, None)
    assert microsoft.alive()[0]["online"] is False
    assert microsoft.http.get(link(made)).status_code == 404


def test_a_body_that_keeps_the_meetings_part_keeps_the_meeting(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora).json()
    content = made["body"]["content"].replace("About the roof", "About the cellar")
    changed = microsoft.update(nora, made["id"], body={"contentType": "html", "content": content}).json()
    assert link(changed) == link(made)
    assert "About the cellar" in changed["body"]["content"]
    assert changed["body"]["content"].count("me-email-headline") == 1


@pytest.mark.parametrize("change", [{"isOnlineMeeting": False}, {"onlineMeetingProvider": "skypeForBusiness"}])
def test_once_online_an_event_stays_so(microsoft: Driver, nora: Tokens, change: dict[str, object]) -> None:
    made = microsoft.create(nora).json()
    changed = microsoft.update(nora, made["id"], **change)
    assert changed.status_code == 200
    assert link(changed.json()) == link(made)
    assert changed.json()["onlineMeetingProvider"] == "teamsForBusiness"


def test_an_event_can_be_made_online_later(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora, isOnlineMeeting=False).json()
    changed = microsoft.update(nora, made["id"], isOnlineMeeting=True, onlineMeetingProvider="teamsForBusiness")
    assert link(changed.json()).startswith(microsoft.url)


def test_a_deleted_event_is_not_found_any_more(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora).json()
    answer = microsoft.delete(nora, made["id"])
    assert (answer.status_code, answer.content) == (204, b"")
    for refused in (
        microsoft.delete(nora, made["id"]),
        microsoft.update(nora, made["id"], subject="x"),
        microsoft.get(nora, f"me/events/{made['id']}"),
        microsoft.post(nora, f"me/events/{made['id']}/cancel"),
    ):
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "ErrorItemNotFound")
    assert [event["alive"] for event in microsoft.truth()["events"]] == [False]


def test_another_users_event_looks_missing_and_stays(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora).json()
    amelia = microsoft.connect(AMELIA)
    assert microsoft.delete(amelia, made["id"]).json()["error"]["code"] == "ErrorItemNotFound"
    assert len(microsoft.alive()) == 1


def test_the_immutable_id_survives_a_move_and_the_ordinary_one_does_not(microsoft: Driver, nora: Tokens) -> None:
    preferred = microsoft.create(nora, 'IdType="ImmutableId"')
    immutable = preferred.json()["id"]
    assert preferred.headers["Preference-Applied"] == 'IdType="ImmutableId"'
    ordinary = microsoft.get(nora, f"me/events/{immutable}").json()["id"]
    assert ordinary != immutable
    microsoft.control("events/move", user_id=microsoft.alive()[0]["user_id"], id=immutable)
    assert microsoft.get(nora, f"me/events/{ordinary}").status_code == 404
    again = microsoft.get(nora, f"me/events/{immutable}", 'IdType="ImmutableId"').json()
    assert again["id"] == immutable
    assert microsoft.get(nora, f"me/events/{immutable}").json()["id"] != ordinary


def test_attendees_are_invited_told_of_changes_and_of_the_end(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora, attendees=[attendee("a@example.org"), attendee("b@example.org")]).json()
    assert microsoft.mails() == [("invitation", "a@example.org"), ("invitation", "b@example.org")]
    assert microsoft.truth()["mails"][0]["join_url"] == link(made)
    microsoft.update(nora, made["id"], subject="Moved")
    assert microsoft.mails()[2:] == [("update", "a@example.org"), ("update", "b@example.org")]
    microsoft.post(nora, f"me/events/{made['id']}/cancel", comment="We are ill")
    mails = microsoft.truth()["mails"][4:]
    assert [(mail["kind"], mail["comment"]) for mail in mails] == [("cancellation", "We are ill")] * 2


def test_a_change_of_attendees_is_told_to_those_alone(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora, attendees=[attendee("a@example.org"), attendee("b@example.org")]).json()
    microsoft.update(nora, made["id"], attendees=[attendee("b@example.org"), attendee("c@example.org")])
    assert microsoft.mails()[2:] == [("cancellation", "a@example.org"), ("invitation", "c@example.org")]


def test_without_attendees_nobody_is_mailed(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora).json()
    microsoft.update(nora, made["id"], subject="Moved")
    microsoft.delete(nora, made["id"])
    assert microsoft.mails() == []


def test_a_cancelled_event_is_accepted_without_a_body_and_gone(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora).json()
    answer = microsoft.http.post(f"/v1.0/me/events/{made['id']}/cancel", headers=nora.headers)
    assert (answer.status_code, answer.content) == (202, b"")
    assert microsoft.alive() == []


def test_selected_properties_come_with_id_and_etag_alone(microsoft: Driver, nora: Tokens) -> None:
    made = microsoft.create(nora).json()
    shown = microsoft.get(nora, f"me/events/{made['id']}", **{"$select": "isOnlineMeeting,onlineMeeting"}).json()
    assert set(shown) == {"@odata.context", "@odata.etag", "id", "isOnlineMeeting", "onlineMeeting"}


def test_the_list_comes_in_pages(microsoft: Driver, nora: Tokens) -> None:
    for number in range(12):
        microsoft.create(nora, subject=f"Number {number}")
    first = microsoft.get(nora, "me/events").json()
    assert len(first["value"]) == 10
    following = microsoft.http.get(first["@odata.nextLink"], headers=nora.headers).json()
    assert [event["subject"] for event in following["value"]] == ["Number 10", "Number 11"]
    assert "@odata.nextLink" not in following
    assert microsoft.get(nora, "me/events", **{"$filter": "subject eq 'x'"}).status_code == 501


def test_other_endpoints_are_refused_and_show_in_the_log(microsoft: Driver, nora: Tokens) -> None:
    answer = microsoft.get(nora, "me/drive")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
    assert microsoft.truth()["calls"][-1]["operation"] == "other"
