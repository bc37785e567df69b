"""Bots follow consent and appointments, whatever happens: against a simulated Attendee, second by second."""

from datetime import timedelta

import pytest

from tests import house
from tests.notetaking.stage import OTHER_LINK, START, Stage
from treff.appointments import actions as appointments
from treff.appointments.ports import Amendment
from treff.audit.models import AuditEntry
from treff.bots.attendee.adapter import AttendeeBots
from treff.kernel import clock
from treff.notetaking import consenting, effects, ports, queries, tasks, transcripts
from treff.notetaking.models import Bot, Transcript
from treff.notetaking.ports import BotRef
from treff.notetaking.ports import Transcript as HeardTranscript
from treff.notetaking.states import Cause, Life, Phase, Reason, Standing

pytestmark = pytest.mark.promise("P31")
END = START + timedelta(minutes=30)


def test_a_client_says_yes_and_a_bot_joins_at_the_start_hears_and_is_erased_at_the_vendor(stage: Stage) -> None:
    stage.talk()
    appointment = stage.book()
    stage.pass_until(START - timedelta(minutes=16))
    assert stage.bots() == []
    stage.pass_until(START - timedelta(minutes=14))
    (bot,) = stage.bots()
    assert (bot["join_at"], bot["state"]) == ("2031-06-02T08:00:00Z", "scheduled")
    stage.pass_until(START + timedelta(minutes=2))
    assert stage.bot().phase == Phase.IN_MEETING
    stage.attendee.act("end_meeting")
    stage.pass_by(minutes=3)
    assert stage.most_at_once() == 1
    (row,) = queries.transcripts_of(appointment)
    said = [(one.speaker, one.text) for one in transcripts.utterances_of(row)]
    assert said[1] == ("Olivia Owner", "Then we agree on ten kilowatts without a battery.")
    assert (len(said), row.is_complete) == (3, True)
    (bot,) = stage.bots()
    assert bot["state"] == "data_deleted"
    assert stage.bot().life == Life.CLOSED


@pytest.mark.fault("F-149")
@pytest.mark.parametrize("agrees", [False, None])
def test_without_a_yes_the_vendor_is_not_called_at_all(stage: Stage, agrees: bool | None) -> None:
    appointment = stage.book(agrees=agrees)
    stage.pass_until(END + timedelta(minutes=2))
    assert stage.calls() == []
    assert queries.standing(appointment) == (Standing.NO_ANSWER if agrees is None else Standing.REFUSED)


@pytest.mark.fault("F-149")
def test_a_bot_waits_until_every_attendee_has_said_yes(stage: Stage) -> None:
    appointment = stage.book(attendees=("kim@customer.example",))
    stage.pass_until(START - timedelta(minutes=10))
    assert queries.standing(appointment) == Standing.NO_ANSWER
    assert stage.calls() == []
    stage.answer(appointment, agrees=True, email="kim@customer.example")
    assert [bot["state"] for bot in stage.bots()] == ["scheduled"]
    stage.answer(appointment, agrees=False, email="kim@customer.example")
    assert stage.most_at_once() == 0
    stage.pass_until(END)
    assert stage.most_at_once() == 0


@pytest.mark.fault("F-150")
def test_consent_withdrawn_before_calls_the_bot_off(stage: Stage) -> None:
    appointment = stage.book()
    stage.pass_until(START - timedelta(minutes=14))
    stage.answer(appointment, agrees=False)
    assert stage.bot().life == Life.CLOSED
    stage.pass_until(END)
    assert stage.most_at_once() == 0


@pytest.mark.fault("F-150")
def test_consent_withdrawn_when_the_bot_can_no_longer_be_called_off_sends_it_away_as_soon_as_it_joins(
    stage: Stage,
) -> None:
    stage.talk()
    appointment = stage.book()
    stage.pass_until(START - timedelta(minutes=2))
    stage.answer(appointment, agrees=False)
    assert stage.bot().phase == Phase.STAGED
    stage.pass_until(START + timedelta(seconds=30))
    assert stage.bots()[0]["state"] in ("leaving", "post_processing", "ended", "data_deleted")
    stage.pass_by(minutes=2)
    assert [bot["state"] for bot in stage.bots()] == ["data_deleted"]
    assert not Transcript.objects.exists()


