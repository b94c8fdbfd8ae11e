"""Ending a run before it has ended by itself."""

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require
from apps.core.reconcile import wake
from apps.evaluation.errors import RunEndedError
from apps.evaluation.models import EvaluationRun
from apps.evaluation.services.finishing import end
from apps.evaluation.states import RunStatus


@transaction.atomic
def cancel_run(*, actor: User, run: EvaluationRun) -> EvaluationRun:
    """Cancel a queued or running evaluation; its process is ended by the next looks.

    Raises:
        RunEndedError: it has ended already.
    """
    require(actor, Permission.EDIT, run)
    locked = EvaluationRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if locked.is_final:
        raise RunEndedError(status=locked.get_status_display().lower())
    # Whoever is at it loses the lease here, so nothing that they still write can undo this.
    locked.save_observed(lease_token=None, lease_until=None)
    end(locked, None, RunStatus.CANCELLED, actor=actor, reason=f"{actor.label} cancelled it.")
    wake(locked)
    return locked
