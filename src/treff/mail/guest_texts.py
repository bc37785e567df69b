"""What people read who are no users here: who is to become a member, and a client who gets the notes of a meeting."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext

from treff.appointments.models import Appointment
from treff.mail.wording import Wording, isolated, moment, plain
from treff.notetaking.ports import Draft, NextStep
from treff.team.models import Invitation
from treff.workspaces.states import Role

# Of one paragraph or item of notes.
_LONGEST = 8_000


def invited(invitation: Invitation, *, needs_password: bool) -> Wording:
    """`needs_password`: they choose one when they accept; else they sign in here already."""
    place = invitation.workspace
    roles: Mapping[str, str] = {
        Role.OWNER: gettext("Owner"),
        Role.ADMIN: gettext("Administrator"),
        Role.REP: gettext("Sales rep"),
    }
    names = {
        "by": isolated(invitation.invited_by) if invitation.invited_by else "",
        "place": isolated(place.name),
        "role": roles.get(invitation.role, ""),
        "until": moment(invitation.expires_at, place.time_zone),
        "zone": place.time_zone.replace("_", " "),
    }
    if names["by"]:
        subject = gettext("%(by)s invites you to %(place)s")
        what = gettext("%(by)s invites you to work with %(place)s in Treff, where the team keeps its appointments.")
    else:
        subject = gettext("You are invited to %(place)s")
        what = gettext("You are invited to work with %(place)s in Treff, where the team keeps its appointments.")
    role = gettext("Your role there: %(role)s.")
    if needs_password:
        how = gettext("You choose a name and a password, and can start at once.")
    else:
        how = gettext("You sign in with the password that you have here already.")
    until = gettext("The link works once, until %(until)s (%(zone)s). It is for you alone: please do not pass it on.")
    unasked = gettext("If you did not expect this, do nothing: without you nothing happens.")
    return Wording(
        subject % names,
        [f"{what} {role}" % names, how, until % names, unasked],
        button=gettext("Accept the invitation"),
    )


def meeting_notes(appointment: Appointment, draft: Draft) -> Wording:
    """In the language that is active. Somebody of the team has read them before they go out."""
    zone = appointment.lead.time_zone
    names = {"title": isolated(appointment.title), "start": moment(appointment.start_at, zone)}
    intro = gettext("here is what we noted in our meeting “%(title)s” (%(start)s).")
    decisions = [f"– {plain(one.text, _LONGEST)}" for one in draft.decisions]
    steps = [f"– {_step(one)}" for one in draft.next_steps]
    return Wording(
        gettext("Notes of our meeting: %(title)s") % names,
        [
            intro % names,
            *(plain(paragraph, _LONGEST) for paragraph in draft.summary.split("\n") if paragraph.strip()),
            *_headed(gettext("What we agreed:"), decisions),
            *_headed(gettext("Next steps:"), steps),
            gettext("The notes were made with AI and looked through by us. Reply to this email if something is wrong."),
        ],
    )


def _headed(heading: str, items: Iterable[str]) -> list[str]:
    listed = list(items)
    return [heading, *listed] if listed else []


def _step(step: NextStep) -> str:
    around = ", ".join(plain(text) for text in (step.owner, step.due) if text)
    return f"{plain(step.text, _LONGEST)} ({around})" if around else plain(step.text, _LONGEST)
