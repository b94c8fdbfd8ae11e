"""Level-triggered reconciling of rows whose other half runs elsewhere (training job, endpoint, evaluation).

A row holds what is wanted and what was last seen. `reconcile` takes a lease on the row, hands it to the app's `step`,
which reads both worlds and takes one step, and releases the lease. It may be called twice, late, at once, or after a
crash between any two lines: the lease keeps a second caller out, every write of a step is fenced by the lease's token,
and external objects bear names derived from the row's id.

A step that cannot be taken is tried again, later and later. What is unavailable comes back; what fails for another
reason `GIVE_UP_AFTER` times in a row will not, and such a row is given up, so that nothing waits behind it for ever.

A row is due when `next_look_at` has come. `sweep` finds due rows whatever the broker lost.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar
from uuid import UUID, uuid4

import structlog
from django.db import models, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from apps.core.errors import UnavailableError
from apps.core.queue import enqueue_on_commit
from apps.core.text import kept_text

log = structlog.get_logger(__name__)

LEASE_S = 45  # a step that takes longer renews its lease
BEAT_S = 5
POKE_S = 10  # a wake-up that was lost is repeated after this long
BACKOFF_MAX_S = 60
PATIENT_FAILURES = 6  # from here on the wait grows no more; what is unavailable is not counted further
GIVE_UP_AFTER = 20  # a quarter of an hour


class LeaseLostError(Exception):
    """Another reconciler has taken over; the caller's writes are refused and it must stop."""


class Reconcilable(models.Model):
    """The columns that reconciling needs.

    Inheriting models name the columns that a step may write in `OBSERVED_FIELDS`, beside these.
    """

    OBSERVED_FIELDS: ClassVar[tuple[str, ...]] = ()

    generation = models.PositiveIntegerField(default=1, help_text="Counts changes of what is wanted.")
    next_look_at = models.DateTimeField(
        null=True, blank=True, default=timezone.now, help_text="When to look again; empty once there is nothing to do."
    )
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    look_failures = models.PositiveSmallIntegerField(default=0, editable=False)
    trouble = models.TextField(blank=True, help_text="Why the last step could not be taken, if it could not.")

    class Meta:
        abstract = True

    def save_observed(self, **changes: Any) -> None:
        """Write what a step saw, if the lease is still ours.

        Raises:
            LeaseLostError: another reconciler holds the row now.
        """
        rows = type(self)._default_manager.filter(pk=self.pk, lease_token=self.lease_token)
        if not rows.update(**changes):
            raise LeaseLostError
        for name, value in changes.items():
            setattr(self, name, value)

    def renew_lease(self) -> None:
        """Hold the row for another `LEASE_S` seconds.

        Raises:
            LeaseLostError: another reconciler holds the row now.
        """
        until = timezone.now() + timedelta(seconds=LEASE_S)
        # What was wanted meanwhile stays due now; see `_release`.
        untouched = When(next_look_at=F("lease_until"), then=Value(until))
        mine = type(self)._default_manager.filter(pk=self.pk, lease_token=self.lease_token)
        if not mine.update(lease_until=until, next_look_at=Case(untouched, default=F("next_look_at"))):
            raise LeaseLostError

    def heartbeat(self) -> Callable[[], None]:
        """Return what long work calls as often as it likes: the lease is renewed every `BEAT_S` seconds.

        It raises `LeaseLostError` once another reconciler holds the row.
        """
        renewed_at = time.monotonic()

        def beat() -> None:
            nonlocal renewed_at
            if time.monotonic() - renewed_at >= BEAT_S:
                self.renew_lease()
                renewed_at = time.monotonic()

        return beat

    def hold_lease(self) -> None:
        """Lock the row inside the current transaction and check that the lease is still ours.

        Raises:
            LeaseLostError: another reconciler holds the row now.
        """
        rows = type(self)._default_manager.select_for_update().filter(pk=self.pk, lease_token=self.lease_token)
        if not rows.exists():
            raise LeaseLostError


R = TypeVar("R", bound=Reconcilable)
Step = Callable[[R], float | None]
GiveUp = Callable[[R, str], None]


@dataclass(frozen=True, slots=True)
class Reconciler:
    """How rows of one model are woken: the task that takes the row's id as `row_id`."""

    model: type[Reconcilable]
    task: str


