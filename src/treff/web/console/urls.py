"""Addresses of the console. Ids in them are public ids; anything else never reaches a view."""

from django.urls import path, register_converter

from treff.booking_types.states import CONFERENCING
from treff.web.console import (
    admin,
    agenda,
    appointments,
    booking,
    branding,
    calendar_addresses,
    cancelling,
    changing,
    cleanup,
    free_times,
    home,
    hours,
    inviting,
    lead,
    lead_export,
    lead_import,
    lead_merge,
    lead_notes,
    lead_privacy,
    leads,
    leaving,
    mail_log,
    mail_texts,
    mails,
    meeting_defaults,
    meeting_notes,
    notes_policy,
    noting,
    reassigning,
    reporting,
    requests,
    searching,
    setting_up,
    switching,
    sync,
    team,
    today,
    transcript,
    type_editing,
    types,
    undoing,
    video,
)
from treff.workspaces.rules import LOCALES
from treff.workspaces.states import Reach


class PublicId:
    """Such as appt_7k2m… (kernel.ids)."""

    regex = r"[a-z]{2,10}_[0-9a-z]{1,40}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class ProviderName(PublicId):
    """A provider that an account can be connected at, set up on this server or not."""

    regex = "|".join(CONFERENCING)


class ReachName(PublicId):
    """What a calendar address shows."""

    regex = "|".join(Reach)


class HoursPart(PublicId):
    """A form of the availability page."""

    regex = "|".join(hours.PARTS)


class MailKind(PublicId):
    """A kind of mail whose words can be changed."""

    regex = "|".join(mail_texts.EDITABLE)


class FileEnding(PublicId):
    """A kind of file that a transcript can be taken along as."""

    regex = "|".join(transcript.ENDINGS)


class Locale(PublicId):
    regex = "|".join(LOCALES)


register_converter(HoursPart, "hours_part")
register_converter(PublicId, "id")
register_converter(ProviderName, "provider")
register_converter(ReachName, "reach")
register_converter(MailKind, "mail_kind")
register_converter(FileEnding, "ending")
register_converter(Locale, "locale")

app_name = "console"
_IMPORT = "w/<slug:workspace>/leads/import/"
_LEAD = "w/<slug:workspace>/leads/<id:lead_id>/"
_APPOINTMENT = "w/<slug:workspace>/appointments/<id:appointment_id>/"
_TRANSCRIPT = f"{_APPOINTMENT}transcript/<id:transcript_id>/"
_AGENDA = "w/<slug:workspace>/appointments/calendar/"
_CALENDAR = "w/<slug:workspace>/calendar/"
_ADMIN = "w/<slug:workspace>/admin/"
_VIDEO = f"{_ADMIN}appointments/video-provider/"
_PROVIDER = f"{_VIDEO}<provider:provider>/"
_SYNC = f"{_ADMIN}appointments/sync/"
_REPORTS = "w/<slug:workspace>/reports/"
_OWN_HOURS = "w/<slug:workspace>/availability/"
_HOURS = f"{_ADMIN}members/<id:member_id>/availability/"
_MEMBERS = f"{_ADMIN}members/"
_MEMBER = f"{_MEMBERS}<id:member_id>/"
_INVITATION = f"{_MEMBERS}invitations/<id:invitation_id>/"
_TYPES = f"{_ADMIN}appointments/booking-types/"
_TYPE = f"{_TYPES}<slug:slug>/"
_TEXT = f"{_ADMIN}mails/<mail_kind:kind>/<locale:locale>/"

