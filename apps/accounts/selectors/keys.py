"""Which API keys somebody sees: their own, and those of the service accounts that they manage."""

from django.db.models import Q

from apps.accounts.models import ApiKey, User
from apps.accounts.models.keys import ApiKeyQuerySet
from apps.accounts.permissions import Permission
from apps.accounts.selectors.scopes import teams_where
from apps.core.doors import OWN, note_asked


def visible_keys(*, actor: User) -> ApiKeyQuerySet:
    """API keys of `actor`, and of the service accounts of teams that `actor` manages; of everybody for a superuser."""
    note_asked(OWN)
    keys: ApiKeyQuerySet = ApiKey.objects.select_related("user", "user__team")
    if actor.is_superuser:
        return keys
    managed = teams_where(actor, Permission.MANAGE).order_by().values("pk")
    return keys.filter(Q(user=actor) | Q(user__team__in=managed))
