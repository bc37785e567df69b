"""What appointments say of a lead who is erased goes; their times, who of the team received and how they ended stay."""

from collections.abc import Mapping, Sequence

from treff.appointments.models import Appointment, Attendee
from treff.people.models import Lead

_FIELDS = (
    *("title", "answers", "cancel_reason", "join_url", "manage_digest", "manage_token"),
    *("confirm_digest", "asked_digest", "undo_until", "before"),
)


def all_of(leads: Sequence[Lead]) -> list[Appointment]:
    """Every appointment of theirs, deleted ones too."""
    return list(Appointment.objects.filter(lead__in=leads).select_related("booking_type").order_by("pk"))


def titles_of(appointments: Sequence[Appointment], name: str) -> Mapping[int, str]:
    """What each is called from then on, by primary key: as its booking type, or `name`."""
    return {row.pk: row.booking_type.title if row.booking_type else name for row in appointments}


def erase(titles: Mapping[int, str]) -> None:
    """The appointments that `titles` names, and nobody else changes until the transaction ends.

    No generation and no sequence counts on, since nobody shall be told, neither clients nor a provider. Callers use
    privacy.actions.erase_lead, which sees to it that none of them is still to come.
    """
    Attendee.objects.filter(appointment__in=titles).delete()
    held = list(Appointment.objects.select_for_update().filter(pk__in=titles).order_by("pk"))
    for row in held:
        row.title = titles[row.pk]
        row.answers, row.cancel_reason, row.join_url = [], "", ""
        row.manage_digest, row.manage_token = None, ""
        row.confirm_digest = row.asked_digest = None
        row.undo_until, row.before = None, None
    Appointment.objects.bulk_update(held, _FIELDS)
