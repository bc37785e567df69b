"""Zoom's events: https://developers.zoom.us/docs/api/webhooks/"""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties import STEADY
from treff.kernel.secrets import Secret
from treff.providers.zoom.inbound import (
    Claim,
    Deauthorized,
    Forged,
    Ignored,
    UrlValidation,
    read,
    read_claim,
    signed_content,
    verify,
)

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SECRET, NEXT_SECRET = Secret("webhook-secret"), Secret("webhook-secret-to-come")
STAMP = str(int(NOW.timestamp()))
# Zoom's published example: https://developers.zoom.us/docs/build-flow/publish/app-deauthorization/
PAYLOAD = {
    "user_data_retention": "false",
    "account_id": "EabCDEFghiLHMA",
    "user_id": "z9jkdsfsdfjhdkfjQ",
    "signature": "827edc3452044f0bc86bdd5684afb7d1e6becfa1a767f24df1b287853cf73000",
    "deauthorization_time": "2026-11-24T09:29:58.100Z",
    "client_id": "ADZ9k9bTWmGUoUbECUKU_a",
}
EVENT = {"event": "app_deauthorized", "payload": PAYLOAD}


def signature_of(raw: bytes, stamp: str = STAMP, secret: Secret = SECRET) -> str:
    message = b"v0:" + stamp.encode() + b":" + raw
    return "v0=" + hmac.new(secret.reveal().encode(), message, hashlib.sha256).hexdigest()


def event(**changes: Any) -> bytes:
    return json.dumps({**EVENT, **changes}).encode()


def deauthorization(**changes: Any) -> bytes:
    return event(payload={key: value for key, value in {**PAYLOAD, **changes}.items() if value != "absent"})


def test_what_zoom_signed_is_taken_with_either_secret_while_one_is_replaced() -> None:
    for secret in (SECRET, NEXT_SECRET):
        assert verify(event(), STAMP, signature_of(event(), secret=secret), (SECRET, NEXT_SECRET), NOW) is secret


@pytest.mark.attack("A-079")
@pytest.mark.fault("F-081")
@pytest.mark.parametrize(
    "signature",
    [
        *("", "v0=", "v0", signature_of(event())[:-1], signature_of(event()) + "0", signature_of(event()).upper()),
        *(signature_of(event()).removeprefix("v0="), "v1" + signature_of(event())[2:], " " + signature_of(event())),
        *(signature_of(event(), secret=Secret("another app's")), "v0=ü" + "0" * 63, "\x00", "v0=" + "0" * 64),
        *(f"{signature_of(event())},{signature_of(event())}", "v0=" + "0" * 1_000_000),
    ],
)
def test_a_signature_that_is_not_zooms_is_refused(signature: str) -> None:
    with pytest.raises(Forged):
        verify(event(), STAMP, signature, (SECRET, NEXT_SECRET), NOW)


@pytest.mark.attack("A-079")
def test_the_signature_is_over_the_bytes_that_came_and_not_over_what_they_mean() -> None:
    spaced = json.dumps(EVENT, indent=1).encode()
    assert json.loads(spaced) == EVENT
    with pytest.raises(Forged):
        verify(spaced, STAMP, signature_of(event()), (SECRET,), NOW)
    verify(spaced, STAMP, signature_of(spaced), (SECRET,), NOW)


@given(st.binary(max_size=200), st.integers(0, 10_000), st.integers(1, 255))
@STEADY
def test_a_body_with_any_byte_changed_is_refused(raw: bytes, place: int, change: int) -> None:
    signature = signature_of(raw)
    verify(raw, STAMP, signature, (SECRET,), NOW)
    changed = bytearray(raw or b"\0")
    changed[place % len(changed)] ^= change
    with pytest.raises(Forged):
        verify(bytes(changed), STAMP, signature, (SECRET,), NOW)


def test_without_a_secret_of_ours_nothing_is_taken() -> None:
    with pytest.raises(Forged):
        verify(event(), STAMP, signature_of(event()), (), NOW)


@pytest.mark.attack("A-080")
@pytest.mark.parametrize(
    "stamp",
    [
        *("", "-" + STAMP, STAMP + "000", "+" + STAMP, " " + STAMP, STAMP + ".0", "1e9", "0x6", "٣", "²", "9" * 400),
        *(f"{STAMP},{STAMP}", "nan", "inf", "None", "999999999999"),
    ],
)
def test_a_time_stamp_that_is_no_number_of_seconds_is_refused(stamp: str) -> None:
    with pytest.raises(Forged):
        verify(event(), stamp, signature_of(event(), stamp), (SECRET,), NOW)


