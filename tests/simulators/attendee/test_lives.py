"""A bot's life, from its order to its end, by the clock and by what the people of the meeting do."""

from typing import Any

import pytest

from tests.simulators.attendee.driver import LINK, MEET_LINK, TEAMS_LINK, Driver
from tests.simulators.attendee.receiver import Receiver

IN = ["join_requested", "joined_meeting", "recording_permission_granted"]


def test_a_scheduled_bot_is_staged_five_minutes_before_and_joins_at_its_time(attendee: Driver) -> None:
    attendee.control("pace", joining=60, recording=60)
    bot = attendee.scheduled()
    seen = []
    for instant in ("07:54:00", "07:55:01", "07:59:00", "08:00:01", "08:01:01", "08:02:01"):
        attendee.at(f"2031-06-02T{instant}Z")
        seen.append(attendee.state(bot))
    assert seen == ["scheduled", "staged", "staged", "joining", "joined_not_recording", "joined_recording"]
    assert attendee.happened(bot) == ["staged", *IN]
    created = [event["created_at"] for event in attendee.get(bot)["events"]]
    assert created == [
        "2031-06-02T07:55:00Z",
        "2031-06-02T08:00:00Z",
        "2031-06-02T08:01:00Z",
        "2031-06-02T08:02:00Z",
    ]


def test_a_bot_that_is_due_within_five_minutes_is_staged_at_once(attendee: Driver) -> None:
    made = attendee.create(join_at="2031-06-02T07:03:00Z").json()
    assert made["state"] == "scheduled"
    assert attendee.state(made["id"]) == "staged"


def test_a_bot_without_a_time_joins_at_once(attendee: Driver) -> None:
    made = attendee.create().json()
    assert (made["state"], made["join_at"], [event["type"] for event in made["events"]]) == (
        "joining",
        None,
        ["join_requested"],
    )
    attendee.after(13)
    assert attendee.state(made["id"]) == "joined_recording"


def test_a_jump_of_the_clock_lets_everything_happen_at_its_own_instant(attendee: Driver) -> None:
    attendee.meeting(ends_at="2031-06-02T08:15:00Z")
    bot = attendee.scheduled()
    attendee.at("2031-06-03T00:00:00Z")
    assert attendee.happened(bot) == ["staged", *IN, "meeting_ended", "post_processing_completed"]
    shown = attendee.get(bot)
    assert [event["created_at"] for event in shown["events"]][-2:] == ["2031-06-02T08:15:00Z", "2031-06-02T08:15:20Z"]
    assert (shown["state"], shown["recording_state"], shown["transcription_state"]) == ("ended", "complete", "complete")


def test_a_moved_bot_joins_at_the_new_time_only(attendee: Driver) -> None:
    bot = attendee.scheduled()
    assert attendee.call("PATCH", f"/{bot}", json={"join_at": "2031-06-02T09:00:00Z"}).status_code == 200
    attendee.at("2031-06-02T08:54:00Z")
    assert attendee.happened(bot) == []
    attendee.at("2031-06-02T09:00:13Z")
    assert attendee.state(bot) == "joined_recording"


def test_a_deleted_bot_never_joins(attendee: Driver) -> None:
    bot = attendee.scheduled()
    answer = attendee.call("DELETE", f"/{bot}")
    assert (answer.status_code, answer.content) == (200, b"")
    attendee.at("2031-06-02T09:00:00Z")
    assert attendee.call("GET", f"/{bot}").json() == {"error": "Bot not found"}
    (truth,) = attendee.truth()["bots"]
    assert (truth["deleted"], truth["events"]) == (True, [])


def test_a_staged_bot_can_be_neither_moved_nor_deleted_nor_sent_away(attendee: Driver) -> None:
    bot = attendee.scheduled()
    attendee.at("2031-06-02T07:56:00Z")
    refusals = [
        attendee.call("PATCH", f"/{bot}", json={"join_at": "2031-06-02T09:00:00Z"}),
        attendee.call("DELETE", f"/{bot}"),
        attendee.call("POST", f"/{bot}/leave"),
    ]
    assert [refused.status_code for refused in refusals] == [400, 400, 400]
    assert all("Bot is in state staged" in r.json()["error"] for r in refusals[:2])
    assert "not allowed when bot is in state staged" in refusals[2].json()["error"]
    assert attendee.call("PATCH", f"/{bot}", json={"metadata": {"still": "allowed"}}).status_code == 200


