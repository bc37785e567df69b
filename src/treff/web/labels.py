"""Words for values that people read on pages, in the language that is active.

A value may be of a newer version, which runs beside this one.
"""

from django.utils.translation import get_language_info, gettext, ngettext, pgettext

from treff.appointments.states import Source, Status
from treff.appointments.turns import Why
from treff.availability.rules import MINUTES_OF_DAY
from treff.booking_types.states import Provider
from treff.kernel.errors import N_
from treff.mail.states import Kind
from treff.notetaking.states import How
from treff.people.states import LeadSource, LeadStatus
from treff.workspaces.states import Role

# Short names of zones, as components/zone_name.html looks them up; those of other zones are the same in every language.
ZONE_NAMES = (N_("CET"), N_("CEST"), N_("EET"), N_("EEST"), N_("WET"), N_("WEST"))


def of_provider(name: str) -> str:
    """A product's name, the same in every language; for none a phrase."""
    names: dict[str, str] = {
        Provider.ZOOM: "Zoom",
        Provider.GOOGLE_MEET: "Google Meet",
        Provider.TEAMS: "Microsoft Teams",
    }
    return gettext("No conferencing") if name == Provider.NONE else names.get(name, name)


def of_role(role: str) -> str:
    names: dict[str, str] = {
        Role.OWNER: gettext("Owner"),
        Role.ADMIN: gettext("Administrator"),
        Role.REP: gettext("Sales rep"),
    }
    return names.get(role) or gettext("Unknown")


def of_status(status: str) -> str:
    names: dict[str, str] = {
        Status.UNCONFIRMED: gettext("Not confirmed yet"),
        Status.REQUESTED: gettext("Waits for approval"),
        Status.BOOKED: gettext("Booked"),
        Status.DECLINED: gettext("Declined"),
        Status.CANCELLED: gettext("Cancelled"),
    }
    return names.get(status) or gettext("Unknown")


def of_why(reason: str) -> str:
    """Why this host; empty where no rule chose them."""
    reasons: dict[str, str] = {
        Why.ONLY_ONE: gettext("Receives all appointments of this type."),
        Why.CHOSEN: gettext("Chosen by the client."),
        Why.OWNER: gettext("Looks after this lead."),
        Why.ALL: gettext("All hosts receive together."),
        Why.TURN: gettext("Was next in turn."),
        Why.ONLY_FREE: gettext("Was the only one free."),
    }
    return reasons.get(reason, "")


def of_mail(kind: str) -> str:
    names: dict[str, str] = {
        Kind.CONFIRMATION: gettext("Confirmation"),
        Kind.LINK: gettext("Meeting link"),
        Kind.CHANGED_LINK: gettext("New meeting link"),
        Kind.MOVED: gettext("New time"),
        Kind.CANCELLED: gettext("Cancellation"),
        Kind.CONFIRM_ADDRESS: gettext("Address confirmation"),
        Kind.REQUESTED: gettext("Request received"),
        Kind.DECLINED: gettext("Request declined"),
        Kind.REMINDER: gettext("Reminder"),
    }
    return names.get(kind) or gettext("Unknown")


def of_time_ahead(minutes: int) -> str:
    """So long before a start, in the largest unit that it is whole in."""
    if minutes % MINUTES_OF_DAY == 0:
        days = minutes // MINUTES_OF_DAY
        return ngettext("%(count)d day before", "%(count)d days before", days) % {"count": days}
    if minutes % 60 == 0:
        hours = minutes // 60
        return ngettext("%(count)d hour before", "%(count)d hours before", hours) % {"count": hours}
    return ngettext("%(count)d minute before", "%(count)d minutes before", minutes) % {"count": minutes}


def of_source(source: str) -> str:
    names: dict[str, str] = {
        Source.TEAM: gettext("Booked by the team"),
        Source.API: gettext("Booked through the API"),
        Source.CLIENT: gettext("Booked on the booking page"),
    }
    return names.get(source) or gettext("Unknown")


def of_how(how: str) -> str:
    """Where somebody said whether notes may be taken; empty for what this version does not know."""
    ways: dict[str, str] = {
        How.FORM: gettext("on the booking form"),
        How.LINK: gettext("by the link in an email"),
    }
    return ways.get(how, "")


def of_lead_status(status: str) -> str:
    names: dict[str, str] = {
        LeadStatus.NEW: pgettext("status of a lead", "New"),
        LeadStatus.CONTACTED: pgettext("status of a lead", "Contacted"),
        LeadStatus.QUALIFIED: pgettext("status of a lead", "Qualified"),
        LeadStatus.WON: pgettext("status of a lead", "Won"),
        LeadStatus.LOST: pgettext("status of a lead", "Lost"),
    }
    return names.get(status) or gettext("Unknown")


def of_lead_source(source: str) -> str:
    names: dict[str, str] = {
        LeadSource.TEAM: pgettext("source of a lead", "Added by the team"),
        LeadSource.API: pgettext("source of a lead", "Added through the API"),
        LeadSource.CLIENT: pgettext("source of a lead", "Booking page"),
        LeadSource.IMPORT: pgettext("source of a lead", "Imported from a file"),
    }
    return names.get(source) or gettext("Unknown")


def of_locale(code: str) -> str:
    """A language in the language that is active."""
    return str(get_language_info(code)["name_translated"])
