"""The moves of a change of a budget."""

from apps.accounts.permissions import Permission
from apps.governance.states import change_moves

CHANGE, DROP_CHANGE = change_moves("change", Permission.MANAGE)
