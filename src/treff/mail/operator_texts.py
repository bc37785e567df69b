"""What whoever runs this server reads in notices: what no workspace can mend."""

from dataclasses import dataclass

from django.utils.translation import gettext

from treff.kernel.errors import N_
from treff.mail.ports import ReportLetter
from treff.mail.wording import Detail, Wording, isolated, plain, provider_name
from treff.notices.states import NoticeKind


def to_operator(kind: NoticeKind, detail: Detail) -> Wording:
    """Raises KeyError where there are no words for it."""
    says = {
        NoticeKind.APP_REFUSED: _app_refused,
        NoticeKind.KEY_TROUBLE: _key_trouble,
        NoticeKind.INSECURE: _insecure,
        NoticeKind.RECOVERY: _recovery,
    }
    return says[kind](detail)


def _app_refused(detail: Detail) -> Wording:
    setting = f"TREFF_{plain(detail.get('provider', '')).upper()}_CLIENT"
    words = {
        "provider": provider_name(detail.get("provider", "")),
        "id": f"{setting}_ID",
        "secret": f"{setting}_SECRET",
        "answer": isolated(detail.get("detail", "")),
    }
    if detail.get("detail") == "app_disabled":
        subject = gettext("%(provider)s has disabled the app of this server")
        what = gettext("%(provider)s says that the app behind %(id)s is disabled.")
        cure = gettext("The app's page at %(provider)s says why. Activate it again there.")
    else:
        subject = gettext("%(provider)s refuses the app of this server")
        what = gettext("%(provider)s does not accept the client id or the client secret of this server.")
        cure = gettext(
            "Compare %(id)s and %(secret)s with the app's page at %(provider)s. After a change of the settings, "
            "restart Treff."
        )
    paragraphs = [
        what,
        gettext("No connected account is at fault, and none needs to be connected again."),
        cure,
        gettext(
            "Appointments can be booked. Video meetings wait, and are made up for automatically when %(provider)s "
            "accepts the app."
        ),
    ]
    if words["answer"] not in ("", "app_refused", "app_disabled"):
        paragraphs.insert(1, gettext("It answered: %(answer)s"))
    return Wording(subject % words, [text % words for text in paragraphs])


def _insecure(detail: Detail) -> Wording:
    words = {"provider": provider_name(detail.get("provider", ""))}
    paragraphs = [
        gettext(
            "Whoever answers in the name of %(provider)s does not prove to be %(provider)s, or speaks no encryption "
            "that is safe. So nothing is sent there."
        ),
        gettext(
            "Look at this server's clock, at the certificates that it trusts and at what inspects its connections. "
            "“meeting_postponed” in the log says what was wrong."
        ),
        gettext(
            "Appointments can be booked. Video meetings wait, and are made up for automatically when %(provider)s can "
            "be reached safely."
        ),
    ]
    subject = gettext("%(provider)s cannot be reached safely from this server")
    return Wording(subject % words, [text % words for text in paragraphs])


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What it is called, what it is, what to do, and what it means until then; English msgids."""

    subject: str
    what: str
    cure: str
    meanwhile: str


_ALL_WAIT = N_(
    "Nothing has been deleted, and appointments can be booked. Video meetings wait, and are made up for automatically "
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


def _key_trouble(detail: Detail) -> Wording:
    trouble = _TROUBLES[detail["what"]]
    words = {name: isolated(detail.get(name, "?")) for name in ("kid", "row")}
    more = gettext(
        "The part “Keys” of docs/settings.md says more; treff keys status and treff doctor show how things stand."
    )
    paragraphs = [gettext(msgid) % words for msgid in (trouble.what, trouble.cure, trouble.meanwhile)]
    return Wording(gettext(trouble.subject) % words, [*paragraphs, more])


def _recovery(detail: Detail) -> Wording:
    words = {"since": isolated(detail.get("since") or "?")}
    what = gettext(
        "The database of this server knows less than it did: a backup was restored, or a replica took over that was "
        "behind. The newest that it knows is of %(since)s."
    )
    paragraphs = [
        what % words,
        gettext(
            "So that nothing wrong goes out, all other mails and all changes of video meetings are held. Appointments "
            "can be booked, moved and cancelled."
        ),
        gettext(
            "Run treff recover report, which says what may be missing, then treff recover resume. "
            "docs/operate/restore.md has it step by step."
        ),
    ]
    return Wording(gettext("Treff is held: its database went back in time"), paragraphs)


_LONGEST_LINE = 4000


def reported(letter: ReportLetter) -> Wording:
    """The member's words and what was attached; an answer to the mail goes to the member."""
    words = {"number": letter.number, "place": isolated(letter.place)}
    intro = gettext("A member of %(place)s reports a problem. Your answer to this email goes to them.") % words
    said = [isolated(line, _LONGEST_LINE) for line in letter.text.splitlines() if line.strip()]
    attached = [line for label, text in letter.facts for line in _fact(gettext(label), text)]
    return Wording(
        gettext("Problem report %(number)s from %(place)s") % words,
        [intro, gettext("What they say:"), *said, gettext("What was attached:"), *attached],
    )


def _fact(name: str, text: str) -> list[str]:
    """On one line, or below its name where there are several."""
    lines = [isolated(line, _LONGEST_LINE) for line in text.splitlines()]
    return [f"{name}: {lines[0]}"] if len(lines) == 1 else [f"{name}:", *lines]
