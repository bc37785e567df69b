"""The list of leads: search, filters, order and saved views, all of it in the address."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import house
from tests.web.console.november import LEADS, NOW
from treff.appointments.actions import cancel
from treff.kernel import clock
from treff.people.actions import edit_lead, save_view
from treff.people.models import Lead, SavedView
from treff.web.console.paging import SIZE
from treff.workspaces.models import Member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]


def names(browser: Client, query: str = "") -> list[str]:
    return [row.name for row in browser.get(f"{LEADS}?{query}").context["leads"]]


@pytest.fixture
def four(november: None, rita: Member, ada: Member) -> dict[str, Lead]:
    found = {}
    for number, name in enumerate(("Zoe", "Änne", "bernd", "Özlem")):
        with clock.at(NOW - timedelta(days=9 - number)):
            found[name] = house.lead(rita, name=name, phone=f"+49 (40) 555-0{number}")
    with clock.at(NOW - timedelta(days=1)):
        edit_lead(house.scope(rita), found["Zoe"].public_id, {"status": "won", "owner": rita.public_id})
        edit_lead(house.scope(rita), found["Änne"].public_id, {"status": "contacted", "owner": ada.public_id})
    Lead.objects.filter(name="bernd").update(source="client")
    house.appointment(rita, lead=found["bernd"], start_at=NOW + timedelta(days=5))
    house.appointment(rita, lead=found["Änne"], start_at=NOW + timedelta(days=2))
    off = house.appointment(rita, lead=found["Özlem"], start_at=NOW + timedelta(days=3))
    cancel(house.scope(rita), off.public_id)
    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Özlem", "bernd", "Änne", "Zoe"]),
        ("sort=oldest", ["Zoe", "Änne", "bernd", "Özlem"]),
        ("sort=name", ["Änne", "bernd", "Özlem", "Zoe"]),
        ("sort=next", ["Änne", "bernd", "Zoe", "Özlem"]),
        ("sort=changed", ["Änne", "Zoe", "Özlem", "bernd"]),
        ("status=won", ["Zoe"]),
        ("status=won&status=contacted", ["Änne", "Zoe"]),
        ("owner=me", ["Zoe"]),
        ("owner=none", ["Özlem", "bernd"]),
        ("owner=mem_nobody", []),
        ("upcoming=yes", ["bernd", "Änne"]),
        ("upcoming=no", ["Özlem", "Zoe"]),
        ("source=client", ["bernd"]),
        ("source=client&upcoming=no", []),
        ("q=%2B49+5550", ["Özlem", "bernd", "Änne", "Zoe"]),
        ("q=04055502", ["bernd"]),
        ("q=(40)+555-03", ["Özlem"]),
        ("q=özlem", ["Özlem"]),
        ("sort=email&status=sold&upcoming=maybe&source=x", ["Özlem", "bernd", "Änne", "Zoe"]),
    ],
)
@pytest.mark.usefixtures("four")
def test_the_address_says_which_leads_and_in_which_order(query: str, expected: list[str], browser: Client) -> None:
    assert names(browser, query) == expected


def test_the_leads_of_a_member_are_listed(browser: Client, ada: Member, four: dict[str, Lead]) -> None:
    context = browser.get(f"{LEADS}?owner={ada.public_id}").context
    assert [row.name for row in context["leads"]] == ["Änne"]
    assert context["total"] == 1


@pytest.mark.attack("A-034")
def test_neither_rows_nor_counts_nor_cursors_nor_filters_tell_of_another_workspace(
    browser: Client, four: dict[str, Lead]
) -> None:
    stranger = house.owner(house.workspace("elsewhere"))
    theirs = house.lead(stranger, name="Zoe Elsewhere", email="zoe@elsewhere.example")
    edit_lead(house.scope(stranger), theirs.public_id, {"owner": stranger.public_id})
    for query in ("q=elsewhere", f"owner={stranger.public_id}", "q=zoe%40elsewhere.example"):
        context = browser.get(f"{LEADS}?{query}").context
        assert (context["total"], list(context["leads"])) == (0, [])
    assert names(browser, f"after={theirs.public_id}") == names(browser)
    save_view(house.scope(stranger), "Theirs", "q=secret", is_shared=True)
    assert "Theirs" not in browser.get(LEADS).content.decode()


INJECTIONS = (
    "' OR 1=1 --",
    "'; DROP TABLE people_lead; --",
    "1) UNION SELECT NULL,NULL--",
    "name' AND SLEEP(5)='",
    "%' OR '1'='1",
    "\\",
    "%",
    "_",
    "id; SELECT pg_sleep(5)",
    "email__startswith",
    "-password",
    "owner__user__password",
)


@pytest.mark.attack("A-075")
@pytest.mark.parametrize("evil", INJECTIONS)
@pytest.mark.parametrize("field", ["q", "owner", "status", "source", "upcoming", "sort", "after", "before"])
@pytest.mark.usefixtures("four")
def test_what_sql_would_understand_is_text_in_every_part_of_the_address(field: str, evil: str, browser: Client) -> None:
    answer = browser.get(f"{LEADS}?{urlencode({field: evil})}")
    assert answer.status_code == 200
    found = [row.name for row in answer.context["leads"]]
    assert found == ([] if field in ("q", "owner") else ["Özlem", "bernd", "Änne", "Zoe"])
    assert Lead.objects.count() == 4


@pytest.mark.parametrize("sort", ["", "oldest", "name", "next", "changed"])
def test_every_order_is_paged_forth_and_back_without_loss(sort: str, browser: Client, rita: Member) -> None:
    for number in range(SIZE + 7):
        lead = house.lead(rita, name=f"Lead {number % 5}")
        if number % 3 == 0:
            edit_lead(house.scope(rita), lead.public_id, {"status": "won"})
    first = browser.get(f"{LEADS}?sort={sort}").context
    second = browser.get(LEADS + first["next_url"]).context
    urls = [row.url for row in [*first["leads"], *second["leads"]]]
    assert (len(urls), len(set(urls)), second["next_url"]) == (SIZE + 7, SIZE + 7, None)
    assert f"sort={sort}" in second["prev_url"]
    back = browser.get(LEADS + second["prev_url"]).context
    assert [row.url for row in back["leads"]] == urls[:SIZE]


def statements(browser: Client, query: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(f"{LEADS}?{query}").status_code == 200
    return len(captured)


def test_fifty_leads_cost_as_many_statements_as_one(browser: Client, rita: Member, ada: Member) -> None:
    query = "q=lead&owner=me&status=new&upcoming=yes&sort=next"

    def add(many: int) -> None:
        for _ in range(many):
            lead = house.lead(rita)
            edit_lead(house.scope(rita), lead.public_id, {"owner": rita.public_id})
            house.appointment(rita, lead=lead)

    add(1)
    statements(browser, query)
    one, plain = statements(browser, query), statements(browser, "")
    add(49)
    assert len(names(browser, query)) == 50
    assert (statements(browser, query), statements(browser, "")) == (one, plain)
    assert one <= 11


# Saved views


def save(browser: Client, name: str, query: str, **values: str) -> None:
    answer = browser.post(f"{LEADS}views/", {"name": name, "query": query, **values}, follow=True)
    assert answer.status_code == 200


def tabs(browser: Client) -> dict[str, str]:
    return {view.name: view.url for view in browser.get(LEADS).context["views"]}


def test_a_view_is_saved_seen_by_whom_it_is_for_and_deleted(browser: Client, rita: Member, ada: Member) -> None:
    save(browser, "Hot", "status=qualified&sort=next&page=7&evil=1&upcoming=")
    save(browser, "Ours", "owner=me", is_shared="on")
    assert tabs(browser)["Hot"] == "?status=qualified&sort=next"
    admin = house.client_of(ada)
    assert "Hot" not in tabs(admin)
    assert tabs(admin)["Ours"] == "?owner=me", "me is whoever looks"
    shown = browser.get(f"{LEADS}?sort=next&status=qualified").context
    assert shown["current"].name == "Hot"
    remove = shown["current"].delete_url
    assert "Hot" in browser.get(remove).content.decode()
    browser.post(remove)
    assert "Hot" not in tabs(browser)


def test_a_view_of_the_same_name_is_replaced(browser: Client) -> None:
    save(browser, "Hot", "status=won")
    save(browser, "Hot", "status=lost", is_shared="on")
    view = SavedView.objects.get()
    assert (view.query, view.is_shared) == ("status=lost", True)


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\x00b", "a\u202eb"])
def test_a_view_without_a_proper_name_is_not_saved(name: str, browser: Client) -> None:
    save(browser, name, "status=won")
    assert not SavedView.objects.exists()


def test_only_its_member_or_an_administrator_deletes_a_shared_view(browser: Client, rita: Member, ada: Member) -> None:
    view = save_view(house.scope(rita), "Ours", "status=won", is_shared=True)
    private = save_view(house.scope(rita), "Mine", "status=lost", is_shared=False)
    other = house.client_of(house.member(rita.workspace, name="Rolf Rep"))
    assert other.post(f"{LEADS}views/{view.public_id}/delete/").status_code == 403
    assert other.post(f"{LEADS}views/{private.public_id}/delete/").status_code == 404
    admin = house.client_of(ada)
    assert admin.post(f"{LEADS}views/{private.public_id}/delete/").status_code == 404
    assert admin.post(f"{LEADS}views/{view.public_id}/delete/").status_code == 302
    assert list(SavedView.objects.all()) == [private]


def test_nobody_saves_views_without_end(browser: Client, rita: Member) -> None:
    for number in range(30):
        save_view(house.scope(rita), f"View {number}", "", is_shared=False)
    save(browser, "One more", "status=won")
    assert SavedView.objects.count() == 30
    save(browser, "View 7", "status=won")
    assert SavedView.objects.get(name="View 7").query == "status=won"
