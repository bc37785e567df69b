"""What somebody reads who is to become a member."""

from collections.abc import Mapping

from django.utils.translation import gettext

from treff.mail.wording import Wording, isolated, moment
from treff.team.models import Invitation
from treff.workspaces.states import Role


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
