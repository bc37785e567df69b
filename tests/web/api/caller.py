"""A program that calls the API with a key, over Django's test client and a real database."""

import json
from typing import Any, cast

from django.http import HttpResponse
from django.test import Client

from treff.workspaces.actions import create_api_key
from treff.workspaces.models import Workspace
from treff.workspaces.states import Role

ROOT = "/api/v1"


class Caller:
    """Calls in the name of a workspace's key; without a workspace it has none."""

    def __init__(self, place: Workspace | None, role: Role = Role.ADMIN) -> None:
        self.key = create_api_key(place, role).reveal() if place is not None else ""
        self._client = Client()

    @classmethod
    def using(cls, key: str) -> "Caller":
        """Another program with the same key."""
        made = cls(None)
        made.key = key
        return made

    def get(self, path: str, **options: Any) -> HttpResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, body: object = None, **options: Any) -> HttpResponse:
        return self.call("POST", path, body, **options)

    def patch(self, path: str, body: object, **options: Any) -> HttpResponse:
        return self.call("PATCH", path, body, **options)

    def delete(self, path: str, **options: Any) -> HttpResponse:
        return self.call("DELETE", path, **options)

    def call(self, method: str, path: str, body: object = None, **options: Any) -> HttpResponse:
        """One request. Options: headers; content_type; raw=True for a body that is text or bytes already."""
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        raw = options.pop("raw", False)
        data = cast(str | bytes, body) if raw else b"" if body is None else json.dumps(body)
        return cast(
            HttpResponse,
            self._client.generic(
                method,
                ROOT + path,
                data,
                content_type=options.pop("content_type", "application/json"),
                headers=headers | options.pop("headers", {}),
                **options,
            ),
        )


def body_of(response: HttpResponse) -> Any:
    return json.loads(response.content)


def fields_of(response: HttpResponse) -> list[str]:
    """The fields that a problem complains of."""
    assert response.headers["Content-Type"] == "application/problem+json", response.content
    return [mistake["field"] for mistake in body_of(response).get("errors", [])]
