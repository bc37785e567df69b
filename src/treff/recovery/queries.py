"""Every read about recoveries."""

from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

from treff.recovery.models import Recovery

# Written out, because it stands in statements that are sent for every mail and every pass: to have Django compose it
# there takes longer than to answer it.
RELEASED_SQL = f"NOT EXISTS (SELECT FROM {Recovery._meta.db_table} WHERE resumed_at IS NULL)"


def current() -> Recovery | None:
    """The recovery that is under way."""
    return Recovery.objects.filter(resumed_at=None).first()


def last() -> Recovery | None:
    """The one that is under way, or the last that was."""
    return Recovery.objects.order_by("-pk").first()


def is_held() -> bool:
    """Whether a recovery is under way, so that nothing may leave the house."""
    return Recovery.objects.filter(resumed_at=None).exists()


def released() -> RawSQL:
    """A condition for the statement that takes hold of what is about to be sent: no recovery is under way.

    Whoever sends anything asks so, in that very statement: it costs no round trip, and no cache can be out of date.
    """
    return RawSQL(RELEASED_SQL, (), BooleanField())  # noqa: S611  nothing from outside is in it