urlpatterns = [
    path("", home.home, name="home"),
    path("w/<slug:workspace>/", today.today, name="today"),
    path("w/<slug:workspace>/search/", searching.search, name="search"),
    path("w/<slug:workspace>/leads/", leads.leads, name="leads"),
    path("w/<slug:workspace>/leads/new/", leads.lead_new, name="lead_new"),
    path(_IMPORT, lead_import.lead_import, name="lead_import"),
    path(f"{_IMPORT}<id:import_id>/", lead_import.lead_import_check, name="lead_import_check"),
    path(f"{_IMPORT}<id:import_id>/confirm/", lead_import.lead_import_confirm, name="lead_import_confirm"),
    path(f"{_IMPORT}<id:import_id>/undo/", lead_import.lead_import_undo, name="lead_import_undo"),
    path(f"{_IMPORT}<id:import_id>/discard/", lead_import.lead_import_discard, name="lead_import_discard"),
    path("w/<slug:workspace>/leads/duplicates/", lead_merge.lead_duplicates, name="lead_duplicates"),
    path("w/<slug:workspace>/leads/export/", lead_export.lead_export, name="lead_export"),
    path("w/<slug:workspace>/leads/views/", leads.lead_view_new, name="lead_view_new"),
    path("w/<slug:workspace>/leads/views/<id:view_id>/delete/", leads.lead_view_delete, name="lead_view_delete"),
    path(_LEAD, lead.lead, name="lead"),
    path(f"{_LEAD}edit/", lead.lead_edit, name="lead_edit"),
    path(f"{_LEAD}status/", lead.lead_status, name="lead_status"),
    path(f"{_LEAD}owner/", lead.lead_owner, name="lead_owner"),
    path(f"{_LEAD}merge/", lead_merge.lead_merge_with, name="lead_merge_with"),
    path(f"{_LEAD}merge/<id:other_id>/", lead_merge.lead_merge, name="lead_merge"),
    path(f"{_LEAD}notes/", lead_notes.note_new, name="note_new"),
    path(f"{_LEAD}notes/<id:note_id>/edit/", lead_notes.note_edit, name="note_edit"),
    path(f"{_LEAD}notes/<id:note_id>/delete/", lead_notes.note_delete, name="note_delete"),
    path(f"{_LEAD}privacy/", lead_privacy.lead_privacy, name="lead_privacy"),
    path(f"{_LEAD}privacy/export/", lead_privacy.lead_take_out, name="lead_take_out"),
    path(f"{_LEAD}privacy/erase/", lead_privacy.lead_erase, name="lead_erase"),
    path(f"{_LEAD}book/", booking.book, name="book"),
    path("w/<slug:workspace>/free-times/", free_times.free_times_part, name="free_times"),
    path("w/<slug:workspace>/appointments/", appointments.appointments, name="appointments"),
    path("w/<slug:workspace>/appointments/cancel-many/", cancelling.cancel_many, name="cancel_many"),
    path(_AGENDA, agenda.agenda, name="agenda"),
    path(f"{_AGENDA}entries/", agenda.agenda_entries, name="agenda_entries"),
    path(f"{_AGENDA}book/", agenda.agenda_book, name="agenda_book"),
    path(_APPOINTMENT, appointments.appointment, name="appointment"),
    path(f"{_APPOINTMENT}move/", agenda.agenda_move, name="agenda_move"),
    path(f"{_APPOINTMENT}meeting/", appointments.meeting, name="meeting"),
    path(f"{_APPOINTMENT}no-show/", appointments.no_show, name="no_show"),
    path(f"{_APPOINTMENT}meeting/add/", appointments.add_meeting, name="add_meeting"),
    path(f"{_APPOINTMENT}meeting/look-again/", appointments.look_again, name="look_again"),
    path(f"{_APPOINTMENT}mails/<int:recipient_id>/send-again/", mails.send_again, name="send_again"),
    path(f"{_APPOINTMENT}reschedule/", changing.appointment_reschedule, name="appointment_reschedule"),
    path(f"{_APPOINTMENT}provider/", switching.appointment_provider, name="appointment_provider"),
    path(f"{_APPOINTMENT}host/", reassigning.appointment_host, name="appointment_host"),
    path(f"{_APPOINTMENT}approve/", requests.appointment_approve, name="appointment_approve"),
    path(f"{_APPOINTMENT}decline/", requests.appointment_decline, name="appointment_decline"),
    path(f"{_APPOINTMENT}cancel/", changing.appointment_cancel, name="appointment_cancel"),
    path(f"{_APPOINTMENT}undo/", undoing.appointment_undo, name="appointment_undo"),
    path(f"{_APPOINTMENT}delete/", changing.appointment_delete, name="appointment_delete"),
    path(f"{_APPOINTMENT}notes/", noting.appointment_notes, name="appointment_notes"),
    path(f"{_APPOINTMENT}notes/call-off/", noting.notes_call_off, name="notes_call_off"),
    path(f"{_APPOINTMENT}notes/take-up/", noting.notes_take_up, name="notes_take_up"),
    path(f"{_APPOINTMENT}notes/another-bot/", noting.notes_another_bot, name="notes_another_bot"),
    path(_TRANSCRIPT, transcript.transcript, name="transcript"),
    path(f"{_TRANSCRIPT}transcript.<ending:ending>", transcript.transcript_file, name="transcript_file"),
    path(f"{_TRANSCRIPT}delete/", transcript.transcript_delete, name="transcript_delete"),
    path(f"{_TRANSCRIPT}notes/", meeting_notes.transcript_notes, name="transcript_notes"),
    path(f"{_TRANSCRIPT}notes/edit/", meeting_notes.notes_edit, name="notes_edit"),
    path(f"{_TRANSCRIPT}notes/send/", meeting_notes.notes_send, name="notes_send"),
    path(f"{_TRANSCRIPT}notes/write-again/", meeting_notes.notes_write_again, name="notes_write_again"),
    path("w/<slug:workspace>/mails/<id:mail_id>/", mail_log.sent_mail, name="sent_mail"),
    path("w/<slug:workspace>/mails/<id:mail_id>/html/", mail_log.sent_mail_html, name="sent_mail_html"),
    path(_CALENDAR, calendar_addresses.calendar, name="calendar"),
    path(f"{_CALENDAR}digest/", calendar_addresses.calendar_digest, name="calendar_digest"),
    path(f"{_CALENDAR}<reach:reach>/new/", calendar_addresses.calendar_new, name="calendar_new"),
    path(f"{_CALENDAR}<reach:reach>/off/", calendar_addresses.calendar_off, name="calendar_off"),
    path(_REPORTS, reporting.reports, name="reports"),
    path(f"{_REPORTS}new/", reporting.report_new, name="report_new"),
    path(f"{_REPORTS}<id:report_id>/", reporting.report, name="report"),
    path(_OWN_HOURS, hours.availability, name="availability"),
    path(f"{_OWN_HOURS}<hours_part:part>/", hours.availability_change, name="availability_change"),
    path(f"{_OWN_HOURS}<hours_part:part>/remove/", hours.availability_remove, name="availability_remove"),
    path(f"{_OWN_HOURS}calendars/<id:feed_id>/remove/", hours.feed_remove, name="feed_remove"),
    path(f"{_OWN_HOURS}calendars/<id:feed_id>/read/", hours.feed_read, name="feed_read"),
    path(f"{_OWN_HOURS}accounts/<provider:provider>/", hours.account_calendar, name="account_calendar"),
    path(_HOURS, hours.availability_of, name="availability_of"),
    path(f"{_HOURS}<hours_part:part>/", hours.availability_change_of, name="availability_change_of"),
    path(f"{_HOURS}<hours_part:part>/remove/", hours.availability_remove_of, name="availability_remove_of"),
    path(f"{_HOURS}calendars/<id:feed_id>/remove/", hours.feed_remove_of, name="feed_remove_of"),
    path(f"{_HOURS}calendars/<id:feed_id>/read/", hours.feed_read_of, name="feed_read_of"),
    path(f"{_VIDEO}meetings/", meeting_defaults.meeting_defaults, name="meeting_defaults"),
    path(_VIDEO, video.video_provider, name="video_provider"),
    path(f"{_VIDEO}accounts/", video.accounts_part, name="accounts"),
    path(f"{_PROVIDER}connect/", video.connect, name="connect"),
    path(f"{_PROVIDER}offer/", video.offer, name="offer"),
    path(f"{_PROVIDER}own-accounts/", video.allow_own, name="allow_own"),
    path(f"{_PROVIDER}check/", video.check, name="check"),
    path(f"{_PROVIDER}check/<id:member_id>/", video.check_own, name="check_own"),
    path(f"{_PROVIDER}disconnect/", leaving.disconnect, name="disconnect"),
    path(f"{_PROVIDER}disconnect/<id:member_id>/", leaving.disconnect_own, name="disconnect_own"),
    path(f"{_PROVIDER}disconnect-now/", leaving.disconnect_now, name="disconnect_now"),
    path(f"{_PROVIDER}disconnect-now/<id:member_id>/", leaving.disconnect_now_own, name="disconnect_now_own"),
    path(_SYNC, sync.sync, name="sync"),
    path(f"{_SYNC}look-again/", sync.look_again_at, name="look_again_at"),
    path(f"{_SYNC}clean-up/<id:appointment_id>/<int:number>/", cleanup.clean_up, name="clean_up"),
    path(_TYPES, types.booking_types, name="booking_types"),
    path(f"{_ADMIN}appointments/new-booking-type/", type_editing.booking_type_new, name="booking_type_new"),
    path(_TYPE, type_editing.booking_type, name="booking_type"),
    path(f"{_TYPE}pause/", types.booking_type_pause, name="booking_type_pause"),
    path(f"{_TYPE}duplicate/", types.booking_type_duplicate, name="booking_type_duplicate"),
    path(f"{_TYPE}secret/", types.booking_type_secret, name="booking_type_secret"),
    path(f"{_TYPE}remove/", types.booking_type_remove, name="booking_type_remove"),
    path(f"{_ADMIN}notes/", notes_policy.notes_policy, name="notes_policy"),
    path(f"{_ADMIN}mails/", mail_texts.mail_texts, name="mail_texts"),
    path(f"{_ADMIN}mails/log/", mail_log.mail_log, name="mail_log"),
    path(_TEXT, mail_texts.mail_text, name="mail_text"),
    path(f"{_TEXT}preview/", mail_texts.mail_text_preview, name="mail_text_preview"),
    path(f"{_TEXT}reset/", mail_texts.mail_text_reset, name="mail_text_reset"),
    path(f"{_ADMIN}set-up/dismiss/", setting_up.setup_dismiss, name="setup_dismiss"),
    path(_MEMBERS, team.members, name="members"),
    path(f"{_MEMBERS}invite/", inviting.member_invite, name="member_invite"),
    path(f"{_INVITATION}send-again/", inviting.invitation_again, name="invitation_again"),
    path(f"{_INVITATION}withdraw/", inviting.invitation_withdraw, name="invitation_withdraw"),
    path(_MEMBER, team.member, name="member"),
    path(f"{_MEMBER}deactivate/", team.member_deactivate, name="member_deactivate"),
    path(f"{_MEMBER}reactivate/", team.member_reactivate, name="member_reactivate"),
    path(f"{_ADMIN}settings/brand/", branding.brand, name="brand"),
    path(f"{_ADMIN}settings/", admin.workspace_settings, name="settings"),
]
