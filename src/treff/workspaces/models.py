"""Rows: users, workspaces, members, API keys; and the query set that knows the scope."""

from datetime import timedelta
from functools import partial
from typing import ClassVar, Self, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower

from treff.kernel import clock
from treff.kernel.ids import new_id
from treff.workspaces.errors import NotHere
from treff.workspaces.ports import Scope
from treff.workspaces.states import Reach, Role

M = TypeVar("M", bound=models.Model)


class ScopedQuerySet(models.QuerySet[M]):
    """Query set of rows that belong to a workspace (column `workspace`)."""

    def within(self, scope: Scope) -> Self:
        """Only the rows of the scope's workspace."""
        return self.filter(workspace_id=scope.workspace_id)

    def named(self, public_id: str) -> M:
        """The one row with this public id. Raises NotHere, the same for missing and foreign."""
        row = self.filter(public_id=public_id).first()
        if row is None:
            raise NotHere
        return row


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        """Case-insensitive, as people type addresses."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person who signs in; belongs to workspaces through Member."""

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "usr"), editable=False)
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=100, blank=True)
    locale = models.CharField(max_length=10, default="en")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = (models.UniqueConstraint(Lower("email"), name="user_email_once"),)

    def __str__(self) -> str:
        return self.name or self.email


class Workspace(models.Model):
    """One sales team. `data_key` is the wrapped key of its own secrets.

    `setup_dismissed_at`: when an administrator put away the list of what is still to be set up.
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "ws"), editable=False)
    slug = models.CharField(max_length=60, unique=True, validators=[RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*$")])
    name = models.CharField(max_length=100)
    time_zone = models.CharField(max_length=60, default="Europe/Berlin")
    locale = models.CharField(max_length=10, default="en")
    confirmation_mails = models.BooleanField(default=True)
    link_wait = models.DurationField(default=timedelta(seconds=30))
    setup_dismissed_at = models.DateTimeField(null=True)
    data_key = models.TextField()
    created_at = models.DateTimeField(default=clock.now, editable=False)

    def __str__(self) -> str:
        return self.name


class Brand(models.Model):
    """How a workspace's public pages look, and who may show them in a frame; without a row: like Treff, nobody.

    `logo` is a PNG that we wrote ourselves, `logo_digest` its SHA-256 (hex). `embed_origins`: https://host, each.
    """

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="brand")
    color = models.CharField(max_length=7, blank=True)
    logo = models.BinaryField(default=bytes)
    logo_digest = models.CharField(max_length=64, blank=True)
    embed_origins = models.JSONField(default=list)


class Member(models.Model):
    """A user's place in a workspace; a host of appointments is a member.

    `calendar_version` grows with whatever changes when the member has time. `daily_digest`: they want a mail in the
    evening about the next day's appointments.
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "mem"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=[(role.value, role.value) for role in Role])
    time_zone = models.CharField(max_length=60)
    calendar_version = models.PositiveIntegerField(default=0)
    daily_digest = models.BooleanField(default=True, db_default=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = ScopedQuerySet["Member"].as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("workspace", "user"), name="member_once"),)

    def __str__(self) -> str:
        return str(self.user)


class ApiKey(models.Model):
    """A key of the REST API; only its SHA-256 is stored: a slow hash would protect 256 random bits no better."""

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "key"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="api_keys")
    role = models.CharField(max_length=10, choices=[(role.value, role.value) for role in Role])
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = ScopedQuerySet["ApiKey"].as_manager()


class CalendarAddress(models.Model):
    """Where calendar programs read appointments; whoever knows it reads them, so only its SHA-256 is stored.

    It is worth what its member may see at the moment when it is asked.
    """

    public_id = models.CharField(max_length=40, unique=True, default=partial(new_id, "cal"), editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="calendar_addresses")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="calendar_addresses")
    reach = models.CharField(max_length=10, choices=[(reach.value, reach.value) for reach in Reach])
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = ScopedQuerySet["CalendarAddress"].as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("member", "reach"), name="calendar_address_once"),)


class KeyCanary(models.Model):
    """One per key-encrypting key: a value that this key must open when a process starts. `retired_at`: seal no more."""

    kid = models.CharField(max_length=32, unique=True)
    sealed = models.TextField()
    retired_at = models.DateTimeField(null=True)
