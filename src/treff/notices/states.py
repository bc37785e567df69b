"""What a notice is about, and the life of one."""

from enum import StrEnum


class NoticeKind(StrEnum):
    """What happened. Beside each the `detail` that its text needs, as JSON; never anything that identifies an account.

    `own` everywhere: it is about the account that a member connected for their own appointments, and who is told may
    have any role. Instants are ISO 8601 with an offset. `provider` is a booking_types.states.Provider.
    """

    CONNECTED = "connected"
    """provider, by (the person's name), own, replaced (another account was there before)"""
    DISCONNECTED = "disconnected"
    """At the click: provider, by, own, upcoming (keep, remove or switch), appointments (how many are ahead). At the
    end, where meetings could not be deleted at the provider: provider, own, left_behind (how many)"""
    DEAUTHORIZED = "deauthorized"
    """provider, own, appointments, links_go_after_days (None: they stay), given_up (nobody said so, but it was refused
    for too long)"""
    BROKEN = "broken"
    """provider, cause (refused, replaced, user_gone, scopes or admin), own, since (instant), stage (first, again or
    before_start), appointments (public ids of those affected)"""
    CLEAN_UP = "clean_up"
    """provider, count (how many entries of the clean-up list are new), appointments (public ids of those they were made
    for), markers (by such an id, the markers of its entries)"""
    NO_LINK = "no_link"
    """To the host: provider, own (true), minutes (within how many it starts), start (instant), appointments (the one
    public id), cause and cure (msgids of conferencing.rules)"""
    REQUESTED = "requested"
    """To those who receive it: own (true), appointments (the one public id) that a client asked for"""
    BY_CLIENT = "by_client"
    """To those who receive it: own (true), appointments (the one public id), deed (booked, moved or cancelled by the
    client), start, and of what was moved was, its start before (instants), of what was cancelled reason"""
    CLOCKS = "clocks"
    """To those who receive it: own (true), appointments (the one public id), zone, start, and was: the instant whose
    time on clocks there, as they are set now, is the one that was agreed"""
    DIGEST = "digest"
    """To one who hosts: own (true), day (ISO 8601, in their zone) whose appointments are listed"""
    TEST_MAIL = "test_mail"
    """To who asked for it: own (true), kind and locale of a mail to clients, and its subject, opening and closing"""
    INVITED = "invited"
    """To who is invited to the workspace: invitation (its public id), issue (which of its sendings)"""
    MEETING_NOTES = "meeting_notes"
    """To the lead of an appointment: notes (their public id), appointments (its public id)"""
    APP_REFUSED = "app_refused"
    """To the operator: provider, detail (app_refused, app_disabled or what the provider said)"""
    KEY_TROUBLE = "key_trouble"
    """To the operator: what (lost, wrong, retired or tampered), and where known kid (the key) and row (public id)"""
    INSECURE = "insecure"
    """To the operator: provider, to which no safe connection can be made"""
    REPORTED = "reported"
    """To the operator: report (its public id). A member reported a problem"""
    RECOVERY = "recovery"
    """To the operator: since (the instant up to which the database knows what was done, or None)"""


class NoticeState(StrEnum):
    OPEN = "open"
    SENT = "sent"
    FAILED = "failed"
