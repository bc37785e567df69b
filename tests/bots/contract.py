"""What every vendor of recording bots must hold, over its real simulator: here is what the cases need of a vendor."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

import pytest

from treff.notetaking.errors import BotError
from treff.notetaking.ports import BotProvider, BotSpec

Operation = Literal["create", "list", "get", "update", "delete", "leave", "delete_data", "transcript"]
LINK = "https://us05web.zoom.us/j/81234567890?pwd=Abc123.1"
OTHER_LINK = "https://us05web.zoom.us/j/89999999999?pwd=Abc123.1"
JOIN_AT = datetime(2031, 6, 2, 8, 0, tzinfo=UTC)
SPEC = BotSpec(LINK, JOIN_AT, "Notizen (notes)", "k" * 31 + "1", metadata={"job": "Gespräch"})


class Stand(Protocol):
    """One vendor's simulator, as on its first start, an hour before JOIN_AT, and our adapter that speaks to it.

    `means_otherwise`: what a status means of this vendor's operation alone.
    """

    provider: BotProvider
    means_otherwise: Mapping[tuple[Operation, int], type[BotError]]

    def elsewhere(self, *, url: str = "", api_key: str = "", seconds: float = 10) -> BotProvider:
        """The adapter with another address, another key, or less patience."""
        ...

    def at(self, moment: datetime) -> None:
        """Move the clock there: the vendor's, and ours where the adapter looks at it."""
        ...

    def meeting(self, **order: Any) -> None:
        """How the meeting behind LINK is: as rooms.Room of the simulator has it."""
        ...

    def say(self, speaker: str, text: str, after: timedelta) -> None:
        """Somebody says that in it, so long after the bot began to record, for two seconds."""
        ...

    def break_(self, operation: Operation, kind: str, **more: Any) -> None:
        """Order one fault."""
        ...

    def bots(self) -> list[Mapping[str, Any]]:
        """Those that were not deleted, as the vendor knows them: id, state, join_at (ISO), meeting_url."""
        ...

    def most_at_once(self) -> int:
        """How many bots were in the meeting at the same time, at most."""
        ...


Fresh = Callable[[], AbstractContextManager[Stand]]
Opened = Callable[[], AbstractContextManager[Fresh]]
"""Runs a vendor's simulator; each call of what it gives is a stand as on the first start."""


def expect(deed: Callable[[], Any], wanted: type[BotError]) -> BotError:
    """Exactly that error."""
    with pytest.raises(BotError) as raised:
        deed()
    assert type(raised.value) is wanted, repr(raised.value)
    return raised.value
