"""What `treff doctor` says of a proxy."""

import pytest
from pytest_django.fixtures import Settings

from tests.ports import free_port
from tests.providers.test_proxy import REFUSAL, saying
from tests.servers import listening
from treff.kernel.secrets import Secret
from treff.management import doctor

pytestmark = pytest.mark.django_db
PASSWORD = "canary-of-the-proxy"


def finding() -> tuple[str, str]:
    (found,) = [finding for finding in doctor.examine() if finding["name"] == "proxy"]
    return found["state"], found["detail"]


@pytest.fixture(autouse=True)
def zoom_is_far_away(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TREFF_ZOOM_API_URL = "https://api.vendor.invalid/v2"
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.fault("F-038")
def test_a_proxy_that_lets_us_through_must_not_repeat_anything(settings: Settings) -> None:
    heard: list[bytes] = []
    with listening(saying(b"HTTP/1.1 200 Connection established\r\n\r\n", heard)) as proxy:
        settings.TREFF_PROXY_URL = Secret(f"http://anna:{PASSWORD}@{proxy}")
        state, detail = finding()
    assert (state, detail.partition(";")[0]) == ("note", f"{proxy} answers")
    assert "never sends a request a second time" in detail
    assert PASSWORD not in detail
    assert heard[0].startswith(b"CONNECT api.vendor.invalid:443 ")
    assert b"Proxy-Authorization: Basic " in heard[0]


@pytest.mark.fault("F-038")
def test_a_proxy_that_does_not_let_us_through_is_bad(settings: Settings) -> None:
    with listening(saying(REFUSAL, [])) as proxy:
        settings.TREFF_PROXY_URL = Secret(f"http://{proxy}")
        state, detail = finding()
    assert state == "bad"
    assert "407" in detail
    settings.TREFF_PROXY_URL = Secret(f"http://127.0.0.1:{free_port()}")
    assert finding()[0] == "bad"


def test_a_proxy_of_the_environment_is_said_not_to_be_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert finding() == ("ok", "none")
    monkeypatch.setenv("HTTPS_PROXY", f"http://anna:{PASSWORD}@127.0.0.1:1")
    assert finding() == (
        "note",
        "HTTPS_PROXY is set in the environment and not followed; TREFF_PROXY_URL would be",
    )
