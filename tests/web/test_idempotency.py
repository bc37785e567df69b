"""One key, one deed: in a row, at the same time, after a failure."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from treff.kernel import clock
from treff.kernel.errors import Conflict, Invalid
from treff.web.idempotency import REMEMBERED_FOR, Answer, fingerprint_of, once
from treff.web.models import SubmittedOnce

ASKED = fingerprint_of("book", {"start": "2026-12-01"})


@pytest.mark.django_db
def test_the_second_submit_gets_the_answer_of_the_first_and_does_nothing() -> None:
    done: list[str] = []

    def do() -> dict[str, object]:
        done.append("booked")
        return {"id": f"appt_{len(done)}"}

    assert once("mem_1", "key", ASKED, do) == Answer({"id": "appt_1"}, repeated=False)
    assert once("mem_1", "key", ASKED, do) == Answer({"id": "appt_1"}, repeated=True)
    assert done == ["booked"]


@pytest.mark.django_db
def test_the_same_key_of_somebody_else_is_another_key() -> None:
    once("mem_1", "key", ASKED, lambda: {"id": "hers"})
    assert once("mem_2", "key", ASKED, lambda: {"id": "his"}).value == {"id": "his"}


@pytest.mark.django_db
def test_a_key_cannot_be_used_for_another_request() -> None:
    once("mem_1", "key", ASKED, dict)
    with pytest.raises(Invalid) as refusal:
        once("mem_1", "key", fingerprint_of("book", {"start": "2026-12-02"}), dict)
    assert refusal.value.field == "idempotency_key"


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "   ", "x" * 201, "a\nb", "a\x00b"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(Invalid) as refusal:
        once("mem_1", key, ASKED, dict)
    assert refusal.value.field == "idempotency_key"
    assert not SubmittedOnce.objects.exists()


@pytest.mark.django_db
def test_a_failed_submit_leaves_its_key_free() -> None:
    def fail() -> dict[str, object]:
        raise Conflict("taken")

    with pytest.raises(Conflict):
        once("mem_1", "key", ASKED, fail)
    assert once("mem_1", "key", ASKED, lambda: {"id": "appt_2"}) == Answer({"id": "appt_2"}, repeated=False)


@pytest.mark.django_db
def test_after_a_day_a_key_is_forgotten() -> None:
    once("mem_1", "key", ASKED, lambda: {"id": "appt_1"})
    with clock.at(clock.now() + REMEMBERED_FOR + timedelta(seconds=1)):
        assert once("mem_1", "key", ASKED, lambda: {"id": "appt_2"}).value == {"id": "appt_2"}
    assert SubmittedOnce.objects.count() == 1


def test_the_order_of_fields_makes_no_other_request() -> None:
    assert fingerprint_of({"a": 1, "b": 2}) == fingerprint_of({"b": 2, "a": 1})
    assert fingerprint_of({"a": 1}) != fingerprint_of({"a": 2})


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first_fails", [False, True])
def test_of_two_at_the_same_time_one_waits_for_the_other(first_fails: bool) -> None:
    inside, go_on = threading.Event(), threading.Event()
    answers: dict[str, Answer] = {}

    def hold() -> dict[str, object]:
        inside.set()
        assert go_on.wait(30)
        if first_fails:
            raise Conflict("taken")
        return {"by": "first"}

    def submit(name: str) -> None:
        try:
            answers[name] = once("mem_1", "key", ASKED, hold if name == "first" else lambda: {"by": "second"})
        except Conflict:
            answers[name] = Answer({"by": "nobody"}, repeated=False)
        finally:
            connection.close()

    first, second = (threading.Thread(target=submit, args=(name,)) for name in ("first", "second"))
    first.start()
    assert inside.wait(30)
    second.start()
    second.join(0.3)
    assert second.is_alive(), "the second did not wait for the first"
    go_on.set()
    first.join(30)
    second.join(30)
    expected = Answer({"by": "second"}, repeated=False) if first_fails else Answer({"by": "first"}, repeated=True)
    assert answers["second"] == expected
