"""The texts of the product and their German: python -m tests.shape.messages collects and compiles them (make messages).

Texts come from the Python code (gettext and its sisters, N_) and from Django's templates. The catalogue keeps what is
translated, takes in what is new, drops what is gone, and is compiled beside itself. Nothing is ever guessed: no fuzzy
matches.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from tests.shape.sources import ROOT, python_files

LOCALE = "de"
CATALOGUE = f"src/treff/locale/{LOCALE}/LC_MESSAGES/django.po"

KEYWORDS = {
    **DEFAULT_KEYWORDS,
    **{f"{name}_lazy": DEFAULT_KEYWORDS[name] for name in ("gettext", "ngettext", "pgettext", "npgettext")},
    "gettext_noop": None,
}
TEMPLATES = (".html", ".txt")


def collected(root: Path) -> Catalog:
    """Every text of the product that is marked for translation, with the files it stands in."""
    catalog = Catalog(project="treff")
    for path, source in _sources(root):
        name = path.relative_to(root).as_posix()
        for line, msgid, comments, context in extract("python", BytesIO(source.encode()), KEYWORDS, ["Translators:"]):
            catalog.add(msgid, locations=[(name, line)], auto_comments=comments, context=context)
    return catalog


def _sources(root: Path) -> Iterator[tuple[Path, str]]:
    """Each file as Python that calls gettext; templates are turned into it, without indentation to trip over."""
    for path in python_files(root, ("src/treff",)):
        yield path, path.read_text(encoding="utf-8")
    for path in sorted((root / "src/treff").rglob("*")):
        if path.suffix in TEMPLATES and "templates" in path.parts:
            calls = templatize(path.read_text(encoding="utf-8"), origin=str(path))
            yield path, "\n".join(line.strip() for line in calls.splitlines())


def untranslated(root: Path) -> list[str]:
    """Texts without German, with German that is only a guess, or whose places (%(name)s) got lost on the way."""
    catalog = _catalogue(root)
    found = []
    for wanted in collected(root):
        if not wanted.id:
            continue
        german = catalog.get(wanted.id, wanted.context)
        where = f"{wanted.locations[0][0]}: {_forms(wanted.id)[0]!r}"
        if german is None or not _is_filled(german):
            found.append(f"{where} has no German")
        elif german.fuzzy:
            found.append(f"{where} has German that is marked fuzzy")
        else:
            found += [f"{where}: {error}" for error in german.check(catalog)]
    return found


def _is_filled(message: Message) -> bool:
    return all(_forms(message.string))


def uncompiled(root: Path) -> list[str]:
    """Whether the compiled catalogue says something else than its source."""
    source, compiled = root / CATALOGUE, (root / CATALOGUE).with_suffix(".mo")
    if not compiled.is_file():
        return [f"{compiled.relative_to(root)} is missing: run make messages"]
    with compiled.open("rb") as file:
        same = _strings(read_mo(file)) == _strings(_read_back(_catalogue(root)))
    return [] if same else [f"{compiled.relative_to(root)} is not {source.name} compiled: run make messages"]


def _catalogue(root: Path) -> Catalog:
    with (root / CATALOGUE).open("rb") as file:
        return read_po(file, locale=LOCALE)


def _read_back(catalog: Catalog) -> Catalog:
    buffer = BytesIO()
    write_mo(buffer, catalog)
    buffer.seek(0)
    return read_mo(buffer)


def _strings(catalog: Catalog) -> dict[tuple[object, str | None], tuple[str, ...]]:
    return {(_forms(message.id), message.context): _forms(message.string) for message in catalog if message.id}


def _forms(text: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    return (text or "",) if isinstance(text, str | None) else tuple(text)


def refresh(root: Path) -> Catalog:
    """Bring the catalogue in line with the product and compile it.

    1. Read what is translated, or begin an empty catalogue.
    2. Take in the product's texts; drop what no text needs any more.
    3. Write the source without line numbers, so that a change shows only what changed.
    4. Compile it.
    """
    path = root / CATALOGUE
    path.parent.mkdir(parents=True, exist_ok=True)
    catalog = _catalogue(root) if path.is_file() else Catalog(locale=LOCALE, project="treff", fuzzy=False)
    begun_at = catalog.creation_date
    catalog.update(collected(root), no_fuzzy_matching=True)
    catalog.creation_date = begun_at  # else every run would be a change
    catalog.obsolete.clear()
    with path.open("wb") as file:
        write_po(file, catalog, width=100, include_lineno=False)
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalog)
    return catalog


if __name__ == "__main__":
    refresh(ROOT)
    missing = untranslated(ROOT)
    sys.stdout.write("".join(f"{sentence}\n" for sentence in missing) + f"{CATALOGUE}: {len(missing)} to translate\n")
