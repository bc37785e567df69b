"""A workspace with its Zoom user: what deeds are done in."""

import itertools
from dataclasses import dataclass
from datetime import datetime

from tests import house
from tests.conferencing.stage import Stage
from tests.simulators.zoom.driver import Driver
from tests.web.api.caller import Caller
from treff.appointments.models import Appointment
from treff.conferencing.grants import EARLY, SPREAD
from treff.conferencing.models import Connection, Grant
from treff.workspaces.ports import Scope

_numbers = itertools.count(1)


@dataclass
class Place:
    stage: Stage
    caller: Caller
    zoom_user: str

    @classmethod
    def open(cls, zoom: Driver) -> "Place":
        """Connected with an account of its own."""
        number = next(_numbers)
        owner = house.owner(house.workspace(f"place-{number}"))
        user = zoom.control("users", email=f"host{number}@place.example", first_name="Hanna", last_name="Host")
        found = cls(Stage(zoom, owner), Caller(owner.workspace), user["id"])
        found.connect()
        found.caller.get("/appointments")  # notes that the key is in use, once a minute
        return found

    def connect(self) -> None:
        self.stage.connect(self.zoom_user)

    @property
    def zoom(self) -> Driver:
        return self.stage.zoom

    @property
    def scope(self) -> Scope:
        return house.scope(self.stage.owner)

    @property
    def connection(self) -> Connection | None:
        return Connection.objects.filter(workspace=self.stage.owner.workspace).select_related("grant").first()

    def appointments(self) -> list[Appointment]:
        return list(Appointment.objects.filter(workspace=self.stage.owner.workspace).order_by("pk"))

    def let_token_age(self, now: datetime) -> None:
        """The next call exchanges it."""
        Grant.objects.filter(external_user_id=self.zoom_user).update(expires_at=now + EARLY - SPREAD)

    def submit(self, method: str, path: str, body: object, key: str) -> bool:
        """As a client of the API; whether it is told that it is done."""
        answer = self.caller.call(method, path, body, headers={"Idempotency-Key": key})
        assert answer.status_code in {200, 201, 503}, answer.content
        return answer.status_code != 503
