"""What the answer of a bot vendor or a language model means, named by what happens next.

BotError
 ├── Transient      not acted, or safe to repeat: try again (retry_after)
 ├── Ambiguous      a create was sent, and nobody knows whether it acted: look for it by its key, never repeat blindly
 ├── Duplicate      not acted: a living bot has this key already; find it by the key and keep it
 ├── Throttled      not acted; no more calls until `until_at`
 ├── Missing        the vendor says that the bot does not exist
 ├── Staged         too near its time to be moved or deleted, not yet there to be sent away: send it away once it joins
 ├── Underway       it is joining or in the meeting: too late to move or delete it; it can be sent away
 ├── Over           its life is over: there is nothing to move or delete
 ├── NotOver        its data cannot be erased before its life is over: send it away, and ask again
 ├── NotOurs        what came back is about another bot than the one of our job: nothing of it may be used
 ├── Refused        not acted and never will be, unless something changes (reason, in the vendor's words)
 └── Misconfigured  our own account with the vendor is wrong; an operator must act
Forged              a webhook whose signature does not hold
ModelError
 ├── ModelTransient      nothing was written: ask again later (retry_after)
 ├── ModelTooLong        more than the model reads or writes at once: ask about less
 ├── ModelNonsense       no JSON, or JSON that breaks the schema: worth one more try
 ├── ModelRefused        it will not answer this, however often it is asked
 └── ModelMisconfigured  address, key, model or account are wrong; an operator must act
"""

from datetime import datetime, timedelta

from treff.kernel.errors import N_, Unavailable


class BotError(Exception):
    """Base; the message is for logs and operators and never holds a key or what was said."""


class Transient(BotError):
    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Ambiguous(BotError):
    pass


class Duplicate(BotError):
    pass


class Throttled(BotError):
    def __init__(self, message: str, until_at: datetime) -> None:
        super().__init__(message)
        self.until_at = until_at


class Missing(BotError):
    pass


class Staged(BotError):
    pass


class Underway(BotError):
    pass


class Over(BotError):
    pass


class NotOver(BotError):
    pass


class NotOurs(BotError):
    pass


class Refused(BotError):
    pass


class Misconfigured(BotError):
    pass


class Forged(Exception):
    pass


class ModelError(Exception):
    """Base; the message is for logs and operators and never holds a key or what was said."""


class ModelTransient(ModelError):
    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelTooLong(ModelError):
    pass


class ModelNonsense(ModelError):
    pass


class ModelRefused(ModelError):
    pass


class ModelMisconfigured(ModelError):
    pass


class BotsNotSetUp(Unavailable):
    def __init__(self) -> None:
        super().__init__(N_("Recording bots are not set up on this server. Its operator can do that."))