def test_leaving_ends_in_post_processing_and_then_the_end(attendee: Driver) -> None:
    bot = attendee.inside()
    answer = attendee.call("POST", f"/{bot}/leave")
    assert (answer.status_code, answer.json()["state"]) == (200, "leaving")
    attendee.after(4)
    assert attendee.state(bot) == "post_processing"
    attendee.after(20)
    assert attendee.happened(bot)[3:] == ["leave_requested:user_requested", "left_meeting", "post_processing_completed"]
    assert attendee.call("POST", f"/{bot}/leave").status_code == 400


def test_a_bot_in_the_waiting_room_is_admitted(attendee: Driver) -> None:
    attendee.meeting(waiting_room=True)
    bot = attendee.create().json()["id"]
    attendee.after(60)
    assert attendee.state(bot) == "waiting_room"
    assert attendee.act("admit") == {"bots": [{"id": bot, "state": "joined_not_recording"}]}
    attendee.after(3)
    assert attendee.state(bot) == "joined_recording"


@pytest.mark.parametrize(
    ("order", "link", "happening"),
    [
        ({}, LINK, ["could_not_join_meeting:request_to_join_denied"]),
        ({}, MEET_LINK, ["could_not_join_meeting:request_to_join_denied"]),
        ({}, TEAMS_LINK, ["meeting_ended"]),
    ],
)
def test_a_bot_that_is_turned_away_fails_but_in_teams_its_meeting_ends(
    attendee: Driver, order: dict[str, Any], link: str, happening: list[str]
) -> None:
    host = {"name": "Nora Brandt", "is_host": True}
    attendee.meeting(link, waiting_room=True, participants=[host])
    bot = attendee.create(meeting_url=link).json()["id"]
    attendee.after(60)
    attendee.act("deny", bot_id=bot)
    assert attendee.happened(bot) == ["join_requested", "put_in_waiting_room", *happening]
    if link == TEAMS_LINK:
        (truth,) = attendee.truth()["bots"]
        assert truth["events"][-1]["metadata"]["bot_removed_by"]["name"] == "Nora Brandt"
        assert "id" not in truth["events"][-1]["metadata"]["bot_removed_by"]


@pytest.mark.parametrize(("settings", "seconds"), [({}, 900), ({"waiting_room_timeout_seconds": 60}, 60)])
def test_nobody_who_admits_it_makes_a_bot_give_up(attendee: Driver, settings: dict[str, int], seconds: int) -> None:
    attendee.meeting(waiting_room=True)
    bot = attendee.create(automatic_leave_settings=settings).json()["id"]
    attendee.after(seconds - 20)
    assert attendee.state(bot) == "waiting_room"
    attendee.after(31)
    assert attendee.happened(bot)[-1] == "could_not_join_meeting:waiting_room_timeout_exceeded"
    assert attendee.state(bot) == "fatal_error"


def test_a_bot_waits_ten_minutes_for_the_meeting_to_begin(attendee: Driver) -> None:
    attendee.meeting(started=False)
    first = attendee.create().json()["id"]
    attendee.after(300)
    second = attendee.create().json()["id"]
    attendee.after(301)
    assert attendee.happened(first)[-1] == "could_not_join_meeting:meeting_not_started_waiting_for_host"
    assert attendee.state(second) == "joining"
    attendee.meeting(started=True)
    attendee.after(3)
    assert attendee.state(second) == "joined_recording"


def test_a_link_that_leads_nowhere_is_a_fatal_error(attendee: Driver) -> None:
    attendee.meeting(exists=False)
    bot = attendee.create().json()["id"]
    attendee.after(11)
    assert attendee.happened(bot)[-1] == "could_not_join_meeting:meeting_not_found"


@pytest.mark.parametrize("what", ["remove", "end_meeting"])
def test_when_the_host_removes_it_or_ends_the_meeting_the_meeting_has_ended_for_the_bot(
    attendee: Driver, what: str
) -> None:
    bot = attendee.inside()
    attendee.act(what)
    assert attendee.happened(bot)[-1] == "meeting_ended"
    attendee.after(21)
    assert attendee.state(bot) == "ended"


