"""What can go wrong around workspaces."""

from treff.kernel.errors import N_, Conflict, Forbidden, NotFound


class NotHere(NotFound):
    """Missing, or another workspace's."""

    def __init__(self) -> None:
        super().__init__(N_("There is nothing here. It may have been deleted, or the address is not quite right."))


class NotAllowed(Forbidden):
    """The role may not do this."""

    def __init__(self) -> None:
        super().__init__(N_("Your role does not allow this. An administrator of the workspace can do it."))


class SlugTaken(Conflict):
    def __init__(self) -> None:
        super().__init__(N_("This short name is taken. Please choose another."))


class AlreadyMember(Conflict):
    def __init__(self) -> None:
        super().__init__(N_("This person is already a member."))
