"""How a meeting's settings come about: Zoom's defaults, the user's, the request's, what an administrator locked."""

from typing import Any

from simulators.zoom.users import BASIC, User

# Zoom's defaults, one for each setting that has a plain value in the 201 of
# https://developers.zoom.us/docs/api/meetings/#tag/meetings/POST/users/{userId}/meetings
DEFAULTS: dict[str, Any] = {
    "host_video": False,
    "participant_video": False,
    "cn_meeting": False,
    "in_meeting": False,
    "join_before_host": False,
    "jbh_time": 0,
    "mute_upon_entry": False,
    "watermark": False,
    "use_pmi": False,
    "approval_type": 2,
    "registration_type": 1,
    "audio": "both",
    "auto_recording": "none",
    "enforce_login": False,
    "enforce_login_domains": "",
    "alternative_hosts": "",
    "alternative_hosts_email_notification": True,
    "alternative_host_update_polls": False,
    "alternative_host_manage_meeting_summary": False,
    "alternative_host_manage_cloud_recording": False,
    "close_registration": False,
    "show_share_button": False,
    "show_join_info": False,
    "allow_multiple_devices": False,
    "registrants_confirmation_email": True,
    "registrants_email_notification": True,
    "waiting_room": False,
    "meeting_authentication": False,
    "encryption_type": "enhanced_encryption",
    "private_meeting": False,
    "internal_meeting": False,
    "email_notification": True,
    "host_save_video_order": False,
    "focus_mode": False,
    "participant_focused_meeting": False,
    "push_change_to_calendar": False,
    "auto_start_meeting_summary": False,
    "auto_start_ai_companion_questions": False,
    "device_testing": False,
    "request_permission_to_unmute_participants": False,
    "allow_host_control_participant_mute_state": False,
    "disable_participant_video": False,
    "email_in_attendee_report": True,
    "global_dial_in_countries": ["DE"],
    "global_dial_in_numbers": [],
    "meeting_invitees": [],
    "approved_or_denied_countries_or_regions": {"enable": False},
    "breakout_room": {"enable": False},
    "continuous_meeting_chat": {"enable": False},
    "question_and_answer": {"enable": False},
    "language_interpretation": {"enable": False},
    "sign_language_interpretation": {"enable": False},
    "resources": [],
}
KNOWN = frozenset(DEFAULTS) | frozenset(
    [
        "additional_data_center_regions",
        "audio_conference_info",
        "authentication_domains",
        "authentication_exception",
        "authentication_name",
        "authentication_option",
        "auto_add_recording_to_video_management",
        "calendar_type",
        "contact_email",
        "contact_name",
        "custom_keys",
        "waiting_room_options",
        "who_will_receive_summary",
        "who_can_ask_questions",
        "summary_template_id",
    ]
)


def resolve(user: User, current: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The settings a meeting ends up with. Later sources win:

    1. Zoom's defaults, then the user's own (https://support.zoom.com/hc/en/article?id=zm_kb&sysparm_article=KB0064159).
    2. What the meeting already has.
    3. The request; unknown names and nulls are ignored.
    4. What an administrator locked, silently:
       https://developers.zoom.us/docs/api/references/meeting-api-security-enhancements/
    5. A waiting room disables join before host; a free plan has no cloud recording.
    """
    named = {name: value for name, value in wanted.items() if name in KNOWN and value is not None}
    settings = {**DEFAULTS, **user.defaults, **current, **named, **user.locked}
    if settings["waiting_room"]:
        # https://developers.zoom.us/docs/api/meetings/ "If the waiting room feature is enabled, this is disabled"
        settings["join_before_host"] = False
    if user.type == BASIC and settings["auto_recording"] == "cloud":
        # https://support.zoom.com/hc/en/article?id=zm_kb&sysparm_article=KB0062627
        settings["auto_recording"] = "none"
    return settings


def needs_passcode(user: User, settings: dict[str, Any]) -> bool:
    """Nothing secures the meeting and the account insists that something does: Zoom then adds a passcode.

    https://developers.zoom.us/docs/api/references/meeting-api-security-enhancements/
    """
    return user.secured and not settings["waiting_room"] and not settings["meeting_authentication"]


def describe(settings: dict[str, Any], password: str) -> list[str]:
    """The settings a person cares about, in words."""
    recording = {"none": "No automatic recording", "local": "Records locally", "cloud": "Records to the cloud"}
    early = f", {settings['jbh_time']} min early" if settings["jbh_time"] else ""
    return [
        f"Guests may join before the host{early}" if settings["join_before_host"] else "Guests wait for the host",
        "Waiting room on" if settings["waiting_room"] else "Waiting room off",
        recording[settings["auto_recording"]],
        "Passcode set" if password else "No passcode",
        *(["Personal meeting room"] if settings["use_pmi"] else []),
        *(["Sign-in required"] if settings["meeting_authentication"] else []),
    ]
