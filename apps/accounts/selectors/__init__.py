"""Who may see and do what. Every read of a governed object starts at `visible_to`; only accounts knows of
django-guardian."""

from apps.accounts.selectors.keys import visible_keys
from apps.accounts.selectors.objects import allows, denied_ids, require, visible_to, whole_of
from apps.accounts.selectors.people import has_role_on, people_holding, people_with
from apps.accounts.selectors.scopes import (
    may_somewhere,
    projects_where,
    require_on,
    require_on_team,
    require_somewhere,
    teams_where,
    teams_with_roles,
    visible_people,
    visible_projects,
    visible_teams,
)

__all__ = [
    "allows",
    "denied_ids",
    "has_role_on",
    "may_somewhere",
    "people_holding",
    "people_with",
    "projects_where",
    "require",
    "require_on",
    "require_on_team",
    "require_somewhere",
    "teams_where",
    "teams_with_roles",
    "visible_keys",
    "visible_people",
    "visible_projects",
    "visible_teams",
    "visible_to",
    "whole_of",
]
