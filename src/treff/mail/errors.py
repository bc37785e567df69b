"""What can go wrong with mails, each with the sentence a person will read."""

from treff.kernel.errors import N_, Conflict


class NothingToSend(Conflict):
    code = "nothing_to_send"

    def __init__(self) -> None:
        super().__init__(
            N_("There is nothing to send: the appointment does not take place, has begun, or mails are off.")
        )


class OnItsWay(Conflict):
    code = "on_its_way"

    def __init__(self) -> None:
        super().__init__(N_("A mail to this address is on its way, or went out within the last minute."))
