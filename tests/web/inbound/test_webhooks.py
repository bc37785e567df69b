"""Zoom's deliveries, real and forged, over real HTTP."""

import hashlib
import hmac
import http.client
import json
import time
from typing import Any
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest

from tests.product import CLIENT_ID, WEBHOOK_SECRET, Product, eventually
from tests.web.inbound.visits import WEBHOOK, Browser, Place, deliver, sign
from treff.audit.models import AuditEntry
from treff.conferencing.models import Grant, InboxEvent
from treff.conferencing.queries import account_key


def removal(zoom_user: str, **changes: Any) -> bytes:
    """https://developers.zoom.us/docs/build-flow/deauthorization/"""
    payload = {
        "user_data_retention": "false",
        "account_id": "any",
        "user_id": zoom_user,
        "signature": "any",
        "deauthorization_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2)),
        "client_id": CLIENT_ID,
        **changes,
    }
    return json.dumps({"event": "app_deauthorized", "payload": payload, "event_ts": int(time.time() * 1000)}).encode()


@pytest.fixture
def connected(place: Place, browser: Browser) -> Place:
    place.connect(browser)
    return place


def is_connected(place: Place) -> bool:
    """Once everything that was kept is handled."""
    eventually(lambda: not InboxEvent.objects.filter(handled_at=None).exists(), "every event is handled")
    return Grant.objects.filter(external_user_id=place.zoom_user).exists()


def count_kept(place: Place) -> int:
    return InboxEvent.objects.filter(account=account_key("zoom", CLIENT_ID, place.zoom_user)).count()


def count_removals(place: Place) -> int:
    return AuditEntry.objects.filter(workspace_id=place.workspace.pk, deed="connection.deauthorized").count()


@pytest.mark.fault("F-078")
def test_a_removal_that_comes_four_times_has_one_effect(connected: Place) -> None:
    body = removal(connected.zoom_user)
    assert [deliver(connected.product, body).status_code for _number in range(4)] == [200] * 4
    assert not is_connected(connected)
    assert count_removals(connected) == 1


@pytest.mark.attack("A-082")
def test_a_captured_removal_does_not_remove_a_later_connection(connected: Place, browser: Browser) -> None:
    """Even if its time lay ahead of the later connection: what was signed is known for a day."""
    body = removal(connected.zoom_user, deauthorization_time="2100-01-01T00:00:00Z")
    timestamp = str(int(time.time()))
    captured = {"x_zm_request_timestamp": timestamp, "x_zm_signature": sign(body, timestamp)}
    assert deliver(connected.product, body, **captured).status_code == 200
    assert not is_connected(connected)
    connected.connect(browser)
    assert [deliver(connected.product, body, **captured).status_code for _ in range(3)] == [200] * 3
    assert is_connected(connected)
    assert (count_kept(connected), count_removals(connected)) == (1, 1)


