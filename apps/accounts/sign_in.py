"""Signing in to pages: people only, and with their roles read in the same query."""

from typing import Any

from django.contrib.auth.backends import ModelBackend

from apps.accounts.models import User
from apps.accounts.selectors.reach import held_roles


class PeopleBackend(ModelBackend):
    """Service accounts and the portal itself have no password and sign in nowhere, whatever a session says."""

    def user_can_authenticate(self, user: Any) -> bool:
        return super().user_can_authenticate(user) and user.kind == User.Kind.PERSON

    def get_user(self, user_id: Any) -> User | None:
        found: User | None = User.objects.filter(pk=user_id).annotate(roles_now=held_roles("pk")).first()
        if found is None or not self.user_can_authenticate(found):
            return None
        found.held_roles = found.roles_now  # type: ignore[attr-defined]  # annotated above
        return found
