"""A provider that keeps its meetings on paper: the port's other side for tests of pages, which never see a socket."""

import itertools
from dataclasses import dataclass, field
from datetime import timedelta

from treff.conferencing.errors import ProviderError
from treff.conferencing.ports import Capabilities, Identity, MeetingSpec, RemoteMeeting, TokenSet
from treff.conferencing.states import Plan
from treff.kernel.secrets import Secret

SCOPES = frozenset({"user:read:user", "meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting"})
CAPABILITIES = Capabilities(creates_idempotently=False, requests_per_day=100)
IDENTITY = Identity("zoom-user-1", "video@nordlicht.example", "Nordlicht Video", Plan.LICENSED)
PASSCODE, START_URL = "passcode-nobody-sees", "https://zoom.example/s/start-nobody-sees"
ACCESS_TOKEN, REFRESH_TOKEN = "access-token-nobody-sees", "refresh-token-nobody-sees"


@dataclass
class PaperZoom:
    """`trouble`, when set, is what every call about meetings runs into."""

    name: str = "zoom"
    client_id: str = "paper"
    capabilities: Capabilities = CAPABILITIES
    scopes: frozenset[str] = SCOPES
    granted: frozenset[str] = SCOPES
    meetings: dict[str, MeetingSpec] = field(default_factory=dict)
    identity: Identity = IDENTITY
    revoked: list[str] = field(default_factory=list)
    trouble: ProviderError | None = None
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(85_000_000_001))

    def authorization_url(self, state: Secret, code_challenge: str, redirect_uri: str) -> str:
        return (
            f"https://zoom.example/authorize?state={state.reveal()}&challenge={code_challenge}&redirect={redirect_uri}"
        )

    def exchange_code(self, code: Secret, verifier: Secret, redirect_uri: str) -> TokenSet:
        return TokenSet(Secret(ACCESS_TOKEN), Secret(REFRESH_TOKEN), timedelta(hours=1), self.granted)

    def refresh(self, refresh_token: Secret) -> TokenSet:
        return TokenSet(Secret(ACCESS_TOKEN), Secret(REFRESH_TOKEN), timedelta(hours=1), self.granted)

    def revoke(self, token: Secret) -> None:
        self.revoked.append(token.reveal())

    def identify(self, access_token: Secret) -> Identity:
        return self.identity

    def create(self, access_token: Secret, spec: MeetingSpec) -> RemoteMeeting:
        self._run_into_trouble()
        number = str(next(self._numbers))
        self.meetings[number] = spec
        link = f"https://zoom.example/j/{number}"
        return RemoteMeeting(number, link, Secret(PASSCODE), Secret(START_URL), timedelta(hours=2))

    def update(self, access_token: Secret, external_id: str, spec: MeetingSpec) -> None:
        self._run_into_trouble()
        self.meetings[external_id] = spec

    def delete(self, access_token: Secret, external_id: str) -> None:
        self._run_into_trouble()
        del self.meetings[external_id]

    def _run_into_trouble(self) -> None:
        if self.trouble is not None:
            raise self.trouble