@pytest.mark.attack("A-082")
@pytest.mark.fault("F-079")
@pytest.mark.parametrize(("seconds", "fits"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_what_was_signed_more_than_five_minutes_away_is_refused(seconds: int, fits: bool) -> None:
    arrived_at = NOW + timedelta(seconds=seconds)
    if fits:
        verify(event(), STAMP, signature_of(event()), (SECRET,), arrived_at)
        return
    with pytest.raises(Forged):
        verify(event(), STAMP, signature_of(event()), (SECRET,), arrived_at)


@pytest.mark.fault("F-089")
def test_zooms_question_whether_the_address_is_ours_is_answered_with_its_hmac() -> None:
    raw = event(event="endpoint.url_validation", payload={"plainToken": "qgg8vlvZRS6UYooatFL8Aw"}, event_ts=1)
    digest = hmac.new(SECRET.reveal().encode(), b"qgg8vlvZRS6UYooatFL8Aw", hashlib.sha256).hexdigest()
    answer = {"plainToken": "qgg8vlvZRS6UYooatFL8Aw", "encryptedToken": digest}
    assert read(raw, SECRET) == UrlValidation(answer)


@pytest.mark.fault("F-089")
@pytest.mark.parametrize("plain", [None, 5, "x" * 501, ["a"], {"a": 1}, True])
def test_a_question_that_makes_no_sense_is_not_answered(plain: object) -> None:
    assert read(event(event="endpoint.url_validation", payload={"plainToken": plain}), SECRET) == Ignored()


@pytest.mark.fault("F-082")
@pytest.mark.parametrize("retention", ["false", "true", False, None, "absent", 0])
def test_a_deauthorization_says_which_app_user_and_when(retention: object) -> None:
    assert read(deauthorization(user_data_retention=retention), SECRET) == Deauthorized(
        "ADZ9k9bTWmGUoUbECUKU_a", "z9jkdsfsdfjhdkfjQ", datetime(2026, 11, 24, 9, 29, 58, 100_000, tzinfo=UTC)
    )


@pytest.mark.fault("F-082")
@pytest.mark.parametrize(
    "raw",
    [
        deauthorization(deauthorization_time="2026-11-24T09:29:58"),
        deauthorization(deauthorization_time="2026-11-24T10:29:58+01:00"),
        json.dumps(
            {**EVENT, "event_ts": 1_795_512_598_000, "payload": {**PAYLOAD, "deauthorization_time": ""}}
        ).encode(),
        deauthorization(deauthorization_time=None, event_ts=1_795_512_598_000),
        deauthorization(deauthorization_time="yesterday", event_ts=1_795_512_598_000),
    ],
)
def test_the_time_of_a_deauthorization_is_understood_wherever_it_stands(raw: bytes) -> None:
    found = read(raw, SECRET)
    assert isinstance(found, Deauthorized)
    assert found.at == datetime(2026, 11, 24, 9, 29, 58, tzinfo=UTC)


@pytest.mark.fault("F-081")
@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"{", b"null", b"[]", b"5", b'"app_deauthorized"', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000),
        *(event(payload=None), event(payload=[]), event(event=5), event(event="meeting.started"), b"{}"),
        *(deauthorization(client_id=5), deauthorization(user_id=None), deauthorization(user_id="absent")),
        *(deauthorization(deauthorization_time="absent"), deauthorization(deauthorization_time=True)),
        *(deauthorization(deauthorization_time=10**300), deauthorization(deauthorization_time="9" * 5000)),
        deauthorization(deauthorization_time="0001-01-01T00:00:00+14:00"),  # in UTC before the first day there is
        deauthorization(deauthorization_time="9999-12-31T23:59:59-14:00"),
    ],
)
def test_a_body_that_makes_no_sense_has_no_effect(raw: bytes) -> None:
    assert read(raw, SECRET) == Ignored()


def test_what_is_signed_names_the_moment_and_the_bytes() -> None:
    signed = {signed_content(raw, stamp) for raw in (b"a", b"b") for stamp in ("1", "2")}
    assert signed == {b"v0:1:a", b"v0:1:b", b"v0:2:a", b"v0:2:b"}


def test_of_an_event_that_cannot_be_verified_only_the_user_is_read() -> None:
    claim = Claim("ADZ9k9bTWmGUoUbECUKU_a", "z9jkdsfsdfjhdkfjQ")
    for raw in (deauthorization(), deauthorization(deauthorization_time="absent"), deauthorization(account_id=5)):
        assert read_claim(raw) == claim


@pytest.mark.parametrize(
    "raw",
    [
        *(
            b"",
            b"{",
            b"null",
            b"[]",
            b'"app_deauthorized"',
            b"\xff\xfe",
            b"[" * 100_000,
            event(payload=[]),
            event(event=5),
        ),
        event(event="endpoint.url_validation", payload={**PAYLOAD, "plainToken": "x"}),
        *(deauthorization(client_id=5), deauthorization(user_id=["a"]), deauthorization(user_id="\x00")),
        *(deauthorization(user_id="absent"), deauthorization(user_id="\ud800")),
    ],
)
def test_an_event_that_cannot_be_verified_and_makes_no_sense_names_nobody(raw: bytes) -> None:
    assert read_claim(raw) is None
