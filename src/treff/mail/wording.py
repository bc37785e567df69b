"""What a notice says, in the language that is active. Every name in it is one line of plain text."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateformat import format as format_date
from django.utils.translation import gettext, ngettext, pgettext

from treff.appointments.models import Appointment
from treff.booking_types.states import Provider
from treff.kernel import clock
from treff.kernel.errors import N_
from treff.kernel.zones import wall_of
from treff.notices.states import NoticeKind

_LONGEST_NAME = 200
# Categories of characters that break a line or are none (texts.one_line refuses them where people type).
_NO_TEXT = ("Cc", "Cs", "Zl", "Zp")
# They reorder what stands around them; a first-strong isolate and its end keep a name's order to the name.
# https://www.unicode.org/reports/tr9/
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ISOLATE, _END = "\u2068", "\u2069"


@dataclass(frozen=True, slots=True)
class Occasion:
    """What the sentences take from elsewhere than the notice, read when it is sent.

    `place`: the workspace's name, or for the operator the server's address. `affected`: soonest first.
    """

    place: str
    zone: str
    affected: Sequence[Appointment] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """Subject and paragraphs; the last one leads to the list of affected appointments. `button`: empty for none."""

    subject: str
    paragraphs: Sequence[str]
    button: str = ""


Detail = Mapping[str, Any]
Words = Mapping[str, str]


def word(kind: NoticeKind, detail: Detail, occasion: Occasion) -> Wording:
    """`detail` as NoticeKind describes it. Raises KeyError where what is indispensable is missing."""
    words = {
        "provider": _provider_name(detail.get("provider", "")),
        "by": isolated(detail.get("by", "")),
        "place": isolated(occasion.place),
    }
    return _WORDINGS[kind](detail, words, occasion)


def plain(value: object) -> str:
    """One line without control characters and without what reorders text; at most 200 characters."""
    text = "".join(" " if unicodedata.category(char) in _NO_TEXT else char for char in str(value))
    return " ".join(_REORDERING.sub("", text).split())[:_LONGEST_NAME]


def isolated(value: object) -> str:
    """Like `plain`; a text that is written from right to left reorders nothing outside itself."""
    text = plain(value)
    reorders = any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in text)
    return f"{_ISOLATE}{text}{_END}" if reorders else text


def _provider_name(provider: str) -> str:
    names: Mapping[str, str] = {
        Provider.ZOOM: "Zoom",
        Provider.GOOGLE_MEET: "Google Meet",
        Provider.TEAMS: "Microsoft Teams",
    }
    return names.get(provider) or plain(provider)


def _moment(at: datetime, zone: str) -> str:
    return format_date(wall_of(at, zone), pgettext("date and time format", "l, j F Y, H:i"))


# ---- connected, disconnected, removed at the provider ----


def _connected(detail: Detail, words: Words, _occasion: Occasion) -> Wording:
    match bool(detail.get("own")), bool(detail.get("replaced")):
        case False, False:
            subject = gettext("%(by)s connected a %(provider)s account")
            deed = gettext(
                "%(by)s connected a %(provider)s account to %(place)s. Video meetings are made in it from now on."
            )
        case False, True:
            subject = gettext("%(by)s replaced the %(provider)s account")
            deed = gettext(
                "%(by)s replaced the %(provider)s account of %(place)s by another one. Video meetings are made in the "
                "new one from now on."
            )
        case True, False:
            subject = gettext("%(by)s connected a %(provider)s account of their own")
            deed = gettext("%(by)s connected a %(provider)s account for the appointments that they host in %(place)s.")
        case _:
            subject = gettext("%(by)s replaced the %(provider)s account of their own")
            deed = gettext(
                "%(by)s replaced the %(provider)s account for the appointments that they host in %(place)s by another "
                "one."
            )
    care = gettext("Look at the page to see which account it is. If that was not expected, disconnect it there.")
    return Wording(subject % words, [deed % words, care], button=gettext("See the account"))


def _disconnected(detail: Detail, words: Words, _occasion: Occasion) -> Wording:
    if detail.get("own"):
        subject = gettext("%(by)s disconnected the %(provider)s account of their own")
        deed = gettext("%(by)s disconnected the %(provider)s account for the appointments that they host in %(place)s.")
    else:
        subject = gettext("%(by)s disconnected the %(provider)s account")
        deed = gettext("%(by)s disconnected the %(provider)s account of %(place)s.")
    deleted = gettext("Our access is deleted, and with it the account's name, email address and user id.")
    paragraphs = [f"{deed % words} {deleted}", _what_becomes_of_upcoming(detail)]
    left_behind = int(detail.get("left_behind", 0))
    if left_behind:
        sentence = ngettext(
            "%(count)d meeting could not be deleted at %(provider)s. Please delete it there if it is in the way.",
            "%(count)d meetings could not be deleted at %(provider)s. Please delete them there if they are in the way.",
            left_behind,
        )
        paragraphs.append(sentence % {**words, "count": left_behind})
    return Wording(subject % words, paragraphs, button=gettext("Open the video provider page"))


def _what_becomes_of_upcoming(detail: Detail) -> str:
    count = int(detail.get("appointments", 0))
    if not count:
        return gettext("No upcoming appointment is affected.")
    match detail.get("upcoming"):
        case "remove":
            sentence = ngettext(
                "%(count)d upcoming appointment stands without its video meeting; the link no longer works.",
                "%(count)d upcoming appointments stand without their video meetings; the links no longer work.",
                count,
            )
        case "switch":
            sentence = ngettext(
                "%(count)d upcoming appointment was changed to what was chosen instead; its old link is void.",
                "%(count)d upcoming appointments were changed to what was chosen instead; their old links are void.",
                count,
            )
        case _:
            sentence = ngettext(
                "The link of %(count)d upcoming appointment stays as it is and still works.",
                "The links of %(count)d upcoming appointments stay as they are and still work.",
                count,
            )
    return sentence % {"count": count}


def _deauthorized(detail: Detail, words: Words, _occasion: Occasion) -> Wording:
    if detail.get("own"):
        deed = gettext(
            "%(provider)s tells us that this app was removed in the settings of an account that a member of %(place)s "
            "had connected for their own appointments."
        )
    else:
        deed = gettext(
            "%(provider)s tells us that this app was removed in the settings of the account that %(place)s had "
            "connected."
        )
    deleted = gettext("Our access is deleted, and with it the account's name, email address and user id.")
    count = int(detail.get("appointments", 0))
    links = ngettext(
        "The link of %(count)d upcoming appointment still works.",
        "The links of %(count)d upcoming appointments still work.",
        count,
    )
    new = gettext("New appointments get no link until an account is connected.")
    return Wording(
        gettext("This app was removed from the %(provider)s account") % words,
        [f"{deed % words} {deleted}", f"{links % {'count': count}} {new}" if count else new],
        button=gettext("Connect %(provider)s") % words,
    )


# ---- broken ----

_CAUSES = {
    "refused": N_("%(provider)s no longer accepts our access to the connected account."),
    "replaced": N_("%(provider)s has ended our access: the connected user allowed this app anew somewhere else."),
    "user_gone": N_("%(provider)s says that the connected user is deactivated or no longer exists."),
    "scopes": N_("%(provider)s no longer grants us every permission that meetings need."),
    "admin": N_("%(provider)s no longer lets us in: the administrators of the account there do not allow this app."),
}
_ELSE = N_("Connect the account again.")
_CURES = {
    "user_gone": N_("Have the user activated again, or connect another account."),
    "scopes": N_("Connect the account again and allow everything that %(provider)s asks for."),
    "admin": N_("Ask them to allow the app, then connect the account again."),
}


def _broken(detail: Detail, words: Words, occasion: Occasion) -> Wording:
    cause = str(detail.get("cause", ""))
    paragraphs = [gettext(_CAUSES.get(cause, _CAUSES["refused"])) % words]
    if detail.get("own"):
        paragraphs[0] += " " + gettext("It is the account for the appointments of one host.")
    if detail.get("since"):
        since = {"when": _moment(clock.parse(detail["since"]), occasion.zone), "zone": occasion.zone.replace("_", " ")}
        paragraphs.append(gettext("This has been so since %(when)s (%(zone)s).") % since)
    cure = gettext(_CURES.get(cause, _ELSE)) % words
    then = gettext("What waits is then made up for by itself, the soonest appointments first.")
    paragraphs.append(f"{cure} {then}")
    stand = gettext("All appointments stand; those without a link get theirs as soon as the account is connected.")
    kept = "" if cause == "user_gone" else gettext("Links that were sent still work.")
    paragraphs.append(f"{stand} {kept}".strip())
    if occasion.affected:
        paragraphs.append(
            ngettext(
                "This upcoming appointment is affected:",
                "These upcoming appointments are affected:",
                len(occasion.affected),
            )
        )
    return Wording(
        _broken_subject(str(detail.get("stage", "")), words, occasion),
        paragraphs,
        button=gettext("Reconnect %(provider)s") % words,
    )


def _broken_subject(stage: str, words: Words, occasion: Occasion) -> str:
    """Before a start that has passed, or was called off, when the mail goes out at last, it is a reminder."""
    if stage == "first":
        return gettext("Please reconnect %(provider)s") % words
    if stage == "before_start" and occasion.affected:
        soonest = occasion.affected[0]
        when = {"when": _moment(soonest.start_at, occasion.zone), "title": isolated(soonest.title)}
        return gettext("Reconnect %(provider)s before %(when)s: %(title)s") % {**words, **when}
    return gettext("Reminder: please reconnect %(provider)s") % words


# ---- to the operator ----


def _app_refused(detail: Detail, words: Words, _occasion: Occasion) -> Wording:
    setting = f"TREFF_{plain(detail.get('provider', '')).upper()}_CLIENT"
    words = {
        **words,
        "id": f"{setting}_ID",
        "secret": f"{setting}_SECRET",
        "answer": isolated(detail.get("detail", "")),
    }
    paragraphs = [
        gettext(
            "%(provider)s refuses the client id or the client secret of this server, or has disabled the app they "
            "belong to. No connected account is at fault, and none needs to be connected again."
        ),
        gettext(
            "Compare %(id)s and %(secret)s with the app's page at %(provider)s, and see there whether the app is "
            "active. After a change of the settings, restart Treff."
        ),
        gettext(
            "Appointments can be booked. Video meetings wait, and are made up for by themselves when %(provider)s "
            "accepts the app."
        ),
    ]
    if words["answer"]:
        paragraphs.insert(1, gettext("It answered: %(answer)s"))
    return Wording(
        gettext("%(provider)s refuses the app of this server") % words, [text % words for text in paragraphs]
    )


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What it is called, what it is, what to do, and what it means until then; English msgids."""

    subject: str
    what: str
    cure: str
    meanwhile: str


