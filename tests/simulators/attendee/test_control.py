import pytest

from tests.simulators.attendee.driver import LINK, MEET_LINK, PROJECT, Driver
from tests.simulators.attendee.receiver import Receiver


def test_the_truth_tells_bots_meetings_and_calls(attendee: Driver) -> None:
    attendee.say({"speaker": "Kim", "text": "Hello", "after_seconds": 0})
    bot = attendee.inside(bot_name="Notes", metadata={"a": "b"})
    attendee.after(5)
    truth = attendee.truth()
    (known,) = truth["bots"]
    assert (known["id"], known["bot_name"], known["state"], known["deleted"]) == (
        bot,
        "Notes",
        "joined_recording",
        False,
    )
    assert [utterance["speaker_name"] for utterance in known["transcript"]] == ["Kim"]
    (room,) = truth["meetings"]
    assert (room["url"], [line["text"] for line in room["script"]]) == (LINK, ["Hello"])
    calls = [(call["operation"], call["status"], call["bot_id"]) for call in truth["calls"]]
    assert calls == [("create", 201, bot), ("get", 200, bot)]


def test_a_call_without_a_key_is_logged_with_its_bot(attendee: Driver) -> None:
    bot = attendee.scheduled()
    attendee.http.get(f"/api/v1/bots/{bot}")
    call = attendee.truth()["calls"][-1]
    assert (call["operation"], call["status"], call["bot_id"]) == ("get", 401, bot)


def test_the_secrets_list_the_projects_and_the_fetched_tokens(attendee: Driver) -> None:
    with Receiver() as receiver:
        receiver.answer = {"zak_token": "zak-secret", "onbehalf_token": ""}
        attendee.create(callback_settings={"zoom_tokens_url": receiver.url})
        attendee.after(11)
        receiver.wait_for(1)
        while not attendee.truth()["bots"][0]["tokens"]:
            pass
    secrets = attendee.http.get("/_control/secrets").json()
    assert secrets == {"project": [PROJECT.api_key, PROJECT.webhook_secret], "tokens": ["zak-secret"]}


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("meetings", {"meeting_url": LINK, "colour": "red"}),
        ("meetings", {"meeting_url": "https://example.org/"}),
        ("meetings", {"meeting_url": LINK, "recording_permission": "perhaps"}),
        ("meetings", {"meeting_url": LINK, "ends_at": "2031-06-02T08:00:00"}),
        ("utterances", {"meeting_url": LINK, "utterances": [{"text": "Nobody says this"}]}),
        ("utterances", {"meeting_url": LINK, "utterances": [{"speaker": "A", "text": "x", "loud": True}]}),
        ("act", {"act": "admit", "bot_id": "bot_unknown"}),
        ("act", {"act": "applaud", "meeting_url": LINK}),
        ("pace", {"thinking": 1}),
        ("limits", {"daily": 1}),
        ("webhook", {"signature": "forged", "url": "http://127.0.0.1:9"}),
        ("webhook", {"signature": "good"}),
        ("clock", {"now": "2030-01-01T00:00:00"}),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_the_reason(
    attendee: Driver, path: str, order: dict[str, object]
) -> None:
    refused = attendee.http.post(f"/_control/{path}", json=order)
    assert refused.status_code == 400
    assert refused.json()["error"]


def test_what_cannot_be_done_to_a_bot_in_its_state_is_refused(attendee: Driver) -> None:
    bot = attendee.scheduled()
    for act in ("admit", "deny", "remove", "end_meeting"):
        assert attendee.http.post("/_control/act", json={"act": act, "bot_id": bot}).status_code == 400
    assert attendee.http.post("/_control/act", json={"act": "fail", "bot_id": bot, "reason": "?"}).status_code == 400
    assert attendee.act("end_meeting") == {"bots": []}


def test_an_act_on_a_meeting_reaches_its_bots_alone(attendee: Driver) -> None:
    zoom, meet = attendee.create().json()["id"], attendee.create(meeting_url=MEET_LINK).json()["id"]
    attendee.after(13)
    assert [bot["id"] for bot in attendee.act("end_meeting")["bots"]] == [zoom]
    assert attendee.state(meet) == "joined_recording"


def test_the_pace_can_be_ordered(attendee: Driver) -> None:
    assert attendee.control("pace", joining=0, recording=0)["processing"] == 20
    assert attendee.state(attendee.create().json()["id"]) == "joined_recording"
    assert attendee.control("pace", joining=None)["joining"] == 10


def test_a_link_in_any_form_means_the_same_meeting(attendee: Driver) -> None:
    attendee.meeting(f"{LINK}&from=addon", waiting_room=True)
    assert [room["url"] for room in attendee.truth()["meetings"]] == [LINK]


def test_reset_begins_anew(attendee: Driver) -> None:
    attendee.inside()
    attendee.control("limits", posts_per_minute=3)
    attendee.control("pace", joining=1)
    attendee.fault("list", "status", times=None)
    attendee.control("reset")
    truth = attendee.truth()
    assert (truth["bots"], truth["calls"], truth["meetings"], truth["webhooks"]) == ([], [], [], [])
    assert attendee.control("limits") == {"posts_per_minute": None}
    assert attendee.control("pace")["joining"] == 10
    assert attendee.control("clock", offset_seconds=0)["offset_seconds"] == 0
    assert attendee.call("GET").status_code == 200


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_a_foreign_page_cannot_control(attendee: Driver, headers: dict[str, str]) -> None:
    assert attendee.http.post("/_control/reset", headers=headers).status_code == 403
    assert attendee.http.get("/_control/secrets", headers=headers).status_code == 403


def test_orders_that_are_no_json_are_refused(attendee: Driver) -> None:
    assert attendee.http.post("/_control/clock", content=b"{").status_code == 400
