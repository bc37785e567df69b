"""Where a language model may be, and whether there is one."""

import pytest

from treff.kernel.secrets import Secret
from treff.llm.adapter import OpenAiCompatible
from treff.llm.client import ChatClient
from treff.notetaking import ports


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "http://localhost:11434/v1",
        "http://127.0.0.1:8080/v1",
        "http://[::1]:8080/v1",
        "http://192.168.7.20:8000/v1",
        "http://ollama:11434/v1",
        "http://models.internal/v1",
    ],
)
def test_a_model_is_asked_by_https_or_in_the_network_at_home(url: str) -> None:
    assert ChatClient(url, Secret("")).api_url == url


@pytest.mark.parametrize(
    "url", ["http://api.openai.com/v1", "http://93.184.216.34/v1", "ftp://ollama/v1", "ollama:11434", "https:///v1", ""]
)
def test_what_was_said_does_not_cross_the_internet_in_the_clear(url: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        ChatClient(url, Secret(""))


def test_there_is_one_model_or_none(model: OpenAiCompatible) -> None:
    assert ports.language_model() is None
    ports.connect_model(model)
    try:
        assert ports.language_model() is model
    finally:
        ports.connect_model(None)
    assert ports.language_model() is None
