"""Admin, Members: who is one, what they may do, who is invited, who leaves."""

import pytest
from django.test import Client

from tests import house, offering
from treff.appointments.models import Appointment
from treff.kernel.secrets import Secret
from treff.team import actions, queries
from treff.team.models import Invitation
from treff.workspaces.models import Member, Workspace
from treff.workspaces.states import Role

pytestmark = pytest.mark.django_db
MEMBERS = "/w/nordlicht/admin/members/"
INVITE = f"{MEMBERS}invite/"


@pytest.fixture
def browser(ada: Member) -> Client:
    return house.client_of(ada)


def url_of(someone: Member, deed: str = "") -> str:
    return f"{MEMBERS}{someone.public_id}/{deed}"


def text(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined, no-any-return]


def test_everybody_is_listed_former_members_last(browser: Client, ada: Member, rita: Member) -> None:
    actions.deactivate(house.scope(ada), rita.public_id)
    house.member(ada.workspace, name="Zoe Zuletzt")
    rows = browser.get(MEMBERS).context["members"]
    assert [(row.name, row.is_active, row.may_change) for row in rows] == [
        ("Ada Admin", True, False),
        ("Olivia Owner", True, False),
        ("Zoe Zuletzt", True, True),
        ("Rita Rep", False, True),
    ]
    assert rows[3].hours_url == ""


def test_a_role_is_changed_and_the_answer_says_from_what_to_what(browser: Client, rita: Member) -> None:
    answer = browser.post(url_of(rita), {"role": "admin"}, follow=True)
    assert "Saved: role of Rita Rep Sales rep → Administrator." in text(answer)
    assert "Nothing was changed." in text(browser.post(url_of(rita), {"role": "admin"}, follow=True))
    rita.refresh_from_db()
    assert rita.role == Role.ADMIN


def test_an_administrator_is_offered_no_owner_and_cannot_post_one(browser: Client, rita: Member) -> None:
    form = browser.get(url_of(rita)).context["form"]
    assert [value for value, _label in form.fields["role"].choices] == ["admin", "rep"]
    assert browser.post(url_of(rita), {"role": "owner"}).status_code == 422
    rita.refresh_from_db()
    assert rita.role == Role.REP


def test_who_cannot_be_changed_has_no_form_but_a_reason(browser: Client, ada: Member, place: Workspace) -> None:
    own = text(browser.get(url_of(ada)))
    assert "Nobody changes their own role" in own
    assert 'name="role"' not in own
    owner = house.owner(place)
    assert "Only an Owner can make somebody an Owner" in text(browser.get(url_of(owner)))
    assert browser.post(url_of(owner), {"role": "rep"}).status_code == 403
    assert browser.post(url_of(ada), {"role": "rep"}).status_code == 403
    assert browser.post(url_of(ada, "deactivate/"), {}).status_code == 403


def test_the_question_says_what_leaving_means(browser: Client, rita: Member, ada: Member) -> None:
    offering.kind(ada, rita)
    house.appointment(rita, title="Advice")
    page = text(browser.get(url_of(rita, "deactivate/")))
    assert "1 upcoming appointment" in page
    assert "Advice" in page
    assert "They are offered no longer: First call." in page
    assert "Nobody else receives First call" in page


def test_appointments_are_handed_over_and_the_answer_counts_them(browser: Client, rita: Member, ada: Member) -> None:
    row = house.appointment(rita)
    stays = house.appointment(rita)
    house.appointment(ada, start_at=stays.start_at)
    answer = text(browser.post(url_of(rita, "deactivate/"), {"hand_over_to": ada.public_id}, follow=True))
    assert "Rita Rep is deactivated." in answer
    assert "1 appointment has a new host." in answer
    assert "1 appointment stayed with Rita Rep" in answer
    assert Appointment.objects.get(pk=row.pk).host_id == ada.pk


def test_who_is_reactivated_is_listed_again(browser: Client, ada: Member, rita: Member) -> None:
    actions.deactivate(house.scope(ada), rita.public_id)
    assert "in the role Sales rep" in text(browser.get(url_of(rita, "reactivate/")))
    assert "Rita Rep is a member again." in text(browser.post(url_of(rita, "reactivate/"), follow=True))
    rita.refresh_from_db()
    assert rita.is_active


def test_somebody_is_invited_and_stands_in_the_list(browser: Client) -> None:
    assert browser.get(INVITE).context["form"]["locale"].value() == "en"
    answer = browser.post(INVITE, {"email": "nina@new.example", "role": "rep", "locale": "de"}, follow=True)
    assert "The invitation to nina@new.example is on its way." in text(answer)
    (row,) = answer.context["invitations"]
    assert (row.email, row.role_label, row.by, row.is_expired) == ("nina@new.example", "Sales rep", "Ada Admin", False)


@pytest.mark.parametrize(
    ("typed", "field", "status", "says"),
    [
        ({"email": "nobody"}, "email", 422, "not one e-mail address"),
        ({"email": "owner@nordlicht.example"}, "__all__", 409, "already a member"),
        ({"role": "owner"}, "role", 422, ""),
        ({"locale": "fr"}, "locale", 422, ""),
    ],
)
def test_what_cannot_be_sent_is_said_and_nothing_typed_is_lost(
    browser: Client, typed: dict[str, str], field: str, status: int, says: str
) -> None:
    posted = {"email": "nina@new.example", "role": "rep", "locale": "en", **typed}
    answer = browser.post(INVITE, posted)
    assert answer.status_code == status
    assert list(answer.context["form"].errors) == [field]
    assert says in text(answer)
    assert answer.context["form"]["email"].value() == posted["email"]
    assert not Invitation.objects.exists()


def test_an_invitation_is_sent_again_and_withdrawn(browser: Client, ada: Member) -> None:
    row = actions.invite(house.scope(ada), "nina@new.example", Role.REP, "en")
    again, withdraw = (f"{MEMBERS}invitations/{row.public_id}/{deed}/" for deed in ("send-again", "withdraw"))
    assert "a moment ago" in text(browser.post(again, follow=True))
    Invitation.objects.update(sent_at="2026-01-01T00:00:00Z", expires_at="2026-01-08T00:00:00Z")
    assert "Expired" in text(browser.get(MEMBERS))
    assert "on its way again" in text(browser.post(again, follow=True))
    assert "withdrawn" in text(browser.post(withdraw, follow=True))
    assert browser.get(MEMBERS).context["invitations"] == []


def test_an_owners_invitation_is_not_for_administrators_to_touch(browser: Client, place: Workspace) -> None:
    row = actions.invite(house.scope(house.owner(place)), "nina@new.example", Role.OWNER, "en")
    assert not browser.get(MEMBERS).context["invitations"][0].may_change
    assert browser.post(f"{MEMBERS}invitations/{row.public_id}/withdraw/").status_code == 403
    assert queries.invitation_at(Secret(queries.token_of(row).reveal()))


def test_markup_in_names_stays_text(browser: Client, place: Workspace) -> None:
    someone = house.member(place, name="<b>Bo</b>")
    for page in (MEMBERS, url_of(someone), url_of(someone, "deactivate/")):
        assert "<b>Bo</b>" not in text(browser.get(page))
