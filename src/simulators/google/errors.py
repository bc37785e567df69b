"""The bodies Google refuses with.

Calendar's are those of https://developers.google.com/workspace/calendar/api/guides/errors ; what that page does not
list has its own source at the line.
"""

from simulators.google.world import Refusal


def refuse(
    status: int, reason: str, message: str, domain: str = "global", at: tuple[str, str] | None = None
) -> Refusal:
    """``at``: the type of place and the place that is wrong, such as ``("parameter", "timeMax")``."""
    error = {"domain": domain, "reason": reason, "message": message}
    if at:
        error["locationType"], error["location"] = at
    return Refusal(status, {"error": {"errors": [error], "code": status, "message": message}})


def invalid_credentials() -> Refusal:
    refusal = refuse(401, "authError", "Invalid Credentials", at=("header", "Authorization"))
    # https://github.com/codenameone/CodenameOne/issues/3135
    refusal.headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
    return refusal


def insufficient_scope(method: str) -> Refusal:
    """As seen in https://github.com/analogdotnow/Analog/issues/296 ; the guide lists no body for it."""
    message = "Request had insufficient authentication scopes."
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {"service": "calendar-json.googleapis.com", "method": method},
    }
    error = {
        "code": 403,
        "message": message,
        "errors": [{"message": "Insufficient Permission", "domain": "global", "reason": "insufficientPermissions"}],
        "status": "PERMISSION_DENIED",
        "details": [detail],
    }
    return Refusal(403, {"error": error})


def not_found() -> Refusal:
    return refuse(404, "notFound", "Not Found")


def duplicate() -> Refusal:
    return refuse(409, "duplicate", "The requested identifier already exists.")


def deleted() -> Refusal:
    return refuse(410, "deleted", "Resource has been deleted")


def precondition_failed() -> Refusal:
    return refuse(412, "conditionNotMet", "Precondition Failed", at=("header", "If-Match"))


def required(message: str) -> Refusal:
    return refuse(400, "required", message)


def invalid(message: str) -> Refusal:
    return refuse(400, "invalid", message)


def bad_parameter(name: str, value: str, allowed: str) -> Refusal:
    return refuse(400, "invalidParameter", f"Invalid value '{value}'. {allowed}", at=("parameter", name))


def oauth(status: int, error: str, description: str, **more: str) -> Refusal:
    """The token endpoint's form, that of RFC 6749."""
    return Refusal(status, {"error": error, "error_description": description, **more})
