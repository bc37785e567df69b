"""What can go wrong with reports, each with the sentence a person will read."""

from treff.kernel.errors import N_, Conflict


class TooManyReports(Conflict):
    code = "too_many_reports"

    def __init__(self) -> None:
        super().__init__(N_("You have sent several reports within the last hour. Please wait a while."))
