"""How Microsoft says no: Graph in one form, the identity platform in another."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulators.microsoft.clock import format_seconds


@dataclass(frozen=True)
class Trace:
    """What every answer carries so that support could find it."""

    at: datetime
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    client_request_id: str | None = None

    @property
    def correlation_id(self) -> str:
        return self.client_request_id or self.request_id


class Refusal(Exception):
    """The answer that ends a call early."""

    def __init__(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.headers = status, dict(headers or {})

    def content(self, trace: Trace) -> dict[str, Any]:
        raise NotImplementedError


class GraphRefusal(Refusal):
    """``{"error": {"code", "message", "innerError"}}``: https://learn.microsoft.com/en-us/graph/errors

    The members of innerError as in https://github.com/microsoftgraph/microsoftgraph-postman-collections/issues/48
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, headers)
        self.code, self.message = code, message

    def content(self, trace: Trace) -> dict[str, Any]:
        inner = {
            "date": format_seconds(trace.at),
            "request-id": trace.request_id,
            "client-request-id": trace.correlation_id,
        }
        return {"error": {"code": self.code, "message": self.message, "innerError": inner}}


class SignInRefusal(Refusal):
    """``error``, ``error_description`` beginning with AADSTS and a number, ``error_codes`` and so on.

    https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes ; ``suberror`` as in
    https://github.com/microsoftgraph/microsoft-graph-docs/issues/6311
    """

    def __init__(self, error: str, number: int, text: str, status: int = 400, suberror: str | None = None) -> None:
        super().__init__(status)
        self.error, self.number, self.text, self.suberror = error, number, text, suberror

    def describe(self, trace: Trace) -> str:
        """As it stands in the redirect to an app and on the error page."""
        return (
            f"AADSTS{self.number}: {self.text}\r\nTrace ID: {trace.request_id}\r\n"
            f"Correlation ID: {trace.correlation_id}\r\nTimestamp: {_stamp(trace)}"
        )

    def content(self, trace: Trace) -> dict[str, Any]:
        content: dict[str, Any] = {
            "error": self.error,
            "error_description": self.describe(trace),
            "error_codes": [self.number],
            "timestamp": _stamp(trace),
            "trace_id": trace.request_id,
            "correlation_id": trace.correlation_id,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
        }
        return {**content, "suberror": self.suberror} if self.suberror else content


def not_found() -> GraphRefusal:
    """An event that is not there. https://github.com/microsoftgraph/msgraph-sdk-dotnet/issues/259"""
    return GraphRefusal(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def _stamp(trace: Trace) -> str:
    return trace.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
