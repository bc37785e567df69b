"""treff migrate."""

from django.core.management import call_command


def migrate(verbosity: int = 1) -> None:
    """Apply the migrations that are missing."""
    call_command("migrate", interactive=False, verbosity=verbosity)