@pytest.mark.fault("F-080")
def test_a_removal_that_zoom_sends_again_after_the_user_came_back_changes_nothing(
    connected: Place, browser: Browser
) -> None:
    """Zoom signs each delivery anew, so that only the time of the removal tells."""
    body = removal(connected.zoom_user, deauthorization_time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    connected.connect(browser)
    assert [deliver(connected.product, body, offset=offset).status_code for offset in (0, 1, 2)] == [200] * 3
    assert count_kept(connected) == 3
    assert is_connected(connected)
    assert count_removals(connected) == 0


@pytest.mark.fault("F-090")
@pytest.mark.parametrize("table", ["conferencing_inboxevent", "procrastinate_jobs"])
def test_a_removal_that_the_database_is_too_slow_for_is_not_taken_until_zoom_sends_it_again(
    connected: Place, table: str
) -> None:
    body = removal(connected.zoom_user)
    with psycopg.connect(connected.product.database_url) as other:
        other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        began = time.monotonic()
        assert deliver(connected.product, body).status_code == 503
        assert time.monotonic() - began < 3
    assert count_kept(connected) == 0
    assert is_connected(connected)
    assert deliver(connected.product, body).status_code == 200
    assert not is_connected(connected)


@pytest.mark.fault("F-090")
def test_a_removal_is_taken_at_once_and_kept_while_no_worker_runs(connected: Place) -> None:
    product = connected.product
    product.stop("worker")
    began = time.monotonic()
    assert deliver(product, removal(connected.zoom_user)).status_code == 200
    assert time.monotonic() - began < 3
    assert count_kept(connected) == 1
    assert Grant.objects.filter(external_user_id=connected.zoom_user).exists()
    product.start_worker()
    assert not is_connected(connected)


@pytest.mark.fault("F-079")
@pytest.mark.parametrize("offset", [-301, -3600, -86_400, 302, 3600])
def test_an_event_from_long_ago_or_from_the_future_is_refused(connected: Place, offset: int) -> None:
    assert deliver(connected.product, removal(connected.zoom_user), offset=offset).status_code == 401
    assert is_connected(connected)


def test_a_clock_that_is_a_little_wrong_does_not_matter(connected: Place) -> None:
    assert deliver(connected.product, removal(connected.zoom_user), offset=-280).status_code == 200
    assert not is_connected(connected)


@pytest.mark.fault("F-081")
@pytest.mark.attack("A-079")
@pytest.mark.parametrize(
    "signature", ["", "v0=", "v0=" + "0" * 64, "no scheme", "v1={good}", "{good}", "v0={cut}", "v0={upper}"]
)
def test_a_signature_that_does_not_hold_is_refused(connected: Place, signature: str) -> None:
    body, timestamp = removal(connected.zoom_user), str(int(time.time()))
    good = sign(body, timestamp).removeprefix("v0=")
    forged = signature.format(good=good, cut=good[:-1], upper=good.upper())
    headers = {"x_zm_request_timestamp": timestamp, "x_zm_signature": forged}
    assert deliver(connected.product, body, **headers).status_code == 401
    assert is_connected(connected)


@pytest.mark.fault("F-081")
@pytest.mark.attack("A-079")
def test_a_signature_of_another_app_or_of_another_spelling_of_the_body_is_refused(connected: Place) -> None:
    body, timestamp = removal(connected.zoom_user), str(int(time.time()))
    respelt = json.dumps(json.loads(body), separators=(",", ":")).encode()
    for signature in (
        sign(body, timestamp, "another-secret"),
        sign(body, timestamp, ""),
        sign(respelt, timestamp),
        sign(body, str(int(timestamp) - 1)),
    ):
        headers = {"x_zm_request_timestamp": timestamp, "x_zm_signature": signature}
        assert deliver(connected.product, body, **headers).status_code == 401
    assert is_connected(connected)


@pytest.mark.fault("F-081")
@pytest.mark.attack("A-080")
@pytest.mark.parametrize("doubled", ["x-zm-signature", "x-zm-request-timestamp"])
def test_a_header_that_comes_twice_is_refused(connected: Place, doubled: str) -> None:
    body, timestamp = removal(connected.zoom_user), str(int(time.time()))
    headers = [("x-zm-request-timestamp", timestamp), ("x-zm-signature", sign(body, timestamp))]
    second = (doubled, "0" if doubled.endswith("timestamp") else "v0=" + "0" * 64)
    for order in ([*headers, second], [second, *headers]):
        assert httpx2.post(connected.product.url + WEBHOOK, content=body, headers=order).status_code == 401
    assert is_connected(connected)


@pytest.mark.fault("F-081")
@pytest.mark.parametrize("name", ["x-zm-signature", "x-zm-request-timestamp"])
@pytest.mark.parametrize("raw", [b"v0=\xff\xfe\x80", "v0=é".encode(), "１２３".encode(), b"\x01"])
def test_a_header_that_is_not_ascii_is_refused(product: Product, name: str, raw: bytes) -> None:
    body, timestamp = removal("nobody"), str(int(time.time()))
    headers = {
        "x-zm-request-timestamp": timestamp.encode(),
        "x-zm-signature": sign(body, timestamp).encode(),
        name: raw,
    }
    parts = urlsplit(product.url)
    wire = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20)
    wire.request("POST", WEBHOOK, body, headers)
    assert wire.getresponse().status in (400, 401)
    wire.close()


@pytest.mark.attack("A-080")
@pytest.mark.parametrize(
    "timestamp", ["", "abc", "-1", "1e9", "0x10", "1_0", "9" * 12, "9" * 5000, "0", "NaN", "{now}.5", "{now}000"]
)
def test_a_time_stamp_that_is_none_is_refused(connected: Place, timestamp: str) -> None:
    body, stamp = removal(connected.zoom_user), timestamp.format(now=int(time.time()))
    headers = {"x_zm_request_timestamp": stamp, "x_zm_signature": sign(body, stamp)}
    assert deliver(connected.product, body, **headers).status_code == 401
    assert is_connected(connected)


@pytest.mark.attack("A-080")
@pytest.mark.attack("A-079")
def test_an_event_without_its_headers_is_refused(product: Product) -> None:
    body, timestamp = removal("nobody"), str(int(time.time()))
    for headers in ({}, {"x-zm-request-timestamp": timestamp}, {"x-zm-signature": sign(body, timestamp)}):
        assert httpx2.post(product.url + WEBHOOK, content=body, headers=headers).status_code == 401


@pytest.mark.fault("F-082")
def test_a_removal_of_a_user_that_we_do_not_know_is_taken_like_any_other(connected: Place) -> None:
    known, unknown = (deliver(connected.product, removal(user)) for user in (connected.zoom_user, "nobody"))
    assert (unknown.status_code, unknown.content) == (known.status_code, known.content) == (200, b"")
    assert not is_connected(connected)
    assert count_removals(connected) == 1


@pytest.mark.fault("F-082")
def test_a_removal_of_another_app_is_refused(connected: Place) -> None:
    assert deliver(connected.product, removal(connected.zoom_user, client_id="another-app")).status_code == 400
    assert is_connected(connected)
    assert count_kept(connected) == InboxEvent.objects.filter(account__contains=connected.zoom_user).count() == 0


