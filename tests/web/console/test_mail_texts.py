"""The pages about mails to clients: their words, the log, and how one looked."""

import pytest
from django.test import Client

from tests import house
from treff.appointments.actions import delete
from treff.appointments.models import Appointment
from treff.mail.models import Letter, MailTemplate, Recipient
from treff.mail.states import LetterState
from treff.notices.models import Notice
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db
TEXTS, LOG = "/w/nordlicht/admin/mails/", "/w/nordlicht/admin/mails/log/"
PAGE = f"{TEXTS}confirmation/en/"
OWN = {"subject": "See you: {title}", "opening": "we look forward to it.", "closing": "Yours"}


@pytest.fixture
def browser(ada: Member) -> Client:
    return house.client_of(ada)


@pytest.fixture
def sent(rita: Member) -> Letter:
    recipient = Recipient.objects.create(
        appointment=house.appointment(rita, title="Roof"), email="lena@customer.example"
    )
    copy = {"subject": "Your appointment: Roof", "text": "Hello <b>Lena</b>", "html": "<p>Hello Lena</p>"}
    return recipient.letters.create(kind="confirmation", sequence=0, state=LetterState.SENT, copy=copy)


def test_words_are_written_saved_shown_and_reset_after_a_question(browser: Client) -> None:
    assert "The usual ones" in browser.get(TEXTS).content.decode()
    assert "Your appointment: {title}" in browser.get(PAGE).content.decode()
    assert "Your own, since" in browser.post(PAGE, OWN, follow=True).content.decode()
    assert MailTemplate.objects.get().subject == "See you: {title}"
    assert "See you: {title}" in browser.get(PAGE).content.decode()
    assert "Delete my words" in browser.get(f"{PAGE}reset/").content.decode()
    assert MailTemplate.objects.exists()
    browser.post(f"{PAGE}reset/")
    assert not MailTemplate.objects.exists()


def test_the_preview_shows_what_is_typed_in_a_frame_that_runs_nothing(browser: Client) -> None:
    answer = browser.post(f"{PAGE}preview/", {**OWN, "opening": "<script>x</script> {lead}"})
    text = answer.content.decode()
    assert "&lt;script&gt;x&lt;/script&gt; Maria Example" in text
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert not MailTemplate.objects.exists()
    assert "frame-src 'self'" in browser.get(PAGE).headers["Content-Security-Policy"]
    wrong = browser.post(f"{PAGE}preview/", {"opening": "{nobody}"})
    assert wrong.status_code == 422
    assert "is no placeholder" in wrong.content.decode()


@pytest.mark.attack("A-076")
def test_a_wrong_placeholder_is_named_and_nothing_that_was_typed_is_lost(browser: Client) -> None:
    answer = browser.post(PAGE, {**OWN, "opening": "Dear {{ config }}"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "is no placeholder. These are: {lead} {title}" in text
    assert "See you: {title}" in text
    assert "Dear {{ config }}" in text


def test_a_test_mail_goes_to_who_asks_and_saves_nothing(browser: Client, ada: Member) -> None:
    text = browser.post(PAGE, {**OWN, "deed": "test"}).content.decode()
    assert f"A test mail goes to {ada.user.email}." in text
    assert "we look forward to it." in text
    assert not MailTemplate.objects.exists()
    notice = Notice.objects.get(kind="test_mail")
    assert (notice.user, notice.detail["subject"]) == (ada.user, "See you: {title}")


def test_what_a_changed_link_says_cannot_be_changed_and_reps_change_nothing(browser: Client, rita: Member) -> None:
    assert browser.get(f"{TEXTS}changed_link/en/").status_code == 404
    assert browser.get(f"{TEXTS}confirmation/fr/").status_code == 404
    for page in (TEXTS, LOG, PAGE, f"{PAGE}preview/", f"{PAGE}reset/"):
        assert house.client_of(rita).get(page).status_code == 403


def test_the_log_tells_who_got_what_and_finds_what_was_not_delivered(browser: Client, sent: Letter) -> None:
    broken = Recipient.objects.create(appointment=sent.recipient.appointment, email="gone@customer.example")
    broken.letters.create(kind="moved", sequence=1, state=LetterState.FAILED, detail="SMTPRecipientsRefused 550")
    elsewhere = house.appointment(house.member(house.workspace("elsewhere")))
    foreign = Recipient.objects.create(appointment=elsewhere, email="foreign@secret.example")
    foreign.letters.create(kind="confirmation", sequence=0, state=LetterState.FAILED)
    everything = browser.get(LOG).content.decode()
    assert "lena@customer.example" in everything
    assert "gone@customer.example" in everything
    troubled = browser.get(f"{LOG}?state=troubled").content.decode()
    assert "gone@customer.example" in troubled
    assert "lena@customer.example" not in troubled
    assert "foreign@secret.example" not in everything + troubled
    assert "gone@" not in browser.get(f"{LOG}?q=LENA").content.decode()
    assert "No email was sent to such an address" in browser.get(f"{LOG}?q=nobody").content.decode()


def test_how_a_mail_looked_is_on_the_appointments_page_for_reps_too(rita: Member, sent: Letter) -> None:
    browser, url = house.client_of(rita), f"/w/nordlicht/mails/{sent.public_id}/"
    page = browser.get(f"/w/nordlicht/appointments/{sent.recipient.appointment.public_id}/").content.decode()
    assert url in page
    text = browser.get(url).content.decode()
    assert "Your appointment: Roof" in text
    assert "Hello &lt;b&gt;Lena&lt;/b&gt;" in text
    frame = browser.get(f"{url}html/")
    assert frame.content == b"<p>Hello Lena</p>"
    assert "sandbox" in frame.headers["Content-Security-Policy"]


@pytest.mark.attack("A-035")
def test_a_mail_of_another_workspace_of_a_deleted_appointment_or_not_sent_is_not_there(
    ada: Member, rita: Member, sent: Letter
) -> None:
    stranger = house.client_of(house.owner(house.workspace("elsewhere")))
    for tail in ("", "html/"):
        assert stranger.get(f"/w/elsewhere/mails/{sent.public_id}/{tail}").status_code == 404
        assert stranger.get(f"/w/nordlicht/mails/{sent.public_id}/{tail}").status_code == 404
        assert house.client_of(rita).get(f"/w/nordlicht/mails/mail_nothing/{tail}").status_code == 404
    unsent = sent.recipient.letters.create(kind="link", sequence=1)
    assert house.client_of(rita).get(f"/w/nordlicht/mails/{unsent.public_id}/").status_code == 404
    delete(house.scope(rita), Appointment.objects.get(pk=sent.recipient.appointment_id).public_id)
    assert house.client_of(rita).get(f"/w/nordlicht/mails/{sent.public_id}/").status_code == 404
    assert "Roof" in house.client_of(ada).get(LOG).content.decode()


def test_the_mail_in_the_evening_is_switched_by_its_reader(rita: Member) -> None:
    browser = house.client_of(rita)
    text = browser.post("/w/nordlicht/calendar/digest/", {"wanted": "0"}, follow=True).content.decode()
    assert "You get no mail in the evening." in text
    assert not Member.objects.get(pk=rita.pk).daily_digest
    browser.post("/w/nordlicht/calendar/digest/", {"wanted": "1"})
    assert Member.objects.get(pk=rita.pk).daily_digest