_ALL_WAIT = N_(
    "Nothing has been deleted, and appointments can be booked. Video meetings wait, and are made up for by themselves "
    "when the keys are right."
)
_TROUBLES = {
    "lost": _Trouble(
        N_("The encryption key %(kid)s is missing"),
        N_("Stored secrets are locked with the key %(kid)s, which is not in TREFF_ENCRYPTION_KEYS of this server."),
        N_("Put this key back into TREFF_ENCRYPTION_KEYS and restart Treff."),
        _ALL_WAIT,
    ),
    "wrong": _Trouble(
        N_("The encryption key %(kid)s is not the right one"),
        N_(
            "TREFF_ENCRYPTION_KEYS of this server has a key called %(kid)s, but not the one that stored secrets are "
            "locked with under this name. It is not used."
        ),
        N_("Put the right key there, or give the new one a name of its own, and restart Treff."),
        _ALL_WAIT,
    ),
    "retired": _Trouble(
        N_("The encryption key %(kid)s is retired, but still the first"),
        N_(
            "TREFF_ENCRYPTION_KEYS of this server begins with the key %(kid)s, which a newer one has replaced. "
            "It opens older secrets, but locks no new ones."
        ),
        N_("Give every process the same TREFF_ENCRYPTION_KEYS with the newest key first, and restart them."),
        N_(
            "Nothing has been deleted, and appointments can be booked. New accounts and new workspaces are refused "
            "until then."
        ),
    ),
    "tampered": _Trouble(
        N_("A stored secret was changed outside of Treff"),
        N_(
            "A stored secret of %(row)s does not open although its key is there: it was changed, or copied there from "
            "somewhere else. It is not used."
        ),
        N_(
            "Find out who can write to the database. Then restore the secret from a backup, or connect the account "
            "again."
        ),
        N_("Nothing has been deleted, and appointments can be booked. What needs this secret waits."),
    ),
}


def _key_trouble(detail: Detail, _words: Words, _occasion: Occasion) -> Wording:
    trouble = _TROUBLES[detail["what"]]
    words = {name: isolated(detail.get(name, "?")) for name in ("kid", "row")}
    more = gettext(
        "The part “Keys” of docs/settings.md says more; treff keys status and treff doctor show how things stand."
    )
    paragraphs = [gettext(msgid) % words for msgid in (trouble.what, trouble.cure, trouble.meanwhile)]
    return Wording(gettext(trouble.subject) % words, [*paragraphs, more])


_WORDINGS: Mapping[NoticeKind, Callable[[Detail, Words, Occasion], Wording]] = {
    NoticeKind.CONNECTED: _connected,
    NoticeKind.DISCONNECTED: _disconnected,
    NoticeKind.DEAUTHORIZED: _deauthorized,
    NoticeKind.BROKEN: _broken,
    NoticeKind.APP_REFUSED: _app_refused,
    NoticeKind.KEY_TROUBLE: _key_trouble,
}
