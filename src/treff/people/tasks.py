"""What workers do by themselves."""

from datetime import timedelta

from treff.people import importing


def sweep_imports(_window: timedelta) -> int:
    """Forget files whose time is over. Returns how many."""
    return importing.forget_old()
