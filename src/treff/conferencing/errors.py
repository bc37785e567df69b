"""What a provider's answer means, named by what happens next, and what connecting can run into.

ProviderError
 ├── Transient      not acted, or safe to repeat: try again (retry_after)
 ├── Ambiguous      sent, and nobody knows whether it acted: never repeat a create blindly
 ├── Throttled      not acted; no more calls for this account until `until_at`
 ├── Missing        the provider says that the meeting does not exist
 ├── Refused        not acted and never will be, unless something changes (reason, in the provider's words)
 ├── Unauthorized   the access token is not accepted
 ├── Unusable       acted, but what came back cannot be used: the id goes to the ones to delete
 └── Misconfigured  our own registration with the provider is wrong; no account is to blame
GrantLost           the refresh token is dead, proven by the provider; a person must reconnect (state)
"""

from datetime import datetime, timedelta

from treff.conferencing.states import GrantState
from treff.kernel.errors import N_, Conflict, Invalid, Unavailable


class ProviderError(Exception):
    """Base; the message is for logs and operators and never holds a token."""


class Transient(ProviderError):
    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Ambiguous(ProviderError):
    pass


class Throttled(ProviderError):
    def __init__(self, message: str, until_at: datetime) -> None:
        super().__init__(message)
        self.until_at = until_at


class Missing(ProviderError):
    pass


class Refused(ProviderError):
    pass


class Unauthorized(ProviderError):
    pass


class Unusable(ProviderError):
    def __init__(self, message: str, external_id: str) -> None:
        super().__init__(message)
        self.external_id = external_id


class Misconfigured(ProviderError):
    pass


class GrantLost(ProviderError):
    def __init__(self, message: str, state: GrantState) -> None:
        super().__init__(message)
        self.state = state


class ConnectingFailed(Invalid):
    """A connection could not be made; `reason` names a paragraph of the help."""

    def __init__(self, reason: str, sentence: str, **params: object) -> None:
        super().__init__("connection", sentence, **params)
        self.reason = reason


class StateMismatch(ConnectingFailed):
    def __init__(self) -> None:
        super().__init__(
            "state",
            N_("This connection attempt has expired or was not started in this browser. Please start it again here."),
        )


class ScopesMissing(ConnectingFailed):
    def __init__(self, missing: str) -> None:
        super().__init__(
            "scopes", N_("The account did not allow everything that is needed. Missing: %(missing)s."), missing=missing
        )


class Declined(ConnectingFailed):
    def __init__(self) -> None:
        super().__init__("declined", N_("The connection was declined in the consent window. You can try again."))


class ProviderRefusedConnection(ConnectingFailed):
    def __init__(self) -> None:
        super().__init__("refused", N_("The provider refused the connection. Please try again in a moment."))


class ProviderUnreachable(ConnectingFailed):
    def __init__(self) -> None:
        super().__init__("unreachable", N_("The provider could not be reached. Please try again in a moment."))


class ProviderNotSetUp(Unavailable):
    def __init__(self) -> None:
        super().__init__(N_("This provider is not set up on this server. Its operator can do that."))


class NothingToDisconnect(Conflict):
    def __init__(self) -> None:
        super().__init__(N_("No account is connected."))
