"""treff workspace, member and api-key, as processes: what they do, what they say, how they end."""

import hashlib
import json

import psycopg
import pytest

from tests import house
from tests.house import PASSWORD
from tests.management.installation import Installation, complaint
from tests.ports import free_port
from tests.product import Product
from tests.visitor import Client, Visitor
from treff.kernel.secrets import Secret
from treff.workspaces.models import ApiKey, Member, Workspace

WORKSPACE = ("workspace", "create", "nordlicht", "--name", "Nordlicht", "--owner-email", "petra@nordlicht.example")


def test_a_workspace_is_made_with_an_owner_who_can_sign_in(product: Product) -> None:
    command = ("workspace", "create", "by-command", "--name", "Von Hand", "--owner-email", "petra@by-command.example")
    done = product.treff(
        *command, "--owner-password-stdin", "--time-zone", "Europe/Vienna", "--locale", "en", stdin=f"{PASSWORD}\n"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert PASSWORD not in done.stdout
    made = Workspace.objects.get(slug="by-command")
    assert (made.name, made.time_zone, made.locale) == ("Von Hand", "Europe/Vienna", "en")
    assert done.stdout.split() == [f"id={made.public_id}", "slug=by-command", "name=Von", "Hand"]
    owner = house.owner(made)
    assert Visitor(product).sign_in(owner).get("/w/by-command/").status == 200


def test_an_owner_without_a_password_can_sign_in_with_none(installation: Installation) -> None:
    made = installation.ask(*WORKSPACE)
    assert set(made) == {"id", "slug", "name"}
    with psycopg.connect(installation.settings["TREFF_DATABASE_URL"]) as connection:
        (password,) = connection.execute("SELECT password FROM workspaces_user").fetchone() or ("",)
    assert password.startswith("!")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (("workspace", "create", "Not A Slug"), ""),
        (("--time-zone", "Europe/Atlantis"), ""),
        (("--owner-email", "petra"), "e-mail address"),
        (("--name", " "), ""),
        (("--owner-password-stdin",), "too short"),
    ],
)
def test_a_workspace_that_makes_no_sense_is_refused(
    installation: Installation, changes: tuple[str, ...], words: str
) -> None:
    command = (*changes, *WORKSPACE[3:]) if changes[0] == "workspace" else (*WORKSPACE, *changes)
    assert words in complaint(installation.treff(*command, stdin="short\n"))
    with psycopg.connect(installation.settings["TREFF_DATABASE_URL"]) as connection:
        assert connection.execute("SELECT count(*) FROM workspaces_workspace").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM workspaces_user").fetchone() == (0,)


def test_a_name_that_is_taken_and_a_member_who_is_one_are_refused(installation: Installation) -> None:
    installation.ask(*WORKSPACE)
    assert "taken" in complaint(installation.treff(*WORKSPACE))
    again = installation.treff("member", "add", "nordlicht", "--email", "Petra@Nordlicht.example", "--role", "rep")
    assert complaint(again)
    nowhere = installation.treff("member", "add", "nowhere", "--email", "a@b.example", "--role", "rep")
    assert "nothing here" in complaint(nowhere)
    assert "nothing here" in complaint(installation.treff("api-key", "create", "--workspace", "x", "--role", "rep"))


def test_a_member_is_added_and_one_who_is_known_keeps_their_password(product: Product) -> None:
    place = house.workspace("by-member-command")
    command = ("member", "add", place.slug, "--email", "murat@by-member.example", "--role", "admin", "--name", "Murat")
    done = product.treff(*command, "--password-stdin", "--json", stdin=f"{PASSWORD}\n")
    assert (done.returncode, done.stderr) == (0, "")
    member = Member.objects.select_related("user").get(workspace=place, user__email="murat@by-member.example")
    assert json.loads(done.stdout) == {"id": member.public_id, "email": member.user.email, "role": "admin"}
    assert member.user.name == "Murat"
    other = house.workspace("by-member-command-2")
    command = ("member", "add", other.slug, "--email", "murat@by-member.example", "--role", "rep", "--password-stdin")
    assert product.treff(*command, stdin="another password for him\n").returncode == 0
    visitor = Visitor(product).sign_in(member)
    assert visitor.get(f"/w/{place.slug}/").status == visitor.get(f"/w/{other.slug}/").status == 200


@pytest.mark.attack("A-097")
def test_an_api_key_works_is_printed_once_and_only_its_digest_is_stored(product: Product) -> None:
    place = house.workspace("by-key-command")
    done = product.treff("api-key", "create", "--workspace", place.slug, "--role", "admin")
    assert (done.returncode, done.stderr) == (0, "")
    (key,) = done.stdout.split()
    assert Client(product, Secret(key)).get("/members")[0]["email"] == house.owner(place).user.email
    row = ApiKey.objects.get(workspace=place)
    assert row.digest == hashlib.sha256(key.encode()).hexdigest()
    assert key not in str(ApiKey.objects.filter(pk=row.pk).values().get())
    assert key not in product.logs()
    second = json.loads(product.treff("api-key", "create", "--workspace", place.slug, "--role", "rep", "--json").stdout)
    assert second["key"] != key
    assert Client(product, Secret(key[:-1] + "x")).ask("GET", "/members").status == 401


@pytest.mark.parametrize(
    "command",
    [
        ("nonsense",),
        ("workspace", "create"),
        ("workspace", "create", "x", "--name", "X"),
        (*WORKSPACE, "--locale", "fr"),
        (*WORKSPACE, "--owner-password", "on the command line, for everybody to see"),
        ("member", "add", "x", "--email", "a@b.example", "--role", "king"),
        ("api-key", "create", "--workspace", "x", "--role", "owner"),
        ("serve", "--port", "http"),
        ("keys",),
        ("migrate", "--fake"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_how_it_goes(installation: Installation, command: tuple[str, ...]) -> None:
    done = installation.treff(*command)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [(), ("workspace",), ("keys", "rotate"), ("demo",), ("serve",)])
def test_every_command_explains_itself(installation: Installation, command: tuple[str, ...]) -> None:
    done = installation.treff(*command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: " in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        WORKSPACE,
        ("migrate",),
        ("keys", "status"),
        ("keys", "rotate"),
        ("api-key", "create", "--workspace", "x", "--role", "rep"),
    ],
)
def test_without_a_database_a_command_says_so_in_one_sentence(
    installation: Installation, command: tuple[str, ...]
) -> None:
    url = f"postgresql://treff:canary@127.0.0.1:{free_port()}/treff"
    done = installation.with_settings(TREFF_DATABASE_URL=url).treff(*command)
    assert (done.returncode, done.stdout) == (1, "")
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("The database does not answer: ")
    assert "canary" not in sentence


def test_in_production_a_database_must_be_named(installation: Installation) -> None:
    settings = {name: value for name, value in installation.settings.items() if name != "TREFF_DATABASE_URL"}
    done = Installation({**settings, "TREFF_ENV": "production"}).treff(*WORKSPACE)
    assert complaint(done) == "TREFF_DATABASE_URL is missing: the embedded database is for trial only."
