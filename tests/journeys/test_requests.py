"""A booking type with approval is configured on pages; a client asks, the host says yes, and Zoom follows."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.team import Team, sign_in
from tests.product import eventually
from treff.appointments import offers
from treff.appointments.models import Appointment
from treff.appointments.ports import SlotRequest
from treff.appointments.self_service import book_offered
from treff.availability.models import Schedule
from treff.booking_types.models import BookingType
from treff.kernel import clock

pytestmark = [pytest.mark.browser]
ROUND_THE_CLOCK = [[[0, 1440]]] * 7


def first_free(kind: BookingType) -> SlotRequest:
    now = clock.now()
    within = (int(now.timestamp()), int(now.timestamp()) + 7 * 86400)
    slot = offers.slots(offers.grounds(kind.workspace, kind, within, now), kind.duration)[0]
    answers = {given["id"]: "Flat" for given in kind.questions}
    lead = {"name": "Lena Lead", "email": f"lena@{kind.workspace.slug}.example"}
    return SlotRequest(offers.instant(slot.start), lead, answers=answers)


@pytest.mark.promise("P37")
def test_a_booking_type_and_its_approval_are_configured_on_pages_and_hold(connected_team: Team, page: Page) -> None:
    team = connected_team
    Schedule.objects.create(member=team.rep, weekly=ROUND_THE_CLOCK)
    sign_in(page, team.admin)
    page.goto(team.address("booking_types"))
    page.get_by_role("link", name="New booking type").first.click()
    page.get_by_label("Title").fill(f"Roof visit {team.number}")
    page.get_by_label("Length in minutes").fill("45")
    page.get_by_label("Each booking waits for a yes").check()
    page.get_by_role("checkbox", name="Ada Admin").uncheck()
    page.get_by_role("checkbox", name="Rita Rep").check()
    page.get_by_role("button", name="Add question").click()
    question = page.locator("[name=question-0-label]")
    expect(question).to_be_focused()
    question.fill("Which roof?")
    page.get_by_label("Answered by").select_option("choice")
    page.get_by_label("Answers to choose from").fill("Flat\nPitched")
    expect(page.get_by_label("Title")).to_have_value(f"Roof visit {team.number}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"“Roof visit {team.number}” is saved.")).to_be_visible()
    expect(page.locator(".preview")).to_contain_text("Rita Rep")
    assert page.locator(".preview li").count() == 10

    kind = BookingType.objects.select_related("workspace").get(title=f"Roof visit {team.number}")
    booked = book_offered(kind.workspace, kind, first_free(kind))
    address = f"lena@{team.workspace.slug}.example"
    received = eventually(lambda: team.product.mails(address), "the mail that we have the request")
    assert received[0]["subject"].startswith("Your request: ")
    assert f"/book/manage/{booked.token.reveal()}/" in received[0]["text"]
    to_host = eventually(lambda: team.product.mails(team.rep.user.email), "the notice to the host")
    assert to_host[-1]["subject"].strip().startswith("New request: ")
    assert team.product.meetings(booked.appointment.title) == []

    page.context.clear_cookies()
    sign_in(page, team.rep)
    page.goto(team.address("today"))
    page.get_by_role("button", name=re.compile("^Approve")).click()
    expect(page.get_by_text("Approved. The appointment takes place.")).to_be_visible()
    expect(page.get_by_text("Was the only one free.")).to_be_visible()
    expect(page.get_by_text("Which roof?")).to_be_visible()
    team.linked(booked.appointment.public_id)
    confirmed = eventually(lambda: team.product.mails(address)[1:], "the confirmation")
    assert confirmed[0]["subject"].startswith("Your appointment: ")
    assert Appointment.objects.get(pk=booked.appointment.pk).join_url in confirmed[0]["text"]


@pytest.mark.promise("P37")
def test_a_request_that_nobody_answers_lapses_while_workers_run(connected_team: Team, page: Page) -> None:
    team = connected_team
    Schedule.objects.create(member=team.rep, weekly=ROUND_THE_CLOCK)
    sign_in(page, team.admin)
    page.goto(team.address("booking_type_new"))
    page.get_by_label("Title").fill(f"Quick visit {team.number}")
    page.get_by_label("Each booking waits for a yes").check()
    page.get_by_role("checkbox", name="Rita Rep").check()
    page.get_by_role("checkbox", name="Ada Admin").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"“Quick visit {team.number}” is saved.")).to_be_visible()
    kind = BookingType.objects.select_related("workspace").get(title=f"Quick visit {team.number}")
    asked = first_free(kind)
    row = book_offered(kind.workspace, kind, asked).appointment
    Appointment.objects.filter(pk=row.pk).update(expires_at=clock.now())
    eventually(lambda: Appointment.objects.get(pk=row.pk).status == "declined", "the request lapses")
    subjects = eventually(
        lambda: [mail["subject"] for mail in team.product.mails(asked.lead["email"]) if "declined" in mail["subject"]],
        "the mail that it is not possible",
    )
    assert len(subjects) == 1
    again = SlotRequest(asked.start_at, {"name": "Lara", "email": f"lara@{team.workspace.slug}.example"})
    assert book_offered(kind.workspace, kind, again).appointment.host == team.rep
