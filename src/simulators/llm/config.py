"""What a simulator is started with. Everything here is fixed for the life of the process."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Config:
    """Where to listen, the key clients must show, and the models there are, each with as many tokens of context."""

    api_key: str = field(default="llm-simulator-api-key", repr=False)
    host: str = "127.0.0.1"
    port: int = 0
    models: tuple[str, ...] = ("simulated-notes",)
    context_tokens: int = 32_000
