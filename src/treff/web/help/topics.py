"""What the help is about: one article for each topic and language, templates/help/<language>/<slug>.html.

An article is sections with an id, a heading and text; pages link to the ids, so they stay. A section of messages begins
with the message itself (templatetags/helping.py), so that it says what the product says.
"""

from dataclasses import dataclass

from treff.kernel.errors import N_


@dataclass(frozen=True, slots=True)
class Topic:
    """`title` and `summary` are msgids."""

    slug: str
    title: str
    summary: str
    icon: str


TOPICS = (
    Topic(
        "connecting",
        N_("Connecting an account"),
        N_("Zoom, Google Meet, Microsoft Teams: who can do it, the provider’s window, and what is asked of it."),
        "video",
    ),
    Topic(
        "daily-use",
        N_("Daily use"),
        N_("Book, move and cancel; links, emails, reminders, calendars and booking pages."),
        "calendar",
    ),
    Topic(
        "meeting-notes",
        N_("Meeting notes"),
        N_(
            "Before, during and after a meeting: who is asked, how the bot comes, what becomes of transcript and notes."
        ),
        "edit",
    ),
    Topic(
        "disconnecting",
        N_("Disconnecting"),
        N_("Disconnect here, remove the app at the provider, and what becomes of appointments."),
        "close",
    ),
    Topic(
        "troubleshooting",
        N_("Troubleshooting"),
        N_("Every message about meetings and connections: what it means and what to do."),
        "alert",
    ),
    Topic(
        "what-is-stored",
        N_("What is stored"),
        N_(
            "Which data Treff keeps about video accounts, appointments, people and what was said, "
            "and what it never reads."
        ),
        "shield",
    ),
)
BY_SLUG = {topic.slug: topic for topic in TOPICS}
