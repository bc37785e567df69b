"""What members of a workspace read in notices about its accounts and meetings."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext, ngettext

from treff.kernel import clock
from treff.kernel.errors import N_
from treff.mail import host_texts
from treff.mail.wording import Detail, Occasion, Wording, isolated, moment, provider_name
from treff.notices.states import NoticeKind

Words = Mapping[str, str]


def to_member(kind: NoticeKind, detail: Detail, occasion: Occasion) -> Wording:
    """Raises KeyError for a kind that is not for members."""
    words = {
        "provider": provider_name(detail.get("provider", "")),
        "by": isolated(detail.get("by", "")),
        "place": isolated(occasion.place),
    }
    return _WORDINGS[kind](detail, words, occasion)


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


# ---- disconnected ----


def _disconnected(detail: Detail, words: Words, _occasion: Occasion) -> Wording:
    """At the click, with what becomes of upcoming appointments; or at the end, when meetings were left behind."""
    left_behind = int(detail.get("left_behind", 0))
    button = gettext("Open the video provider page")
    if "upcoming" not in detail:
        return Wording(_left_behind_subject(left_behind, words), _at_the_end(left_behind, words), button=button)
    if detail.get("own"):
        subject = gettext("%(by)s disconnected the %(provider)s account of their own")
    else:
        subject = gettext("%(by)s disconnected the %(provider)s account")
    paragraphs = _at_the_click(detail, words)
    if left_behind:
        paragraphs.append(_please_delete(left_behind, words))
    return Wording(subject % words, paragraphs, button=button)


def _at_the_click(detail: Detail, words: Words) -> list[str]:
    if detail.get("own"):
        deed = gettext("%(by)s disconnected the %(provider)s account for the appointments that they host in %(place)s.")
    else:
        deed = gettext("%(by)s disconnected the %(provider)s account of %(place)s.")
    count = int(detail.get("appointments", 0))
    if not count:
        return [f"{deed % words} {_deleted()}", gettext("No upcoming appointment is affected.")]
    upcoming = _upcoming(str(detail["upcoming"]), count)
    if detail["upcoming"] not in ("remove", "switch"):
        return [f"{deed % words} {_deleted()}", upcoming]
    first = gettext(
        "Their meetings are deleted at %(provider)s first, then our access, and with it the account's name, email "
        "address and user id. That takes ten minutes at most."
    )
    return [deed % words, upcoming, first % words]


def _upcoming(what: str, count: int) -> str:
    match what:
        case "remove":
            sentence = ngettext(
                "%(count)d upcoming appointment loses its video meeting; the link stops working.",
                "%(count)d upcoming appointments lose their video meetings; the links stop working.",
                count,
            )
        case "switch":
            sentence = ngettext(
                "%(count)d upcoming appointment changes to what was chosen instead; its old link stops working.",
                "%(count)d upcoming appointments change to what was chosen instead; their old links stop working.",
                count,
            )
        case _:
            sentence = ngettext(
                "The link of %(count)d upcoming appointment stays as it is and still works.",
                "The links of %(count)d upcoming appointments stay as they are and still work.",
                count,
            )
    return sentence % {"count": count}


def _left_behind_subject(count: int, words: Words) -> str:
    sentence = ngettext(
        "%(count)d meeting was left behind at %(provider)s",
        "%(count)d meetings were left behind at %(provider)s",
        count,
    )
    return sentence % {**words, "count": count}


def _at_the_end(left_behind: int, words: Words) -> list[str]:
    deed = gettext("The %(provider)s account of %(place)s is disconnected.") % words
    return [f"{deed} {_deleted()}", _please_delete(left_behind, words)]


def _please_delete(count: int, words: Words) -> str:
    sentence = ngettext(
        "%(count)d meeting could not be deleted at %(provider)s. Please delete it there if it is in the way.",
        "%(count)d meetings could not be deleted at %(provider)s. Please delete them there if they are in the way.",
        count,
    )
    return sentence % {**words, "count": count}


def _deleted() -> str:
    return gettext("Our access is deleted, and with it the account's name, email address and user id.")


def _deauthorized(detail: Detail, words: Words, _occasion: Occasion) -> Wording:
    if detail.get("given_up"):
        subject = gettext("The %(provider)s account is disconnected")
        deed = gettext(
            "%(provider)s has refused our access to an account of %(place)s for so long that we take it for "
            "disconnected."
        )
    elif detail.get("own"):
        subject = gettext("Treff was removed from a %(provider)s account")
        deed = gettext(
            "%(provider)s tells us that Treff was removed in the settings of an account that a member of %(place)s had "
            "connected for their own appointments."
        )
    else:
        subject = gettext("Treff was removed from the %(provider)s account")
        deed = gettext(
            "%(provider)s tells us that Treff was removed in the settings of the account that %(place)s had connected."
        )
    return Wording(
        subject % words,
        [f"{deed % words} {_deleted()}", *_links_after(detail), gettext("Appointments can be booked as before.")],
        button=gettext("Connect %(provider)s") % words,
    )


def _links_after(detail: Detail) -> list[str]:
    """What becomes of the links of upcoming appointments when nobody disconnected here, and of new ones."""
    count, days = int(detail.get("appointments", 0)), detail.get("links_go_after_days")
    sentences = []
    if count:
        still = ngettext(
            "The link of %(count)d upcoming appointment still works.",
            "The links of %(count)d upcoming appointments still work.",
            count,
        )
        sentences.append(still % {"count": count})
    if count and days is not None:
        gone = ngettext(
            "Unless the same account is connected again, such links are deleted here after %(days)d day.",
            "Unless the same account is connected again, such links are deleted here after %(days)d days.",
            int(days),
        )
        sentences.append(gone % {"days": int(days)})
    if detail.get("own"):
        sentences.append(
            gettext("New appointments of this member are hosted in the workspace’s account, if there is one.")
        )
    else:
        sentences.append(gettext("New appointments get no link until an account is connected."))
    return [" ".join(sentences)]


# ---- broken ----

_CAUSES = {
    "refused": N_("%(provider)s no longer accepts our access to the connected account."),
    "replaced": N_("%(provider)s has ended our access: the connected user allowed Treff anew somewhere else."),
    "user_gone": N_("%(provider)s says that the connected user is deactivated or no longer exists."),
    "scopes": N_("%(provider)s no longer grants us every permission that meetings need."),
    "admin": N_("%(provider)s no longer lets us in: the administrators of the account there do not allow Treff."),
}
_ELSE = N_("Connect the account again.")
_CURES = {
    "user_gone": N_("Have the user activated again, or connect another account."),
    "scopes": N_("Connect the account again and allow everything that %(provider)s asks for."),
    "admin": N_("Ask them to allow Treff, then connect the account again."),
}


def _broken(detail: Detail, words: Words, occasion: Occasion) -> Wording:
    cause = str(detail.get("cause", ""))
    what = [gettext(_CAUSES.get(cause, _CAUSES["refused"])) % words]
    if detail.get("own"):
        what.append(gettext("It is the account that one host connected for their own appointments."))
    if detail.get("since"):
        since = {"when": moment(clock.parse(detail["since"]), occasion.zone), "zone": occasion.zone.replace("_", " ")}
        what.append(gettext("This has been so since %(when)s (%(zone)s).") % since)
    cure = gettext(_CURES.get(cause, _ELSE)) % words
    then = gettext("What is missing is then made up for automatically, the soonest appointments first.")
    if cause == "user_gone":
        stand = gettext("All appointments stand, but links that were sent may no longer work.")
    else:
        stand = gettext("All appointments stand, and links that were sent still work.")
    return Wording(
        _broken_subject(str(detail.get("stage", "")), words, occasion),
        [" ".join(what), stand, f"{cure} {then}"],
        button=gettext("Reconnect %(provider)s") % words,
        heading=ngettext(
            "This upcoming appointment is affected:",
            "These upcoming appointments are affected:",
            len(occasion.affected),
        ),
    )


def _broken_subject(stage: str, words: Words, occasion: Occasion) -> str:
    """Before a start that has passed, or was called off, when the mail goes out at last, it is a reminder."""
    if stage == "first":
        return gettext("Please reconnect %(provider)s") % words
    if stage == "before_start" and occasion.affected:
        soonest = occasion.affected[0]
        when = {"when": moment(soonest.start_at, occasion.zone), "title": isolated(soonest.title)}
        return gettext("Reconnect %(provider)s before %(when)s: %(title)s") % {**words, **when}
    return gettext("Reminder: please reconnect %(provider)s") % words


# ---- not in step ----


def _clean_up(detail: Detail, _words: Words, occasion: Occasion) -> Wording:
    count = int(detail.get("count", 0))
    subject = ngettext(
        "Please check %(count)d meeting that may be left over",
        "Please check %(count)d meetings that may be left over",
        count,
    )
    what = ngettext(
        "The video account may hold a meeting that no appointment needs, and we cannot remove it ourselves.",
        "The video account may hold %(count)d meetings that no appointment needs, and we cannot remove them ourselves.",
        count,
    )
    return Wording(
        subject % {"count": count},
        [
            what % {"count": count},
            gettext("All appointments stand, and the links that your customers received are correct."),
            gettext("The page says of each how to recognise it and what to do. It takes a minute."),
        ],
        button=gettext("Open the clean-up list"),
        heading=ngettext("It was made for this appointment:", "They were made for these appointments:", count)
        if occasion.affected
        else "",
    )


_WORDINGS: Mapping[NoticeKind, Callable[[Detail, Words, Occasion], Wording]] = {
    NoticeKind.CONNECTED: _connected,
    NoticeKind.DISCONNECTED: _disconnected,
    NoticeKind.DEAUTHORIZED: _deauthorized,
    NoticeKind.BROKEN: _broken,
    NoticeKind.CLEAN_UP: _clean_up,
    NoticeKind.NO_LINK: host_texts.no_link,
    NoticeKind.REQUESTED: host_texts.requested,
    NoticeKind.BY_CLIENT: host_texts.by_client,
    NoticeKind.CLOCKS: host_texts.clocks,
    NoticeKind.DIGEST: host_texts.digest,
}
