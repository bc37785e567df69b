import base64
import copy
import json
import logging
import pickle
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties import STEADY
from treff.kernel.secrets import (
    Binding,
    DataKey,
    KeyRing,
    KeyUnavailable,
    Secret,
    SecretError,
    Tampered,
    WeakKey,
    kid_of,
)

OLD, NEW = bytes(range(32)), bytes(range(100, 132))
RING = KeyRing({"old-1": OLD, "new-2": NEW})
ROW = Binding("grant", "access_token", "grant_7k2m", "zoom:app:user")
KEY_ROW = Binding("grant", "data_key", "grant_7k2m", "zoom:app:user")
CANARY = "canary-eyJzdiI6IjAwMDAwMSJ9"

# Prints the nonces of so many encryptions of each of four forked processes, 12 bytes each.
MAKE_NONCES = """
import base64, os, sys
from treff.kernel.secrets import Binding, KeyRing, Secret

row, ring = Binding("grant", "data_key", "grant_7k2m"), KeyRing({"a": bytes(range(32))})
wrapped = ring.new_data_key(row)
key, secret = ring.open_data_key(wrapped, row), Secret("x")
key.seal(secret, row)
children = []
for _ in range(4):
    ours, theirs = os.pipe()
    if os.fork() == 0:
        with os.fdopen(theirs, "wb") as pipe:
            for number in range(int(sys.argv[1]) // 10):
                blobs = [key.seal(secret, row) for _ in range(8)] + [ring.new_data_key(row), ring.rewrap(wrapped, row)]
                pipe.write(b"".join(base64.urlsafe_b64decode(blob.split(".")[-2]) for blob in blobs))
        os._exit(0)
    os.close(theirs)
    children.append(ours)
for ours in children:
    with os.fdopen(ours, "rb") as pipe:
        sys.stdout.buffer.write(pipe.read())
"""


def fresh_key() -> DataKey:
    return RING.open_data_key(RING.new_data_key(KEY_ROW), KEY_ROW)


def spoilt(blob: str) -> list[str]:
    """The blob with each bit of each byte of each of its parts turned, and each of its characters replaced or lost."""
    version, *parts = blob.split(".")
    found = []
    for place, part in enumerate(parts):
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) if "-" not in part[:4] else part.encode()
        for bit in range(8 * len(raw)):
            turned = bytearray(raw)
            turned[bit // 8] ^= 1 << bit % 8
            encoded = base64.urlsafe_b64encode(turned).decode().rstrip("=")
            found.append(".".join((version, *parts[:place], encoded, *parts[place + 1 :])))
    found += [blob[:at] + other + blob[at + 1 :] for at in range(len(blob)) for other in "A.=é" if blob[at] != other]
    found += [blob[:at] + blob[at + 1 :] for at in range(len(blob))]
    return [*found, "", blob + ".", blob + "A", blob + "=", "2" + blob[1:], "é" + blob]


@given(st.text(max_size=300))
@STEADY
def test_what_was_sealed_opens_again(text: str) -> None:
    key = fresh_key()
    assert key.open(key.seal(Secret(text), ROW), ROW) == Secret(text)


def test_the_sealed_value_shows_nothing_of_the_secret_and_differs_each_time() -> None:
    key = fresh_key()
    sealed = {key.seal(Secret(CANARY), ROW) for _ in range(1000)}
    assert len({blob.split(".")[1] for blob in sealed}) == 1000
    assert not any(CANARY in blob or base64.b64encode(CANARY.encode()).decode() in blob for blob in sealed)


@pytest.mark.fault("F-145")
def test_a_sealed_value_changed_at_any_position_does_not_open() -> None:
    key = fresh_key()
    for blob in spoilt(key.seal(Secret(CANARY), ROW)):
        with pytest.raises(Tampered):
            key.open(blob, ROW)


@pytest.mark.fault("F-145")
def test_a_wrapped_key_changed_at_any_position_does_not_open() -> None:
    for blob in spoilt(RING.new_data_key(KEY_ROW)):
        with pytest.raises((Tampered, KeyUnavailable)):
            RING.open_data_key(blob, KEY_ROW)


@pytest.mark.fault("F-145")
def test_a_key_named_by_the_wrong_name_does_not_open() -> None:
    wrapped = RING.new_data_key(KEY_ROW)
    with pytest.raises(Tampered):
        RING.open_data_key(wrapped.replace("old-1", "new-2"), KEY_ROW)


@pytest.mark.fault("F-144")
@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(ROW, row_id="grant_other"),
        replace(ROW, column="refresh_token"),
        replace(ROW, table="meeting"),
        replace(ROW, purpose="zoom:app:somebody-else"),
        replace(ROW, column="access_tokengrant_7k2m", row_id=""),
    ],
)
def test_a_value_moved_to_another_row_column_table_or_owner_does_not_open(elsewhere: Binding) -> None:
    key = fresh_key()
    with pytest.raises(Tampered):
        key.open(key.seal(Secret(CANARY), ROW), elsewhere)
    with pytest.raises(Tampered):
        RING.open_data_key(RING.new_data_key(ROW), elsewhere)


