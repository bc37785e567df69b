"""What Zoom checks in the body of a create or an update. Pure: values in, field errors or clean values out.

Limits and enumerations are those of Zoom's OpenAPI file "Meetings", version 2:
https://developers.zoom.us/docs/api/meetings/#tag/meetings/POST/users/{userId}/meetings
"""

import json
import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulators.zoom.world import Refusal

INSTANT, SCHEDULED, RECURRING_NO_TIME, RECURRING, SCREEN_SHARE = 1, 2, 3, 8, 10
MEETING_TYPES = (INSTANT, SCHEDULED, RECURRING_NO_TIME, RECURRING, SCREEN_SHARE)

TEXT_LIMITS = {"topic": 200, "agenda": 2000, "timezone": None, "schedule_for": None, "template_id": None}
SETTING_FLAGS = frozenset(
    [
        "allow_multiple_devices",
        "alternative_hosts_email_notification",
        "close_registration",
        "email_notification",
        "focus_mode",
        "host_video",
        "join_before_host",
        "meeting_authentication",
        "mute_upon_entry",
        "participant_video",
        "private_meeting",
        "registrants_confirmation_email",
        "registrants_email_notification",
        "show_join_info",
        "show_share_button",
        "use_pmi",
        "waiting_room",
        "watermark",
        "host_save_video_order",
        "alternative_host_update_polls",
        "internal_meeting",
        "participant_focused_meeting",
        "push_change_to_calendar",
        "auto_start_meeting_summary",
        "auto_start_ai_companion_questions",
        "device_testing",
        "request_permission_to_unmute_participants",
        "allow_host_control_participant_mute_state",
        "disable_participant_video",
        "email_in_attendee_report",
    ]
)
SETTING_CHOICES: dict[str, tuple[object, ...]] = {
    "approval_type": (0, 1, 2),
    "audio": ("both", "telephony", "voip", "thirdParty"),
    "auto_recording": ("local", "cloud", "none"),
    "calendar_type": (1, 2),
    "encryption_type": ("enhanced_encryption", "e2ee"),
    "jbh_time": (0, 5, 10, 15),
    "registration_type": (1, 2, 3),
    "who_will_receive_summary": (1, 2, 3, 4),
    "who_can_ask_questions": (1, 2, 3, 4, 5),
}
# Create allows specials like !@#, update only these; the narrower set is what both accept.
PASSCODE = re.compile(r"[A-Za-z0-9@\-_*]{0,10}")
CREATE_PASSCODE = re.compile(r"[\x21-\x7e]{0,10}")
DOCUMENTED_START = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?")


def read_body(body: bytes) -> dict[str, Any]:
    """The request's JSON object. Raises Refusal (300): https://developers.zoom.us/docs/api/errors/"""
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise Refusal(400, {"code": 300, "message": "Request Body should be a valid JSON object."})
    return content


def check_meeting(content: dict[str, Any], creating: bool) -> None:
    """Raises Refusal (300 with ``errors``) naming every bad field. A field that is null counts as absent."""
    given = {name: value for name, value in content.items() if value is not None}
    errors = _check_fields(given, creating) + _check_settings(given.get("settings", {}))
    if errors:
        listed = [{"field": name, "message": message} for name, message in errors]
        raise Refusal(400, {"code": 300, "message": "Validation Failed.", "errors": listed})


def read_start(content: dict[str, Any], account_zone: str) -> datetime | None:
    """The start as an aware UTC instant; None where Zoom sees none.

    With Z it is UTC, without it is wall time in ``timezone`` or else in the account's zone. Other ISO forms, such as
    one with milliseconds, have no effect: https://github.com/n8n-io/n8n/issues/29205. The body was checked before.
    """
    text = content.get("start_time")
    if not isinstance(text, str) or not DOCUMENTED_START.fullmatch(text):
        return None
    if text.endswith("Z"):
        return datetime.fromisoformat(text)
    zone = ZoneInfo(content.get("timezone") or account_zone)
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def _check_fields(given: dict[str, Any], creating: bool) -> list[tuple[str, str]]:
    errors = []
    for name, limit in TEXT_LIMITS.items():
        value = given.get(name, "")
        if not isinstance(value, str):
            errors.append((name, "Invalid field."))
        elif limit is not None and len(value) > limit:
            errors.append((name, f"This field can't be longer than {limit} characters."))
    if not _is_integer(given.get("duration", 60)) or not 1 <= given.get("duration", 60) <= 1440:
        errors.append(("duration", "Invalid field."))
    if given.get("type", SCHEDULED) not in MEETING_TYPES or isinstance(given.get("type"), bool):
        errors.append(("type", "Invalid field."))
    passcode = given.get("password", "")
    if not isinstance(passcode, str) or not (CREATE_PASSCODE if creating else PASSCODE).fullmatch(passcode):
        errors.append(("password", "Invalid field."))
    for flag in ("default_password", "pre_schedule"):
        if not isinstance(given.get(flag, False), bool):
            errors.append((flag, "Invalid field."))
    if not isinstance(given.get("tracking_fields", []), list):
        errors.append(("tracking_fields", "Invalid field."))
    if creating and given.get("type") == RECURRING and not isinstance(given.get("recurrence"), dict):
        errors.append(("recurrence", "Invalid field."))
    return errors + _check_time(given)


def _check_time(given: dict[str, Any]) -> list[tuple[str, str]]:
    errors = []
    zone = given.get("timezone")
    if isinstance(zone, str) and zone and not _is_zone(zone):
        errors.append(("timezone", "Invalid field."))
    start = given.get("start_time", "")
    try:
        if start != "":
            datetime.fromisoformat(start)
    except (TypeError, ValueError):
        errors.append(("start_time", "Invalid field."))
    return errors


def _check_settings(settings: object) -> list[tuple[str, str]]:
    if not isinstance(settings, dict):
        return [("settings", "Invalid field.")]
    errors = []
    for name, value in settings.items():
        if value is None:
            continue
        choices = SETTING_CHOICES.get(name)
        wrong_flag = name in SETTING_FLAGS and not isinstance(value, bool)
        wrong_choice = choices is not None and (isinstance(value, bool) or value not in choices)
        if wrong_flag or wrong_choice or (name == "alternative_hosts" and not isinstance(value, str)):
            errors.append((f"settings.{name}", "Invalid field."))
    return errors


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
