"""Who acts: a value that travels with every verb."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`kind` is member, api_key, client, provider or system; `id` its public id; `name` what people read."""

    kind: str
    id: str
    name: str


# What a detail may say of a client in words of theirs or ours; the trigger of migration 0003 knows the same.
REDACTED = ("title", "reason", "to", "email")
SYSTEM = Actor("system", "system", "Treff")