@pytest.mark.fault("F-144")
def test_a_value_of_another_workspaces_key_does_not_open() -> None:
    with pytest.raises(Tampered):
        fresh_key().open(fresh_key().seal(Secret(CANARY), ROW), ROW)


@given(st.lists(st.text("ab\0\x01", max_size=4), min_size=4, max_size=4), st.lists(st.text("ab\0\x01"), min_size=4))
@STEADY
def test_no_two_bindings_give_the_same_bytes(one: list[str], other: list[str]) -> None:
    first, second = Binding(*one), Binding(*other[:4])
    assert (first.associated_data() == second.associated_data()) == (first == second)


def test_a_key_that_is_not_there_is_said_to_be_missing_and_not_to_be_wrong() -> None:
    wrapped = RING.new_data_key(KEY_ROW)
    with pytest.raises(KeyUnavailable, match="old-1"):
        KeyRing({"new-2": NEW}).open_data_key(wrapped, KEY_ROW)


def test_another_key_of_the_same_name_opens_nothing() -> None:
    wrapped = RING.new_data_key(KEY_ROW)
    with pytest.raises(Tampered):
        KeyRing({"old-1": NEW}).open_data_key(wrapped, KEY_ROW)


def test_a_key_that_is_distrusted_opens_and_wraps_nothing_and_the_others_go_on() -> None:
    ring = KeyRing({"old-1": OLD, "new-2": NEW})
    by_old, by_new = ring.new_data_key(KEY_ROW), ring.new_data_key(KEY_ROW, "new-2")
    assert (kid_of(by_old), kid_of(by_new)) == ("old-1", "new-2")
    ring.distrust("old-1")
    for deed in (
        lambda: ring.check("old-1"),
        lambda: ring.open_data_key(by_old, KEY_ROW),
        lambda: ring.rewrap(by_new, KEY_ROW),
        lambda: ring.new_data_key(KEY_ROW),
    ):
        with pytest.raises(KeyUnavailable, match="old-1"):
            deed()
    ring.check("new-2")
    assert ring.open_data_key(by_new, KEY_ROW)


@pytest.mark.parametrize("blob", ["", "1.a.b", "2.a.b.c", "a", "1.a.b.c.d"])
def test_what_is_no_wrapped_data_key_asks_for_no_key(blob: str) -> None:
    assert kid_of(blob) == ""


def test_what_does_not_open_says_where_it_stands_and_not_whose_it_is_or_why() -> None:
    wrapped = RING.new_data_key(KEY_ROW)
    said = set()
    for blob in ("", wrapped[:-1], wrapped + "A", fresh_key().seal(Secret(CANARY), ROW)):
        with pytest.raises(Tampered) as refused:
            RING.open_data_key(blob, KEY_ROW)
        assert (refused.value.table, refused.value.row_id) == ("grant", "grant_7k2m")
        said.add(str(refused.value))
    with pytest.raises(Tampered) as refused:
        fresh_key().open("", ROW)
    assert said == {str(refused.value)}
    assert "user" not in said.pop()


@pytest.mark.fault("F-146")
def test_a_million_encryptions_in_processes_forked_from_one_never_use_a_nonce_twice() -> None:
    """Each of four processes, forked when the first has sealed already, seals, wraps and rewraps on its own."""
    made = subprocess.run((sys.executable, "-c", MAKE_NONCES, "250000"), capture_output=True, check=True).stdout
    nonces = {made[at : at + 12] for at in range(0, len(made), 12)}
    assert len(made) == 12 * 4 * 250_000 == 12 * len(nonces)


