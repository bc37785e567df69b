"""Why a lead cannot be erased now, with the sentence a person will read."""

from treff.kernel.errors import N_, Conflict


class MailsOnTheirWay(Conflict):
    """Who was invited would never hear that it does not take place."""

    code = "mails_on_their_way"

    def __init__(self) -> None:
        super().__init__(
            N_(
                "Somebody has yet to be mailed that an appointment of this lead does not take place. "
                "Please try again in a minute."
            )
        )
