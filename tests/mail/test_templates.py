"""What a workspace writes itself in mails to clients: its own words, and nothing that could break or read anything."""

from datetime import timedelta
from typing import Any

import pytest

from tests import house, offering
from tests.mail.conftest import Post
from treff.appointments.models import Appointment
from treff.audit.queries import of_subject
from treff.kernel import clock
from treff.kernel.errors import Invalid
from treff.mail import actions, notices, queries
from treff.mail.errors import OnItsWay
from treff.mail.models import Letter, MailTemplate
from treff.mail.rendering import usual_words
from treff.mail.rules import PLACEHOLDERS, Template, check_template, fill
from treff.mail.samples import sample
from treff.mail.states import NOT_EDITABLE, Kind
from treff.notices.queries import due
from treff.workspaces.errors import NotAllowed, NotHere
from treff.workspaces.models import Member

pytestmark = pytest.mark.django_db
OWN = Template(
    "{title} with {host}",
    "we look forward to {day}, {time} ({zone}).\n\nIt takes {minutes} minutes.",
    "Yours, {workspace}",
)


def write(by: Member, template: Template, kind: Kind = Kind.CONFIRMATION, locale: str = "en") -> None:
    actions.write_template(house.scope(by), kind, locale, template)


def told(post: Post, lead_name: str, **values: Any) -> Appointment:
    booked = post.book(lead_values={"name": lead_name}, provider="none", **values)
    post.tell(booked)
    return booked


def test_the_next_mail_says_it_with_what_the_placeholders_mean_and_keeps_time_link_and_button(post: Post) -> None:
    write(post.owner, OWN)
    told(post, "Lena Lead", title="Solar call")
    (mail,) = post.mails()
    assert mail["subject"] == "Solar call with Olivia Owner"
    for part in (mail["text"], mail["html"]):
        assert "Hello Lena Lead," in part
        assert "It takes 45 minutes." in part
        assert f"Yours, {post.owner.workspace.name}" in part
        assert "confirmed" not in part
        assert "Europe/Berlin" in part
    assert str(post.invitations()[0]["SUMMARY"]) == "Solar call"


def test_other_kinds_other_languages_and_other_workspaces_keep_the_usual_words(post: Post) -> None:
    elsewhere = house.owner(house.workspace("elsewhere"))
    write(elsewhere, Template(subject="Not ours"))
    write(post.owner, Template(subject="Moved!"), Kind.MOVED)
    write(post.owner, Template(subject="Auf Deutsch"), locale="de")
    told(post, "Lena Lead", title="Solar call")
    (mail,) = post.mails()
    assert mail["subject"] == "Your appointment: Solar call"


@pytest.mark.attack("A-076")
@pytest.mark.parametrize(
    "text",
    ["{{ config }}", "{lead.__class__}", "{0}", "{lead!r}", "{title:>9}", "{% x %}{ }", "{settings}", "{LEAD}", "{}"],
)
@pytest.mark.parametrize("field", ["subject", "opening", "closing"])
def test_anything_but_a_placeholder_of_the_list_is_refused_by_name(text: str, field: str) -> None:
    with pytest.raises(Invalid, match="is no placeholder") as refused:
        check_template(Template(**{field: text}))
    assert refused.value.field == field


