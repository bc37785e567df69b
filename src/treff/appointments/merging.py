"""Leads who are the same person become one, with all their appointments."""

from collections.abc import Collection

from django.db import transaction

from treff.appointments.models import Appointment
from treff.people import merging
from treff.people.models import Lead
from treff.workspaces.ports import Scope


def merge(scope: Scope, kept_id: str, other_id: str, of_other: Collection[str], fingerprint: str) -> Lead:
    """Merge `other` into `kept`, who takes over the fields named in `of_other`; there is no way back.

    `fingerprint`: of what was shown of both. The appointments stay as they are, their meetings and invitations too:
    what was mailed to the other lead's address goes on being true, and nobody is written to.

    Raises Invalid, LeadChanged, MergedAway, NotAllowed, NotHere.
    """
    with transaction.atomic():
        kept, other = merging.hold(scope, kept_id, other_id, fingerprint)
        merging.take_over(scope, kept, other, of_other)
        Appointment.objects.filter(lead=other).update(lead=kept)
    return kept
