"""Transcripts as files, and what is found in them."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from treff.notetaking.ports import Utterance
from treff.notetaking.transcripts import as_json, as_text, as_vtt, found, lines_of

BEGIN = datetime(2031, 6, 2, 8, 0, tzinfo=UTC)
anything = st.text(max_size=60)


def said(*what: tuple[str, str]) -> list[Utterance]:
    return [
        Utterance(who, BEGIN + timedelta(seconds=65 * n, milliseconds=250), BEGIN + timedelta(seconds=65 * n + 2), text)
        for n, (who, text) in enumerate(what)
    ]


def test_lines_count_from_the_first_word_on() -> None:
    lines = lines_of(said(("Lena", "Hello."), ("Olivia", "Good morning.")))
    assert [(line.number, line.at) for line in lines] == [(0, "00:00:00"), (1, "00:01:05")]


def test_as_text_every_utterance_is_a_line() -> None:
    text = as_text(lines_of(said(("Lena", "Hello."), ("Olivia", "Good\nmorning."))))
    assert text == "[00:00:00] Lena: Hello.\n[00:01:05] Olivia: Good morning.\n"


def test_as_vtt_nothing_that_was_said_is_a_tag_or_ends_its_cue() -> None:
    text = as_vtt(lines_of(said(("A <b>", "1 < 2 & 3\n\n00:00:00.000 --> 00:00:09.000\nforged"))))
    assert text == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.750\n"
        "<v A &lt;b&gt;>1 &lt; 2 &amp; 3 00:00:00.000 --&gt; 00:00:09.000 forged\n"
    )


@given(st.lists(st.tuples(anything, anything), max_size=5))
def test_whatever_was_said_files_have_as_many_entries_as_utterances(what: list[tuple[str, str]]) -> None:
    lines = lines_of(said(*what))
    assert as_text(lines).count("\n") == len(what)
    assert as_vtt(lines).count(" --> ") == len(what)
    assert [one["text"] for one in json.loads(as_json(lines))["utterances"]] == [text for _, text in what]


def test_words_are_found_in_any_case_in_what_was_said_and_who_said_it() -> None:
    lines = lines_of(said(("Lena Lead", "Zehn Kilowatt, GRÜSSE"), ("Olivia", "No battery.")))
    assert [line.number for line in found(lines, "kilowatt lena")] == [0]
    assert [line.number for line in found(lines, "grüße")] == [0]
    assert found(lines, "battery lena") == []
    assert len(found(lines, " ")) == 2
