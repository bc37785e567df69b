"""What a report says of where and when, beside the words of who reports."""

from enum import StrEnum


class FactKind(StrEnum):
    """Public ids and technical words only: nothing of what was agreed with whom, no link, no secret."""

    TIME = "time"
    WORKSPACE = "workspace"
    REPORTER = "reporter"
    PAGE = "page"
    APPOINTMENT = "appointment"
    LEAD = "lead"
    MEETING = "meeting"
    ACCOUNT = "account"
    EVENTS = "events"
    BROWSER = "browser"
    VERSIONS = "versions"
