"""What a person is told about a bot that failed or does not record."""

from dataclasses import dataclass

from treff.kernel.errors import N_
from treff.notetaking.states import Cause


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is the matter, and what to do about it (msgids)."""

    message: str
    cure: str


_ADMIT = N_("Let it in from the waiting room next time. Only the host can.")
_OPERATOR = N_("Please tell whoever runs this server.")
_EXPLANATIONS = {
    Cause.NOT_ADMITTED: Explanation(N_("The recording bot was not let into the meeting."), _ADMIT),
    Cause.WAITING_ROOM_TIMEOUT: Explanation(
        N_("The recording bot waited in the waiting room until it gave up."), _ADMIT
    ),
    Cause.NOT_STARTED: Explanation(
        N_("The recording bot left because the host did not start the meeting."),
        N_("Start the meeting on time; the bot waits for some minutes only."),
    ),
    Cause.NEEDS_USER: Explanation(
        N_("Zoom lets the recording bot in only while the host who authorized it is in the meeting."),
        N_("The host should join first, with the Zoom account that is connected here."),
    ),
    Cause.NOT_FOUND: Explanation(
        N_("The recording bot found no meeting behind the link."), N_("Check whether the meeting still exists.")
    ),
    Cause.APP_REFUSED: Explanation(
        N_("The video provider does not accept the recording bot's registration."), _OPERATOR
    ),
    Cause.COULD_NOT_CONNECT: Explanation(
        N_("The recording bot could not connect to the meeting."),
        N_("If this happens again, tell whoever runs this server."),
    ),
    Cause.RECORDING_DENIED: Explanation(
        N_("The host did not allow the recording bot to record."),
        N_("Allow recording in the meeting, or send the bot away."),
    ),
}


def explain(cause: Cause) -> Explanation | None:
    """None where nothing is the matter."""
    return _EXPLANATIONS.get(cause)
