"""Rows: what a workspace and its clients agreed to, recordings and their bots, transcripts, and notes."""

from functools import partial

from django.db import models

from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.kernel.ids import new_id
from treff.notetaking.states import Cause, How, Life, NotesState, Phase, Reason, Writing
from treff.workspaces.models import Member, ScopedQuerySet, Workspace

LONG_AGO = "2000-01-01T00:00:00Z"


class NotesPolicy(models.Model):
    """Whether a workspace takes notes at all; no row: it does not.

    `legal_note`: the version of what an administrator confirmed when they switched it on, `confirmed_by` them.
    `retention_days`: so long after it was captured a transcript goes, and the notes about it with it; sooner, if those
    who agreed read a smaller number.
    """

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="notes_policy")
    is_enabled = models.BooleanField(default=False)
    legal_note = models.CharField(max_length=20, blank=True)
    confirmed_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    retention_days = models.PositiveSmallIntegerField(default=30)


class Consent(models.Model):
    """A yes or a no that somebody gave about one appointment. Only ever added to: the newest of an address counts.

    `email`: of the lead, or of another attendee; a digest (queries.digest_of) once the lead is erased. `text` is what
    they read, word for word, in `locale`; `version` names its wording, and `retention_days` how long they read that a
    transcript is kept.
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "cons"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="consents")
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="consents")
    email = models.CharField(max_length=254)
    agrees = models.BooleanField()
    how = models.CharField(max_length=20, choices=[(how.value, how.value) for how in How])
    version = models.CharField(max_length=20)
    retention_days = models.PositiveSmallIntegerField()
    text = models.TextField()
    locale = models.CharField(max_length=10)
    at = models.DateTimeField(default=clock.now, editable=False)

    objects = ScopedQuerySet["Consent"].as_manager()

    class Meta:
        indexes = (models.Index(fields=("appointment", "id"), name="consent_of_appointment"),)


class Recording(models.Model):
    """How an appointment's notes stand; made when somebody first says yes or no to them.

    `called_off_at`: somebody of the team does not want a bot in it. `next_look_at`: when there may be something to do;
    None when there is not, until something changes. `observed_…`: of the appointment, when that was found. `epoch` and
    `lease_until` fence passes off from each other. `reason`: what is the matter with the vendor, in its words `detail`.
    """

    appointment = models.OneToOneField(Appointment, on_delete=models.CASCADE, related_name="recording")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="recordings")
    called_off_at = models.DateTimeField(null=True)
    reason = models.CharField(
        max_length=20, choices=[(reason.value, reason.value) for reason in Reason], blank=True, default=""
    )
    detail = models.CharField(max_length=500, blank=True)
    tries = models.PositiveIntegerField(default=0)
    next_look_at = models.DateTimeField(null=True, default=clock.now)
    observed_generation = models.PositiveIntegerField(default=0)
    observed_sequence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(default=LONG_AGO)
    epoch = models.PositiveIntegerField(default=0)

    objects = ScopedQuerySet["Recording"].as_manager()

    class Meta:
        indexes = (models.Index(fields=("next_look_at",), name="recording_due"),)


class Bot(models.Model):
    """One bot that was ordered of a vendor, written down before it is.

    `key` goes with it and comes back in all that the vendor tells. `start_at` and `link_digest` (SHA-256): of the
    appointment, as the bot was told last; `join_at` when it comes. `has_heard`: it was seen recording.
    `counts`: that it has come and gone is a reason to send no other one for the same start. `news`: how often its
    vendor told of it, and `news_seen` how much of that was known when it was asked last.
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "bot"), editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="bots")
    vendor = models.CharField(max_length=20)
    key = models.CharField(max_length=64, unique=True)
    external_id = models.CharField(max_length=200, blank=True)
    life = models.CharField(max_length=20, choices=[(life.value, life.value) for life in Life], default=Life.ORDERING)
    phase = models.CharField(
        max_length=20, choices=[(phase.value, phase.value) for phase in Phase], blank=True, default=""
    )
    cause = models.CharField(
        max_length=30, choices=[(cause.value, cause.value) for cause in Cause], blank=True, default=""
    )
    writing = models.CharField(
        max_length=20, choices=[(writing.value, writing.value) for writing in Writing], default=Writing.NOT_BEGUN
    )
    has_heard = models.BooleanField(default=False)
    counts = models.BooleanField(default=True)
    start_at = models.DateTimeField()
    join_at = models.DateTimeField()
    link_digest = models.CharField(max_length=64)
    ordered_at = models.DateTimeField(default=clock.now, editable=False)
    read_at = models.DateTimeField(null=True)
    news = models.PositiveIntegerField(default=0)
    news_seen = models.PositiveIntegerField(default=0)
    sent_away_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("vendor", "external_id"), condition=~models.Q(external_id=""), name="bot_known_once"
            ),
        )


class Transcript(models.Model):
    """What one bot heard. `content` is sealed by the workspace's data key (transcripts.py). `is_complete`: the vendor
    said that nothing is missing. `expires_at`: when it goes, unless somebody deletes it sooner.
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "trans"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="transcripts")
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="transcripts")
    bot = models.OneToOneField(Bot, on_delete=models.CASCADE, related_name="transcript")
    content = models.TextField()
    utterances = models.PositiveIntegerField()
    is_complete = models.BooleanField()
    captured_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField()

    objects = ScopedQuerySet["Transcript"].as_manager()

    class Meta:
        indexes = (
            models.Index(fields=("appointment", "id"), name="transcript_of_appointment"),
            models.Index(fields=("expires_at",), name="transcript_expiry"),
        )


class MeetingNotes(models.Model):
    """What a transcript says in short, written by a language model and mended by people; one row for each transcript.

    `content` is sealed as the transcript is; empty until it is written. `model` wrote it. `issue` counts how often it
    was sent to the client, `sent_at` when it was last.
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "notes"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="meeting_notes")
    transcript = models.OneToOneField(Transcript, on_delete=models.CASCADE, related_name="notes")
    state = models.CharField(
        max_length=20, choices=[(state.value, state.value) for state in NotesState], default=NotesState.WANTED
    )
    content = models.TextField(blank=True)
    locale = models.CharField(max_length=10)
    model = models.CharField(max_length=100, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    tries = models.PositiveIntegerField(default=0)
    next_look_at = models.DateTimeField(null=True, default=clock.now)
    lease_until = models.DateTimeField(default=LONG_AGO)
    version = models.PositiveIntegerField(default=1)
    written_at = models.DateTimeField(null=True)
    edited_at = models.DateTimeField(null=True)
    edited_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    issue = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)

    objects = ScopedQuerySet["MeetingNotes"].as_manager()

    class Meta:
        indexes = (models.Index(fields=("next_look_at",), name="notes_due"),)
