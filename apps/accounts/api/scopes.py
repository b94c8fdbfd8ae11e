"""Who I am; teams, projects, roles and service accounts over HTTP."""

from typing import Any, ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import selectors, services
from apps.accounts.api.serializers import scopes as shapes
from apps.accounts.models import Project, Scope, Team, User
from apps.accounts.permissions import Permission, Role
from apps.accounts.selectors.scopes import visible_organisations
from apps.accounts.selectors.team import own_memberships, visible_memberships, visible_service_accounts
from apps.core.api.pages import page_of
from apps.core.api.views import PortalAPIView
from apps.core.doors import SIGNED_IN
from apps.core.idempotency import idempotent


def found_team(actor: User, slug: str) -> Team:
    """Return a team that `actor` sees, or answer 404."""
    return get_object_or_404(selectors.teams_with_roles(actor=actor), slug=slug)


class Me(PortalAPIView):
    """GET /llm-ops/v1/accounts/me"""

    permissions: ClassVar = {"get": SIGNED_IN}

    @extend_schema(summary="Who the caller is, with teams and roles", responses=shapes.MeOut)
    def get(self, request: Request) -> Response:
        me: Any = request.user
        teams, roles = selectors.teams_with_roles(actor=me), own_memberships(me)
        described = {name: getattr(me, name) for name in ("id", "username", "label", "kind", "is_superuser")}
        return Response(shapes.MeOut(described | {"teams": teams, "roles": roles}).data)


class Teams(PortalAPIView):
    """GET, POST /llm-ops/v1/accounts/teams"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.MANAGE}

    @extend_schema(summary="Teams that the caller has a role on", responses=shapes.TeamOut(many=True))
    def get(self, request: Request) -> Response:
        teams = selectors.teams_with_roles(actor=request.user)
        return Response(page_of(request, teams, lambda team: shapes.TeamOut(team).data))

    @extend_schema(summary="Make a team of an organisation", request=shapes.TeamIn, responses=shapes.TeamOut)
    @idempotent
    def post(self, request: Request) -> Response:
        given = self.given(shapes.TeamIn, request)
        organisations = visible_organisations(actor=request.user)
        organisation = get_object_or_404(organisations, slug=given.pop("organisation"))
        made = services.create_team(actor=request.user, organisation=organisation, **given)
        return Response(shapes.TeamOut(found_team(request.user, made.slug)).data)


class TeamDetail(PortalAPIView):
    """GET, PATCH /llm-ops/v1/accounts/teams/{slug}"""

    permissions: ClassVar = {"get": Permission.READ, "patch": Permission.MANAGE}

    @extend_schema(summary="One team", responses=shapes.TeamOut)
    def get(self, request: Request, slug: str) -> Response:
        return Response(shapes.TeamOut(found_team(request.user, slug)).data)

    @extend_schema(summary="Give a team another name", request=shapes.RenameIn, responses=shapes.TeamOut)
    def patch(self, request: Request, slug: str) -> Response:
        team = found_team(request.user, slug)
        services.rename_scope(actor=request.user, scope=team, **self.given(shapes.RenameIn, request))
        return Response(shapes.TeamOut(found_team(request.user, slug)).data)


class Projects(PortalAPIView):
    """GET, POST /llm-ops/v1/accounts/projects"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.MANAGE}

    @extend_schema(summary="Projects", parameters=[shapes.TeamFilter], responses=shapes.ProjectOut(many=True))
    def get(self, request: Request) -> Response:
        projects = selectors.visible_projects(actor=request.user)
        if team := self.given_query(shapes.TeamFilter, request).get("team"):
            projects = projects.filter(team__slug=team)
        return Response(page_of(request, projects, lambda project: shapes.ProjectOut(project).data))

    @extend_schema(summary="Make a project of a team", request=shapes.ProjectIn, responses=shapes.ProjectOut)
    @idempotent
    def post(self, request: Request) -> Response:
        given = self.given(shapes.ProjectIn, request)
        team = found_team(request.user, given.pop("team"))
        return Response(shapes.ProjectOut(services.create_project(actor=request.user, team=team, **given)).data)


class ProjectDetail(PortalAPIView):
    """GET, PATCH /llm-ops/v1/accounts/projects/{projectId}"""

    permissions: ClassVar = {"get": Permission.READ, "patch": Permission.MANAGE}

    def found(self, request: Request, project_id: UUID) -> Project:
        return get_object_or_404(selectors.visible_projects(actor=request.user), pk=project_id)

    @extend_schema(summary="One project", responses=shapes.ProjectOut)
    def get(self, request: Request, project_id: UUID) -> Response:
        return Response(shapes.ProjectOut(self.found(request, project_id)).data)

    @extend_schema(summary="Give a project another name", request=shapes.RenameIn, responses=shapes.ProjectOut)
    def patch(self, request: Request, project_id: UUID) -> Response:
        project = self.found(request, project_id)
        services.rename_scope(actor=request.user, scope=project, **self.given(shapes.RenameIn, request))
        return Response(shapes.ProjectOut(self.found(request, project_id)).data)


