"""What can go wrong around booking types."""

from treff.kernel.errors import N_, Conflict


class BookingTypeSlugTaken(Conflict):
    def __init__(self) -> None:
        super().__init__(N_("Another booking type has this short name."))
