"""What is Recall's alone: late changes, other refusals, statuses that may be of any name."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.bots.contract import JOIN_AT, LINK, SPEC, Stand, expect
from tests.bots.recall.answers import INSIDE, JOINED, RECORDED, changes, operations, over, show
from tests.simulators.recall.driver import CONFIG, Driver
from treff.bots.recall.client import RecallClient
from treff.kernel.secrets import Secret
from treff.notetaking import errors
from treff.notetaking.states import Cause, Phase, Writing

UNSTARTED = {
    "code": "cannot_command_unstarted_bot",
    "detail": "Cannot send a command to a bot which has not been started.",
}


def test_text_alone_is_asked_for_and_not_kept_for_ever(stand: Stand, recall: Driver) -> None:
    stand.provider.create(replace(SPEC, bot_name="N" * 120))
    (bot,) = recall.truth()["bots"]
    assert bot["request"] == {
        "meeting_url": LINK,
        "join_at": "2031-06-02T08:00:00Z",
        "bot_name": "N" * 100,
        "metadata": {"job": "Gespräch", "treff_key": SPEC.key},
        "recording_config": {
            "transcript": {
                "provider": {"recallai_streaming": {"mode": "prioritize_accuracy", "language_code": "auto"}}
            },
            "video_mixed_mp4": None,
            "retention": {"type": "timed", "hours": 168},
        },
    }


@pytest.mark.parametrize("now", [JOIN_AT - timedelta(minutes=10), JOIN_AT - timedelta(minutes=1)])
def test_a_bot_that_can_no_longer_be_moved_is_deleted_so_that_another_one_can_be_made(stand: Stand, now: Any) -> None:
    ref = stand.provider.create(SPEC).ref
    stand.at(now)
    expect(lambda: stand.provider.move(ref, JOIN_AT + timedelta(hours=1), LINK), errors.Missing)
    second = stand.provider.create(replace(SPEC, key="m" * 32, join_at=JOIN_AT + timedelta(hours=1))).ref
    stand.at(JOIN_AT + timedelta(hours=1, seconds=20))
    assert stand.provider.read_state(ref).phase == Phase.DONE
    assert stand.provider.read_state(second).phase == Phase.IN_MEETING
    assert stand.most_at_once() == 1


def test_a_time_that_is_too_near_to_move_to_means_another_bot(stand: Stand) -> None:
    ref = stand.provider.create(SPEC).ref
    stand.at(JOIN_AT - timedelta(minutes=30))
    expect(lambda: stand.provider.move(ref, JOIN_AT - timedelta(minutes=21), LINK), errors.Missing)
    assert stand.bots() == []


def test_a_bot_that_takes_no_commands_yet_says_that_it_is_too_near_its_time(stand: Stand, recall: Driver) -> None:
    ref = stand.provider.create(SPEC).ref
    stand.at(JOIN_AT - timedelta(minutes=5))
    recall.fault("leave_call", "status", status=400, body=UNSTARTED, times=2)
    expect(lambda: stand.provider.delete(ref), errors.Staged)
    expect(lambda: stand.provider.move(ref, JOIN_AT + timedelta(hours=1), LINK), errors.Staged)


def test_a_bot_that_is_there_and_takes_no_commands_is_told_again(stand: Stand, recall: Driver) -> None:
    ref = stand.provider.create(SPEC).ref
    stand.at(INSIDE)
    recall.fault("leave_call", "status", status=400, body=UNSTARTED)
    expect(lambda: stand.provider.leave(ref), errors.Transient)
    recall.fault("leave_call", "status", status=400, body=UNSTARTED)
    show(recall, ref, status_changes=changes("fatal:bot_errored"))
    stand.provider.leave(ref)


@pytest.mark.parametrize(("headers", "seconds"), [({}, 30), ({"Retry-After": "7"}, 7), ({"Retry-After": "soon"}, 30)])
def test_where_no_bot_is_free_it_is_tried_again_in_half_a_minute(
    stand: Stand, recall: Driver, headers: dict[str, str], seconds: int
) -> None:
    recall.fault("create", "status", status=507, headers=headers)
    error = expect(lambda: stand.provider.create(SPEC), errors.Transient)
    assert isinstance(error, errors.Transient)
    assert error.retry_after == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("status", "code", "wanted"),
    [
        (402, "insufficient_credit", errors.Misconfigured),
        (409, "conflict", errors.Transient),
        (403, "request_blocked", errors.Refused),
        (403, "permission_denied", errors.Misconfigured),
        (400, "teams_blacklisted_tenant", errors.Refused),
    ],
)
def test_some_refusals_mean_something_else_here(
    stand: Stand, recall: Driver, status: int, code: str, wanted: type[errors.BotError]
) -> None:
    recall.fault("create", "status", status=status, body={"code": code, "detail": "No."})
    assert str(expect(lambda: stand.provider.create(SPEC), wanted)) == f"Recall {status}: No."


def test_of_many_bots_of_one_key_the_living_one_is_found_on_whatever_page(stand: Stand, recall: Driver) -> None:
    living = stand.provider.create(replace(SPEC, join_at=JOIN_AT + timedelta(hours=1))).ref
    for _ in range(25):
        recall.scheduled(metadata={"treff_key": SPEC.key})
    stand.meeting(exists=False)
    stand.at(INSIDE)
    found = stand.provider.find_by_key(SPEC.key)
    assert found is not None
    assert found.ref == living
    assert [call["query"] for call in recall.truth()["calls"]][-2:] == [
        f"metadata__treff_key={SPEC.key}&page=1",
        f"metadata__treff_key={SPEC.key}&page=2",
    ]


@pytest.mark.parametrize("hours", [(1, 0), (0, 1)])
def test_of_bots_that_are_over_the_one_that_ended_last_is_found(stand: Stand, hours: tuple[int, int]) -> None:
    stand.meeting(exists=False)
    made = {h: stand.provider.create(replace(SPEC, join_at=JOIN_AT + timedelta(hours=h))).ref for h in hours}
    stand.at(JOIN_AT + timedelta(hours=2))
    found = stand.provider.find_by_key(SPEC.key)
    assert found is not None
    assert found.ref == made[1]


def test_a_living_bot_is_found_although_another_one_ended_later_than_it_joined(stand: Stand) -> None:
    living, other = (stand.provider.create(SPEC).ref for _ in range(2))
    stand.at(INSIDE)
    stand.provider.leave(other)
    stand.at(INSIDE + timedelta(minutes=5))
    found = stand.provider.find_by_key(SPEC.key)
    assert found is not None
    assert (found.ref, found.state.phase) == (living, Phase.IN_MEETING)


def test_a_create_that_is_answered_with_another_bot_is_not_taken_for_ours(stand: Stand, recall: Driver) -> None:
    recall.fault("create", "mutate", field="metadata", value={"treff_key": "another"})
    expect(lambda: stand.provider.create(SPEC), errors.Ambiguous)
    assert len(stand.bots()) == 1


@pytest.mark.parametrize(
    ("codes", "phase", "cause"),
    [
        ([], Phase.SCHEDULED, Cause.NONE),
        (["ready"], Phase.SCHEDULED, Cause.NONE),
        (["of_next_year"], Phase.UNKNOWN, Cause.NONE),
        (["joining_call", "of_next_year"], Phase.JOINING, Cause.NONE),
        ([*RECORDED, "breakout_room_entered"], Phase.IN_MEETING, Cause.NONE),
        ([*RECORDED, "recording_done"], Phase.LEFT, Cause.NONE),
        ([*RECORDED, "call_ended:call_ended_by_host"], Phase.LEFT, Cause.NONE),
        ([*RECORDED, "call_ended:bot_kicked_from_call", "done"], Phase.DONE, Cause.NONE),
        ([*RECORDED, "call_ended:call_ended_by_host", "done", "media_expired"], Phase.ERASED, Cause.NONE),
        ([*RECORDED, "call_ended:timeout_exceeded_recording_permission_denied", "done"], Phase.DONE, Cause.NONE),
        ([*RECORDED, "fatal:bot_errored"], Phase.FAILED, Cause.COULD_NOT_CONNECT),
        (["joining_call", "fatal:of_next_year"], Phase.FAILED, Cause.COULD_NOT_CONNECT),
        (["joining_call", "fatal:zoom_sdk_app_not_published"], Phase.FAILED, Cause.APP_REFUSED),
        (["joining_call", "fatal:meeting_link_expired"], Phase.FAILED, Cause.NOT_FOUND),
        (["ready", "call_ended:bot_received_leave_call", "done"], Phase.DONE, Cause.NONE),
        (["in_waiting_room", "call_ended:bot_kicked_from_waiting_room"], Phase.LEFT, Cause.NONE),
        (["in_waiting_room", "call_ended:bot_kicked_from_waiting_room", "done"], Phase.FAILED, Cause.NOT_ADMITTED),
        (
            ["in_waiting_room", "call_ended:call_ended_by_platform_waiting_room_timeout", "done"],
            Phase.FAILED,
            Cause.WAITING_ROOM_TIMEOUT,
        ),
        ([*JOINED, "call_ended:timeout_exceeded_noone_joined", "done"], Phase.DONE, Cause.NONE),
        (
            [*JOINED, "call_ended:timeout_exceeded_in_call_not_recording", "done"],
            Phase.FAILED,
            Cause.RECORDING_DENIED,
        ),
    ],
)
def test_statuses_become_phases_and_unknown_ones_are_passed_over(
    stand: Stand, recall: Driver, codes: list[str], phase: Phase, cause: Cause
) -> None:
    ref = stand.provider.create(SPEC).ref
    show(recall, ref, status_changes=changes(*codes))
    state = stand.provider.read_state(ref)
    assert (state.phase, state.cause) == (phase, cause)


def test_nothing_is_erased_while_more_may_be_heard(stand: Stand, recall: Driver) -> None:
    ref = stand.provider.create(SPEC).ref
    stand.at(INSIDE)
    expect(lambda: stand.provider.delete_data(ref), errors.NotOver)
    expect(lambda: stand.provider.delete_data(replace(ref, key="x" * 32)), errors.NotOurs)
    assert "delete_media" not in operations(recall)


def test_what_recall_deleted_by_itself_is_erased(stand: Stand, recall: Driver) -> None:
    ref = over(stand)
    (recording,) = recall.get(ref.external_id)["recordings"]
    show(recall, ref, recordings=[{**recording, "status": {"code": "deleted"}}])
    state = stand.provider.read_state(ref)
    assert (state.phase, state.writing) == (Phase.ERASED, Writing.COMPLETE)


@pytest.mark.parametrize(
    "url", ["http://eu-central-1.recall.ai/api/v1", "ftp://127.0.0.1", "recall.ai", "", "https://"]
)
def test_only_https_is_spoken_but_to_this_machine(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        RecallClient(url, Secret("k"))


def test_keys_and_links_stay_out_of_what_is_printed(stand: Stand, recall: Driver) -> None:
    link = recall.transcript_of(over(stand).external_id)["data"]["download_url"]
    said = repr(stand.provider) + repr(stand.provider.client.read("x"))  # type: ignore[attr-defined]
    assert not [secret for secret in (CONFIG.api_key, CONFIG.webhook_secret, link) if secret in said]