def test_only_teams_tells_who_removed_the_bot(attendee: Driver) -> None:
    host = {"name": "Nora Brandt", "uuid": "8:orgid:1", "is_host": True}
    for link in (TEAMS_LINK, LINK):
        attendee.meeting(link, participants=[host])
        attendee.act("remove", bot_id=attendee.inside(meeting_url=link))
    teams, zoom = attendee.truth()["bots"]
    remover = teams["events"][-1]["metadata"]["bot_removed_by"]
    assert (remover["uuid"], remover["is_host"], remover["id"][:4]) == ("8:orgid:1", True, "par_")
    assert zoom["events"][-1]["metadata"] == {}


def test_without_permission_nothing_is_recorded_until_it_is_granted(attendee: Driver) -> None:
    attendee.meeting(recording_permission="denied")
    bot = attendee.create().json()["id"]
    attendee.after(13)
    assert attendee.state(bot) == "joined_recording_permission_denied"
    assert attendee.get(bot)["recording_state"] == "not_started"
    attendee.meeting(recording_permission="granted")
    assert attendee.state(bot) == "joined_recording"
    attendee.meeting(recording_permission="denied")
    assert (attendee.state(bot), attendee.get(bot)["recording_state"]) == (
        "joined_recording_permission_denied",
        "paused",
    )


def test_a_bot_leaves_when_everybody_has_gone(attendee: Driver) -> None:
    attendee.meeting(participants=["Kim Park"])
    bot = attendee.inside()
    attendee.meeting(participants=[])
    attendee.after(30)
    assert attendee.state(bot) == "joined_recording"
    attendee.after(31)
    assert attendee.happened(bot)[3] == "leave_requested:auto_leave_only_participant_in_meeting"


def test_a_bot_leaves_a_meeting_in_which_nobody_speaks_any_more(attendee: Driver) -> None:
    attendee.say({"speaker": "Kim", "text": "Still here", "after_seconds": 900})
    bot = attendee.inside()
    attendee.after(1480)
    assert attendee.state(bot) == "joined_recording"
    attendee.after(30)
    assert attendee.happened(bot)[3] == "leave_requested:auto_leave_silence"


def test_how_far_the_clock_jumps_does_not_change_when_a_bot_leaves_for_silence(attendee: Driver) -> None:
    attendee.say({"speaker": "Kim", "text": "Too late", "after_seconds": 2000})
    bot = attendee.inside()
    attendee.after(36_000)
    assert attendee.happened(bot)[3] == "leave_requested:auto_leave_silence"
    assert attendee.said(bot) == []


def test_a_bot_stays_no_longer_than_it_may(attendee: Driver) -> None:
    bot = attendee.inside(automatic_leave_settings={"max_uptime_seconds": 120})
    attendee.after(120)
    assert attendee.happened(bot)[3] == "leave_requested:auto_leave_max_uptime_exceeded"


@pytest.mark.parametrize(
    ("reason", "event"),
    [("heartbeat_timeout", "fatal_error"), ("zoom_authorization_failed", "could_not_join_meeting")],
)
def test_a_bot_can_break_for_any_of_attendees_reasons(attendee: Driver, reason: str, event: str) -> None:
    bot = attendee.create().json()["id"]
    attendee.act("fail", bot_id=bot, reason=reason)
    assert attendee.happened(bot)[-1] == f"{event}:{reason}"
    assert attendee.state(bot) == "fatal_error"


def test_a_broken_bot_keeps_what_it_heard(attendee: Driver) -> None:
    attendee.say({"speaker": "Kim", "text": "Before the crash", "after_seconds": 0})
    bot = attendee.inside()
    attendee.after(5)
    attendee.act("fail", bot_id=bot, reason="process_terminated")
    assert attendee.said(bot) == [("Kim", "Before the crash")]
    assert attendee.get(bot)["recording_state"] == "complete"


def test_the_truth_knows_how_many_bots_were_in_a_meeting_at_once(attendee: Driver) -> None:
    attendee.inside()
    assert attendee.truth()["meetings"][0]["most_bots_at_once"] == 1
    attendee.inside()
    assert attendee.truth()["meetings"][0]["most_bots_at_once"] == 2


