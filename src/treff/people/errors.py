"""What can go wrong with leads, each with the sentence a person will read."""

from treff.kernel.errors import N_, Conflict, NotFound


class MergedAway(NotFound):
    """This lead is another one now, of the same workspace: `into`, a public id."""

    code = "merged"

    def __init__(self, into: str) -> None:
        super().__init__(N_("This lead was merged into %(into)s."), into=into)
        self.into = into


class LeadChanged(Conflict):
    """One of two leads that are to be merged is not any more what was shown."""

    def __init__(self) -> None:
        super().__init__(
            N_("Somebody changed one of these leads in the meantime. Please look at them again, and merge then.")
        )


class LeadsChanged(Conflict):
    """What the check of an import said is not what would happen now."""

    def __init__(self) -> None:
        super().__init__(
            N_("Leads were changed since the file was checked. Below is what would happen now: please confirm again.")
        )


class AlreadyImported(Conflict):
    """Its rows are gone, and the result is there."""

    def __init__(self) -> None:
        super().__init__(N_("This file was imported already."))


class NothingToUndo(Conflict):
    def __init__(self) -> None:
        super().__init__(N_("This import was undone already, or was never confirmed."))
