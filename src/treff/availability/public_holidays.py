"""Public holidays by country and region, out of the library `holidays`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

import holidays

from treff.kernel.errors import N_, Invalid

# ISO 3166-1. The library knows more; it has no names of countries in the readers' languages, and so these are ours.
COUNTRIES = {
    "AL": N_("Albania"),
    "AR": N_("Argentina"),
    "AU": N_("Australia"),
    "AT": N_("Austria"),
    "BE": N_("Belgium"),
    "BR": N_("Brazil"),
    "BG": N_("Bulgaria"),
    "CA": N_("Canada"),
    "CL": N_("Chile"),
    "CN": N_("China"),
    "CO": N_("Colombia"),
    "HR": N_("Croatia"),
    "CY": N_("Cyprus"),
    "CZ": N_("Czechia"),
    "DK": N_("Denmark"),
    "EE": N_("Estonia"),
    "FI": N_("Finland"),
    "FR": N_("France"),
    "DE": N_("Germany"),
    "GR": N_("Greece"),
    "GL": N_("Greenland"),
    "HU": N_("Hungary"),
    "IS": N_("Iceland"),
    "IN": N_("India"),
    "ID": N_("Indonesia"),
    "IE": N_("Ireland"),
    "IL": N_("Israel"),
    "IT": N_("Italy"),
    "JP": N_("Japan"),
    "LV": N_("Latvia"),
    "LI": N_("Liechtenstein"),
    "LT": N_("Lithuania"),
    "LU": N_("Luxembourg"),
    "MY": N_("Malaysia"),
    "MT": N_("Malta"),
    "MX": N_("Mexico"),
    "MA": N_("Morocco"),
    "NL": N_("Netherlands"),
    "NZ": N_("New Zealand"),
    "NO": N_("Norway"),
    "PE": N_("Peru"),
    "PL": N_("Poland"),
    "PT": N_("Portugal"),
    "RO": N_("Romania"),
    "RS": N_("Serbia"),
    "SG": N_("Singapore"),
    "SK": N_("Slovakia"),
    "SI": N_("Slovenia"),
    "ZA": N_("South Africa"),
    "KR": N_("South Korea"),
    "ES": N_("Spain"),
    "SE": N_("Sweden"),
    "CH": N_("Switzerland"),
    "TR": N_("Türkiye"),
    "UA": N_("Ukraine"),
    "GB": N_("United Kingdom"),
    "US": N_("United States"),
    "VN": N_("Vietnam"),
}


@dataclass(frozen=True, slots=True)
class PublicHolidays:
    """The days on which a country (and region) rests, for rules.Hours; no country: none.

    A year is looked up when it is asked for. A country that the library does not know any more has none.
    """

    country: str
    region: str = ""

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and bool(self.country) and day in _days(self.country, self.region, day.year)


@lru_cache(maxsize=1024)
def _days(country: str, region: str, year: int) -> frozenset[date]:
    try:
        return frozenset(holidays.country_holidays(country, subdiv=region or None, years=year, expand=False))
    except NotImplementedError:
        return frozenset()


@cache
def regions_of(country: str) -> Sequence[tuple[str, str]]:
    """Code and name of each region that has holidays of its own, by name; names are those of the place."""
    if country not in COUNTRIES:
        return ()
    found = holidays.country_holidays(country)
    names: dict[str, str] = {}
    for name, code in getattr(found, "subdivisions_aliases", {}).items():
        names.setdefault(code, name)
    return tuple(sorted(((code, names.get(code, code)) for code in found.subdivisions), key=lambda pair: pair[1]))


def check_place(country: str, region: str) -> tuple[str, str]:
    """Both empty: no holidays. Raises Invalid for fields country and region."""
    if not country:
        return "", ""
    if country not in COUNTRIES:
        raise Invalid("country", N_("Please choose a country of the list."))
    if region and region not in dict(regions_of(country)):
        raise Invalid("region", N_("Please choose a region of this country."))
    return country, region
