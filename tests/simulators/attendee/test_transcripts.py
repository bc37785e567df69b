"""What a bot hears and writes down while the meeting goes on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.simulators.attendee.driver import MEET_LINK, Driver

CONVERSATION = (
    {"speaker": "Nora Brandt", "text": "Shall we begin?", "after_seconds": 30, "duration_ms": 1000},
    {"speaker": "Kim Park", "text": "Yes, gern über das Dach.", "after_seconds": 60, "duration_ms": 2000},
)


def test_the_transcript_grows_as_people_speak(attendee: Driver) -> None:
    attendee.say(*CONVERSATION)
    bot = attendee.inside()
    lengths = [len(attendee.transcript(bot))]
    for _ in range(2):
        attendee.after(32)
        lengths.append(len(attendee.transcript(bot)))
    assert lengths == [0, 1, 2]
    attendee.say({"speaker": "Nora Brandt", "text": "One more thing."})
    attendee.after(10)
    assert [text for _, text in attendee.said(bot)] == [
        "Shall we begin?",
        "Yes, gern über das Dach.",
        "One more thing.",
    ]


def test_an_utterance_tells_speaker_times_and_words(attendee: Driver) -> None:
    host = {"name": "Nora Brandt", "uuid": "16778240", "user_uuid": "u-nora", "is_host": True}
    attendee.meeting(participants=[host, "Kim Park"])
    attendee.say(*CONVERSATION)
    bot = attendee.inside()
    attendee.after(90)
    first, second = attendee.transcript(bot)
    assert (first["speaker_name"], first["speaker_uuid"]) == ("Nora Brandt", "16778240")
    assert (first["speaker_user_uuid"], first["speaker_is_host"]) == ("u-nora", True)
    began = next(e["created_at"] for e in attendee.get(bot)["events"] if e["type"] == "recording_permission_granted")
    assert first["timestamp_ms"] == round(datetime.fromisoformat(began).timestamp() * 1000) + 30_000
    assert (first["duration_ms"], second["duration_ms"]) == (1000, 2000)
    assert [word["word"] for word in first["transcription"]["words"]] == ["Shall", "we", "begin?"]
    assert first["transcription"]["words"][-1]["end"] == 1.0
    assert second["speaker_is_host"] is False


def test_only_what_is_newer_than_asked_comes(attendee: Driver) -> None:
    attendee.say(*CONVERSATION)
    bot = attendee.inside()
    attendee.after(32)
    now = attendee.truth()["now"]
    attendee.after(60)
    assert attendee.said(bot, updated_after=now) == [("Kim Park", "Yes, gern über das Dach.")]
    assert attendee.said(bot, updated_after=attendee.truth()["now"]) == []


def test_an_utterance_comes_to_who_asks_from_just_before_its_instant_and_not_from_just_after(attendee: Driver) -> None:
    attendee.say(*CONVERSATION)
    bot = attendee.inside()
    attendee.after(90)
    first = attendee.transcript(bot)[0]
    ended = datetime.fromtimestamp((first["timestamp_ms"] + first["duration_ms"]) / 1000, UTC)
    # The instant is known to the millisecond, the utterance's to the microsecond.
    assert len(attendee.said(bot, updated_after=(ended + timedelta(milliseconds=1)).isoformat())) == 1
    assert len(attendee.said(bot, updated_after=(ended - timedelta(milliseconds=2)).isoformat())) == 2


def test_a_corrected_line_replaces_the_first_one_and_counts_as_newer(attendee: Driver) -> None:
    attendee.say({"key": "a", "speaker": "Kim", "text": "Sixty metres", "after_seconds": 0})
    bot = attendee.inside()
    attendee.after(10)
    now = attendee.truth()["now"]
    before = attendee.transcript(bot)[0]
    attendee.say({"key": "a", "speaker": "Kim", "text": "Sixteen metres"})
    (after,) = attendee.transcript(bot, updated_after=now)
    assert (after["transcription"]["transcript"], after["timestamp_ms"]) == ("Sixteen metres", before["timestamp_ms"])
    assert len(attendee.transcript(bot)) == 1


@pytest.mark.parametrize("wrong", ["yesterday", "2031-06-02"])
def test_an_instant_that_cannot_be_read_is_refused(attendee: Driver, wrong: str) -> None:
    bot = attendee.inside()
    refused = attendee.call("GET", f"/{bot}/transcript", params={"updated_after": wrong})
    assert (refused.status_code, refused.json()["error"][:29]) == (400, "Invalid updated_after format.")


def test_a_plus_sign_that_was_not_escaped_is_understood(attendee: Driver) -> None:
    bot = attendee.inside()
    answer = attendee.call("GET", f"/{bot}/transcript?updated_after=2031-06-02T08:00:00+00:00")
    assert (answer.status_code, answer.json()) == (200, [])


def test_what_is_said_before_the_recording_or_after_it_is_not_heard(attendee: Driver) -> None:
    attendee.say({"speaker": "Kim", "text": "Cut off in the middle", "after_seconds": 4, "duration_ms": 60_000})
    bot = attendee.inside()
    attendee.after(5)
    attendee.call("POST", f"/{bot}/leave")
    attendee.after(600)
    assert (attendee.state(bot), attendee.said(bot)) == ("ended", [])


def test_a_transcription_that_lags_behind_holds_up_the_end(attendee: Driver) -> None:
    attendee.meeting(transcription_lag_seconds=120)
    attendee.say({"speaker": "Kim", "text": "Late", "after_seconds": 0, "duration_ms": 1000})
    bot = attendee.inside()
    attendee.after(5)
    attendee.act("end_meeting")
    attendee.after(100)
    assert (attendee.state(bot), attendee.said(bot)) == ("post_processing", [])
    attendee.after(60)
    assert (attendee.state(bot), attendee.said(bot)) == ("ended", [("Kim", "Late")])


def test_a_transcription_that_fails_is_told_at_the_end(attendee: Driver) -> None:
    attendee.meeting(transcription_fails=True)
    attendee.say(*CONVERSATION)
    bot = attendee.inside()
    attendee.after(90)
    attendee.act("end_meeting")
    attendee.after(30)
    shown = attendee.get(bot)
    assert (shown["state"], shown["transcription_state"], shown["recording_state"]) == ("ended", "failed", "complete")
    assert attendee.said(bot) == []
    (truth,) = attendee.truth()["bots"]
    assert truth["events"][-1]["metadata"]["transcription_errors"] == ["transcription_request_failed"]


def test_each_meeting_has_its_own_conversation(attendee: Driver) -> None:
    attendee.say({"speaker": "Kim", "text": "In Zoom", "after_seconds": 0})
    attendee.say({"speaker": "Lena", "text": "In Meet", "after_seconds": 0}, link=MEET_LINK)
    zoom, meet = attendee.create().json()["id"], attendee.create(meeting_url=MEET_LINK).json()["id"]
    attendee.after(20)
    assert (attendee.said(zoom), attendee.said(meet)) == ([("Kim", "In Zoom")], [("Lena", "In Meet")])


def test_a_bot_that_never_joined_has_an_empty_transcript(attendee: Driver) -> None:
    assert attendee.transcript(attendee.scheduled()) == []


def test_erasing_takes_everything_but_the_bot_its_events_and_its_metadata(attendee: Driver) -> None:
    attendee.meeting(participants=["Kim Park"])
    attendee.say(*CONVERSATION)
    bot = attendee.inside(metadata={"appointment": "appt_1"})
    attendee.after(90)
    attendee.control("chat", meeting_url=attendee.get(bot)["meeting_url"], sender="Kim Park", text="Hello")
    early = attendee.call("POST", f"/{bot}/delete_data")
    assert (early.status_code, early.json()["error"][:16]) == (400, "Bot is not in a ")
    attendee.act("end_meeting")
    attendee.after(30)
    erased = attendee.call("POST", f"/{bot}/delete_data")
    assert (erased.status_code, erased.json()["state"]) == (200, "data_deleted")
    assert erased.json()["metadata"] == {"appointment": "appt_1"}
    for path in ("participants", "participant_events", "chat_messages"):
        assert attendee.call("GET", f"/{bot}/{path}").json()["results"] == []
    assert attendee.transcript(bot) == []
    assert attendee.call("GET", f"/{bot}/recording").status_code == 404
    assert attendee.call("POST", f"/{bot}/delete_data").status_code == 400
    assert {delivery["happening"] for delivery in attendee.truth()["webhooks"]} == {"bot.state_change"}


def test_the_recording_is_there_at_the_end_behind_a_link_that_needs_no_key(attendee: Driver) -> None:
    bot = attendee.inside(recording_settings={"format": "mp3"})
    missing = attendee.call("GET", f"/{bot}/recording")
    assert (missing.status_code, missing.json()) == (404, {"error": "No recording file found for bot"})
    attendee.act("end_meeting")
    attendee.after(30)
    recording = attendee.call("GET", f"/{bot}/recording").json()
    assert attendee.http.get(recording["url"]).headers["Content-Type"] == "audio/mpeg"
    assert attendee.http.get(recording["url"][:-1]).status_code == 403
    assert isinstance(recording["start_timestamp_ms"], int)


def test_who_comes_and_goes_is_noticed(attendee: Driver) -> None:
    attendee.meeting(participants=[{"name": "Nora Brandt", "is_host": True}])
    bot = attendee.inside()
    attendee.meeting(participants=["Nora Brandt", "Kim Park"])
    attendee.after(60)
    attendee.meeting(participants=["Kim Park"])

    def results(path: str, **query: Any) -> Any:
        return attendee.call("GET", f"/{bot}/{path}", params=query).json()["results"]

    seen = [(event["participant_name"], event["event_type"]) for event in results("participant_events")]
    assert seen == [("Nora Brandt", "join"), ("Kim Park", "join"), ("Nora Brandt", "leave")]
    assert [person["name"] for person in results("participants")] == ["Nora Brandt", "Kim Park"]
    assert [person["name"] for person in results("participants", is_host="true")] == ["Nora Brandt"]


def test_what_is_written_in_the_chat_is_kept(attendee: Driver) -> None:
    bot = attendee.inside()
    link = attendee.get(bot)["meeting_url"]
    assert attendee.control("chat", meeting_url=link, sender="Kim Park", text="/stop") == {"seen_by": 1}
    (message,) = attendee.call("GET", f"/{bot}/chat_messages").json()["results"]
    assert (message["text"], message["sender_name"], message["to"]) == ("/stop", "Kim Park", "everyone")