@pytest.mark.fault("F-150")
def test_consent_withdrawn_during_the_meeting_sends_the_bot_away_within_thirty_seconds(stage: Stage) -> None:
    stage.talk()
    appointment = stage.book()
    stage.pass_until(START + timedelta(minutes=2))
    assert stage.bot().phase == Phase.IN_MEETING
    stage.answer(appointment, agrees=False)
    stage.pass_by(seconds=29)
    assert stage.bots()[0]["state"] in ("post_processing", "ended", "data_deleted")
    stage.pass_by(minutes=2)
    assert [bot["state"] for bot in stage.bots()] == ["data_deleted"]
    assert not Transcript.objects.exists()


@pytest.mark.fault("F-150")
def test_the_bot_is_out_within_thirty_seconds_although_the_vendor_failed_three_times(stage: Stage) -> None:
    appointment = stage.book()
    stage.pass_until(START + timedelta(minutes=2))
    stage.attendee.fault("leave", "status", status=503, times=3)
    stage.answer(appointment, agrees=False)
    stage.pass_by(seconds=29)
    assert stage.bots()[0]["state"] in ("post_processing", "ended", "data_deleted")


@pytest.mark.fault("F-150")
def test_consent_withdrawn_after_the_meeting_deletes_what_was_heard(stage: Stage) -> None:
    stage.talk()
    appointment = stage.book()
    stage.pass_until(START + timedelta(minutes=2))
    stage.attendee.act("end_meeting")
    stage.pass_by(minutes=2)
    assert Transcript.objects.count() == 1
    stage.answer(appointment, agrees=False)
    assert not Transcript.objects.exists()
    assert [bot["state"] for bot in stage.bots()] == ["data_deleted"]


@pytest.mark.fault("F-150")
def test_a_no_deletes_what_was_heard_at_once_and_not_when_a_worker_comes_to_it(stage: Stage) -> None:
    stage.talk()
    appointment = stage.book()
    stage.pass_until(START + timedelta(minutes=2))
    stage.attendee.act("end_meeting")
    stage.pass_by(minutes=2)
    assert Transcript.objects.exists()
    consenting.answer(consenting.token_for(appointment, "lena@customer.example"), agrees=False)
    assert not Transcript.objects.exists()


@pytest.mark.fault("F-150")
def test_a_no_that_comes_while_the_transcript_is_fetched_keeps_it_from_being_stored(stage: Stage) -> None:
    class Overtaken(AttendeeBots):
        def read_transcript(self, ref: BotRef) -> HeardTranscript:
            heard = AttendeeBots.read_transcript(self, ref)
            consenting.answer(consenting.token_for(appointment, "lena@customer.example"), agrees=False)
            return heard

    found = ports.provider_named("attendee")
    assert isinstance(found, AttendeeBots)
    ports.connect({"attendee": Overtaken(found.client, found.webhook_secrets)}, "http://127.0.0.1:9/integrations")
    stage.talk()
    appointment = stage.book()
    stage.pass_until(START + timedelta(minutes=2))
    stage.attendee.act("end_meeting")
    stage.pass_by(minutes=2)
    assert not AuditEntry.objects.filter(deed="transcript.deleted").exists()  # there never was one
    assert [bot["state"] for bot in stage.bots()] == ["data_deleted"]


def test_a_yes_that_comes_during_the_meeting_brings_a_bot(stage: Stage) -> None:
    appointment = stage.book(agrees=None)
    stage.pass_until(START + timedelta(minutes=5))
    stage.answer(appointment, agrees=True)
    stage.pass_by(minutes=2)
    assert stage.bot().phase == Phase.IN_MEETING


@pytest.mark.fault("F-152")
def test_a_bot_moves_with_its_appointment_and_never_joins_at_the_old_time(stage: Stage) -> None:
    appointment = stage.book()
    stage.pass_until(START - timedelta(minutes=14))
    later = START + timedelta(hours=2)
    appointments.amend(house.scope(stage.owner), appointment.public_id, Amendment(start_at=later))
    stage.work()
    assert [bot["join_at"] for bot in stage.bots()] == ["2031-06-02T10:00:00Z"]
    stage.pass_until(START + timedelta(minutes=5))
    assert stage.most_at_once() == 0
    stage.pass_until(later + timedelta(minutes=1))
    assert stage.bot().phase == Phase.IN_MEETING
    assert (len(stage.bots()), stage.most_at_once()) == (1, 1)


