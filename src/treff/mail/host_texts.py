"""What hosts read about an appointment of theirs: no link yet, a request, and whatever its client did."""

from collections.abc import Mapping
from datetime import date

from django.utils.dateformat import format as format_date
from django.utils.translation import gettext, ngettext, pgettext

from treff.appointments.models import Appointment
from treff.kernel import clock
from treff.mail.wording import Detail, Occasion, Wording, isolated, moment

Words = Mapping[str, str]


def no_link(detail: Detail, words: Words, occasion: Occasion) -> Wording:
    """`occasion.affected` is the one appointment."""
    (appointment,) = occasion.affected
    minutes = int(detail.get("minutes", 0))
    names = {**words, **_names(appointment, occasion), "minutes": minutes}
    begins = ngettext(
        "Your appointment “%(title)s” with %(lead)s begins within %(minutes)d minute, on %(when)s (%(zone)s), and has "
        "no link yet.",
        "Your appointment “%(title)s” with %(lead)s begins within %(minutes)d minutes, on %(when)s (%(zone)s), and has "
        "no link yet.",
        minutes,
    )
    cause, cure = str(detail.get("cause", "")), str(detail.get("cure", ""))
    why = [gettext(sentence) for sentence in (cause, cure) if sentence]
    return Wording(
        gettext("No %(provider)s link yet: %(title)s, %(when)s") % names,
        [
            begins % names,
            *([" ".join(why)] if why else []),
            _without_link(appointment.lead.phone, names),
        ],
        button=gettext("Open the appointment"),
    )


def _without_link(phone: str, names: Mapping[str, object]) -> str:
    if not phone:
        return gettext("We keep trying until it begins. If no link comes in time, please write to %(lead)s.") % names
    sentence = gettext("We keep trying until it begins. If no link comes in time, call %(lead)s: %(phone)s.")
    return sentence % {**names, "phone": isolated(phone)}


# ---- a request ----


def requested(_detail: Detail, _words: Words, occasion: Occasion) -> Wording:
    """`occasion.affected` is the one appointment."""
    (appointment,) = occasion.affected
    names = _names(appointment, occasion)
    asks = gettext("%(lead)s asks for “%(title)s” on %(when)s (%(zone)s).") % names
    kept = gettext("The time is kept free until somebody answers.")
    if appointment.expires_at is not None:
        until = {**names, "until": moment(appointment.expires_at, occasion.zone)}
        kept = gettext("The time is kept free. Without an answer by %(until)s (%(zone)s) the request lapses.") % until
    return Wording(
        gettext("New request: %(title)s, %(when)s") % names,
        [asks, kept, gettext("%(lead)s hears of your answer by email.") % names],
        button=gettext("Answer the request"),
    )


# ---- what a client did ----


def by_client(detail: Detail, _words: Words, occasion: Occasion) -> Wording:
    """`occasion.affected` is the one appointment. The times are those of the deed, whatever became of it."""
    (appointment,) = occasion.affected
    names = _names(appointment, occasion) | {"when": moment(clock.parse(str(detail["start"])), occasion.zone)}
    match detail["deed"]:
        case "moved":
            names["was"] = moment(clock.parse(str(detail["was"])), occasion.zone)
            subject = gettext("%(lead)s moved: %(title)s, %(when)s")
            deed = gettext("%(lead)s moved “%(title)s” from %(was)s to %(when)s (%(zone)s).")
        case "cancelled":
            subject = gettext("%(lead)s cancelled: %(title)s, %(when)s")
            deed = gettext("%(lead)s cancelled “%(title)s” on %(when)s (%(zone)s). The time is free again.")
        case _:
            subject = gettext("%(lead)s booked: %(title)s, %(when)s")
            deed = gettext("%(lead)s booked “%(title)s” on %(when)s (%(zone)s).")
    reason = gettext("Reason: %(reason)s") % {"reason": isolated(detail["reason"])} if detail.get("reason") else ""
    said = [f"{isolated(answer['label'])}: {isolated(answer['answer'])}" for answer in appointment.answers]
    answers = said if detail["deed"] == "booked" else []
    told = [deed % names, reason, _reached_at(appointment), *answers]
    return Wording(subject % names, [text for text in told if text], button=gettext("Open the appointment"))


# ---- the next day ----


def digest(detail: Detail, _words: Words, occasion: Occasion) -> Wording:
    """`occasion.affected` are the appointments of the day."""
    day = date.fromisoformat(detail["day"])
    names = {
        "count": len(occasion.affected),
        "day": format_date(day, pgettext("date format: weekday and day in full", "l, j F")),
        "place": isolated(occasion.place),
        "zone": occasion.zone.replace("_", " "),
    }
    subject = ngettext("%(day)s: %(count)d appointment", "%(day)s: %(count)d appointments", len(occasion.affected))
    told = ngettext(
        "tomorrow you have %(count)d appointment in %(place)s.",
        "tomorrow you have %(count)d appointments in %(place)s.",
        len(occasion.affected),
    )
    return Wording(
        subject % names,
        [told % names],
        button=gettext("Open your day"),
        heading=gettext("%(day)s (%(zone)s):") % names,
    )


# ---- clocks that are set otherwise ----


def clocks(detail: Detail, _words: Words, occasion: Occasion) -> Wording:
    """`occasion.affected` is the one appointment. All times here are those of its own zone."""
    (appointment,) = occasion.affected
    zone = str(detail["zone"])
    names = _names(appointment, occasion) | {
        "when": moment(clock.parse(str(detail["start"])), zone),
        "was": moment(clock.parse(str(detail["was"])), zone),
        "zone": zone.replace("_", " "),
    }
    return Wording(
        gettext("Clocks change: %(title)s is at %(when)s now") % names,
        [
            gettext("The rules for clocks in %(zone)s changed after “%(title)s” with %(lead)s was booked.") % names,
            gettext("It starts at the same moment as before, but clocks there will show %(when)s instead of %(was)s.")
            % names,
            gettext("Please agree with %(lead)s on the time that holds, and move the appointment if it is the other.")
            % names,
            _reached_at(appointment),
        ],
        button=gettext("Open the appointment"),
    )


def _reached_at(appointment: Appointment) -> str:
    lead = appointment.lead
    return ", ".join(isolated(place) for place in (lead.email, lead.phone, lead.company) if place)


def _names(appointment: Appointment, occasion: Occasion) -> dict[str, object]:
    return {
        "title": isolated(appointment.title),
        "lead": isolated(appointment.lead.name),
        "when": moment(appointment.start_at, occasion.zone),
        "zone": occasion.zone.replace("_", " "),
    }
