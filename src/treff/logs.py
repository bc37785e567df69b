"""Logs: a line of JSON for each event on stderr, with nothing in it that lets somebody in."""

import re
from collections.abc import MutableMapping
from typing import Any

import structlog

# Whoever knows one of these is let in; Django logs the address of what it answers with an error.
_SECRET_ADDRESS = re.compile(
    r"(/calendars/|/book/manage/|/book/confirm/|/book/reminders/|/book/notes/)[A-Za-z0-9:_-]{16,}"
)


def _hide_secret_addresses(_logger: object, _method: str, said: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: _SECRET_ADDRESS.sub(r"\1…", text) if isinstance(text, str) else text for key, text in said.items()}


TO_STDERR = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": [structlog.stdlib.add_logger_name, structlog.stdlib.add_log_level],
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _hide_secret_addresses,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(),
            ],
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "procrastinate": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "httpcore2": {"level": "WARNING"},
    },
}


def configure() -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