class TestZoomsRuleOnBehalfOfAUser:
    """A meeting of another account: the bot needs a token, and the user it stands for must be inside."""

    def tokens(self, receiver: Receiver) -> dict[str, Any]:
        return {"callback_settings": {"zoom_tokens_url": receiver.url}}

    def test_a_bot_without_a_token_does_not_come_in(self, attendee: Driver) -> None:
        attendee.meeting(authorization=True)
        bot = attendee.create().json()["id"]
        attendee.after(11)
        assert attendee.happened(bot)[-1] == "could_not_join_meeting:zoom_app_cannot_join_anonymously"

    def test_the_token_is_fetched_by_a_signed_call_and_the_bot_comes_in(self, attendee: Driver) -> None:
        with Receiver() as receiver:
            receiver.answer = {"onbehalf_token": "obf-secret"}
            attendee.meeting(authorization=True)
            bot = attendee.create(metadata={"a": "ü"}, **self.tokens(receiver)).json()["id"]
            attendee.after(11)
            (asked,) = receiver.wait_for(1)
            assert asked.signed_with()
            assert asked.content == {
                "bot_id": bot,
                "bot_metadata": {"a": "ü"},
                "callback_type": "zoom_tokens",
                "meeting_url": LINK,
            }
            self.settle(attendee, bot)
            attendee.after(3)
            assert attendee.state(bot) == "joined_recording"
            assert attendee.http.get("/_control/secrets").json()["tokens"] == ["obf-secret"]

    def test_a_client_that_gives_no_token_is_as_if_there_were_none(self, attendee: Driver) -> None:
        with Receiver() as receiver:
            receiver.statuses, receiver.answer = [500], {"onbehalf_token": "never read"}
            attendee.meeting(authorization=True)
            bot = attendee.create(**self.tokens(receiver)).json()["id"]
            attendee.after(11)
            self.settle(attendee, bot)
            assert attendee.happened(bot)[-1] == "could_not_join_meeting:zoom_app_cannot_join_anonymously"

    def test_the_bot_waits_for_its_user_ten_minutes(self, attendee: Driver) -> None:
        obf = {"zoom_settings": {"onbehalf_token": {"zoom_oauth_connection_user_id": "u1"}}}
        attendee.meeting(authorization=True, authorized_user_present=False)
        late, early = attendee.create(**obf).json()["id"], attendee.create(**obf).json()["id"]
        attendee.after(570)
        assert attendee.state(late) == "joining"
        attendee.act("fail", bot_id=early, reason="zoom_sdk_internal_error")
        attendee.after(31)
        reason = "authorized_user_not_in_meeting_timeout_exceeded"
        assert attendee.happened(late)[-1] == f"could_not_join_meeting:{reason}"

    def test_the_bot_enters_once_its_user_has_come_and_goes_when_the_user_goes(self, attendee: Driver) -> None:
        obf = {"zoom_settings": {"onbehalf_token": {"zoom_oauth_connection_user_id": "u1"}}}
        attendee.meeting(authorization=True, authorized_user_present=False)
        bot = attendee.create(**obf).json()["id"]
        attendee.after(120)
        attendee.meeting(authorized_user_present=True)
        attendee.after(3)
        assert attendee.state(bot) == "joined_recording"
        attendee.meeting(authorized_user_present=False)
        assert attendee.happened(bot)[-1] == "meeting_ended"

    def test_the_rule_is_zooms_alone(self, attendee: Driver) -> None:
        attendee.meeting(MEET_LINK, authorization=True, authorized_user_present=False)
        bot = attendee.create(meeting_url=MEET_LINK).json()["id"]
        attendee.after(13)
        assert attendee.state(bot) == "joined_recording"

    def settle(self, attendee: Driver, bot: str) -> None:
        """Wait for the answer of the callback, which takes real time, and for what follows from it."""
        for _ in range(1000):
            (truth,) = [b for b in attendee.truth()["bots"] if b["id"] == bot]
            if truth["tokens"] is not None:
                return
        raise AssertionError("no tokens were asked for")
