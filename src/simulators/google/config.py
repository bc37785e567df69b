"""What a simulator is started with. Everything here is fixed for the life of the process."""

from dataclasses import dataclass, field
from pathlib import Path

AUTH = "https://www.googleapis.com/auth/"
OPENID, EMAIL, PROFILE = "openid", f"{AUTH}userinfo.email", f"{AUTH}userinfo.profile"
CALENDAR, CALENDAR_READONLY = f"{AUTH}calendar", f"{AUTH}calendar.readonly"
EVENTS, EVENTS_OWNED = f"{AUTH}calendar.events", f"{AUTH}calendar.events.owned"
EVENTS_READONLY, EVENTS_FREEBUSY = f"{AUTH}calendar.events.readonly", f"{AUTH}calendar.events.freebusy"
FREEBUSY = f"{AUTH}calendar.freebusy"
CALENDAR_LIST, CALENDAR_LIST_READONLY = f"{AUTH}calendar.calendarlist", f"{AUTH}calendar.calendarlist.readonly"
GMAIL_SEND = f"{AUTH}gmail.send"

# The scopes this Google knows and what its consent page calls them:
# https://developers.google.com/identity/protocols/oauth2/scopes
SCOPES = {
    OPENID: "Associate you with your personal info on Google",
    EMAIL: "See your primary Google Account email address",
    PROFILE: "See your personal info, including any personal info you've made publicly available",
    CALENDAR: "See, edit, share, and permanently delete all the calendars you can access using Google Calendar",
    CALENDAR_READONLY: "See and download any calendar you can access using your Google Calendar",
    EVENTS: "View and edit events on all your calendars",
    EVENTS_OWNED: "See, create, change, and delete events on Google calendars you own",
    EVENTS_READONLY: "View events on all your calendars",
    EVENTS_FREEBUSY: "See the availability on Google calendars you have access to",
    FREEBUSY: "View your availability in your calendars",
    CALENDAR_LIST: "See, add, and remove Google calendars you're subscribed to",
    CALENDAR_LIST_READONLY: "See the list of Google calendars you're subscribed to",
    GMAIL_SEND: "Send email on your behalf",
}
# Short names: https://developers.google.com/identity/openid-connect/openid-connect#scope-param
ALIASES = {"email": EMAIL, "profile": PROFILE}
# Signing in cannot be unticked, the rest can: https://developers.google.com/identity/protocols/oauth2/resources/granular-permissions
SIGN_IN_SCOPES = frozenset({OPENID, EMAIL, PROFILE})
# What a consent without a browser asks for unless told.
APP_SCOPES = (OPENID, EMAIL, PROFILE, EVENTS, FREEBUSY)


@dataclass(frozen=True)
class App:
    """The one OAuth client this Google knows. ``testing``: its consent screen has not been published."""

    client_id: str = "google-simulator-client.apps.googleusercontent.com"
    client_secret: str = field(default="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et", repr=False)
    redirect_uris: tuple[str, ...] = ()
    name: str = "Treff"
    testing: bool = False


@dataclass(frozen=True)
class Config:
    """Where to listen, where to keep state (None: in memory), and which app is registered.

    ``meet_base`` is the start of Meet links; None means the simulator's own address, where the link opens a page.
    """

    app: App = field(default_factory=App)
    host: str = "127.0.0.1"
    port: int = 0
    state_file: Path | None = None
    meet_base: str | None = None
