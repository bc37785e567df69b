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


class How(StrEnum):
    """Where somebody said yes or no."""

    FORM = "form"
    LINK = "link"


class Standing(StrEnum):
    """Whether notes may be taken of an appointment, or what is missing.

    `called_off`: somebody of the team does not want a bot in this one. `no_answer`: not everybody has answered yet.
    """

    NOT_SET_UP = "not_set_up"
    OFF = "off"
    NO_VIDEO = "no_video"
    NOT_TAKING_PLACE = "not_taking_place"
    CALLED_OFF = "called_off"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    AGREED = "agreed"


class Life(StrEnum):
    """The life of one bot here: ordering -> ordered -> over -> closed; whichever may become closed.

    `ordering`: nobody knows yet whether the vendor made it. `over`: what it heard is still at the vendor.
    `closed`: the vendor has nothing of it any more, or never had.
    """

    ORDERING = "ordering"
    ORDERED = "ordered"
    OVER = "over"
    CLOSED = "closed"


class Reason(StrEnum):
    """Why a recording waits or cannot go on."""

    NONE = ""
    VENDOR_DOWN = "vendor_down"
    THROTTLED = "throttled"
    REFUSED = "refused"
    MISCONFIGURED = "misconfigured"
    NOT_SET_UP = "not_set_up"
    NOT_OURS = "not_ours"
    KEY_UNAVAILABLE = "key_unavailable"
    UNEXPECTED = "unexpected"


class NotesState(StrEnum):
    """The life of the notes about one transcript: wanted -> written, or failed until somebody asks once more."""

    WANTED = "wanted"
    WRITTEN = "written"
    FAILED = "failed"
