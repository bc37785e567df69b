"""States of a bot as every vendor's can be told, and why one failed. `rules.py` has the sentence and the cure."""

from enum import StrEnum


class Phase(StrEnum):
    """Where a bot is.

    scheduled -> staged -> joining -> (waiting_room) -> in_meeting -> leaving -> left -> done -> erased
    Any but the last two may become `failed`, and that `erased`. `unknown`: of a newer vendor; ask again later.

    `staged`: too near its time to be moved or deleted, not yet there to be sent away.
    `left`: out of the meeting, while the vendor still works on what was heard. `done`: nothing more will come.
    """

    UNKNOWN = ""
    SCHEDULED = "scheduled"
    STAGED = "staged"
    JOINING = "joining"
    WAITING_ROOM = "waiting_room"
    IN_MEETING = "in_meeting"
    LEAVING = "leaving"
    LEFT = "left"
    DONE = "done"
    FAILED = "failed"
    ERASED = "erased"


# Nothing more happens to a bot by itself; its key may be used again, its data can be erased.
OVER = (Phase.DONE, Phase.FAILED, Phase.ERASED)
# It is out, or on its way out: there is nobody to send away.
OUT = (Phase.LEAVING, Phase.LEFT, *OVER)
# It can be sent away.
THERE = (Phase.JOINING, Phase.WAITING_ROOM, Phase.IN_MEETING)


class Cause(StrEnum):
    """Why a bot failed, or does not record although it is there (`recording_denied`)."""

    NONE = ""
    NOT_ADMITTED = "not_admitted"
    WAITING_ROOM_TIMEOUT = "waiting_room_timeout"
    NOT_STARTED = "not_started"
    NEEDS_USER = "needs_user"
    NOT_FOUND = "not_found"
    APP_REFUSED = "app_refused"
    COULD_NOT_CONNECT = "could_not_connect"
    RECORDING_DENIED = "recording_denied"


class Writing(StrEnum):
    """How far a transcript is."""

    NOT_BEGUN = "not_begun"
    GOING_ON = "going_on"
    COMPLETE = "complete"
    FAILED = "failed"
