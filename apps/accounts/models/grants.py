"""The base of grants on single objects."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from guardian.managers import UserObjectPermissionManager
from guardian.models import UserObjectPermissionBase

from apps.accounts.models.people import User


class ObjectGrantQuerySet(models.QuerySet["ObjectGrant"]):
    def current(self) -> "ObjectGrantQuerySet":
        """Those in force: an expired one ends by itself."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()))


class ObjectGrant(UserObjectPermissionBase):
    """A grant on one object for one person, for the exceptions that roles do not cover.

    Inheriting models stand in the object's own app and add the foreign key `content_object`.
    """

    class Effect(models.TextChoices):
        ALLOW = "allow", "Allow"
        DENY = "deny", "Deny"

    effect = models.CharField(max_length=5, choices=Effect.choices, default=Effect.ALLOW)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="It ends by itself then.")
    given_by = models.ForeignKey(
        User,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who gave it.",
    )
    given_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar = UserObjectPermissionManager.from_queryset(ObjectGrantQuerySet)()

    class Meta(UserObjectPermissionBase.Meta):
        abstract = True

    @property
    def verb(self) -> str:
        """The permission that it is about, such as "use"."""
        return str(self.permission.codename.partition("_")[0])

    @property
    def is_current(self) -> bool:
        return self.expires_at is None or self.expires_at > timezone.now()
