"""What Attendee checks in the body of a create or an update. Pure: values in, field errors or clean values out.

https://github.com/attendee-labs/attendee/blob/main/bots/serializers.py (``CreateBotSerializer``) ;
wording of the errors about types: https://www.django-rest-framework.org/api-guide/fields/
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from simulators.attendee import meeting_links
from simulators.attendee.bots import AUTOMATIC_LEAVE
from simulators.attendee.clock import format_precise
from simulators.attendee.config import TRIGGERS
from simulators.attendee.world import Refusal

CREATE_FIELDS = frozenset(
    [
        *("meeting_url", "bot_name", "bot_image", "metadata", "bot_chat_message", "join_at", "calendar_event_id"),
        *("deduplication_key", "webhooks", "callback_settings", "external_media_storage_settings"),
        *("voice_agent_settings", "transcription_settings", "websocket_settings", "rtmp_settings"),
        *("recording_settings", "google_meet_settings", "teams_settings", "zoom_settings", "debug_settings"),
        "automatic_leave_settings",
    ]
)
PATCH_FIELDS = frozenset(["join_at", "meeting_url", "metadata", "bot_name", "bot_image", "recording_settings"])
OBJECTS = frozenset(name for name in CREATE_FIELDS if name.endswith("_settings")) | {"bot_image", "bot_chat_message"}
# A webhook may ask for these too, although nothing here fires them.
EVERY_TRIGGER = (
    *TRIGGERS,
    *("participant_events.speech_start_stop", "calendar.events_update", "calendar.state_change", "bot_logs.update"),
    "zoom_oauth_connection.state_change",
)
RECORDING_FORMATS = ("mp4", "mp3", "none", None)
WEBHOOKS_AT_MOST = 2  # https://docs.attendee.dev/guides/webhooks#webhook-limits-and-validation
METADATA_CHARACTERS = 1000
YEARS_AHEAD = 3
WRONG_DATETIME = (
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)


class Invalid(Exception):
    """One field's error."""


def read_body(body: bytes, content_type: str) -> dict[str, Any]:
    """The request's JSON object. Raises Refusal: 415 where it is not sent as JSON, 400 where it is none."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(415, {"detail": f'Unsupported media type "{content_type}" in request.'})
    try:
        content = json.loads(body)
    except ValueError as error:
        raise Refusal(400, {"detail": f"JSON parse error - {error}"}) from error
    if not isinstance(content, dict):
        message = f"Invalid data. Expected a dictionary, but got {type(content).__name__}."
        raise Refusal(400, {"non_field_errors": [message]})
    return content


def check_create(content: dict[str, Any], now: datetime, meeting_hosts: tuple[str, ...]) -> dict[str, Any]:
    """The clean request. Raises Refusal naming every bad field; a field that is not known is looked for only then."""
    request = _check(content, CREATE_FIELDS, ("meeting_url", "bot_name"), _checks(now, meeting_hosts))
    unexpected = sorted(set(content) - CREATE_FIELDS)
    if unexpected:
        message = (
            f"Unexpected field(s): {', '.join(unexpected)}. Allowed fields are: {', '.join(sorted(CREATE_FIELDS))}"
        )
        raise Refusal(400, {"non_field_errors": [message]})
    if request.get("calendar_event_id"):
        message = f"Calendar event with id {request['calendar_event_id']} does not exist in this project."
        raise Refusal(400, {"error": message})
    _check_hooks(request.get("webhooks") or [])
    return request


def check_patch(content: dict[str, Any], now: datetime, meeting_hosts: tuple[str, ...]) -> dict[str, Any]:
    """The clean changes. Fields that are not known are ignored."""
    return _check(content, PATCH_FIELDS, (), _checks(now, meeting_hosts))


def read_instant(text: object) -> datetime:
    """An instant as Django REST framework reads it; without an offset it is UTC. Raises Invalid."""
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) and len(text) > len("2026-12-01") else None
    except ValueError:
        at = None
    if at is None:
        raise Invalid(WRONG_DATETIME)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


Check = Callable[[Any], Any]


def _checks(now: datetime, meeting_hosts: tuple[str, ...]) -> dict[str, Check]:
    return {
        "meeting_url": lambda value: _check_link(value, meeting_hosts),
        "bot_name": _check_name,
        "join_at": lambda value: _check_time(value, now),
        "metadata": _check_metadata,
        "deduplication_key": _check_text,
        "calendar_event_id": _check_text,
        "webhooks": _check_webhooks,
        "automatic_leave_settings": _check_leaving,
        "callback_settings": _check_callback,
        "zoom_settings": _check_zoom,
        "recording_settings": _check_recording,
        "bot_chat_message": _check_chat_message,
    }


def _check(
    content: dict[str, Any], fields: frozenset[str], required: tuple[str, ...], checks: dict[str, Check]
) -> dict[str, Any]:
    errors: dict[str, list[str]] = {name: ["This field is required."] for name in required if name not in content}
    clean: dict[str, Any] = {}
    for name in sorted(fields & set(content)):
        value = content[name]
        if value is None:
            if name in ("meeting_url", "bot_name", "join_at", "deduplication_key") and (
                required == () or name in required
            ):
                errors[name] = ["This field may not be null."]
            continue
        try:
            if name in OBJECTS and not isinstance(value, dict):
                raise Invalid(f"{json.dumps(value)} is not of type 'object'")
            clean[name] = checks.get(name, _keep)(value)
        except Invalid as error:
            errors[name] = [str(error)]
    if errors:
        raise Refusal(400, errors)
    return clean


def _keep(value: Any) -> Any:
    return value


def _check_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Invalid("Not a valid string.")
    text = str(value).strip()
    if not text:
        raise Invalid("This field may not be blank.")
    return text


def _check_link(value: Any, meeting_hosts: tuple[str, ...]) -> str:
    link = meeting_links.normalize(_check_text(value), meeting_hosts)
    if link is None:
        raise Invalid("Invalid meeting URL")
    return link


def _check_name(value: Any) -> str:
    name = _check_text(value)
    if any(ord(character) > 0xFFFF for character in name):
        raise Invalid("Bot name cannot contain emojis or rare script characters.")
    return name


def _check_time(value: Any, now: datetime) -> str:
    at = read_instant(value)
    if at < now:
        raise Invalid("join_at cannot be in the past")
    if at > now.replace(year=now.year + YEARS_AHEAD, day=min(now.day, 28)):
        raise Invalid(f"join_at cannot be more than {YEARS_AHEAD} years in the future")
    return format_precise(at)


def _check_metadata(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise Invalid("Metadata must be an object not an array or other type")
    if not value:
        raise Invalid("Metadata must have at least one key")
    for key, text in value.items():
        if not isinstance(text, str):
            raise Invalid(f"Value for key '{key}' must be a string")
    if len(json.dumps(value)) > METADATA_CHARACTERS:
        raise Invalid(f"Metadata must be less than {METADATA_CHARACTERS} characters")
    return value


def _check_webhooks(value: Any) -> list[dict[str, Any]]:
    """Its shape; the messages are those of the jsonschema library."""
    if not isinstance(value, list):
        raise Invalid(f"{json.dumps(value)} is not of type 'array'")
    for hook in value:
        if not isinstance(hook, dict):
            raise Invalid(f"{json.dumps(hook)} is not of type 'object'")
        for name in ("url", "triggers"):
            if name not in hook:
                raise Invalid(f"'{name}' is a required property")
        if set(hook) - {"url", "triggers"}:
            raise Invalid("Additional properties are not allowed")
        if not _is_address(hook["url"]):
            raise Invalid(f"'{hook['url']}' does not match '^https://.*'")
        triggers = hook["triggers"]
        if not isinstance(triggers, list) or not triggers:
            raise Invalid(f"{json.dumps(triggers)} should be non-empty")
        for trigger in triggers:
            if trigger not in EVERY_TRIGGER:
                raise Invalid(f"'{trigger}' is not one of {list(EVERY_TRIGGER)}")
        if len(set(triggers)) != len(triggers):
            raise Invalid(f"{triggers} has non-unique elements")
    return value


def _check_hooks(hooks: list[dict[str, Any]]) -> None:
    """https://github.com/attendee-labs/attendee/blob/main/bots/bots_api_utils.py (``validate_webhook_data``)"""
    seen: set[str] = set()
    for hook in hooks:
        if hook["url"] in seen:
            raise Refusal(400, {"error": "URL already subscribed for this bot"})
        if len(seen) >= WEBHOOKS_AT_MOST:
            raise Refusal(400, {"error": "You have reached the maximum number of webhooks for a single bot"})
        seen.add(hook["url"])


