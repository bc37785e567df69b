import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties import STEADY
from treff.kernel import texts
from treff.kernel.errors import Invalid


def one_line(value: str, longest: int = 100) -> str:
    return texts.one_line("name", value, longest=longest, required=True)


def test_a_name_that_is_a_sentence_with_a_link_stays_plain_text_of_bounded_length() -> None:
    lure = "Your account is blocked http://evil.example [click](http://evil.example) <a href=x>here</a>"
    assert one_line(lure) == lure
    with pytest.raises(Invalid, match="At most 100 characters"):
        one_line(lure + "x" * 100)


@pytest.mark.attack("A-049")
@pytest.mark.parametrize("breaks", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\x1c", "\0", "\t"])
def test_a_line_break_or_control_character_in_a_line_is_refused(breaks: str) -> None:
    with pytest.raises(Invalid) as refused:
        one_line(f"Anna{breaks}Bcc: everybody@example.com")
    assert refused.value.field == "name"
    with pytest.raises(Invalid):
        texts.email_address("email", f"anna@example.com{breaks}Bcc: everybody@example.com")


@pytest.mark.parametrize(
    "char",
    [
        *("\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"),
        *("\ud800", "\udfff", "\0", "\x7f", "\x1b"),
    ],
)
def test_a_character_that_hides_or_reorders_is_refused_in_lines_and_in_paragraphs(char: str) -> None:
    with pytest.raises(Invalid):
        one_line(f"Anna {char}annA")
    with pytest.raises(Invalid):
        texts.several_lines("note", f"Anna {char}annA", longest=1000)


@pytest.mark.parametrize("mark", ["\u0301", "\u0489", "\u064b", "\u0e49", "\u1ab0", "\u20d0", "\ufe20"])
def test_a_tower_of_combining_marks_is_refused(mark: str) -> None:
    with pytest.raises(Invalid):
        one_line("Anna" + mark * 10_000, longest=20_000)
    with pytest.raises(Invalid):
        one_line("Ann" + mark * 10)


@pytest.mark.parametrize(
    "name", ["Zoë", "Nguyễn Thị Ánh", "👩‍👩‍👧‍👦 Familie", "𝒜nna", "王小明", "محمد", "Łukasz", "O’Hara"]
)
def test_peoples_real_names_are_kept(name: str) -> None:
    assert one_line(name) == unicodedata.normalize("NFC", name)


def test_twins_that_differ_by_normalisation_become_the_same() -> None:
    assert one_line("Zoe\u0308") == one_line("Zoë")
    assert len(one_line("Zoe\u0308", longest=3)) == 3


@given(st.text(max_size=60))
@STEADY
def test_what_is_taken_is_clean_and_stays_as_it_is_when_taken_again(value: str) -> None:
    try:
        taken = one_line(value)
    except Invalid:
        return
    assert one_line(taken) == taken == taken.strip()
    assert taken.splitlines() == [taken]
    assert taken.encode().decode() == taken
    assert unicodedata.is_normalized("NFC", taken)


@given(st.text(max_size=60))
@STEADY
def test_paragraphs_have_line_feeds_as_their_only_control_characters(value: str) -> None:
    try:
        taken = texts.several_lines("note", value, longest=100)
    except Invalid:
        return
    assert [char for char in taken if unicodedata.category(char) == "Cc" and char != "\n"] == []
    assert texts.several_lines("note", taken, longest=100) == taken


def test_lines_end_alike_whoever_typed_them() -> None:
    assert texts.several_lines("note", "a\r\nb\rc\n", longest=10) == "a\nb\nc"


def test_what_must_be_filled_in_is_asked_for() -> None:
    with pytest.raises(Invalid, match="Please fill this in"):
        one_line(" \u3000 ")
    assert texts.one_line("phone", "", longest=40) == ""


@pytest.mark.attack("A-062")
@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        (" anna@example.com ", "anna@example.com"),
        ("Anna.Berg+treff@Example.COM", "Anna.Berg+treff@example.com"),
        ("anna@münchen.example", "anna@xn--mnchen-3ya.example"),
        ("anna@MÜNCHEN.example", "anna@xn--mnchen-3ya.example"),
        ("o'hara&co=1@a-b.example", "o'hara&co=1@a-b.example"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
)
def test_one_proper_address_is_taken_with_its_domain_small_and_in_ascii(typed: str, taken: str) -> None:
    assert texts.email_address("email", typed) == taken


@pytest.mark.attack("A-062")
@pytest.mark.parametrize(
    "typed",
    [
        *("", "anna", "@example.com", "anna@", "a@b", "anna@@example.com", "anna@example..com", "anna@.example.com"),
        *(
            "a@example.com,b@example.com",
            "a@example.com;b@example.com",
            "a@example.com b@example.com",
            "a@b.c@d.example",
        ),
        *(
            "Anna <anna@example.com>",
            "<anna@example.com>",
            '"anna berg"@example.com',
            '"a"@example.com',
            "a@[127.0.0.1]",
        ),
        *(".anna@example.com", "anna.@example.com", "an..na@example.com", "anna@-example.com", "anna@example-.com"),
        *("änna@example.com", "anna＠example.com@example.org", "anna@" + "a" * 64 + ".com", "a" * 65 + "@example.com"),
        *("anna@example.com.", "anna@exa_mple.com", "anna@example.com(comment)", "mailto:anna@example.com\n"),
        *(
            "a" * 64 + "@" + ("b" * 63 + ".") * 3 + "com",
            "a" * 310 + "@example.com",
            "anna@ex%61mple.com",
            "anna@\ud800.de",
        ),
    ],
)
def test_what_is_not_one_proper_address_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        texts.email_address("email", typed)
    assert refused.value.field == "email"


@given(st.text(st.sampled_from('ab.@-+,<>" ü\n'), max_size=24))
@STEADY
def test_an_address_that_is_taken_is_plain_ascii_with_one_at_and_taken_again(typed: str) -> None:
    try:
        taken = texts.email_address("email", typed)
    except Invalid:
        return
    assert taken.isascii()
    assert taken.count("@") == 1
    assert not set(taken) & set(',<>" \n')
    assert texts.email_address("email", taken) == taken


@pytest.mark.parametrize(
    "attack", ["a" * 100_000, "a." * 50_000, "@" * 100_000, "a@" + "a-" * 50_000, "a@" + "a." * 50_000]
)
def test_no_address_takes_long_to_refuse(attack: str) -> None:
    took = []
    for _ in range(3):
        began = time.process_time()
        with pytest.raises(Invalid):
            texts.email_address("email", attack)
        took.append(time.process_time() - began)
    assert min(took) < 0.05
