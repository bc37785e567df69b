"""What a provider's answer means, named by what happens next, and what connecting can run into.

ProviderError
 ├── Transient      not acted, or safe to repeat: try again (retry_after)
 │    └── Unreachable    nobody answered
 │    │    └── Insecure       whoever is there did not prove to be the provider, so nothing was sent
 │    └── LinkPending    the meeting is there, the provider is still making its link
 ├── Ambiguous      sent, and nobody knows whether it acted: never repeat a create blindly
 ├── Throttled      not acted; no more calls for this account until `until_at`
 │    └── Spared         not sent: what is left of the day's requests is kept for starts that are nearer
 ├── Missing        the provider says that the meeting does not exist
 ├── Refused        not acted and never will be, unless something changes (reason, in the provider's words)
 ├── Unauthorized   the access token is not accepted
 ├── Unusable       acted, but what came back cannot be used: the id goes to the ones to delete
 ├── Unexpected     a mistake of ours, or a row that makes no sense
 └── Misconfigured  our own registration with the provider is wrong; no account is to blame
GrantLost           the grant cannot be used, proven by the provider; a person must act (state, cause, missing scopes)
"""

from datetime import datetime, timedelta

from treff.conferencing.states import CheckResult, GrantState, LostCause
from treff.kernel.errors import N_, Conflict, Forbidden, Invalid, Unavailable


class ProviderError(Exception):
    """Base; the message is for logs and operators and never holds a token."""


class Transient(ProviderError):
    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unreachable(Transient):
    pass


class Insecure(Unreachable):
    pass


class LinkPending(Transient):
    pass


class Ambiguous(ProviderError):
    pass


class Throttled(ProviderError):
    def __init__(self, message: str, until_at: datetime) -> None:
        super().__init__(message)
        self.until_at = until_at


class Spared(Throttled):
    pass


class Unexpected(ProviderError):
    pass


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
    def __init__(self, message: str, result: CheckResult = CheckResult.APP_REFUSED) -> None:
        super().__init__(message)
        self.result = result


class GrantLost(ProviderError):
    def __init__(
        self,
        message: str,
        state: GrantState = GrantState.NEEDS_RECONNECT,
        cause: LostCause = LostCause.REFUSED,
        missing: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(message)
        self.state = state
        self.cause = cause
        self.missing = missing


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


class ProviderNotSetUpCorrectly(ConnectingFailed):
    def __init__(self) -> None:
        super().__init__(
            "app",
            N_("The provider does not accept this server's registration. Please tell whoever runs this server."),
        )


class NeedsApproval(ConnectingFailed):
    def __init__(self) -> None:
        super().__init__(
            "approval",
            N_("The administrator of this account must approve the app at the provider first. Then try again."),
        )


class AccountNotConfirmed(Invalid):
    def __init__(self) -> None:
        super().__init__("account", N_("This is not the address of the new account. Type it as it is shown."))


class OwnAccountsNotAllowed(Forbidden):
    def __init__(self) -> None:
        super().__init__(N_("In this workspace an administrator has to allow accounts of one's own first."))


class ProviderNotSetUp(Unavailable):
    def __init__(self) -> None:
        super().__init__(N_("This provider is not set up on this server. Its operator can do that."))


class KeysNotUsable(Unavailable):
    def __init__(self) -> None:
        super().__init__(N_("This server cannot use its encryption keys at the moment. Please tell whoever runs it."))


class NothingToDisconnect(Conflict):
    def __init__(self) -> None:
        super().__init__(N_("No account is connected."))
