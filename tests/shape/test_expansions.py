"""Migrations only expand what the version before reads and writes."""

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

from tests.shape import exceptions
from tests.shape.expansions import narrowing, narrows

BEFORE = ProjectState()
BEFORE.add_model(
    ModelState(
        "people",
        "lead",
        [
            ("id", models.BigAutoField(primary_key=True)),
            ("name", models.CharField(max_length=100)),
            ("note", models.TextField(null=True)),
            ("score", models.IntegerField(db_default=0)),
        ],
    )
)


@pytest.mark.fault("F-105")
def test_the_version_before_lives_on_with_the_tables_of_this_one() -> None:
    assert narrowing(MigrationLoader(None), exceptions.NOT_ONLY_EXPANDING) == []


@pytest.mark.parametrize(
    "operation",
    [
        migrations.CreateModel("Other", [("id", models.BigAutoField(primary_key=True))]),
        migrations.AddIndex("lead", models.Index(fields=["name"], name="x")),
        migrations.AddField("lead", "more", models.TextField(null=True)),
        migrations.AddField("lead", "more", models.IntegerField(default=1, db_default=1)),
        migrations.AlterField("lead", "name", models.CharField(max_length=200, choices=[("a", "a")])),
        migrations.AlterField("lead", "note", models.TextField(null=True, blank=True)),
    ],
)
def test_an_addition_is_fine(operation: Operation) -> None:
    assert narrows(operation, BEFORE, "people") == ""


@pytest.mark.parametrize(
    ("operation", "sentence"),
    [
        (migrations.AddField("lead", "more", models.IntegerField(default=1)), "older code does not fill more"),
        (migrations.AlterField("lead", "name", models.CharField(max_length=50)), "name takes less than before"),
        (migrations.AlterField("lead", "name", models.CharField(max_length=100, unique=True)), "name takes less"),
        (migrations.AlterField("lead", "name", models.IntegerField()), "name takes less than before"),
        (migrations.AlterField("lead", "note", models.TextField()), "note takes less than before"),
        (migrations.AlterField("lead", "score", models.IntegerField()), "score takes less than before"),
        (migrations.RemoveField("lead", "name"), "Remove field name from lead is not only an addition"),
        (migrations.RenameField("lead", "name", "title"), "is not only an addition"),
        (migrations.DeleteModel("Lead"), "is not only an addition"),
        (migrations.RunSQL("DROP TABLE people_lead"), "is not only an addition"),
        (
            migrations.AddConstraint("lead", models.UniqueConstraint(fields=["name"], name="x")),
            "is not only an addition",
        ),
    ],
)
def test_what_the_version_before_would_stumble_over_is_seen(operation: Operation, sentence: str) -> None:
    assert sentence in narrows(operation, BEFORE, "people")


def test_an_exception_that_nobody_needs_is_seen() -> None:
    allowed = {**exceptions.NOT_ONLY_EXPANDING, "people.0001_initial": "was it ever needed?"}
    assert narrowing(MigrationLoader(None), allowed) == [
        "people.0001_initial only expands: take it out of tests/shape/exceptions.py"
    ]
