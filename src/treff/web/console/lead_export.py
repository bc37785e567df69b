"""Leads as a CSV file for spreadsheets: those of the list, in its order."""

from collections.abc import Iterator
from datetime import UTC

from django.http import HttpResponse
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_POST

from treff.audit.actions import record
from treff.kernel import clock
from treff.kernel.zones import wall_of
from treff.people import tables
from treff.people.models import Lead
from treff.web import labels
from treff.web.console.lead_import import of_field
from treff.web.console.lead_list import listing_of, rows_of
from treff.web.policy import Visit, within_workspace
from treff.workspaces.states import Permission

_COLUMNS = ("name", "email", "phone", "company", "locale", "time_zone", "status", "owner")


@require_POST
@within_workspace(Permission.EXPORT_LEADS)
def lead_export(visit: Visit) -> HttpResponse:
    """A POST, since who took which leads out is noted; the address says which, as that of the list does."""
    listing = listing_of(visit.request.GET)
    rows = listing.order.sorted(rows_of(visit, listing))
    found = list(rows)
    detail = {"count": len(found), "query": listing.query}
    record(visit.scope.workspace_id, visit.scope.actor, "leads.exported", visit.scope.workspace_slug, detail)
    # Excel takes the separator of its own language, and knows UTF-8 by its mark alone.
    separator = ";" if get_language() == "de" else ","
    text = "\ufeff" + "".join(tables.write(_table(visit, found), separator))
    day = wall_of(clock.now(), visit.time_zone).date().isoformat()
    return HttpResponse(
        text.encode(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="leads-{day}.csv"'},
    )


def _table(visit: Visit, rows: list[Lead]) -> Iterator[list[str]]:
    yield [of_field(column) for column in _COLUMNS] + [gettext("Source"), gettext("Added"), gettext("Next appointment")]
    for lead in rows:
        next_at = getattr(lead, "next_at")  # noqa: B009  an annotation, which mypy does not know
        yield [
            lead.name,
            lead.email,
            lead.phone,
            lead.company,
            lead.locale,
            lead.time_zone,
            labels.of_lead_status(lead.status),
            lead.owner.user.email if lead.owner else "",
            labels.of_lead_source(lead.source) if lead.source else "",
            lead.created_at.astimezone(UTC).isoformat(timespec="minutes"),
            next_at.astimezone(UTC).isoformat(timespec="minutes") if next_at else "",
        ]
