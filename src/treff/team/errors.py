"""What can go wrong around members, each with the sentence a person will read."""

from treff.kernel.errors import N_, Conflict, Forbidden, TooMany


class OwnRole(Forbidden):
    """Somebody wants to change their own role, or to leave by themselves."""

    code = "own_role"

    def __init__(self) -> None:
        super().__init__(
            N_("Nobody changes their own role or deactivates themselves. Please ask another administrator.")
        )


class OwnersOnly(Forbidden):
    """An Admin wants to make or change an Owner."""

    code = "owners_only"

    def __init__(self) -> None:
        super().__init__(N_("Only an Owner can make somebody an Owner, or change an Owner."))


class LastOwner(Conflict):
    code = "last_owner"

    def __init__(self) -> None:
        super().__init__(N_("A workspace always has an Owner. Please make somebody else an Owner first."))


class AlreadyInvited(Conflict):
    code = "already_invited"

    def __init__(self) -> None:
        super().__init__(N_("This address is invited already. You can send the invitation again from the list."))


class SentJustNow(Conflict):
    code = "sent_just_now"

    def __init__(self) -> None:
        super().__init__(N_("This invitation was sent a moment ago. Please wait a minute before you send it again."))


class TooManyInvitations(TooMany):
    code = "too_many_invitations"

    def __init__(self) -> None:
        super().__init__(N_("Very many invitations were sent within a day. Please send more of them tomorrow."))


class InvitationExpired(Conflict):
    code = "invitation_expired"

    def __init__(self) -> None:
        super().__init__(N_("This invitation is more than seven days old. Please ask for a new one."))


class InvitationUsed(Conflict):
    code = "invitation_used"

    def __init__(self) -> None:
        super().__init__(N_("This invitation was accepted already. Please sign in."))


class InvitationWithdrawn(Conflict):
    code = "invitation_withdrawn"

    def __init__(self) -> None:
        super().__init__(N_("This invitation was withdrawn. Please ask whoever invited you."))