@pytest.mark.attack("A-076", "A-046")
def test_what_looks_like_code_in_a_name_or_in_the_words_stays_text(post: Post) -> None:
    write(post.owner, Template("{lead}", "<script>alert(1)</script> {lead} $(now) %s", "&amp; {title}"))
    told(post, "{title} {{7*7}} <b>x</b>", title="{host} {workspace}")
    (mail,) = post.mails()
    assert mail["subject"] == "{title} {{7*7}} <b>x</b>"
    assert "<script>alert(1)</script> {title} {{7*7}} <b>x</b> $(now) %s" in mail["text"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in mail["html"]
    assert "<b>x</b>" not in mail["html"]
    assert "49" not in mail["subject"]


def test_a_value_is_never_read_as_a_placeholder() -> None:
    assert fill("{lead} {unknown}", {"lead": "{title}", "title": "no"}) == "{title} {unknown}"
    assert check_template(Template(" ".join(f"{{{name}}}" for name in PLACEHOLDERS)))


def test_the_usual_words_or_none_are_no_words_of_ones_own_and_a_reset_brings_them_back(post: Post) -> None:
    for kind in Kind:
        if kind in NOT_EDITABLE:
            with pytest.raises(NotHere):
                write(post.owner, OWN, kind)
            continue
        write(post.owner, OWN, kind)
        assert queries.template_of(post.owner.workspace_id, kind, "en") == OWN
        write(post.owner, usual_words(kind, "en"), kind)
        assert queries.template_of(post.owner.workspace_id, kind, "en") == Template()
    assert not MailTemplate.objects.exists()
    deeds = [entry.deed for entry in of_subject(post.owner.workspace_id, post.owner.workspace.slug)]
    assert set(deeds) == {"mail_template.written"}


def test_reps_write_none_and_too_long_ones_are_refused(post: Post) -> None:
    with pytest.raises(NotAllowed):
        write(house.member(post.owner.workspace), OWN)
    with pytest.raises(NotHere):
        write(post.owner, OWN, locale="fr")
    for field, length in (("subject", 151), ("opening", 2001), ("closing", 2001)):
        with pytest.raises(Invalid, match="At most"):
            write(post.owner, Template(**{field: "x" * length}))


def test_a_test_mail_comes_with_words_that_are_not_saved_and_invites_nobody(post: Post) -> None:
    actions.send_test(house.scope(post.owner), post.owner, Kind.REMINDER, "de", Template("Bald: {title}", "bis {day}."))
    for notice_id in due(10, timedelta(0)):
        notices.send(notice_id)
    (mail,) = post.mails(post.owner.user.email)
    assert mail["subject"] == "Test: Bald: Erstgespräch"
    assert "Hallo Maria Muster," in mail["text"]
    assert "https://zoom.us/j/1234567890" in mail["html"]
    assert b"text/calendar" not in post.raw(mail["id"])
    assert not MailTemplate.objects.exists()


def test_nobody_floods_a_mailbox_with_test_mails(post: Post) -> None:
    scope = house.scope(post.owner)
    for _ in range(actions.MOST_TESTS):
        actions.send_test(scope, post.owner, Kind.LINK, "en", OWN)
    with pytest.raises(OnItsWay):
        actions.send_test(scope, post.owner, Kind.LINK, "en", OWN)
    with clock.at(clock.now() + actions.TESTS_WITHIN):
        actions.send_test(scope, post.owner, Kind.LINK, "en", OWN)


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_sample(post: Post, kind: Kind, locale: str) -> None:
    message = sample(post.owner, kind, locale, Template())
    without_link = ("cancelled", "declined", "requested", "confirm_address")
    assert ("https://zoom.us/j/1234567890" in str(message.body)) is (kind not in without_link)
    assert message.to == [post.owner.user.email]


def test_how_a_mail_looked_is_kept_without_the_addresses_that_are_the_clients_alone(post: Post) -> None:
    write(post.owner, OWN)
    kind = offering.kind(post.owner, post.owner, provider="zoom")
    booked = offering.take(kind, start_at=house.later(5).replace(minute=0, hour=9))
    link = "https://us02web.zoom.us/j/81234567890?pwd=Secret&from=x"
    post.link(booked.appointment, link)
    post.tell(booked.appointment)
    appointment = booked.appointment
    (mail,) = post.mails(appointment.lead.email)
    assert booked.token.reveal() in mail["html"]
    assert link in mail["text"]
    copy = Letter.objects.get(recipient__appointment=appointment).copy
    assert copy is not None
    assert copy["subject"] == mail["subject"]
    for part in ("text", "html"):
        assert "It takes 30 minutes." in copy[part]
        assert "/book/manage/…/" in copy[part]
        assert booked.token.reveal() not in copy[part]
        assert "https://us02web.zoom.us/…" in copy[part]
        assert "81234567890" not in copy[part]
        assert "Secret" not in copy[part]
