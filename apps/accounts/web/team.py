"""The page of a team: members by scope, projects, service accounts and their keys. Managers change them here."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache

from apps.accounts import selectors, services
from apps.accounts.models import Team
from apps.accounts.permissions import Permission
from apps.accounts.selectors.scopes import reaches
from apps.accounts.selectors.team import (
    memberships_of,
    projects_of,
    service_accounts_of,
    visible_memberships,
    visible_service_accounts,
)
from apps.accounts.services import NewKey
from apps.accounts.web import forms
from apps.accounts.web.posted import posted
from apps.core.errors import DomainError
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest


@needs(Permission.READ)
@never_cache
def team(request: HtmxHttpRequest, slug: str) -> HttpResponse:
    return render_team(request, _found(request, slug))


@needs(post=Permission.MANAGE)
def give_role(request: HtmxHttpRequest, slug: str) -> HttpResponse:
    found = _found(request, slug)
    form = forms.RoleForm(request.POST, team=found)

    def change() -> None:
        given = dict(form.cleaned_data)
        services.give_role(actor=request.user, scope=given.pop("project") or found, **given)

    return _done(request, found, posted(form, change), role_form=form)


@needs(post=Permission.MANAGE)
def take_role(request: HtmxHttpRequest, slug: str, role_id: UUID) -> HttpResponse:
    held = get_object_or_404(visible_memberships(actor=request.user), pk=role_id)
    return _told(request, slug, lambda: services.take_role(actor=request.user, membership=held))


@needs(post=Permission.MANAGE)
def create_project(request: HtmxHttpRequest, slug: str) -> HttpResponse:
    found, form = _found(request, slug), forms.ProjectForm(request.POST)
    made = posted(form, lambda: services.create_project(actor=request.user, team=found, **form.cleaned_data))
    return _done(request, found, made, project_form=form)


@needs(post=Permission.MANAGE)
def create_account(request: HtmxHttpRequest, slug: str) -> HttpResponse:
    found, form = _found(request, slug), forms.ServiceAccountForm(request.POST)
    made = posted(form, lambda: services.create_service_account(actor=request.user, team=found, **form.cleaned_data))
    return _done(request, found, made, account_form=form)


@needs(post=Permission.MANAGE)
def switch_account(request: HtmxHttpRequest, slug: str, account_id: UUID, verb: str) -> HttpResponse:
    """Disable or enable a service account."""
    account = get_object_or_404(visible_service_accounts(actor=request.user), pk=account_id)
    change = services.enable_account if verb == "enable" else services.disable_account
    return _told(request, slug, lambda: change(actor=request.user, account=account))


@needs(post=Permission.MANAGE)
@never_cache
def create_key(request: HtmxHttpRequest, slug: str) -> HttpResponse:
    """Make a key for a service account; it is shown on this answer and never again."""
    found = _found(request, slug)
    form = forms.OwnedKeyForm(request.POST, team=found)
    made: list[NewKey] = []
    if posted(form, lambda: made.append(services.create_api_key(actor=request.user, **form.cleaned_data))):
        return render_team(request, found, made=made[0])
    return render_team(request, found, key_form=form)


def render_team(request: HtmxHttpRequest, team: Team, *, made: NewKey | None = None, **wrong: Any) -> HttpResponse:
    """Render the page; `wrong` are forms that were refused, which stand in the place of empty ones."""
    manages = reaches(request.user, Permission.MANAGE, team)
    context: dict[str, Any] = {
        "team": team,
        "manages": manages,
        "page": list_page(request, memberships_of(team), sorts={"name": "user__username"}, default="name"),
        "projects": projects_of(team),
        "accounts": service_accounts_of(team),
        "made": made,
    }
    if manages:
        context |= {
            "keys": selectors.visible_keys(actor=request.user).filter(user__team=team).live(),
            "role_form": forms.RoleForm(team=team),
            "project_form": forms.ProjectForm(),
            "account_form": forms.ServiceAccountForm(),
            "key_form": forms.OwnedKeyForm(team=team),
        }
    return render(request, "accounts/team.html", context | wrong, status=422 if wrong else 200)


def _done(request: HtmxHttpRequest, team: Team, made: bool, **form: Any) -> HttpResponse:
    return redirect(team) if made else render_team(request, team, **form)


def _told(request: HtmxHttpRequest, slug: str, change: Any) -> HttpResponse:
    """Make a change that has no form; a refusal is told on the page that one comes from."""
    found = _found(request, slug)
    try:
        change()
    except DomainError as error:
        messages.error(request, str(error))
    return redirect(found)


def _found(request: HtmxHttpRequest, slug: str) -> Team:
    return get_object_or_404(selectors.visible_teams(actor=request.user).select_related("organisation"), slug=slug)
