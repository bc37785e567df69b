"""Commands about reports of problems."""

from treff.support import queries
from treff.support.models import IssueReport


def listed(workspace: str, most: int) -> list[dict[str, str]]:
    """The newest first."""
    return [_row(row) for row in queries.latest(most, workspace)]


def named(number: str) -> dict[str, object]:
    """One in full. Raises NotHere."""
    row = queries.with_number(number)
    facts: list[dict[str, str]] = [{"kind": fact.kind.value, "text": fact.text} for fact in queries.facts_of(row)]
    return {**_row(row), "id": row.public_id, "email": row.member.user.email, "text": row.text, "attached": facts}


def _row(row: IssueReport) -> dict[str, str]:
    return {
        "number": row.number,
        "at": f"{row.created_at:%Y-%m-%dT%H:%MZ}",
        "workspace": row.workspace.slug,
        "by": str(row.member.user),
        "begins": " ".join(row.text.split())[:80],
    }