@pytest.mark.fault("F-152")
def test_an_appointment_that_moves_when_its_bot_cannot_any_more_gets_another_one(stage: Stage) -> None:
    appointment = stage.book()
    stage.pass_until(START - timedelta(minutes=2))
    later = START + timedelta(hours=2)
    appointments.amend(house.scope(stage.owner), appointment.public_id, Amendment(start_at=later))
    stage.pass_until(START + timedelta(minutes=3))
    assert [bot["state"] for bot in stage.bots()] == ["data_deleted"]
    stage.pass_until(later + timedelta(minutes=1))
    assert (stage.bot().phase, stage.bot().start_at) == (Phase.IN_MEETING, later)
    assert stage.most_at_once() == 1


@pytest.mark.fault("F-152")
def test_a_new_link_goes_to_the_bot(stage: Stage) -> None:
    appointment = stage.book()
    stage.pass_until(START - timedelta(minutes=14))
    appointments.record_join_link(appointment.pk, "89999999999", OTHER_LINK)
    stage.work()
    assert [bot["meeting_url"] for bot in stage.bots()] == [OTHER_LINK]


@pytest.mark.fault("F-152")
@pytest.mark.parametrize("way", ["cancel", "delete", "switched off", "type", "called off"])
def test_whatever_ends_the_appointment_or_its_notes_calls_the_bot_off(stage: Stage, way: str) -> None:
    appointment, scope = stage.book(), house.scope(stage.owner)
    stage.pass_until(START - timedelta(minutes=14))
    assert len(stage.bots()) == 1
    match way:
        case "cancel":
            appointments.cancel(scope, appointment.public_id)
        case "delete":
            appointments.delete(scope, appointment.public_id)
        case "switched off":
            consenting.set_policy(scope, is_enabled=False, confirms=False, retention_days=30)
        case "type":
            stage.kind.asks_for_notes = False
            stage.kind.save()
        case "called off":
            consenting.call_off(scope, appointment.public_id)
    stage.pass_until(END)
    assert stage.most_at_once() == 0
    assert stage.bot().life == Life.CLOSED


@pytest.mark.fault("F-151")
@pytest.mark.parametrize("kind", ["act_then_reset", "status_after", "bad_json", "empty"])
def test_an_order_that_was_not_answered_brings_one_bot(stage: Stage, kind: str) -> None:
    stage.attendee.fault("create", kind, **({"status": 502} if kind == "status_after" else {}))
    stage.book()
    stage.pass_until(START + timedelta(minutes=1))
    assert (len(stage.bots()), stage.most_at_once()) == (1, 1)
    assert stage.bot().phase == Phase.IN_MEETING
    assert Bot.objects.count() == 1


@pytest.mark.fault("F-151")
def test_an_order_that_never_arrived_is_given_again_and_one_bot_comes(stage: Stage) -> None:
    stage.attendee.fault("create", "reset")
    stage.book()
    stage.pass_until(START + timedelta(minutes=1))
    assert (len(stage.bots()), stage.most_at_once()) == (1, 1)
    assert stage.bot().phase == Phase.IN_MEETING


@pytest.mark.fault("F-151")
def test_a_worker_that_dies_between_order_and_record_leaves_one_bot(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **_columns: object) -> None:
        raise SystemExit

    stage.book()
    monkeypatch.setattr(effects, "_change", die)
    with pytest.raises(SystemExit):
        stage.pass_until(START - timedelta(minutes=14))
    monkeypatch.undo()
    stage.pass_until(START + timedelta(minutes=1))
    assert (len(stage.bots()), stage.most_at_once()) == (1, 1)
    assert stage.bot().phase == Phase.IN_MEETING


@pytest.mark.fault("F-153")
def test_a_bot_that_needs_the_user_who_is_not_there_says_so_and_is_not_sent_again_and_again(stage: Stage) -> None:
    stage.attendee.meeting(authorization=True, authorized_user_present=False)
    stage.book()
    stage.pass_until(END)
    bot = stage.bot()
    assert (bot.phase, bot.cause) == (Phase.FAILED, Cause.NEEDS_USER)
    assert len(stage.bots()) == 1
    assert not Transcript.objects.exists()


@pytest.mark.fault("F-154")
def test_a_transcript_that_the_vendor_cannot_give_yet_is_fetched_later(stage: Stage) -> None:
    stage.talk()
    stage.book()
    stage.attendee.fault("transcript", "status", status=503, times=3)
    stage.pass_until(START + timedelta(minutes=2))
    stage.attendee.act("end_meeting")
    stage.pass_by(minutes=3)
    assert stage.transcript().utterances == 3
    assert stage.recording().reason == Reason.NONE


