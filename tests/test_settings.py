"""Settings as a starting process reads them: right ones are taken, wrong ones are refused, and none is quoted."""

import base64
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from treff.kernel.secrets import Secret
from treff.llm.client import ChatClient

NAMES = (
    *("EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "EMAIL_USE_SSL", "EMAIL_USE_TLS"),
    *("SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_NAME", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS"),
    *("TREFF_EMAIL_FROM", "TREFF_BASE_URL", "TREFF_ZOOM_OAUTH_URL", "TREFF_ZOOM_API_URL", "DEBUG", "ALLOWED_HOSTS"),
    *("TREFF_GOOGLE_ACCOUNTS_URL", "TREFF_GOOGLE_API_URL", "TREFF_MICROSOFT_LOGIN_URL", "TREFF_MICROSOFT_TENANT"),
    *("TREFF_ATTENDEE_URL", "TREFF_RECALL_URL", "TREFF_LLM_URL", "TREFF_LLM_MODEL"),
    *("TREFF_SUPPORT_EMAIL", "TREFF_PRIVACY_URL", "WEB_SESSION", "WORKER_SESSION"),
)
READ = f"""
import json, treff.settings as s
found = {{name: getattr(s, name) for name in {NAMES!r}}}
found["webhook_secrets"] = [secret.reveal() for secret in s.TREFF_ZOOM_WEBHOOK_SECRETS]
found["key_names"] = list(s.TREFF_KEYS.names())
print(json.dumps(found))
"""
SECRET_KEY = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2"
KEY = base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.b64encode(bytes(range(32, 64))).decode()
PRODUCTION = {
    "TREFF_ENV": "production",
    "TREFF_BASE_URL": "https://treff.example",
    "TREFF_SECRET_KEY": SECRET_KEY,
    "TREFF_ENCRYPTION_KEYS": f"k1:{KEY}",
    "TREFF_DATABASE_URL": "postgresql://treff@127.0.0.1/treff",
}


def start(place: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """A process that does nothing but read its settings; of TREFF_… it sees only these."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TREFF_")}
    return subprocess.run(
        (sys.executable, "-c", READ),
        env={**clean, "TREFF_DATA_DIR": str(place), **changes},
        capture_output=True,
        text=True,
        check=False,
    )


def read(place: Path, **changes: str) -> Any:
    started = start(place, **changes)
    assert started.returncode == 0, started.stderr
    return json.loads(started.stdout)


def complaint(place: Path, **changes: str) -> str:
    """The sentence with which it refuses to start."""
    started = start(place, **changes)
    assert started.returncode != 0
    name, _, sentence = started.stderr.strip().splitlines()[-1].partition(": ")
    assert name == "django.core.exceptions.ImproperlyConfigured", started.stderr
    return sentence


def test_production_starts_with_good_settings_and_makes_nothing_itself(tmp_path: Path) -> None:
    found = read(tmp_path, **PRODUCTION)
    assert found["DEBUG"] is False
    assert found["ALLOWED_HOSTS"] == ["treff.example"]
    assert (found["SESSION_COOKIE_NAME"], found["CSRF_COOKIE_NAME"]) == ("__Host-session", "__Host-csrf")
    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is True
    assert found["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert found["TREFF_EMAIL_FROM"] == "no-reply@treff.example"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.attack("A-104")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TREFF_SECRET_KEY", ""),
        ("TREFF_SECRET_KEY", "   "),
        ("TREFF_SECRET_KEY", "changeme"),
        ("TREFF_SECRET_KEY", SECRET_KEY[:39]),
        ("TREFF_SECRET_KEY", "abcabcabc" * 10),
        ("TREFF_ENCRYPTION_KEYS", ""),
        ("TREFF_ENCRYPTION_KEYS", " , "),
        ("TREFF_ENCRYPTION_KEYS", KEY),
        ("TREFF_ENCRYPTION_KEYS", "k1:" + base64.b64encode(bytes(32)).decode()),
        ("TREFF_ENCRYPTION_KEYS", "k1:" + base64.b64encode(bytes(range(16))).decode()),
        ("TREFF_ENCRYPTION_KEYS", "k1:not base64 at all!"),
        ("TREFF_ENCRYPTION_KEYS", "k1:schlüssel"),
        ("TREFF_ENCRYPTION_KEYS", f"k1:{KEY},k1:{OTHER_KEY}"),
    ],
)
def test_production_refuses_missing_and_weak_keys_without_quoting_them(tmp_path: Path, name: str, value: str) -> None:
    sentence = complaint(tmp_path, **{**PRODUCTION, name: value})
    assert sentence.startswith(name)
    assert not value.strip(" ,") or value not in sentence
    assert KEY not in sentence
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["TREFF_SECRET_KEY", "TREFF_ENCRYPTION_KEYS"])
def test_a_weak_key_is_refused_in_development_too(tmp_path: Path, name: str) -> None:
    assert complaint(tmp_path, **{name: "k1:weak"}).startswith(name)


def test_several_encryption_keys_are_known_and_the_first_is_first(tmp_path: Path) -> None:
    found = read(tmp_path, **{**PRODUCTION, "TREFF_ENCRYPTION_KEYS": f"new:{OTHER_KEY}, old:{KEY}"})
    assert found["key_names"] == ["new", "old"]


@pytest.mark.parametrize("value", ["prod", "Production", "PRODUCTION", "test"])
def test_a_misspelt_environment_does_not_run_with_the_trial_keys(tmp_path: Path, value: str) -> None:
    assert complaint(tmp_path, TREFF_ENV=value) == "TREFF_ENV must be development or production."
    assert list(tmp_path.iterdir()) == []


@pytest.mark.attack("A-104")
def test_production_refuses_an_address_without_https(tmp_path: Path) -> None:
    sentence = complaint(tmp_path, **{**PRODUCTION, "TREFF_BASE_URL": "http://treff.example"})
    assert sentence == "TREFF_BASE_URL must be an https address in production."


@pytest.mark.parametrize(
    "value",
    [
        "treff.example",
        "ftp://treff.example",
        "https://",
        "http://[::1",
        "https://treff.example:port",
        "https://treff.example:99999",
        "https://treff.example/app",
        "https://treff.example?x=1",
        "https://user@treff.example",
    ],
)
def test_a_base_url_is_the_start_of_every_address_and_nothing_else(tmp_path: Path, value: str) -> None:
    assert complaint(tmp_path, TREFF_BASE_URL=value).startswith("TREFF_BASE_URL must be an address")


def test_a_slash_at_the_end_of_the_base_url_does_not_matter(tmp_path: Path) -> None:
    assert (
        read(tmp_path, TREFF_BASE_URL="https://treff.example:8443/")["TREFF_BASE_URL"] == "https://treff.example:8443"
    )


@pytest.mark.parametrize(
    "name",
    [
        *("TREFF_ZOOM_OAUTH_URL", "TREFF_ZOOM_API_URL", "TREFF_GOOGLE_OAUTH_URL", "TREFF_GOOGLE_API_URL"),
        *("TREFF_MICROSOFT_LOGIN_URL", "TREFF_MICROSOFT_API_URL", "TREFF_ATTENDEE_URL", "TREFF_RECALL_URL"),
    ],
)
@pytest.mark.parametrize(
    "value",
    [
        "http://zoom.us",
        "http://127.0.0.1@zoom.us",
        "http://localhost.zoom.us",
        "http://127.0.0.1.zoom.us/v2",
        "http://0.0.0.0:8100",
        "http://192.168.0.1:8100",
        "file:///etc/passwd",
        "zoom.us",
        "https://",
        "https://zoom.us:port",
    ],
)
def test_tokens_travel_by_https_or_on_this_machine(tmp_path: Path, name: str, value: str) -> None:
    assert complaint(tmp_path, **{name: value}).startswith(f"{name} must be an")


@pytest.mark.parametrize(
    "value", ["https://zoom.us", "http://127.0.0.1:8100", "http://[::1]:8100", "http://localhost:1"]
)
def test_https_anywhere_and_http_on_loopback_are_fine(tmp_path: Path, value: str) -> None:
    found = read(tmp_path, TREFF_ZOOM_OAUTH_URL=f"{value}/", TREFF_ZOOM_API_URL=f"{value}/v2")
    assert (found["TREFF_ZOOM_OAUTH_URL"], found["TREFF_ZOOM_API_URL"]) == (value, f"{value}/v2")


def test_providers_are_where_the_vendors_have_them(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert (found["TREFF_GOOGLE_ACCOUNTS_URL"], found["TREFF_GOOGLE_API_URL"]) == (
        "https://accounts.google.com",
        "https://www.googleapis.com/calendar/v3",
    )
    assert found["TREFF_MICROSOFT_LOGIN_URL"] == "https://login.microsoftonline.com"
    assert found["TREFF_MICROSOFT_TENANT"] == "organizations"


def test_bots_are_where_their_vendors_have_them_and_a_model_is_nowhere_by_itself(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert found["TREFF_ATTENDEE_URL"] == "https://app.attendee.dev/api/v1"
    assert found["TREFF_RECALL_URL"] == "https://eu-central-1.recall.ai/api/v1"
    assert (found["TREFF_LLM_URL"], found["TREFF_LLM_MODEL"]) == ("", "")


@pytest.mark.parametrize(
    "url",
    ["https://api.openai.com/v1", "http://ollama:11434/v1", "http://192.168.7.20:8000/v1", "http://[::1]:8080/v1"],
)
def test_a_language_model_is_asked_by_https_or_in_the_network_at_home(tmp_path: Path, url: str) -> None:
    assert read(tmp_path, TREFF_LLM_URL=f"{url}/")["TREFF_LLM_URL"] == url
    assert ChatClient(url, Secret("")).api_url == url


@pytest.mark.parametrize(
    "url", ["http://api.openai.com/v1", "http://93.184.216.34/v1", "ftp://ollama/v1", "ollama:11434"]
)
def test_what_was_said_does_not_go_to_a_language_model_in_the_clear(tmp_path: Path, url: str) -> None:
    assert complaint(tmp_path, TREFF_LLM_URL=url).startswith("TREFF_LLM_URL must be an")
    with pytest.raises(ValueError, match="https://"):
        ChatClient(url, Secret(""))


def test_a_tenant_is_a_word_an_id_or_a_domain_and_no_path(tmp_path: Path) -> None:
    for good in ("common", "8f0c9f8e-5a0f-4c5e-9d52-0a6f4f1b2c3d", "nordlicht.onmicrosoft.com"):
        assert read(tmp_path, TREFF_MICROSOFT_TENANT=good)["TREFF_MICROSOFT_TENANT"] == good
    for wrong in ("a/b", "../common", "x?y", "-", "ü"):
        assert "TREFF_MICROSOFT_TENANT must be" in complaint(tmp_path, TREFF_MICROSOFT_TENANT=wrong)


def test_several_webhook_secrets_hold_while_one_replaces_the_other(tmp_path: Path) -> None:
    assert read(tmp_path, TREFF_ZOOM_WEBHOOK_SECRET="new, old,,")["webhook_secrets"] == ["new", "old"]
    assert read(tmp_path)["webhook_secrets"] == []


@pytest.mark.parametrize(
    ("url", "server", "account", "how"),
    [
        ("smtp://mail.example", ("mail.example", 25), ("", ""), "plain"),
        ("smtp://127.0.0.1:2525", ("127.0.0.1", 2525), ("", ""), "plain"),
        ("smtp://anna:p%40ss%2Fw@mail.example", ("mail.example", 587), ("anna", "p@ss/w"), "starttls"),
        ("smtp://anna%40firm.example:x@mail.example:25", ("mail.example", 25), ("anna@firm.example", "x"), "starttls"),
        ("smtps://anna:x@mail.example", ("mail.example", 465), ("anna", "x"), "tls"),
        ("smtps://mail.example:4650", ("mail.example", 4650), ("", ""), "tls"),
    ],
)
def test_an_email_url_says_server_account_and_encryption(
    tmp_path: Path, url: str, server: tuple[str, int], account: tuple[str, str], how: str
) -> None:
    found = read(tmp_path, TREFF_EMAIL_URL=url)
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == server
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == account
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (how == "starttls", how == "tls")


def test_an_operator_without_an_address_is_fine_and_one_with_an_address_has_one(tmp_path: Path) -> None:
    assert read(tmp_path)["TREFF_SUPPORT_EMAIL"] == ""
    assert read(tmp_path, TREFF_SUPPORT_EMAIL=" it@Firm.example ")["TREFF_SUPPORT_EMAIL"] == "it@firm.example"


def test_a_statement_on_privacy_is_at_an_https_address_or_nowhere(tmp_path: Path) -> None:
    url = "https://firm.example/privacy"
    assert read(tmp_path)["TREFF_PRIVACY_URL"] == ""
    assert read(tmp_path, TREFF_PRIVACY_URL=url)["TREFF_PRIVACY_URL"] == url
    for wrong in ("http://firm.example/", "javascript:alert(1)", "firm.example"):
        assert "TREFF_PRIVACY_URL must be an address" in complaint(tmp_path, TREFF_PRIVACY_URL=wrong)


@pytest.mark.parametrize(
    "value", ["it", "it@firm.example, boss@firm.example", "IT <it@firm.example>", "a\nb@c.example"]
)
def test_an_operators_address_that_is_none_is_refused(tmp_path: Path, value: str) -> None:
    assert complaint(tmp_path, TREFF_SUPPORT_EMAIL=value).startswith("TREFF_SUPPORT_EMAIL must be one e-mail address")


@pytest.mark.parametrize(
    "value",
    ["mail.example", "http://mail.example", "smtp://", "smtp://anna:canary/pass@mail.example", "smtp://mail.example:0"],
)
def test_an_email_url_that_is_none_is_refused_without_quoting_its_password(tmp_path: Path, value: str) -> None:
    sentence = complaint(tmp_path, TREFF_EMAIL_URL=value)
    assert sentence.startswith("TREFF_EMAIL_URL")
    assert "canary" not in sentence


@pytest.mark.fault("F-116")
def test_no_session_waits_or_lies_idle_for_long_unless_the_database_url_says_so(tmp_path: Path) -> None:
    own = "-c lock_timeout=7"
    found = read(tmp_path, TREFF_DATABASE_URL="postgresql://treff@db/treff?options=-c%20lock_timeout%3D7")
    for name in ("WEB_SESSION", "WORKER_SESSION"):
        assert found[name].endswith(own)  # of two that say it the last one holds
        for limit in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            assert f"-c {limit}=" in found[name].removesuffix(own)


@pytest.mark.parametrize(
    "value", ["proxy.example:3128", "socks5://proxy.example", "http://anna:canary/x@proxy.example"]
)
def test_a_proxy_url_that_is_none_is_refused_without_quoting_its_password(tmp_path: Path, value: str) -> None:
    sentence = complaint(tmp_path, TREFF_PROXY_URL=value)
    assert sentence == "TREFF_PROXY_URL must be an address that begins with http://."


def test_a_proxy_url_is_taken_with_its_password(tmp_path: Path) -> None:
    assert start(tmp_path, TREFF_PROXY_URL="http://anna:secret@proxy.example:3128").returncode == 0


@pytest.mark.parametrize(
    "value", ["nonsense", "mysql://treff:canary@db/treff", "postgresql://treff:canary@db:x:y/a?b=c=d"]
)
def test_a_database_url_that_is_none_is_refused_without_quoting_its_password(tmp_path: Path, value: str) -> None:
    started = start(tmp_path, TREFF_DATABASE_URL=value)
    assert started.returncode != 0
    assert "ImproperlyConfigured: TREFF_DATABASE_URL" in started.stderr
    assert "canary" not in started.stderr


@pytest.mark.attack("A-043")
@pytest.mark.parametrize("before", ["/calendars/", "/book/manage/", "/book/reminders/"])
def test_an_address_that_lets_people_in_does_not_get_into_the_log(before: str) -> None:
    token, made = "canary-Secret_0123456789abcdef", dict(settings.LOGGING["formatters"]["json"])
    formatter = made.pop("()")(**made)
    trouble = ValueError(f"{before}{token}/move/")
    record = logging.LogRecord(
        "django.request", logging.ERROR, "", 0, "%s: %s", ("Not Found", f"{before}{token}.ics"), (None, trouble, None)
    )
    line = formatter.format(record)
    assert "canary" not in line
    assert json.loads(line)["event"] == f"Not Found: {before}….ics"
