"""What workers do by themselves."""

from datetime import timedelta

from django.core.cache import caches

from treff.kernel import clock
from treff.privacy import actions


def sweep(_window: timedelta) -> int:
    """Once a minute is often enough. Returns how many leads had come back."""
    minute = f"privacy.sweep:{int(clock.now().timestamp()) // 60}"
    return actions.sweep_again() if caches["process"].add(minute, True, 120) else 0
