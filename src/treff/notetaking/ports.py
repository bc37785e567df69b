"""What crosses between notetaking, a vendor of recording bots and a language model. Instants are aware, in UTC.

What a vendor says is bound to our job by its `key`, which goes with the bot and comes back in what is told of it.
Text is what was said, or what a model makes of it: plain, and never to be trusted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from treff.notetaking.errors import BotsNotSetUp
from treff.notetaking.states import Cause, Phase, Writing


@dataclass(frozen=True, slots=True)
class BotSpec:
    """A bot as it should be. `key` is of one job alone and cannot be guessed; `webhook_url` empty: tells nobody.

    `metadata` holds texts only and comes back in each webhook; it is of the vendor to read, so it names nobody.
    """

    meeting_url: str = field(repr=False)
    join_at: datetime
    bot_name: str
    key: str
    webhook_url: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BotRef:
    """One bot and the key of the job that it is for."""

    external_id: str
    key: str


@dataclass(frozen=True, slots=True)
class BotState:
    """`cause` where it failed, or is there and may not record."""

    phase: Phase
    cause: Cause = Cause.NONE
    is_recording: bool = False
    writing: Writing = Writing.NOT_BEGUN


@dataclass(frozen=True, slots=True)
class RemoteBot:
    ref: BotRef
    state: BotState


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one person said without a break; `speaker` as the meeting showed the name, possibly empty."""

    speaker: str
    start_at: datetime
    end_at: datetime
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Transcript:
    """In the order of speaking, as far as it is written."""

    utterances: tuple[Utterance, ...]
    writing: Writing


@dataclass(frozen=True, slots=True)
class BotNews:
    """Something changed about this bot: a reason to read it, never the truth itself. Heard twice, it does no harm.

    `news_id` is the same however often the vendor sends it.
    """

    news_id: str
    ref: BotRef


@dataclass(frozen=True, slots=True)
class Point:
    """Something that was settled. `quote` is said word for word by the utterance at the index `at` of the transcript;
    None: nobody said it so, and `quote` is empty.
    """

    text: str = field(repr=False)
    quote: str = field(repr=False)
    at: int | None


@dataclass(frozen=True, slots=True)
class NextStep:
    """Something that somebody will do; `owner` and `due` in words, possibly empty; `quote` and `at` as of a Point."""

    text: str = field(repr=False)
    owner: str = field(repr=False)
    due: str = field(repr=False)
    quote: str = field(repr=False)
    at: int | None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a model makes of a transcript. Plain text that a person corrects before anybody else sees it."""

    summary: str = field(repr=False)
    decisions: tuple[Point, ...]
    next_steps: tuple[NextStep, ...]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`frozen_before`: so long before its time a bot can no longer be moved or deleted; zero: until it joins.

    `refuses_duplicates`: of a key that a living bot has no second one is made.
    """

    finds_by_key: bool
    frozen_before: timedelta
    refuses_duplicates: bool = True


class BotProvider(Protocol):
    """One vendor. Every request has a total deadline; only the errors of errors.py are raised."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def create(self, spec: BotSpec) -> RemoteBot:
        """Raises Duplicate where a living bot has the key and `refuses_duplicates`, Ambiguous where nobody knows."""
        ...

    def find_by_key(self, key: str) -> RemoteBot | None:
        """The bot of this key: the living one, else the newest. Only where `finds_by_key`."""
        ...

    def move(self, ref: BotRef, join_at: datetime, meeting_url: str) -> None:
        """Before it is staged. Raises Missing also where the vendor moves none so late: then it was deleted."""
        ...

    def delete(self, ref: BotRef) -> None:
        """Before it is staged."""
        ...

    def leave(self, ref: BotRef) -> None:
        """Raises Staged before it joins; sending away who is out already does nothing."""
        ...

    def read_state(self, ref: BotRef) -> BotState:
        """Raises NotOurs where the vendor's bot has not our key."""
        ...

    def read_transcript(self, ref: BotRef) -> Transcript:
        """Raises NotOurs as read_state, which is asked first."""
        ...

    def delete_data(self, ref: BotRef) -> None:
        """Everything that was heard, at the vendor. Done twice it does no harm. Raises NotOver."""
        ...

    def read_webhook(self, raw: bytes, headers: Mapping[str, str]) -> BotNews | None:
        """What a webhook says, None where it is of no use. Header names in lower case. Raises Forged."""
        ...


class LanguageModel(Protocol):
    """One model behind one endpoint. It has no tools and remembers nothing from one request to the next."""

    @property
    def name(self) -> str:
        """The model's, as its endpoint has it."""
        ...

    def complete(self, instructions: str, data: str, schema: Mapping[str, object]) -> Mapping[str, Any]:
        """What the model answers to `data`: a JSON object that should keep the JSON `schema`, and may not.

        Each request has a total deadline. Raises the ModelErrors of errors.py.
        """
        ...


_providers: dict[str, BotProvider] = {}
_models: list[LanguageModel] = []
_news_from: list[str] = []


def connect(table: Mapping[str, BotProvider], news_from: str) -> None:
    """Make `table` (vendor's name -> provider) the bots of this process; the first gets new orders. wiring.py calls it.

    `news_from`: where vendors tell of their bots: https://…/integrations.
    """
    _providers.clear()
    _providers.update(table)
    _news_from[:] = [news_from]


def provider_named(name: str) -> BotProvider:
    """Raises BotsNotSetUp."""
    if name not in _providers:
        raise BotsNotSetUp
    return _providers[name]


def default_provider() -> BotProvider:
    """Of whom new bots are ordered. Raises BotsNotSetUp."""
    for provider in _providers.values():
        return provider
    raise BotsNotSetUp


def webhook_url(vendor: str) -> str:
    """Where that vendor tells of its bots."""
    return f"{_news_from[0]}/{vendor}/webhook"


def connect_model(model: LanguageModel | None) -> None:
    """Make this the language model of this process; None: there is none. wiring.py calls it."""
    _models[:] = [model] if model else []


def language_model() -> LanguageModel | None:
    """None: nobody set one up, and a transcript stays a transcript."""
    return _models[0] if _models else None
