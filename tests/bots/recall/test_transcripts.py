"""Transcripts: how far they are, whom they are asked of, and what they say."""

from datetime import timedelta
from typing import Any

import pytest

from tests.bots.contract import JOIN_AT, SPEC, Stand, expect
from tests.bots.recall.answers import INSIDE, RECORDED, changes, operations, over, show
from tests.simulators.recall.driver import Driver
from treff.bots.recall.client import RecallClient
from treff.kernel.secrets import Secret
from treff.notetaking import errors
from treff.notetaking.states import Phase, Writing


@pytest.mark.parametrize(
    ("recordings", "code", "writing"),
    [
        ([], "in_call_not_recording", Writing.NOT_BEGUN),
        ([], "done", Writing.NOT_BEGUN),
        ([("processing", None)], "in_call_recording", Writing.GOING_ON),
        ([("processing", "processing")], "done", Writing.GOING_ON),
        ([("done", "of_next_year")], "done", Writing.GOING_ON),
        ([("processing", None)], "call_ended", Writing.GOING_ON),
        ([("done", None)], "done", Writing.FAILED),
        ([("done", "failed")], "done", Writing.FAILED),
        ([("done", "done"), ("done", "failed")], "done", Writing.FAILED),
        ([("done", "done"), ("processing", "processing")], "in_call_recording", Writing.GOING_ON),
        ([("done", "done"), ("deleted", None)], "done", Writing.COMPLETE),
    ],
)
def test_how_far_a_transcript_is_follows_from_all_recordings(
    stand: Stand, recall: Driver, recordings: list[tuple[str, str | None]], code: str, writing: Writing
) -> None:
    ref = stand.provider.create(SPEC).ref
    shown = [
        {"status": {"code": status}, "media_shortcuts": {"transcript": made and {"status": {"code": made}}}}
        for status, made in recordings
    ]
    show(recall, ref, status_changes=changes(*RECORDED, code), recordings=shown)
    assert stand.provider.read_state(ref).writing == writing


def test_a_transcript_may_be_written_after_its_bot_is_done(stand: Stand) -> None:
    stand.meeting(transcription_lag_seconds=600)
    ref = over(stand)
    state = stand.provider.read_state(ref)
    assert (state.phase, state.writing) == (Phase.DONE, Writing.GOING_ON)
    assert stand.provider.read_transcript(ref).utterances == ()
    stand.at(INSIDE + timedelta(minutes=15))
    assert [said.text for said in stand.provider.read_transcript(ref).utterances] == ["Guten Tag zusammen."]


def test_our_key_stays_away_from_whoever_keeps_the_transcript(stand: Stand, recall: Driver) -> None:
    ref = over(stand)
    assert len(stand.provider.read_transcript(ref).utterances) == 1
    asked = {call["operation"]: call["has_key"] for call in recall.truth()["calls"]}
    assert asked == {"create": True, "leave_call": True, "get": True, "download": False}


@pytest.mark.parametrize(
    "link",
    [
        "http://files.example/t",
        "ftp://127.0.0.1/t",
        "https://us@files.example/t",
        "https://[1/t",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_link_that_is_not_safe_is_not_asked(stand: Stand, recall: Driver, link: str) -> None:
    ref = over(stand)
    (recording,) = recall.get(ref.external_id)["recordings"]
    recording["media_shortcuts"]["transcript"]["data"]["download_url"] = link
    show(recall, ref, recordings=[recording])
    assert str(expect(lambda: stand.provider.read_transcript(ref), errors.Transient)).startswith("a link that")
    assert "download" not in operations(recall)


def test_a_simulators_link_is_asked_by_a_simulators_client_alone() -> None:
    client = RecallClient("https://eu-central-1.recall.ai/api/v1", Secret("k"))
    with pytest.raises(Exception, match="no https"):
        client.download("http://127.0.0.1:1/t")


def test_where_a_link_leads_on_to_is_not_asked(stand: Stand, recall: Driver) -> None:
    ref = over(stand)
    elsewhere = {"Location": f"{recall.url}/api/v1/bot/"}
    recall.fault("download", "status", status=302, headers=elsewhere)
    expect(lambda: stand.provider.read_transcript(ref), errors.Transient)
    assert operations(recall)[-1] == "download"


def test_a_link_that_has_expired_is_replaced_by_the_next_try(stand: Stand, recall: Driver) -> None:
    ref = over(stand)
    shown = recall.get(ref.external_id)
    stand.at(INSIDE + timedelta(hours=7))
    recall.fault("get", "status", status=200, body=shown)
    expect(lambda: stand.provider.read_transcript(ref), errors.Transient)
    assert len(stand.provider.read_transcript(ref).utterances) == 1


WORD = {"text": "Ja.", "start_timestamp": {"relative": 2.5}, "end_timestamp": {"relative": 3.5}}


def heard(*entries: Any) -> list[Any]:
    return [{"participant": {"name": "Kim"}, "words": [WORD]}, *entries]


def test_times_that_are_told_in_seconds_only_count_from_where_the_recording_began(stand: Stand, recall: Driver) -> None:
    ref = over(stand)
    endless = {**WORD, "text": " Nein. ", "end_timestamp": None}
    silent = {"participant": {"name": "Eve"}, "words": []}
    dated = {"relative": 9, "absolute": "2031-06-02T08:10:00Z"}
    backwards = {"words": [{"text": "Doch.", "start_timestamp": dated, "end_timestamp": {"relative": 1}}]}
    nameless = {"participant": {"name": None}, "words": [endless, WORD, endless]}
    recall.fault("download", "status", status=200, body=heard(silent, nameless, backwards))
    first, second, third = stand.provider.read_transcript(ref).utterances
    began_at = JOIN_AT + timedelta(seconds=12)
    assert (first.start_at, first.end_at) == (began_at + timedelta(seconds=2.5), began_at + timedelta(seconds=3.5))
    assert (second.speaker, second.text, second.end_at) == ("", "Nein. Ja. Nein.", second.start_at)
    assert third.start_at == third.end_at == JOIN_AT + timedelta(minutes=10)


@pytest.mark.parametrize(
    "body",
    [
        {"detail": "no list"},
        heard("no object"),
        heard({"participant": {"name": "Eve"}}),
        heard({"participant": {}, "words": [{**WORD, "start_timestamp": None}]}),
        heard({"participant": {}, "words": [{**WORD, "start_timestamp": {"relative": -1}}]}),
        heard({"participant": {}, "words": [{**WORD, "start_timestamp": {"relative": 1e300}}]}),
        '[{"words": [{"text": "Ja.", "start_timestamp": {"relative": NaN}}]}]',
        heard({"participant": {}, "words": [{**WORD, "start_timestamp": {"absolute": "yesterday", "relative": "1"}}]}),
        "[" * 100_000,
    ],
)
def test_a_transcript_that_makes_no_sense_is_asked_for_again(stand: Stand, recall: Driver, body: Any) -> None:
    ref = over(stand)
    recall.fault("download", "status", status=200, body=body)
    expect(lambda: stand.provider.read_transcript(ref), errors.Transient)


def test_the_transcripts_of_several_recordings_become_one_in_the_order_of_speaking(
    stand: Stand, recall: Driver
) -> None:
    ref = over(stand)
    (recording,) = recall.get(ref.external_id)["recordings"]
    show(recall, ref, recordings=[{**recording, "started_at": "2031-06-02T09:00:00Z"}, recording])
    recall.fault("download", "status", status=200, body=heard(), times=2)
    texts = stand.provider.read_transcript(ref).utterances
    assert [said.start_at.hour for said in texts] == [8, 9]
