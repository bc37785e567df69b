"""What is left out of a report, and what it is called."""

import pytest

from treff.kernel.ids import new_id
from treff.support.rules import id_begins, number_of, page_of, without_secrets

pytestmark = [pytest.mark.promise("P39")]
TOKEN = "eyJzdiI6IjAwMDAwMiJ9.eyJ2ZXIiOjl9.kT3-x_9"


@pytest.mark.attack("A-095")
@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("See https://zoom.us/j/85?pwd=abc.1 please", "See https://zoom.us/j/85… please"),
        ("(https://zoom.us/s/85?zak=eyJabc)", "(https://zoom.us/s/85…"),
        ("https://treff.example/integrations/zoom?code=abc&state=x", "https://treff.example/integrations/zoom…"),
        ("https://treff.example/book/manage/Abc_def-ghijklmnop12/", "https://treff.example/book/manage/…/"),
        ("https://treff.example/calendars/Abcdefghijklmnop12.ics", "https://treff.example/calendars/…"),
        (f"token {TOKEN} here", "token … here"),
        ("Bearer treff_Q3JlYXRpb24tYW5kLW1vcmU", "Bearer …"),
        ("zak=abc123 and access_token: secret", "zak=… and access_token: …"),
        ("Passcode: 4711", "Passcode: …"),
        ("the passcode is 983k2x", "the passcode is …"),
        ("Kenncode 983112, bitte", "Kenncode … bitte"),
        ("x1" * 32, "…"),
        (f"/w/{'x1' * 32}/", "/w/…/"),
    ],
)
def test_what_looks_like_a_secret_is_left_out(text: str, left: str) -> None:
    assert without_secrets(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "The password is not accepted, and the passcode was missing.",
        "Der Termin am 24.11.2026 um 9:00 Uhr ist weg (Raum 12/3).",
        f"See {new_id('appt')} at https://treff.example/w/nordlicht/appointments/{new_id('appt')}/",
        "/w/nordlicht/admin/appointments/video-provider/zoom/disconnect/",
        "Bodenseeschifffahrtsgesellschaftskapitän",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
    ],
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert without_secrets(text) == text


def test_a_text_of_any_length_is_gone_through_at_once() -> None:
    for char in ("a", "=", "/", "https://", "passcode ", "eyJ.", "token"):
        assert len(without_secrets(char * 4000)) <= 4000 * len(char)


@pytest.mark.parametrize(
    ("given", "page"),
    [
        ("/w/nordlicht/leads/", "/w/nordlicht/leads/"),
        ("/w/nordlicht/leads/?q=Lena", "/w/nordlicht/leads/"),
        ("/book/manage/Abcdefghijklmnopqrst/", "/book/manage/…/"),
        ("https://evil.example/", ""),
        ("//evil.example/", ""),
        ("/\\evil.example/", ""),
        ("/a\nb", ""),
        ("", ""),
    ],
)
def test_of_an_address_only_the_path_of_a_page_is_taken(given: str, page: str) -> None:
    assert page_of(given) == page


def test_the_number_leads_back_to_the_report() -> None:
    public_id = new_id("rep")
    number = number_of(public_id)
    assert len(number) == 9
    for typed in (number, number.lower(), f" {number.replace('-', '')} ", public_id):
        assert public_id.startswith(id_begins(typed))
    for nonsense in ("", "rep_", "%", "7K2M", "________"):
        assert not public_id.startswith(id_begins(nonsense))
