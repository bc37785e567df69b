"""What the columns of a file mean, and what a row of it says of a lead. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from treff.kernel.errors import N_, Invalid
from treff.people.rules import clean
from treff.people.states import LeadStatus

# Fields that a column can hold, and the headings under which they are known, in letters and digits only.
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "fullname", "vollername", "kontakt", "contact", "lead", "ansprechpartner", "kunde", "customer"),
    "first_name": ("firstname", "givenname", "vorname"),
    "last_name": ("lastname", "surname", "familyname", "nachname", "familienname"),
    "email": ("email", "mail", "emailaddress", "emailadresse", "mailadresse", "email1", "emailaddresse"),
    "phone": ("phone", "phonenumber", "telephone", "tel", "telefon", "telefonnummer", "mobile", "mobil", "handy"),
    "company": ("company", "companyname", "organization", "organisation", "account", "firma", "unternehmen"),
    "locale": ("language", "locale", "sprache"),
    "time_zone": ("timezone", "zeitzone"),
    "status": ("status", "leadstatus", "stage", "phase"),
    "owner": ("owner", "leadowner", "lookedafterby", "betreutvon", "betreuer", "zustandig", "zustaendig", "inhaber"),
}
_LOCALES: Mapping[str, str] = {
    **dict.fromkeys(("de", "dede", "deat", "dech", "german", "deutsch"), "de"),
    **dict.fromkeys(("en", "engb", "enus", "english", "englisch"), "en"),
}
_STATUSES: Mapping[str, LeadStatus] = {
    **{status.value: status for status in LeadStatus},
    "neu": LeadStatus.NEW,
    "kontaktiert": LeadStatus.CONTACTED,
    "qualifiziert": LeadStatus.QUALIFIED,
    "gewonnen": LeadStatus.WON,
    "verloren": LeadStatus.LOST,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that a cell of the line breaks. `sentence` is a msgid with places for `params`."""

    field: str
    sentence: str
    params: Mapping[str, object]


def guess(header: Sequence[str]) -> list[str]:
    """The field of each column, "" where the heading says none, or one that an earlier column has."""
    found: list[str] = []
    for heading in header:
        key = _key(heading)
        field = next((field for field, known in HEADINGS.items() if key in known), "")
        found.append("" if field in found else field)
    return found


def check_mapping(mapping: Sequence[str], columns: int) -> list[str]:
    """Raises Invalid for field mapping."""
    if len(mapping) != columns or any(field and field not in HEADINGS for field in mapping):
        raise Invalid("mapping", N_("Please choose a field for each column, or none."))
    for field in HEADINGS:
        if list(mapping).count(field) > 1:
            raise Invalid("mapping", N_("Two columns have the same field. Please choose one of them."))
    if "email" not in mapping:
        raise Invalid("mapping", N_("Please choose the column that has the email addresses."))
    if not {"name", "first_name", "last_name"} & set(mapping):
        raise Invalid("mapping", N_("Please choose the column that has the names."))
    return list(mapping)


def values_of(cells: Sequence[str], mapping: Sequence[str]) -> dict[str, str]:
    """What the cells say, by field of a lead; nothing of empty ones."""
    found = {field: cell for field, cell in zip(mapping, cells, strict=False) if field and cell}
    parts = [found.pop(part, "") for part in ("first_name", "last_name")]
    if "name" not in found and any(parts):
        found["name"] = " ".join(filter(None, parts))
    for field, known in (("locale", _LOCALES), ("status", _STATUSES)):
        if field in found:
            found[field] = known.get(_key(found[field]), found[field])
    return found


def check_row(cells: Sequence[str], mapping: Sequence[str]) -> tuple[dict[str, str], list[Problem]]:
    """The values, checked and normalised, and what is wrong with them. `owner` is left as it was typed."""
    values = values_of(cells, mapping)
    problems = [Problem(field, N_("Please fill this in."), {}) for field in ("name", "email") if field not in values]
    if any(cells[len(mapping) :]):
        problems.append(Problem("", N_("This line has more cells than the headings."), {}))
    checked: dict[str, str] = {}
    for field, value in values.items():
        try:
            checked |= {field: value} if field == "owner" else clean({field: value})
        except Invalid as error:
            problems.append(Problem(field, error.sentence, error.params))
    return checked, problems


def _key(text: str) -> str:
    """Letters and digits only, small, without marks; ä as a, and as ae what is written so."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9]", "", plain.replace("ß", "ss"))
