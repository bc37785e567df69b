"""Nothing secret is ever seen: pages, API answers, mails, logs; the database holds ciphertext only."""

import psycopg
import pytest
from psycopg import sql

from tests.journeys.team import Team
from tests.product import CLIENT_SECRET, WEBHOOK_SECRET, Product
from tests.visitor import ANSWERS, Visitor
from treff.conferencing.models import Meeting


@pytest.mark.promise("P27")
@pytest.mark.promise("P28")
@pytest.mark.promise("P29")
@pytest.mark.attack("A-095")
@pytest.mark.attack("A-097")
@pytest.mark.attack("A-098")
def test_tokens_passcodes_start_links_and_client_secrets_are_seen_nowhere(connected_team: Team) -> None:
    team = connected_team
    booked = team.linked(team.book("Canary")["id"])
    visitor = Visitor(team.product).sign_in(team.admin)
    for path in (team.provider_page, team.address("appointment", appointment_id=booked["id"])):
        assert visitor.get(path).status == 200
    meeting = Meeting.objects.get(appointment__public_id=booked["id"])
    assert meeting.passcode
    assert meeting.start_url
    assert_unseen(team.product)


def assert_unseen(product: Product) -> None:
    """No secret that the simulated Zoom ever gave out stands in what we showed, sent, logged or stored."""
    canaries = _canaries(product)
    assert len(canaries) > 5
    mails = [mail["text"] + mail["html"] + str(mail["headers"]) for mail in product.mails("")]
    for where, text in {
        "answers": "\n".join(ANSWERS),
        "mails": "\n".join(mails),
        "logs": product.logs(),
        "database": _dump(product.database_url),
    }.items():
        found = [canary[:12] for canary in canaries if canary in text]
        assert found == [], f"{where} show secrets that begin with {found}"


def _canaries(product: Product) -> set[str]:
    given = product.zoom("secrets")
    flat = [text for kind in given.values() for text in kind]
    return {text for text in flat if len(text) >= 8} | {CLIENT_SECRET, WEBHOOK_SECRET}


def _dump(url: str) -> str:
    """Every row of every table, as text."""
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        rows = [
            str(row)
            for (table,) in tables
            for row in connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table)))
        ]
    return "\n".join(rows)
