"""What a recovery refuses. The operator reads it on the command line."""

from treff.kernel.errors import N_, Conflict


class NoRecovery(Conflict):
    def __init__(self) -> None:
        super().__init__(N_("No recovery is under way. After restoring a backup, begin one: treff recover begin."))


class HeldBack(Conflict):
    def __init__(self) -> None:
        super().__init__(
            N_("A recovery is under way, and nothing goes out. See treff recover report, then treff recover resume.")
        )
