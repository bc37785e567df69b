"""What a notice is about, and the life of one."""

from enum import StrEnum


class NoticeKind(StrEnum):
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    DEAUTHORIZED = "deauthorized"
    BROKEN = "broken"
    APP_REFUSED = "app_refused"
    KEY_TROUBLE = "key_trouble"


class NoticeState(StrEnum):
    OPEN = "open"
    SENT = "sent"
    FAILED = "failed"
