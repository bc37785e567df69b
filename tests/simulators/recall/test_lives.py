"""A bot's life, from its order to its end, by the clock and by what the people of the meeting do."""

from typing import Any

import pytest

from tests.simulators.recall.driver import LINK, Driver

IN = ["ready", "joining_call", "in_call_not_recording", "recording_permission_allowed", "in_call_recording"]
CONVERSATION: list[dict[str, Any]] = [
    {"speaker": "Nora", "text": "Guten Tag.", "after_seconds": 1, "duration_ms": 1000},
    {"speaker": "Kim", "text": "Hello there", "duration_ms": 1000},
]


def test_a_jump_of_the_clock_lets_everything_happen_at_its_own_instant(recall: Driver) -> None:
    recall.meeting(ends_at="2031-06-02T08:15:00Z")
    bot = recall.scheduled()
    recall.at("2031-06-03T00:00:00Z")
    assert recall.happened(bot) == [*IN, "call_ended:call_ended_by_host", "done"]
    instants = [change["created_at"][11:] for change in recall.get(bot)["status_changes"]]
    assert instants == ["07:50:00Z", "08:00:00Z", "08:00:10Z", "08:00:12Z", "08:00:12Z", "08:15:00Z", "08:15:20Z"]


@pytest.mark.parametrize("join_at", [{}, {"join_at": "2031-06-02T06:00:00Z"}, {"join_at": "2031-06-02T07:00:01Z"}])
def test_a_bot_that_is_due_joins_at_once(recall: Driver, join_at: dict[str, str]) -> None:
    bot = recall.create(**join_at).json()["id"]
    recall.after(2)
    assert recall.happened(bot) == IN[:2]
    assert recall.get(bot)["join_at"] is None


@pytest.mark.parametrize(
    ("room", "end"),
    [
        ({"exists": False}, ["fatal:meeting_not_found"]),
        ({"started": False}, ["fatal:meeting_not_started"]),
        ({"authorization": True}, ["fatal:zoom_obf_user_not_in_meeting"]),
        ({"waiting_room": True}, ["in_waiting_room", "call_ended:timeout_exceeded_waiting_room", "done"]),
        (
            {"recording_permission": "denied"},
            [
                "in_call_not_recording",
                "recording_permission_denied:zoom_local_recording_request_denied_by_host",
                "call_ended:timeout_exceeded_recording_permission_denied",
                "done",
            ],
        ),
        ({}, [*IN[2:], "call_ended:timeout_exceeded_silence_detected", "done"]),
    ],
)
def test_a_meeting_is_as_it_was_described(recall: Driver, room: dict[str, Any], end: list[str]) -> None:
    recall.meeting(**room)
    bot = recall.scheduled()
    recall.at("2031-06-02T12:00:00Z")
    assert recall.happened(bot) == [*IN[:2], *end]


def test_who_waits_at_the_door_sees_the_meeting_begin(recall: Driver) -> None:
    recall.meeting(started=False)
    bot = recall.scheduled()
    recall.at("2031-06-02T08:05:00Z")
    recall.meeting(started=True, recording_permission="asked")
    recall.after(60)
    assert recall.code(bot) == "in_call_not_recording"
    recall.meeting(recording_permission="granted")
    assert recall.code(bot) == "in_call_recording"


@pytest.mark.parametrize(
    ("act", "reason"),
    [("deny", "call_ended:bot_kicked_from_waiting_room"), ("end_meeting", "call_ended:call_ended_by_host")],
)
def test_people_turn_a_bot_away(recall: Driver, act: str, reason: str) -> None:
    recall.meeting(waiting_room=True)
    bot = recall.scheduled()
    recall.at("2031-06-02T08:01:00Z")
    recall.act(act, bot)
    assert recall.happened(bot)[-1] == reason


def test_people_let_a_bot_in_and_throw_it_out(recall: Driver) -> None:
    recall.meeting(waiting_room=True)
    bot = recall.scheduled()
    recall.at("2031-06-02T08:01:00Z")
    recall.act("admit", bot)
    recall.after(5)
    recall.act("remove", bot)
    assert recall.happened(bot)[2:] == ["in_waiting_room", *IN[2:], "call_ended:bot_kicked_from_call"]
    assert recall.http.post("/_control/act", json={"act": "admit", "bot_id": bot}).status_code == 400


def test_a_bot_breaks_for_the_reason_that_is_named(recall: Driver) -> None:
    bot = recall.inside()
    recall.act("fail", bot, reason="bot_errored")
    assert recall.happened(bot)[-1] == "fatal:bot_errored"


def test_how_many_bots_were_in_a_meeting_at_once_is_known(recall: Driver) -> None:
    for _ in range(2):
        recall.scheduled()
    recall.at("2031-06-02T08:01:00Z")
    (room,) = recall.truth()["meetings"]
    assert (room["url"], room["most_bots_at_once"]) == (LINK, 2)


def test_the_transcript_is_there_at_the_end_with_the_times_of_each_word(recall: Driver) -> None:
    recall.say(*CONVERSATION)
    bot = recall.inside()
    recall.after(60)
    assert (recall.transcript_of(bot)["status"]["code"], recall.transcript_of(bot)["data"]) == ("processing", None)
    recall.call("POST", f"{bot}/leave_call/")
    recall.after(60)
    assert recall.said(bot) == [("Nora", "Guten Tag."), ("Kim", "Hello there")]
    second = recall.http.get(recall.transcript_of(bot)["data"]["download_url"]).json()[1]
    assert second["participant"] == {"id": 200, "name": "Kim", "is_host": False, "platform": "desktop"}
    assert [word["start_timestamp"]["relative"] for word in second["words"]] == [3.0, 3.5]
    assert second["words"][1]["end_timestamp"]["relative"] == 4.0


def test_what_is_said_after_the_recording_or_not_to_its_end_is_not_heard(recall: Driver) -> None:
    recall.say({"speaker": "Kim", "text": "Cut off in the middle", "after_seconds": 4, "duration_ms": 60_000})
    bot = recall.inside()
    recall.call("POST", f"{bot}/leave_call/")
    recall.after(600)
    assert recall.said(bot) == []


def test_a_transcription_fails_or_lags_behind_as_ordered(recall: Driver) -> None:
    recall.meeting(transcription_lag_seconds=120, transcription_fails=True)
    recall.say(*CONVERSATION)
    bot = recall.inside()
    recall.act("end_meeting", bot)
    recall.after(100)
    assert (recall.code(bot), recall.transcript_of(bot)["status"]["code"]) == ("done", "processing")
    recall.after(60)
    assert recall.transcript_of(bot)["status"]["code"] == "failed"


def test_who_asks_for_no_transcript_gets_none(recall: Driver) -> None:
    bot = recall.inside(recording_config={"video_mixed_mp4": {}})
    recall.act("end_meeting", bot)
    recall.after(60)
    assert recall.transcript_of(bot) is None


def test_erasing_takes_what_was_heard_and_leaves_the_metadata(recall: Driver) -> None:
    recall.say(*CONVERSATION)
    bot = recall.inside(metadata={"appointment": "appt_1"})
    recall.after(10)
    recall.act("end_meeting", bot)
    recall.after(60)
    link = recall.transcript_of(bot)["data"]["download_url"]
    assert recall.call("POST", f"{bot}/delete_media/").status_code == 200
    shown = recall.get(bot)
    assert (shown["recordings"], shown["metadata"]) == ([], {"appointment": "appt_1"})
    assert recall.happened(bot)[-1] == "media_expired"
    assert recall.http.get(link).status_code == 404
    assert recall.truth()["bots"][0]["transcript"] == []
