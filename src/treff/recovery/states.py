"""How a recovery came about, and what a data directory's memory says of its database."""

from enum import StrEnum


class Cause(StrEnum):
    """Who began it: the operator by a command, or a worker that noticed."""

    OPERATOR = "operator"
    NOTICED = "noticed"


class Verdict(StrEnum):
    """The database knows all that the directory remembers; has to be met anew; or has forgotten something."""

    SAME = "same"
    NEW = "new"
    OLDER = "older"