@pytest.mark.fault("F-154")
@pytest.mark.attack("A-107")
def test_what_belongs_to_another_bot_is_not_used(stage: Stage) -> None:
    stage.talk()
    stage.book()
    stage.pass_until(START + timedelta(minutes=2))
    stage.attendee.fault("get", "mutate", field="metadata.treff_key", value="somebody-elses", times=None)
    stage.attendee.act("end_meeting")
    stage.pass_by(minutes=3)
    assert not Transcript.objects.exists()
    assert stage.recording().reason == Reason.NOT_OURS
    stage.attendee.http.delete("/_control/faults")
    stage.pass_until(clock.now() + timedelta(minutes=70))
    assert stage.transcript().utterances == 3


def test_a_vendor_that_asks_for_a_pause_gets_it_and_the_bot_is_ordered_after(stage: Stage) -> None:
    stage.attendee.fault("create", "status", status=429, headers={"Retry-After": "60"})
    stage.book()
    stage.pass_until(START - timedelta(minutes=14, seconds=30))
    assert stage.recording().reason == Reason.THROTTLED
    stage.pass_until(START - timedelta(minutes=13))
    assert [bot["state"] for bot in stage.bots()] == ["scheduled"]
    assert stage.recording().reason == Reason.NONE


@pytest.mark.parametrize(("kind", "reason"), [("refused", Reason.REFUSED), ("unauthorized", Reason.MISCONFIGURED)])
def test_a_refused_order_says_why_and_is_given_again_much_later(stage: Stage, kind: str, reason: Reason) -> None:
    status = {"refused": 400, "unauthorized": 401}[kind]
    body = {"error": "No bots for meetings of this kind."}
    stage.attendee.fault("create", "status", status=status, body=body)
    stage.book()
    stage.pass_until(START - timedelta(minutes=14, seconds=30))
    assert (stage.recording().reason, len(stage.calls())) == (reason, 1)
    assert "of this kind" in stage.recording().detail or kind != "refused"


def test_what_was_heard_goes_when_its_time_is_over(stage: Stage) -> None:
    stage.talk()
    stage.book()
    stage.pass_until(START + timedelta(minutes=2))
    stage.attendee.act("end_meeting")
    stage.pass_by(minutes=2)
    captured_at = stage.transcript().captured_at
    stage.at(captured_at + timedelta(days=30) - timedelta(seconds=1))
    stage.work()
    assert Transcript.objects.exists()
    stage.at(captured_at + timedelta(days=30))
    stage.work()
    assert not Transcript.objects.exists()


@pytest.mark.parametrize(("days", "kept"), [(90, 30), (7, 7)])
def test_what_was_heard_is_kept_no_longer_than_was_agreed_nor_than_the_workspace_says(
    stage: Stage, days: int, kept: int
) -> None:
    stage.talk()
    stage.book()
    consenting.set_policy(house.scope(stage.owner), is_enabled=True, confirms=False, retention_days=days)
    stage.pass_until(START + timedelta(minutes=2))
    stage.attendee.act("end_meeting")
    stage.pass_by(minutes=2)
    row = stage.transcript()
    assert row.expires_at - row.captured_at == timedelta(days=kept)


@pytest.mark.parametrize("what", ["appointment", "lead"])
def test_what_was_heard_goes_with_its_appointment_and_with_its_lead(stage: Stage, what: str) -> None:
    stage.talk()
    appointment = stage.book()
    stage.pass_until(START + timedelta(minutes=2))
    stage.attendee.act("end_meeting")
    stage.pass_by(minutes=40)
    assert Transcript.objects.exists()
    scope = house.scope(stage.owner)
    if what == "appointment":
        appointments.delete(scope, appointment.public_id)
    else:
        appointments.delete_lead(scope, appointment.lead.public_id)
        tasks.look_at_lead._job.func(appointment.lead_id)  # what the announced job does
    stage.work()
    assert not Transcript.objects.exists()


def test_what_was_heard_lies_encrypted_in_the_database(stage: Stage) -> None:
    stage.talk()
    stage.book()
    stage.pass_until(START + timedelta(minutes=2))
    stage.attendee.act("end_meeting")
    stage.pass_by(minutes=2)
    assert "kilowatts" not in stage.transcript().content