_reconcilers: dict[type[Reconcilable], Reconciler] = {}


def register_reconciler(model: type[Reconcilable], task: str) -> None:
    """Have the sweep wake `task` for due rows of `model`. Called from `AppConfig.ready()`."""
    _reconcilers[model] = Reconciler(model, task)


def wake(row: Reconcilable) -> None:
    """Make `row` due now and send its wake-up once the transaction commits."""
    type(row)._default_manager.filter(pk=row.pk).update(next_look_at=timezone.now())
    enqueue_on_commit(_reconcilers[type(row)].task, row_id=str(row.pk))


def sweep() -> int:
    """Wake every due row of every registered model; return how many."""
    return sum(_sweep_model(reconciler) for reconciler in _reconcilers.values())


def reconcile(model: type[R], row_id: UUID | str, step: Step[R], *, give_up: GiveUp[R] | None = None) -> None:
    """Take one step for the row, unless it is not due or somebody else is at it.

    Args:
        step: takes the leased row and returns in how many seconds to look again, or None when nothing is left to do.
            It must not be called inside a transaction: it may talk to other systems.
        give_up: makes a leased row final, for a reason, that no step brings any further; None where rows have no end.
    """
    row = _lease(model, row_id)
    if row is None:
        return
    try:
        again_in_s = step(row)
    except LeaseLostError:
        log.info("reconcile.lease_lost", model=model.__name__, row_id=str(row_id))
        return
    except UnavailableError as error:
        failures = min(row.look_failures + 1, PATIENT_FAILURES)
        _release(row, look_failures=failures, trouble=kept_text(str(error)), again_in_s=_backoff_s(failures))
        return
    except BaseException as error:
        # A bug, or the process is ending. Say so on the row, let go of it, and let the exception go on.
        failures = row.look_failures + 1
        trouble = kept_text(f"{type(error).__name__}: {error}")
        try:
            if give_up is not None and isinstance(error, Exception) and failures >= GIVE_UP_AFTER:
                give_up(row, f"The portal could not take its next step, {failures} times in a row. {trouble}")
        finally:
            _release(row, look_failures=min(failures, 100), trouble=trouble, again_in_s=_backoff_s(failures))
        raise
    _release(row, look_failures=0, trouble="", again_in_s=again_in_s)


def _sweep_model(reconciler: Reconciler) -> int:
    with transaction.atomic():
        due = list(
            reconciler.model._default_manager.select_for_update(skip_locked=True)
            .filter(_due(timezone.now()))
            .order_by("next_look_at")
            .values_list("pk", flat=True)[:500]
        )
        # Poked rows come up again only after a while, so that a slow worker is not flooded with wake-ups; a row that
        # is leased keeps its own time.
        reconciler.model._default_manager.filter(pk__in=due).update(
            next_look_at=timezone.now() + timedelta(seconds=POKE_S)
        )
        for pk in due:
            enqueue_on_commit(reconciler.task, row_id=str(pk))
    return len(due)


def _due(now: datetime) -> Q:
    return Q(next_look_at__lte=now) & (Q(lease_until__isnull=True) | Q(lease_until__lt=now))


def _lease(model: type[R], row_id: UUID | str) -> R | None:
    now = timezone.now()
    until = now + timedelta(seconds=LEASE_S)
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    # One statement, so that two reconcilers cannot both win. The row comes up again when the lease ends: that is how
    # the sweep finds what a killed worker held.
    taken = model._default_manager.filter(free, pk=row_id, next_look_at__isnull=False).update(
        lease_token=uuid4(), lease_until=until, next_look_at=until
    )
    return model._default_manager.get(pk=row_id) if taken else None


def _release(row: Reconcilable, *, again_in_s: float | None, **changes: Any) -> None:
    with transaction.atomic():
        mine = type(row)._default_manager.select_for_update().filter(pk=row.pk, lease_token=row.lease_token)
        current = mine.first()
        if current is None:
            return
        woken_meanwhile = current.next_look_at != current.lease_until
        if not woken_meanwhile:
            again = None if again_in_s is None else timezone.now() + timedelta(seconds=again_in_s)
            changes["next_look_at"] = again
        mine.update(lease_token=None, lease_until=None, **changes)


def _backoff_s(failures: int) -> float:
    return float(min(2.0**failures, BACKOFF_MAX_S))
