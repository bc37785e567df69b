"""A web server on a wire, and what its callers say."""

import time
from dataclasses import replace

import psutil

from tests import house
from tests.faults.wire import Commit, Wire
from tests.journeys.team import Team
from tests.ports import free_port
from tests.product import Product, answers, eventually
from tests.visitor import Answer, Client
from treff.appointments.models import Appointment
from treff.workspaces.actions import create_api_key
from treff.workspaces.states import Role

# granian gives up altogether if the same process ends twice within 5.5 seconds (its server/common.py, _serve_loop).
YOUTH = 9.0


class Site:
    """A web server of its own, with two processes, on a wire."""

    def __init__(self, product: Product, wire: Wire) -> None:
        port, self.wire = free_port(), wire
        environment = product.environment | {"TREFF_DATABASE_URL": wire.url}
        self.product = replace(product, url=f"http://127.0.0.1:{port}", environment=environment, processes={})
        self.product.start("site", "serve", "--port", str(port), "--processes", "2")
        eventually(lambda: answers(f"{self.product.url}/readyz"), "the site")

    def kill_client_of(self, commit: Commit) -> None:
        """Not sooner after its start than the server replaces it: who dies young is taken for a loop of crashes."""
        commit.await_reached()
        age = time.time() - psutil.Process(commit.pid).create_time()
        time.sleep(max(0.0, YOUTH - age))
        commit.kill()

    def client(self, team: Team) -> Client:
        return Client(self.product, create_api_key(team.workspace, Role.ADMIN))


def order_of(title: str) -> dict[str, object]:
    lead = {"name": "Lena Lead", "email": f"{title.lower().replace(' ', '.')}@customer.example"}
    start = house.later().isoformat()
    return {"lead": lead, "start": start, "duration_minutes": 45, "title": title, "provider": "none"}


def stored(title: str) -> int:
    return Appointment.objects.filter(title=title).count()


def submit(client: Client, title: str, order: dict[str, object]) -> Answer:
    """With a key that belongs to the title."""
    return client.ask("POST", "/appointments", order, Idempotency_Key=title.replace(" ", "-"))
