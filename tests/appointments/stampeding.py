"""python -m tests.appointments.stampeding: forks processes that book, move, cancel and approve; see stampede.py.

Reads for each process a JSON list of deeds, [{"deed": name, …}, …], and writes what became of each, in their order:
the `id` of the appointment, or by what it was `refused`; `broke` is what must not happen. It loads treff once, so that
fifty processes cost what one costs, and is connected to nothing when it forks.
"""

import json
import multiprocessing
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

import django
from django.db import connection

from tests.appointments.stampede import Order, Outcome

django.setup()
from tests import clients  # noqa: E402  these have models, which need django.setup
from treff.appointments import actions, approvals, self_service  # noqa: E402
from treff.appointments.ports import Amendment, Booking, SlotRequest  # noqa: E402
from treff.booking_types.models import BookingType  # noqa: E402
from treff.kernel.errors import Conflict  # noqa: E402
from treff.workspaces.models import Member  # noqa: E402
from treff.workspaces.ports import Scope  # noqa: E402
from treff.workspaces.queries import scope_of  # noqa: E402

PATIENCE = 100.0  # seconds


def take(order: Order) -> Outcome:
    """As a client, who looks what else there is if the time has gone."""
    kind, start_at = kind_of(order), start_of(order)
    wanted = SlotRequest(start_at, {"name": "Client", "email": order["email"]})
    try:
        booked = self_service.book_offered(kind.workspace, kind, wanted).appointment
    except Conflict as refused:
        fresh = clients.starts(kind, start_at.replace(hour=0), start_at.replace(hour=0) + timedelta(days=1))
        return {"refused": type(refused).__name__, "fresh": [start.isoformat() for start in fresh]}
    return {"id": booked.public_id, "host": booked.host.public_id}


def move(order: Order) -> Outcome:
    return {"id": self_service.move_offered(order["token"], start_of(order)).public_id}


def cancel(order: Order) -> Outcome:
    return {"id": self_service.cancel_own(order["token"]).public_id}


def book(order: Order) -> Outcome:
    """As the host, whatever is offered."""
    wanted = Booking(order["lead"], start_of(order), timedelta(minutes=order["minutes"]), booking_type=order["type"])
    return {"id": actions.book(scope_from(order), wanted).public_id}


def amend(order: Order) -> Outcome:
    return {"id": actions.amend(scope_from(order), order["id"], Amendment(start_at=start_of(order))).public_id}


def approve(order: Order) -> Outcome:
    return {"id": approvals.approve(scope_from(order), order["id"]).public_id}


DEEDS: Mapping[str, Callable[[Order], Outcome]] = {
    deed.__name__: deed for deed in (take, move, cancel, book, amend, approve)
}


def kind_of(order: Order) -> BookingType:
    return BookingType.objects.select_related("workspace").get(slug=order["type"])


def start_of(order: Order) -> datetime:
    return datetime.fromisoformat(order["start"])


def scope_from(order: Order) -> Scope:
    return scope_of(Member.objects.select_related("workspace", "user").get(public_id=order["host"]))


def attempt(order: Order) -> Outcome:
    try:
        return DEEDS[order["deed"]](order)
    except Conflict as refused:
        return {"refused": type(refused).__name__}
    except Exception as error:
        return {"broke": repr(error)}


def act(deeds: Sequence[Order], barrier: Barrier, answer: Connection) -> None:
    connection.ensure_connection()
    barrier.wait(PATIENCE)
    answer.send([attempt(order) for order in deeds])
    connection.close()


def main() -> None:
    orders = json.load(sys.stdin)
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(len(orders))
    answers, workers = [], []
    for deeds in orders:
        mine, theirs = context.Pipe()
        workers.append(context.Process(target=act, args=(deeds, barrier, theirs)))
        workers[-1].start()
        theirs.close()
        answers.append(mine)
    outcomes = [answer.recv() for answer in answers]
    for worker in workers:
        worker.join(PATIENCE)
    json.dump(outcomes, sys.stdout)


if __name__ == "__main__":
    main()