@pytest.mark.fault("F-082")
@pytest.mark.parametrize("retention", ["false", "true", False, None, {}])
def test_what_zoom_says_about_retention_does_not_matter(connected: Place, retention: object) -> None:
    assert deliver(connected.product, removal(connected.zoom_user, user_data_retention=retention)).status_code == 200
    assert not is_connected(connected)


@pytest.mark.fault("F-082")
@pytest.mark.parametrize("where", ["event", "payload"])
def test_the_time_of_a_removal_may_stand_in_either_place(connected: Place, where: str) -> None:
    body = json.loads(removal(connected.zoom_user))
    del body["payload"]["deauthorization_time"]
    at = body.pop("event_ts") + 2000
    (body if where == "event" else body["payload"])["event_ts"] = at
    assert deliver(connected.product, json.dumps(body).encode()).status_code == 200
    assert not is_connected(connected)


@pytest.mark.fault("F-089")
def test_our_address_is_validated_before_anybody_has_connected(product: Product) -> None:
    plain = "qgg8vlvZRS6UYooatFL8Aw"
    body = json.dumps({"payload": {"plainToken": plain}, "event_ts": 1, "event": "endpoint.url_validation"}).encode()
    answer = deliver(product, body)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    encrypted = hmac.new(WEBHOOK_SECRET.encode(), plain.encode(), hashlib.sha256).hexdigest()
    assert answer.json() == {"plainToken": plain, "encryptedToken": encrypted}


@pytest.mark.fault("F-089")
def test_nobody_without_the_secret_gets_anything_signed(product: Product) -> None:
    body = json.dumps({"payload": {"plainToken": "x"}, "event": "endpoint.url_validation"}).encode()
    answer = deliver(product, body, x_zm_signature="v0=" + "0" * 64)
    assert (answer.status_code, answer.content) == (401, b"")


@pytest.mark.fault("F-089")
@pytest.mark.parametrize("plain", ["x" * 501, 7, None, ["x"], {"a": "b"}, "\ud800"])
def test_a_challenge_that_is_none_is_not_signed(product: Product, plain: object) -> None:
    body = json.dumps({"payload": {"plainToken": plain}, "event": "endpoint.url_validation"}).encode()
    answer = deliver(product, body)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"not json",
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"event": "app_deauthorized"}',
        b'{"event": "meeting.created", "payload": {}}',
        b'{"event": {"a": 1}, "payload": {}}',
        b'{"event": "app_deauthorized", "payload": {"client_id": "test-client", "user_id": 7}}',
        b'{"event": "app_deauthorized", "payload": {"client_id": "test-client", "user_id": "x"}, "event_ts": 1e400}',
        b'{"event": "app_deauthorized", "payload": {"client_id": "test-client", "user_id": "\\u0000"}, "event_ts": 1}',
        b'{"event": "app_deauthorized", "payload": {"client_id": "test-client", "user_id": "\\ud800"}, "event_ts": 1}',
    ],
)
def test_a_signed_body_that_makes_no_sense_is_taken_and_does_nothing(product: Product, body: bytes) -> None:
    before = (Grant.objects.count(), InboxEvent.objects.count())
    answer = deliver(product, body)
    assert (answer.status_code, answer.content) == (200, b"")
    assert (Grant.objects.count(), InboxEvent.objects.count()) == before


@pytest.mark.attack("A-081")
def test_a_large_body_is_refused_before_it_is_read(product: Product) -> None:
    assert deliver(product, b"x" * (64 * 1024)).status_code == 200
    assert deliver(product, b"x" * (64 * 1024 + 1)).status_code == 413
    parts = urlsplit(product.url)
    wire = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20)
    wire.putrequest("POST", WEBHOOK)
    wire.putheader("Content-Length", str(10 * 1024 * 1024))
    wire.endheaders()  # and not a byte of it
    assert wire.getresponse().status == 413
    wire.close()


@pytest.mark.attack("A-081")
def test_a_body_of_unknown_length_is_refused(product: Product) -> None:
    answer = httpx2.post(product.url + WEBHOOK, content=iter([b"x" * 1000] * 100))
    assert answer.status_code == 413


@pytest.mark.attack("A-081")
@pytest.mark.fault("F-081")
def test_of_a_refused_body_only_length_and_digest_are_logged(product: Product) -> None:
    body = b'{"canary-body": 1}\r\n\x1b[31m{"event": "forged log line"}\n'
    assert deliver(product, body, x_zm_signature="v0=forged").status_code == 401
    logged = [line for line in product.logs().splitlines() if hashlib.sha256(body).hexdigest() in line]
    assert [json.loads(line)["length"] for line in logged] == [len(body)]
    assert "canary-body" not in product.logs()
    assert "forged log line" not in product.logs()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_only_post_is_answered(product: Product, method: str) -> None:
    assert httpx2.request(method, product.url + WEBHOOK).status_code == 405


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_counts_is_the_signature_and_not_the_content_type(connected: Place, kind: str) -> None:
    assert deliver(connected.product, removal(connected.zoom_user), Content_Type=kind).status_code == 200
    assert not is_connected(connected)
