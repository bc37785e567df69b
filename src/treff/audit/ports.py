"""Who acts: a value that travels with every verb."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`kind` is member, api_key, lead, provider or system; `id` its public id; `name` what people read."""

    kind: str
    id: str
    name: str


SYSTEM = Actor("system", "system", "Treff")
