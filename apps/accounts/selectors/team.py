"""What the page of a team shows: who holds which role on it or below, its projects, its service accounts."""

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from apps.accounts.models import Membership, Project, Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors.reach import is_everywhere
from apps.core.doors import note_asked


def memberships_of(team: Team) -> QuerySet[Membership]:
    """Roles on the team, on its organisation and on its projects, those that have ended left out."""
    reaching = Membership.objects.current().filter(
        Q(team=team) | Q(organisation=team.organisation_id) | Q(project__team=team)
    )
    return reaching.select_related("user", "organisation", "team", "project__team", "given_by").order_by(
        "user__username", "role", "pk"
    )


def service_accounts_of(team: Team) -> QuerySet[User]:
    """The team's service accounts, each with the number of its keys that open something as `live_keys`."""
    live = Q(api_keys__revoked_at__isnull=True) & (
        Q(api_keys__expires_at__isnull=True) | Q(api_keys__expires_at__gt=timezone.now())
    )
    return User.objects.filter(team=team).annotate(live_keys=Count("api_keys", filter=live)).order_by("-pk")


def projects_of(team: Team) -> QuerySet[Project]:
    """The team's projects, by slug."""
    return Project.objects.filter(team=team).order_by("slug")


def own_memberships(actor: User) -> QuerySet[Membership]:
    """The roles that `actor` holds, on whatever scope."""
    held = Membership.objects.current().filter(user_id=actor.pk)
    return held.select_related("organisation", "team", "project__team", "given_by").order_by("role", "pk")


def visible_memberships(*, actor: User) -> QuerySet[Membership]:
    """Roles on scopes where `actor` holds one too; all of them for an administrator."""
    note_asked(Permission.READ)  # which every role allows
    held = Membership.objects.current().select_related("user", "organisation", "team", "project__team", "given_by")
    if is_everywhere(actor, "manage"):
        return held
    own = Membership.objects.current().filter(user_id=actor.pk, user__is_active=True)
    organisations = own.values("organisation_id")
    return held.filter(
        Q(organisation__in=organisations)
        | Q(team__in=own.values("team_id"))
        | Q(team__organisation__in=organisations)
        | Q(project__in=own.values("project_id"))
        | Q(project__team__in=own.values("team_id"))
        | Q(project__team__organisation__in=organisations)
    )


def visible_service_accounts(*, actor: User) -> QuerySet[User]:
    """Service accounts of teams on which, or on whose organisation, `actor` holds a role."""
    note_asked(Permission.READ)
    accounts = User.objects.filter(kind=User.Kind.SERVICE, team__isnull=False).select_related("team")
    if is_everywhere(actor, "manage"):
        return accounts
    own = Membership.objects.current().filter(user_id=actor.pk, user__is_active=True)
    return accounts.filter(Q(team__in=own.values("team_id")) | Q(team__organisation__in=own.values("organisation_id")))
