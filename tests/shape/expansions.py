"""While a new version is rolled out the one before still runs, on tables that are new already.

So a migration only adds what the older code need not know: tables, indexes, columns that are empty or filled by the
database, longer texts. What takes away, forbids or rewrites comes one version later, when nobody reads it any more, or
stands with its reason in tests/shape/exceptions.py.
"""

from collections.abc import Iterator, Mapping

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import (
    AddField,
    AddIndex,
    AlterField,
    AlterModelManagers,
    AlterModelOptions,
    CreateModel,
)
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import CharField, Field
from django.db.models.fields import NOT_PROVIDED

HARMLESS = (CreateModel, AddIndex, AlterModelOptions, AlterModelManagers)


def narrowing(loader: MigrationLoader, allowed: Mapping[str, str]) -> list[str]:
    """Migrations of ours that the version before may not survive, and exceptions that nobody needs."""
    found = {f"{app}.{name}": list(_narrowing(loader, app, name)) for app, name in sorted(_ours(loader))}
    sentences = [f"{key}: {sentence}" for key, those in found.items() if key not in allowed for sentence in those]
    return sentences + [
        f"{key} only expands: take it out of tests/shape/exceptions.py" for key in allowed if not found.get(key)
    ]


def _ours(loader: MigrationLoader) -> Iterator[tuple[str, str]]:
    return (key for key, found in loader.disk_migrations.items() if type(found).__module__.startswith("treff."))


def _narrowing(loader: MigrationLoader, app: str, name: str) -> Iterator[str]:
    """Of a table that the same migration makes nobody knows yet."""
    state, made = loader.project_state((app, name), at_end=False), set[str]()
    for operation in loader.disk_migrations[app, name].operations:
        if isinstance(operation, CreateModel):
            made.add(operation.name.lower())
        if getattr(operation, "model_name", "").lower() not in made and (sentence := narrows(operation, state, app)):
            yield sentence
        operation.state_forwards(app, state)


def narrows(operation: Operation, before: ProjectState, app: str) -> str:
    """What the older code would stumble over; empty if nothing."""
    match operation:
        case AddField(name=name, field=field):
            return "" if _fills_itself(field) else f"older code does not fill {name}: null=True, or a db_default"
        case AlterField(model_name=model, name=name, field=field):
            old = before.models[app, model.lower()].fields[name]
            return "" if _takes_all(field, old) else f"{name} takes less than before"
    return "" if isinstance(operation, HARMLESS) else f"{operation.describe()} is not only an addition"


def _fills_itself(field: Field) -> bool:
    return field.null or field.db_default is not NOT_PROVIDED or field.many_to_many


def _takes_all(new: Field, old: Field) -> bool:
    """Whether whatever was written before, or is left out, may still be."""
    if new.remote_field is not None and old.remote_field is not None:
        same_type = new.remote_field.model == old.remote_field.model
    elif isinstance(new, CharField) and isinstance(old, CharField):
        same_type = (new.max_length or 0) >= (old.max_length or 0)
    else:
        same_type = new.db_parameters(connection)["type"] == old.db_parameters(connection)["type"]
    still_filled = old.db_default is NOT_PROVIDED or new.db_default is not NOT_PROVIDED
    return same_type and (new.null or not old.null) and (old.unique or not new.unique) and still_filled
