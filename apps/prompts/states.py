"""The moves of a change of a label."""

from apps.accounts.permissions import Permission
from apps.governance.states import change_moves

MOVE_LABEL, DROP_CHANGE = change_moves("label", Permission.EDIT)
