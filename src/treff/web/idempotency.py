"""Do what was asked for once, however often it is submitted: double clicks, reloads, retries of the API's callers."""

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import or_

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from treff.kernel import clock, texts
from treff.kernel.errors import N_, Invalid
from treff.web.models import SubmittedOnce

REMEMBERED_FOR = timedelta(hours=24)
LONGEST_KEY = 200
_MOST_FORGOTTEN_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it, as JSON; `repeated` if that was settled by an earlier submit."""

    value: dict[str, object]
    repeated: bool


def fingerprint_of(*parts: object) -> str:
    """The SHA-256 (hex) of what is asked for: JSON values, the order of keys in mappings does not matter."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def once(principal: str, key: str, fingerprint: str, do: Callable[[], dict[str, object]]) -> Answer:
    """What `do` returned for this key of this principal, now or when it was submitted before.

    1. Forget what is older than a day.
    2. Insert the row. Somebody who submits the same key just now waits here for our commit, or takes over if we fail.
    3. Ours: do it and keep the answer, in the same transaction. An exception of `do` rolls all back: the key is free.
    4. There before: the answer that was given, if it is the same request.
    5. A connection that is lost on the way to the commit's reply leaves open whether it was done: the row says so.

    Raises Invalid for field idempotency_key (no usable key, or another request used it), and whatever `do` raises.
    """
    name = texts.one_line("idempotency_key", key, longest=LONGEST_KEY, required=True)
    try:
        return _once(principal, name, fingerprint, do)
    except (OperationalError, InterfaceError):
        connection.close()
        done = SubmittedOnce.objects.filter(principal=principal, key=name, fingerprint=fingerprint).first()
        if done is None:
            raise
        return Answer(done.answer, repeated=False)


def forget_about(_workspace_id: int, ids: Collection[str]) -> int:
    """Answers that name one of these leads or appointments, who are erased (privacy.ports.connect). How many.

    Sent again with its key, such a request is a new one.
    """
    answers = SubmittedOnce.objects.annotate(said=Cast("answer", TextField()))
    names_one = reduce(or_, (Q(said__contains=each) for each in ids), Q(pk=None))
    return answers.filter(names_one).delete()[0]


def _once(principal: str, name: str, fingerprint: str, do: Callable[[], dict[str, object]]) -> Answer:
    with transaction.atomic():
        _forget_old(principal)
        row, is_new = SubmittedOnce.objects.get_or_create(
            principal=principal, key=name, defaults={"fingerprint": fingerprint}
        )
        if not is_new:
            if row.fingerprint != fingerprint:
                raise Invalid("idempotency_key", N_("This was submitted before with other values. Please start again."))
            return Answer(row.answer, repeated=True)
        row.answer = do()
        row.save(update_fields=["answer"])
    return Answer(row.answer, repeated=False)


def _forget_old(principal: str) -> None:
    """Rows that somebody else is just removing are theirs (skip_locked), so nobody waits here."""
    old = SubmittedOnce.objects.filter(principal=principal, created_at__lt=clock.now() - REMEMBERED_FOR)
    found = list(old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:_MOST_FORGOTTEN_AT_ONCE])
    if found:
        SubmittedOnce.objects.filter(pk__in=found).delete()