class Roles(PortalAPIView):
    """GET, POST /llm-ops/v1/accounts/roles"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.MANAGE}

    @extend_schema(
        summary="Roles on the scopes that the caller has a role on",
        parameters=[shapes.RoleFilter],
        responses=shapes.RoleOut(many=True),
    )
    def get(self, request: Request) -> Response:
        lookups = {"team": "team__slug", "user": "user__username", "role": "role"}
        asked = self.given_query(shapes.RoleFilter, request)
        roles = visible_memberships(actor=request.user)
        roles = roles.filter(**{lookups[name]: value for name, value in asked.items()})
        return Response(page_of(request, roles, lambda role: shapes.RoleOut(role).data))

    @extend_schema(summary="Give a role on a scope", request=shapes.RoleIn, responses=shapes.RoleOut)
    @idempotent
    def post(self, request: Request) -> Response:
        given = self.given(shapes.RoleIn, request)
        scope = _scope(request.user, given)
        user = get_object_or_404(User, username=given.pop("user"), is_active=True)
        given["role"] = Role(given["role"])
        return Response(shapes.RoleOut(services.give_role(actor=request.user, user=user, scope=scope, **given)).data)


class RoleDetail(PortalAPIView):
    """DELETE /llm-ops/v1/accounts/roles/{roleId}"""

    permissions: ClassVar = {"delete": Permission.MANAGE}

    @extend_schema(summary="Take a role away", responses=shapes.RoleOut)
    def delete(self, request: Request, role_id: UUID) -> Response:
        held = get_object_or_404(visible_memberships(actor=request.user), pk=role_id)
        described = shapes.RoleOut(held).data
        services.take_role(actor=request.user, membership=held)
        return Response(described)


class ServiceAccounts(PortalAPIView):
    """GET, POST /llm-ops/v1/accounts/service-accounts"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.MANAGE}

    @extend_schema(
        summary="Service accounts of the caller's teams",
        parameters=[shapes.TeamFilter],
        responses=shapes.ServiceAccountOut(many=True),
    )
    def get(self, request: Request) -> Response:
        accounts = visible_service_accounts(actor=request.user)
        if team := self.given_query(shapes.TeamFilter, request).get("team"):
            accounts = accounts.filter(team__slug=team)
        return Response(page_of(request, accounts, lambda account: shapes.ServiceAccountOut(account).data))

    @extend_schema(
        summary="Make a service account of a team", request=shapes.ServiceAccountIn, responses=shapes.ServiceAccountOut
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = self.given(shapes.ServiceAccountIn, request)
        team = found_team(request.user, given.pop("team"))
        account = services.create_service_account(actor=request.user, team=team, **given)
        return Response(shapes.ServiceAccountOut(account).data)


class ServiceAccountDetail(PortalAPIView):
    """GET, PATCH /llm-ops/v1/accounts/service-accounts/{accountId}"""

    permissions: ClassVar = {"get": Permission.READ, "patch": Permission.MANAGE}

    def found(self, request: Request, account_id: UUID) -> User:
        return get_object_or_404(visible_service_accounts(actor=request.user), pk=account_id)

    @extend_schema(summary="One service account", responses=shapes.ServiceAccountOut)
    def get(self, request: Request, account_id: UUID) -> Response:
        return Response(shapes.ServiceAccountOut(self.found(request, account_id)).data)

    @extend_schema(
        summary="Disable or enable a service account",
        request=shapes.ServiceAccountPatch,
        responses=shapes.ServiceAccountOut,
    )
    def patch(self, request: Request, account_id: UUID) -> Response:
        given = self.given(shapes.ServiceAccountPatch, request)
        change = services.enable_account if given.pop("is_active") else services.disable_account
        change(actor=request.user, account=self.found(request, account_id), **given)
        return Response(shapes.ServiceAccountOut(self.found(request, account_id)).data)


def _scope(actor: User, given: dict[str, Any]) -> Scope:
    """Take the scope that a body names out of it; 404 for one that `actor` does not see."""
    if slug := given.pop("organisation", None):
        return get_object_or_404(visible_organisations(actor=actor), slug=slug)
    if slug := given.pop("team", None):
        return found_team(actor, slug)
    return get_object_or_404(selectors.visible_projects(actor=actor), pk=given.pop("project"))