def test_rewrapping_changes_the_wrapping_and_keeps_the_key() -> None:
    wrapped = KeyRing({"old-1": OLD}).new_data_key(KEY_ROW)
    sealed = RING.open_data_key(wrapped, KEY_ROW).seal(Secret(CANARY), ROW)
    rotating = KeyRing({"new-2": NEW, "old-1": OLD})
    again = rotating.rewrap(wrapped, KEY_ROW)
    assert again.split(".")[1] == "new-2"
    assert KeyRing({"new-2": NEW}).open_data_key(again, KEY_ROW).open(sealed, ROW).reveal() == CANARY
    with pytest.raises(KeyUnavailable):
        KeyRing({"old-1": OLD}).open_data_key(again, KEY_ROW)
    with pytest.raises(Tampered):
        rotating.rewrap(wrapped, ROW)


def test_the_first_key_of_the_ring_wraps() -> None:
    text = Secret(f" new-2:{base64.b64encode(NEW).decode()} , old-1:{base64.b64encode(OLD).decode()},")
    ring = KeyRing.parse(text)
    assert (ring.primary, list(ring.names())) == ("new-2", ["new-2", "old-1"])
    assert ring.new_data_key(KEY_ROW).split(".")[1] == "new-2"


@pytest.mark.parametrize(
    "text",
    [
        *("", ",", "a:", "a:####", "a:" + "A" * 43, "a:" + base64.b64encode(bytes(31)).decode()),
        *("a:" + base64.b64encode(bytes(33)).decode(), ":" + base64.b64encode(OLD).decode()),
        *("Ab:" + base64.b64encode(OLD).decode(), "a" * 33 + ":" + base64.b64encode(OLD).decode()),
        *("a b:" + base64.b64encode(OLD).decode(), "a:" + base64.b64encode(OLD).decode() + ":b"),
        "a:" + base64.b64encode(OLD).decode() + ",a:" + base64.b64encode(NEW).decode(),
        "a:" + base64.b64encode(bytes(32)).decode(),
    ],
)
def test_a_weak_key_is_refused(text: str) -> None:
    with pytest.raises(WeakKey):
        KeyRing.parse(Secret(text))


@pytest.mark.parametrize("place", ["{}", "{}:a", "A:{}", "a:{}=", "a{}"])
def test_the_refusal_of_a_key_does_not_show_the_key(place: str) -> None:
    key = base64.b64encode(NEW).decode()
    with pytest.raises(WeakKey) as refused:
        KeyRing.parse(Secret(place.format(key)))
    assert key[:8] not in str(refused.value)
    assert refused.value.__cause__ is None


def test_the_refusal_to_open_does_not_show_the_secret() -> None:
    key = fresh_key()
    with pytest.raises(SecretError) as refused:
        key.open(key.seal(Secret(CANARY), KEY_ROW), ROW)
    assert CANARY not in f"{refused.value!r}{refused.value.args}"


def test_nobody_sees_a_secret_by_looking_at_it(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(CANARY)
    logging.getLogger("test").warning("%s %r %s", secret, secret, {"token": secret})
    shown = f"{secret} {secret!r} {secret!s} {[secret]} {format(secret)} {secret:} {caplog.text}"
    assert CANARY not in shown
    assert str(secret) == repr(secret) == "***"
    assert not hasattr(secret, "__dict__")
    with pytest.raises(TypeError):
        json.dumps(secret)


@pytest.mark.parametrize("holder", [Secret(CANARY), DataKey(NEW), KeyRing({"a": NEW})])
def test_secrets_and_keys_do_not_leave_the_process(holder: object) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="does not leave the process"):
            pickle.dumps([holder], protocol)
    with pytest.raises(TypeError):
        copy.deepcopy(holder)


def test_nobody_sees_a_key_by_looking_at_its_holder() -> None:
    shown = f"{RING} {RING!r} {DataKey(NEW)} {DataKey(NEW)!r} {[RING, DataKey(NEW)]}"
    for key in (OLD, NEW):
        for form in (repr(key)[2:20], key.hex()[:16], base64.b64encode(key).decode()[:16]):
            assert form not in shown
    assert repr(RING) == "KeyRing(old-1, new-2)"


def test_secrets_are_equal_by_what_they_hold() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