def _check_leaving(value: dict[str, Any]) -> dict[str, Any]:
    for name, setting in value.items():
        if name == "bot_keywords":
            if setting is not None and not (isinstance(setting, list) and all(isinstance(k, str) for k in setting)):
                raise Invalid("bot_keywords must be a list of strings or null")
        elif name not in AUTOMATIC_LEAVE:
            raise Invalid(f"Unexpected attribute: {name}")
        elif not isinstance(setting, int) or setting <= 0:
            raise Invalid(f"{name} must be a positive integer")
    return value


def _check_callback(value: dict[str, Any]) -> dict[str, Any]:
    for name, url in value.items():
        if name != "zoom_tokens_url":
            raise Invalid(f"Additional properties are not allowed ('{name}' was unexpected)")
        if not _is_address(url):
            raise Invalid(f"'{url}' does not match '^https://.*'")
    return value


def _check_zoom(value: dict[str, Any]) -> dict[str, Any]:
    for name in value:
        if name not in ("sdk", "meeting_settings", "onbehalf_token"):
            raise Invalid(f"Additional properties are not allowed ('{name}' was unexpected)")
    if value.get("sdk", "native") not in ("web", "native"):
        raise Invalid(f"{value['sdk']!r} is not one of ['web', 'native']")
    token = value.get("onbehalf_token")
    if token is not None and not (
        isinstance(token, dict) and isinstance(token.get("zoom_oauth_connection_user_id"), str)
    ):
        raise Invalid("'zoom_oauth_connection_user_id' is a required property")
    return value


def _check_recording(value: dict[str, Any]) -> dict[str, Any]:
    if value.get("format") not in RECORDING_FORMATS:
        raise Invalid("Format must be mp4 or mp3 or 'none'")
    return value


def _check_chat_message(value: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(value.get("message"), str) or not value["message"]:
        raise Invalid("This field is required.")
    return value


def _is_address(url: object) -> bool:
    """https, as Attendee asks, or http to this machine, which only this stand-in allows."""
    if not isinstance(url, str):
        return False
    return url.startswith("https://") or urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
