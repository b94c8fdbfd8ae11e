"""The way of a version through review. Governance makes every move; this only says which."""

from apps.accounts.models import User
from apps.datasets.models import DatasetVersion
from apps.datasets.states import DatasetStatus
from apps.governance.services.reviews import set_status


def submit_dataset(*, actor: User, dataset: DatasetVersion, reason: str) -> DatasetVersion:
    """Submit a draft for review and ask for its approval.

    Raises:
        NothingToReviewError: it has no file.
        UnreachableStatusError: it is no draft.
    """
    return set_status(actor=actor, subject=dataset, status=DatasetStatus.UNDER_REVIEW, reason=reason)


def set_dataset_status(*, actor: User, dataset: DatasetVersion, status: str, reason: str) -> DatasetVersion:
    """Make the move that leads to `status`: submit, approve, send back or withdraw, deprecate; see `set_status`."""
    return set_status(actor=actor, subject=dataset, status=status, reason=reason)
