"""Announce what happened."""

from treff.events import ports


def announce(event: str, subject_id: int) -> None:
    """Defer one job per listener of `event`, in the caller's transaction: no commit, no job; no job lost after it.

    A job is only a wake-up ("look again"); what is true stands on the rows. Raises KeyError for an unknown event.
    """
    for listener in ports.listeners_of(event):
        listener.defer(subject_id=subject_id)
