"""Writes of accounts: people and service accounts, scopes and the roles on them, API keys, grants on single objects."""

from apps.accounts.services.accounts import (
    create_service_account,
    disable_account,
    enable_account,
    hold_people,
    note_new_password,
    save_person,
    system_account,
)
from apps.accounts.services.grants import confer_access, grant_access, revoke_grant
from apps.accounts.services.keys import (
    NewKey,
    authenticate_key,
    create_api_key,
    issue_api_key,
    revoke_api_key,
    rotate_api_key,
)
from apps.accounts.services.roles import confer_role, give_role, take_role
from apps.accounts.services.scopes import create_organisation, create_project, create_team, rename_scope

__all__ = [
    "NewKey",
    "authenticate_key",
    "confer_access",
    "confer_role",
    "create_api_key",
    "create_organisation",
    "create_project",
    "create_service_account",
    "create_team",
    "disable_account",
    "enable_account",
    "give_role",
    "grant_access",
    "hold_people",
    "issue_api_key",
    "note_new_password",
    "rename_scope",
    "revoke_api_key",
    "revoke_grant",
    "rotate_api_key",
    "save_person",
    "system_account",
    "take_role",
]
