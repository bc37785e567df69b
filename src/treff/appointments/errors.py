"""What can go wrong with appointments, each with the sentence a person will read."""

from treff.kernel.errors import N_, Conflict


class SlotTaken(Conflict):
    """The host has another appointment at that time."""

    code = "slot_taken"

    def __init__(self) -> None:
        super().__init__(N_("The host already has an appointment at this time. Please choose another time or host."))


class ChangedMeanwhile(Conflict):
    """Somebody else changed the appointment since it was read."""

    code = "changed_meanwhile"

    def __init__(self) -> None:
        super().__init__(
            N_("Somebody changed this appointment in the meantime. Please check how it is now and save again.")
        )


class AlreadyCancelled(Conflict):
    code = "already_cancelled"

    def __init__(self) -> None:
        super().__init__(N_("This appointment is cancelled. Please book a new one."))


class AlreadyOver(Conflict):
    code = "already_over"

    def __init__(self) -> None:
        super().__init__(N_("This appointment has begun or is over, so its time cannot change any more."))


class TooLate(Conflict):
    """The moment in which nobody had heard of it is over."""

    code = "too_late"

    def __init__(self) -> None:
        super().__init__(N_("The ten seconds are over: this cannot be taken back any more. You can change it again."))


class NotBegun(Conflict):
    """Nobody can have missed it yet."""

    code = "not_begun"

    def __init__(self) -> None:
        super().__init__(N_("This appointment has not begun yet."))


class NotTakingPlace(Conflict):
    """It was called off, or is a request still: nobody was awaited."""

    code = "not_taking_place"

    def __init__(self) -> None:
        super().__init__(N_("This appointment does not take place."))


class LeadHasAppointments(Conflict):
    code = "lead_has_appointments"

    def __init__(self) -> None:
        super().__init__(N_("This lead has upcoming appointments. Please cancel them first."))


class NotOffered(Conflict):
    """The time is not one of those that the booking type offers, or not any more."""

    code = "slot_taken"

    def __init__(self) -> None:
        super().__init__(N_("This time is not free any more. Please choose another one."))


class PeriodFull(NotOffered):
    """The booking type has as many appointments as it may have then."""


class NotWaiting(Conflict):
    """The request was answered already, or has lapsed."""

    code = "not_waiting"

    def __init__(self) -> None:
        super().__init__(N_("This request does not wait for an answer any more."))


class NotConfirmed(Conflict):
    """The client was asked whether the address is theirs, and has not answered yet."""

    code = "not_confirmed"

    def __init__(self) -> None:
        super().__init__(N_("The client has not confirmed this appointment yet. Until then it cannot be changed."))


class NotByClients(Conflict):
    """The booking type does not let clients do this by themselves."""

    code = "not_by_clients"

    def __init__(self) -> None:
        super().__init__(N_("This appointment cannot be changed here. Please contact your host."))
