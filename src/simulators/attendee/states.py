"""A bot's states, what may happen in which of them, and why a bot may fail or leave.

https://github.com/attendee-labs/attendee/blob/main/bots/models.py (``BotEventManager.VALID_TRANSITIONS``,
``BotEventSubTypes``). Left out: breakout rooms, pausing, sessions without a bot.
"""

READY, SCHEDULED, STAGED, JOINING, WAITING_ROOM = "ready", "scheduled", "staged", "joining", "waiting_room"
NOT_RECORDING, RECORDING, PERMISSION_DENIED = (
    "joined_not_recording",
    "joined_recording",
    "joined_recording_permission_denied",
)
LEAVING, POST_PROCESSING, ENDED, FATAL_ERROR, DATA_DELETED = (
    "leaving",
    "post_processing",
    "ended",
    "fatal_error",
    "data_deleted",
)
PAUSED, INTO_BREAKOUT, OUT_OF_BREAKOUT = "joined_recording_paused", "joining_breakout_room", "leaving_breakout_room"
EVERY_STATE = (
    *(READY, JOINING, NOT_RECORDING, RECORDING, LEAVING, POST_PROCESSING, FATAL_ERROR, WAITING_ROOM, ENDED),
    *(DATA_DELETED, SCHEDULED, STAGED, PAUSED, INTO_BREAKOUT, OUT_OF_BREAKOUT, PERMISSION_DENIED),
)
# A deduplication key is free again once its bot is in one of these.
TERMINAL = (FATAL_ERROR, ENDED, DATA_DELETED)
IN_MEETING = (RECORDING, NOT_RECORDING, PERMISSION_DENIED)
_MAY_LEAVE = (
    *(PAUSED, RECORDING, NOT_RECORDING, PERMISSION_DENIED, WAITING_ROOM, JOINING),
    *(INTO_BREAKOUT, OUT_OF_BREAKOUT),
)

TRANSITIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "staged": ((SCHEDULED,), STAGED),
    "join_requested": ((READY, STAGED), JOINING),
    "could_not_join_meeting": ((JOINING, WAITING_ROOM), FATAL_ERROR),
    "fatal_error": ((SCHEDULED, STAGED, JOINING, WAITING_ROOM, *IN_MEETING, LEAVING, POST_PROCESSING), FATAL_ERROR),
    "put_in_waiting_room": ((JOINING,), WAITING_ROOM),
    "joined_meeting": ((WAITING_ROOM, JOINING), NOT_RECORDING),
    "recording_permission_granted": ((NOT_RECORDING, PERMISSION_DENIED), RECORDING),
    "recording_permission_denied": (IN_MEETING, PERMISSION_DENIED),
    "meeting_ended": ((*IN_MEETING, WAITING_ROOM, JOINING, LEAVING), POST_PROCESSING),
    "leave_requested": (_MAY_LEAVE, LEAVING),
    "left_meeting": ((LEAVING,), POST_PROCESSING),
    "post_processing_completed": ((POST_PROCESSING,), ENDED),
    "data_deleted": ((FATAL_ERROR, ENDED), DATA_DELETED),
}
"""Event -> the states in which it may happen, and the state after it."""

SUB_TYPES: dict[str, tuple[str, ...]] = {
    "fatal_error": (
        *("process_terminated", "attendee_internal_error", "out_of_credits", "rtmp_connection_failed"),
        *("ui_element_not_found", "heartbeat_timeout", "global_runtime_timeout", "bot_not_launched"),
    ),
    "could_not_join_meeting": (
        *("meeting_not_started_waiting_for_host", "unable_to_connect_to_meeting", "waiting_room_timeout_exceeded"),
        *("zoom_authorization_failed", "login_required", "authorized_user_not_in_meeting_timeout_exceeded"),
        *("bot_login_attempt_failed", "zoom_meeting_status_failed", "unpublished_zoom_app", "zoom_sdk_internal_error"),
        *("request_to_join_denied", "meeting_not_found", "blocked_by_captcha", "zoom_app_cannot_join_anonymously"),
    ),
    "leave_requested": (
        *("user_requested", "auto_leave_silence", "auto_leave_only_participant_in_meeting"),
        *("auto_leave_max_uptime_exceeded", "auto_leave_could_not_enable_closed_captions"),
    ),
    "recording_permission_denied": (
        *("host_denied_permission", "request_timed_out", "host_client_cannot_grant_permission"),
        "webinar_attendee_needs_panelist_promotion",
    ),
}
"""Event -> the reasons it may carry. Every other event carries none."""
