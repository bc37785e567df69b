"""How far one has got with a lead, and where they came from."""

from enum import StrEnum


class LeadStatus(StrEnum):
    """As sales teams count them. Whether an appointment lies ahead is no status: the appointments say it."""

    NEW = "new"
    CONTACTED = "contacted"
    QUALIFIED = "qualified"
    WON = "won"
    LOST = "lost"


class LeadSource(StrEnum):
    """Who brought the lead in: somebody of the team, a caller of the API, the person on a booking page, a file."""

    TEAM = "team"
    API = "api"
    CLIENT = "client"
    IMPORT = "import"


class Sameness(StrEnum):
    """What two leads share who may be the same person."""

    EMAIL = "email"
    PHONE = "phone"
    NAME = "name"
