"""Everything a person reads has German, and the compiled catalogue is the one that stands beside it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shape.messages import CATALOGUE, collected, refresh, uncompiled, untranslated
from tests.shape.planting import plant
from tests.shape.same_in_german import forgotten
from tests.shape.sources import ROOT

needs_catalogue = pytest.mark.skipif(not (ROOT / CATALOGUE).parent.is_dir(), reason="there is no German catalogue yet")

TEMPLATE = """
    {% load i18n %}{# no text #}
        <h1 title="{% translate "It's late" %}">{% translate 'Hello "you"' context "greeting" %}</h1>
    {% blocktranslate count n=leads|length %}One lead{% plural %}{{ n }} leads{% endblocktranslate %}
      {% blocktranslate trimmed %}
          Two
          lines of {{ name }}
      {% endblocktranslate %}
    <p>plain {% include "x.html" with label=_("Save") %}</p>
"""
CODE = """
    from django.utils.translation import gettext_lazy as _, ngettext, pgettext_lazy
    from treff.kernel.errors import N_, Conflict

    class SlotTaken(Conflict):
        sentence = N_("That time has just been taken.")

    label = _("Start")
    month = pgettext_lazy("calendar", "May")
    many = ngettext("%(n)d day", "%(n)d days", n)
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A scratch product with texts in code, a page and a mail."""
    return plant(
        tmp_path,
        {
            "src/treff/people/errors.py": CODE,
            "src/treff/web/templates/console/lead.html": TEMPLATE,
            "src/treff/mail/templates/mail/confirmation.txt": "{% load i18n %}{% translate 'See you' %}\n",
        },
    )


def texts(root: Path) -> Iterator[str]:
    return (m.id if isinstance(m.id, str) else " | ".join(m.id) for m in collected(root) if m.id)


def translate(root: Path, german: dict[str, str]) -> None:
    """Write the first translation of each msgid in the catalogue by hand, as a translator would."""
    path = root / CATALOGUE
    text = path.read_text(encoding="utf-8")
    for msgid, msgstr in german.items():
        before = f'msgid "{msgid}"\nmsgstr ""'
        assert before in text
        text = text.replace(before, f'msgid "{msgid}"\nmsgstr "{msgstr}"')
    path.write_text(text, encoding="utf-8")


@needs_catalogue
def test_every_text_of_the_product_has_german() -> None:
    assert untranslated(ROOT) == []


@needs_catalogue
def test_no_german_is_only_its_english_but_where_a_reason_is_given() -> None:
    assert forgotten(ROOT) == []


def test_a_text_that_stayed_english_is_seen(house: Path) -> None:
    refresh(house)
    translate(house, {"See you": "See you", "Start": "Beginn"})
    seen = forgotten(house)
    assert "'See you' is the same in German" in seen
    assert "'Browser' has German of its own: take it out of SAME" in seen
    assert not any("Start" in sentence for sentence in seen)


@needs_catalogue
def test_the_compiled_catalogue_is_the_source_compiled() -> None:
    assert uncompiled(ROOT) == []


def test_texts_are_found_in_code_pages_and_mails(house: Path) -> None:
    assert sorted(texts(house)) == [
        "%(n)d day | %(n)d days",
        'Hello "you"',
        "It's late",
        "May",
        "One lead | %(n)s leads",
        "Save",
        "See you",
        "Start",
        "That time has just been taken.",
        "Two lines of %(name)s",
    ]


def test_a_text_without_german_is_seen_until_it_is_translated(house: Path) -> None:
    refresh(house)
    assert len(untranslated(house)) == 10
    translate(house, {"See you": "Bis dann", "Start": "Beginn"})
    refresh(house)
    left = untranslated(house)
    assert len(left) == 8
    assert 'src/treff/web/templates/console/lead.html: "It\'s late" has no German' in left
    assert uncompiled(house) == []


def test_german_that_is_only_a_guess_is_seen(house: Path) -> None:
    refresh(house)
    path = house / CATALOGUE
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace('msgid "Start"\nmsgstr ""', '#, fuzzy\nmsgid "Start"\nmsgstr "Stern"'), encoding="utf-8"
    )
    assert "src/treff/people/errors.py: 'Start' has German that is marked fuzzy" in untranslated(house)


def test_german_that_lost_a_place_for_a_value_is_seen(house: Path) -> None:
    refresh(house)
    translate(house, {"Two lines of %(name)s": "Zwei Zeilen von %(nmae)s"})
    assert any("Two lines of" in sentence and "has no German" not in sentence for sentence in untranslated(house))


def test_a_plural_with_one_form_only_is_seen(house: Path) -> None:
    refresh(house)
    path = house / CATALOGUE
    text = path.read_text(encoding="utf-8")
    before = 'msgid_plural "%(n)d days"\nmsgstr[0] ""'
    assert before in text
    path.write_text(text.replace(before, before.replace('""', '"%(n)d Tag"')), encoding="utf-8")
    assert "src/treff/people/errors.py: '%(n)d day' has no German" in untranslated(house)


def test_a_catalogue_that_was_changed_and_not_compiled_is_seen(house: Path) -> None:
    refresh(house)
    assert uncompiled(house) == []
    translate(house, {"See you": "Bis dann"})
    assert len(uncompiled(house)) == 1
    (house / CATALOGUE).with_suffix(".mo").unlink()
    assert uncompiled(house) == [f"{CATALOGUE.removesuffix('.po')}.mo is missing: run make messages"]


def test_a_text_that_is_gone_leaves_the_catalogue_and_the_rest_stays_translated(house: Path) -> None:
    refresh(house)
    translate(house, {"See you": "Bis dann"})
    (house / "src/treff/people/errors.py").unlink()
    catalog = refresh(house)
    assert catalog.get("Start") is None
    message = catalog.get("See you")
    assert message is not None
    assert message.string == "Bis dann"


def test_a_second_run_on_another_day_changes_nothing(house: Path) -> None:
    refresh(house)
    path = house / CATALOGUE
    text = re.sub(
        r"POT-Creation-Date: [^\\]*", "POT-Creation-Date: 2026-01-01 09:00+0000", path.read_text(encoding="utf-8")
    )
    path.write_text(text, encoding="utf-8")
    refresh(house)
    assert path.read_text(encoding="utf-8") == text
