"""Who acts: people, the service accounts of teams, and the portal itself."""

import hmac
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q

from apps.core.ids import new_id


class User(AbstractUser):
    """Somebody who acts: a person, a service account, or the portal itself.

    Attributes:
        held_roles: the roles as they were when the request signed in, see `selectors.reach`; None elsewhere.
    """

    class Kind(models.TextChoices):
        PERSON = "person", "Person"
        SERVICE = "service", "Service account"
        SYSTEM = "system", "The portal itself"

    TEAM_PATH = "team"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERSON)
    team = models.ForeignKey(
        "accounts.Team",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="service_accounts",
        help_text="Whose service account it is.",
    )
    session_epoch = models.PositiveIntegerField(
        default=0, editable=False, help_text="Sessions of an earlier epoch have ended."
    )

    objects: ClassVar = UserManager()

    held_roles: list[dict[str, Any]] | None = None

    class Meta(AbstractUser.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(team__isnull=True) | Q(kind="service"), name="team_of_service_account")
        ]

    @property
    def label(self) -> str:
        """How the person is named on pages and in the audit trail."""
        return self.get_full_name() or self.username

    def get_session_auth_hash(self) -> str:
        """Return what a session must hold to go on: it changes with the password, and when sessions are ended."""
        return self._of_epoch(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """Yield the same under each earlier key of the site."""
        yield from map(self._of_epoch, super().get_session_auth_fallback_hash())

    def _of_epoch(self, by_password: str) -> str:
        if not self.session_epoch:
            return by_password
        return hmac.digest(by_password.encode(), str(self.session_epoch).encode(), "sha256").hex()
